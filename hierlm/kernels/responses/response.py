"""What the files of this folder share: how a density is compiled, how it ends, and what the registry holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba as nb
import numpy as np

from hierlm.kernels.elementary import plain
from hierlm.kernels.responses import compiled

__all__ = ["Response", "kernel", "plain"]

kernel = nb.njit(cache=True, nogil=True, error_model="numpy")
"""Decorator: compiled at the first call, kept on disk; 1/0 is ∞ and not an exception, which C could not catch."""


@dataclass(frozen=True, eq=False)
class Response:
    """The log-density of one response given the linear predictor η of its mean, for compiled code.

    Parameters
    ----------
    density : function marked by ``plain``
        ``density(y, t, eta, aux)`` → (log p(y | η, aux) up to a constant that depends on y and t only, its derivative
        by η, a weight, its derivatives by aux[0] and aux[1], zero where there is none).  ``t`` is the number of trials,
        1.0 for families without; ``aux`` has the logarithms of the family's other parameters in its own order.  The
        weight is −∂²/∂η²: itself where the density is log-concave in η, else its expectation.  Where the density is
        zero or cannot be computed, any of them is not finite.
    n_aux : int
        Numbers in ``aux``.
    mean_sufficient : bool
        Whether rows that share η and aux enter their joint density by Σy and Σt (or their number) only: m rows are then
        m times the density at their mean.
    log_concave : bool
        Whether the density is log-concave in η, so that an effect of one row has one mode and can be drawn exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from hierlm.kernels.responses import RESPONSES
    >>> value, slope, weight, *_ = RESPONSES["poisson:log"].log_density(3.0, 1.0, 0.0, np.zeros(2))
    >>> value, slope, weight
    (-1.0, 2.0, 1.0)
    """

    density: Callable[..., tuple[float, float, float, float, float]]
    n_aux: int = 0
    mean_sufficient: bool = False
    log_concave: bool = False

    @cached_property
    def log_density(self) -> Callable[..., tuple[float, float, float, float, float]]:
        """``density`` with what is not finite made −∞, 0, the smallest weight, 0 and 0."""
        return compiled.one_row(self.density)

    @cached_property
    def rows(self) -> Any:
        """A C function of many rows, see :mod:`hierlm.kernels.responses.compiled`; it lives as long as this object."""
        return compiled.rows(self.density)

    @cached_property
    def integrated_rows(self) -> Any:
        """The same with one normal effect of every row integrated out."""
        return compiled.integrated_rows(self.density)

    @cached_property
    def draw_effects(self) -> Callable[..., np.bool_]:
        """Exact draws of these effects, see :func:`hierlm.kernels.responses.compiled.effect_draws`."""
        return compiled.effect_draws(self.density)
