"""The correlation of a normal response's residuals as kernels take it: known matrices, and a row of its coefficient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.components import Chain, Exchangeable, Independent
from hierlm.reductions.prior_densities import bounded_density

__all__ = ["Correlated", "correlated", "correlation_obstacles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Correlated:
    """How the rows of a model are correlated.

    Parameters
    ----------
    forms : Independent, Chain or Exchangeable
    prior : Prior or Fixed or None
        Of the coefficient ρ; None where rows are independent.
    bounds : (lower, upper)
    """

    forms: Independent | Chain | Exchangeable
    prior: Prior | Fixed | None = None
    bounds: tuple[float, float] = (0.0, 0.0)

    @property
    def free(self) -> bool:
        """Whether there is a coefficient to sample."""
        return isinstance(self.prior, Prior)

    def rows(self, place: int) -> Floats:
        """The table ``rho`` of :class:`hierlm.kernels.residuals.Residuals`."""
        if self.prior is None:
            return np.zeros((0, 8))
        if isinstance(self.prior, Fixed):
            return np.array([[-1.0, self.prior.value, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
        return np.array([[float(place), 0.0, *self.bounds, *bounded_density(self.prior), 0.0]])

    def variables(self, rho: Floats) -> dict[str, tuple[tuple[str, ...], Floats]]:
        """Draws (D,) of ρ as users know them: variable → (dimensions, draws)."""
        return {} if self.prior is None else {names.RESIDUAL: ((names.RESIDUAL_DIM,), rho[:, None])}


def correlated(model: Model, weights: Floats) -> Correlated:
    """The correlation; only where :func:`correlation_obstacles` has nothing to say."""
    residual = model.residual
    if residual is None:
        return Correlated(Independent(weights))
    codes = np.unique(residual.codes, return_inverse=True)[1].reshape(-1).astype(np.int64)
    exchangeable = residual.correlation.kernel == "exchangeable"
    forms = Exchangeable(codes) if exchangeable else Chain(codes, residual.positions[:, 0])
    (a,) = (a for a in model.assignments if a.variable == names.RESIDUAL)
    assert isinstance(a.prior, Prior | Fixed)
    assert a.bounds is not None
    support = a.prior.support if isinstance(a.prior, Prior) else a.bounds
    return Correlated(forms, a.prior, (max(a.bounds[0], support[0]), min(a.bounds[1], support[1])))


def correlation_obstacles(model: Model) -> Iterator[str]:
    """Why the precision of the residuals is no sum of known matrices, one sentence each."""
    residual = model.residual
    if residual is None:
        return
    if residual.correlation.kernel is None:
        yield f"residuals are correlated, {residual.label}"
        return
    for block in model.blocks:
        if not _constant(block.codes, residual.codes):
            yield f"residuals are correlated, {residual.label}, across levels of {block.group}"


def _constant(codes: Ints, within: Ints) -> bool:
    """Whether codes are the same in all rows of a block."""
    first = np.zeros(int(within.max()) + 1, dtype=codes.dtype)
    first[within[::-1]] = codes[::-1]
    return bool(np.array_equal(first[within], codes))
