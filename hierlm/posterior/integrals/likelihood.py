"""The log-density of rows as a function of their linear predictors, with its first and second derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.family import Predicted
from hierlm.graph.evaluate import PYTHON
from hierlm.links import get_link
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import refuse_correlated
from hierlm.posterior.linear import Draws, Rows
from hierlm.posterior.response import additions, density_of, free_values

__all__ = ["Likelihood", "Predictor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Predictor = tuple[str, str]
"""Response and parameter."""


@final
class Likelihood:
    """w_i log p(y_i | η) of one response, and its derivatives in the linear predictors that effects enter.

    The density is the family's own; PyTensor differentiates it and NumPy evaluates the graph.

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
        refuse_correlated(draws.model, "Integrals over group effects", "Fit the model without the rows instead.")
        self.response, self.moving = response, tuple(moving)
        self.still = tuple(p for p in response.links if p not in self.moving)
        self._y = y.astype(np.int64) if response.family.discrete else np.asarray(y, dtype=np.float64)
        self._free = {p: v[:, :, None] for p, v in free_values(draws, response).items()}
        self._given = additions(rows, response, slice(0, rows.n))
        self._value, self._derivatives = self._compiled()

    def _compiled(self) -> tuple[Any, Any]:
        discrete = self.response.family.discrete
        inputs: dict[str, Any] = {f"p_{p}": pt.dtensor3(p) for p in (*self.moving, *self.still)}
        for p, v in self._free.items():  # scalars, or vectors on a last axis
            inputs[f"p_{p}"] = pt.tensor(p, dtype="float64", shape=(None, 1, 1, *v.shape[3:]))
        inputs |= {f"a_{a}": pt.tensor(a, dtype="float64", shape=(1, None, None)) for a in self._given}
        inputs["y"] = pt.tensor("y", dtype="int64" if discrete else "float64", shape=(1, None, None))
        links = dict(self.response.links) | {p: get_link("identity") for p in self._free}
        predicted = {p: Predicted(inputs[f"p_{p}"], link) for p, link in links.items()}
        given = {a: inputs[f"a_{a}"] for a in self._given}
        density = density_of(self.response)(given, predicted, inputs["y"])
        density = density * given["weights"] if "weights" in given else density
        first = [inputs[f"p_{p}"] for p in (*self.moving, *self.still)]
        density = density + (pt.zeros_like(first[0]) if first else 0.0)
        eta = [inputs[f"p_{p}"] for p in self.moving]
        slopes = [pt.grad(density.sum(), e, disconnected_inputs="ignore") for e in eta]
        curvatures = [
            -pt.grad(slopes[a].sum(), eta[b], disconnected_inputs="ignore")
            for a in range(len(eta))
            for b in range(a + 1)
        ]
        arguments, options = list(inputs.values()), {"mode": PYTHON, "on_unused_input": "ignore"}
        value = pytensor.function(arguments, density, **options)
        return value, pytensor.function(arguments, [density, *slopes, *curvatures], **options)

    def _arguments(self, etas: dict[str, Floats], at: Ints, part: Ints) -> list[Any]:
        free = [v[part] for v in self._free.values()]
        return [
            *(etas[p] for p in (*self.moving, *self.still)),
            *free,
            *(v[at][None] for v in self._given.values()),
            self._y[at][None],
        ]

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
        with np.errstate(all="ignore"):
            return np.asarray(self._value(*self._arguments(etas, at, part)))

    def derivatives(self, etas: dict[str, Floats], at: Ints, part: Ints) -> tuple[Floats, list[Floats], list[Floats]]:
        """Log-densities, slopes in each moving predictor, and minus the second derivatives of pairs (a, b ≤ a)."""
        with np.errstate(all="ignore"):
            density, *rest = (np.asarray(v) for v in self._derivatives(*self._arguments(etas, at, part)))
        return density, rest[: len(self.moving)], rest[len(self.moving) :]
