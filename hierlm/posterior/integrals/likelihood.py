"""The log-density of rows as a function of their linear predictors, with its first and second derivatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from hierlm.model.values import ModelResponse
from hierlm.posterior.integrals.elementwise import Elementwise
from hierlm.posterior.linear import Draws, Rows
from hierlm.posterior.response import density_of

__all__ = ["Likelihood", "Predictor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Predictor = tuple[str, str]
"""Response and parameter."""


@final
class Likelihood:
    """w_i log p(y_i | η) of one response, and its derivatives in the linear predictors that effects enter.

    The density is the family's own.

    Parameters
    ----------
    rows : Rows
    draws : Draws
    response : ModelResponse
    y : (n,) array
        The response of the rows, as numbers of the family.
    moving : sequence of str
        The parameters whose linear predictors change; may be empty.
    """

    def __init__(self, rows: Rows, draws: Draws, response: ModelResponse, y: Floats, moving: Sequence[str]) -> None:
        density = density_of(response)

        def question(given: Mapping[str, Any], predicted: Mapping[str, Any], y: Any) -> list[Any]:
            found = density(given, predicted, y)
            return [found * given["weights"] if "weights" in given else found]

        self.response = response
        self._rows = Elementwise(rows, draws, response, y, moving, question)
        self.moving, self.still = self._rows.moving, self._rows.still

    def value(self, etas: dict[str, Floats], at: Ints, part: Ints) -> Floats:
        """Log-densities, shape (S, J, n).

        Parameters
        ----------
        etas : mapping of parameter to (S, J, n) array
        at : (J, n) int array
            Which rows.
        part : (S,) int array
            Which draws.
        """
        return self._rows.values(etas, at, part)[0]

    def derivatives(self, etas: dict[str, Floats], at: Ints, part: Ints) -> tuple[Floats, list[Floats], list[Floats]]:
        """Log-densities, slopes in each moving predictor, and minus the second derivatives of pairs (a, b ≤ a)."""
        (found,) = self._rows.derivatives(etas, at, part)
        return found.value, found.first, [-v for v in found.second]
