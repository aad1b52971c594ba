"""Which parameters are sampled, with their priors, as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.correlations import EXCHANGEABLE, UNSTRUCTURED
from hierlm.kernels.parameters import Parameters
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.prior_densities import positive_density

__all__ = ["make_parameters", "start_of"]

Floats = NDArray[np.float64]
KINDS = {"exchangeable": EXCHANGEABLE, "unstructured": UNSTRUCTURED}


def make_parameters(
    model: Model, place: Arrangement, positives: Sequence[Prior | Fixed], also: Sequence[str] = ()
) -> Parameters:
    """Standard deviations, correlations and further positive parameters, with ζ = θ as yet.

    Parameters
    ----------
    positives : sequence of Prior or Fixed
        Of σ, or of what else the response has.
    also : sequence of str
        Groupings outside the arrangement whose sds are sampled too; they come last.
    """
    sds, cors, dimension = [], [], 0
    for group in [*(g for g in model.batches if g in place.groups), *also]:
        for a in model.assignments:
            if a.variable == names.sd(group):
                sds.append(_row(a.prior, dimension))  # type: ignore[arg-type]
                dimension += int(sds[-1][0] >= 0)
    for g, group in enumerate(place.groups):
        for block in model.batches[group]:
            k = len(block.effects)
            if block.covariance.correlated(k):
                label = ", ".join(block.effects)
                prior = next(a.prior for a in model.assignments if a.variable == names.cor(group) and a.label == label)
                kind = KINDS[block.covariance.correlation_kernel(k)]  # type: ignore[index]
                cors.append([g, block.columns[0], k, kind, prior.eta, dimension])  # type: ignore[union-attr]
                dimension += 1 if kind == EXCHANGEABLE else k * (k - 1) // 2
    others = []
    for prior in positives:
        others.append(_row(prior, dimension))
        dimension += int(others[-1][0] >= 0)
    return Parameters(
        centre=np.zeros(dimension),
        axes=np.eye(dimension),
        sizes=np.array(place.sizes, dtype=np.int64),
        owner=_padded(place),
        sds=np.array(sds, dtype=float).reshape(-1, 6),
        cors=np.array(cors, dtype=float).reshape(-1, 6),
        positives=np.array(others, dtype=float).reshape(-1, 6),
        scales=place.scales,
    )


def start_of(p: Parameters) -> Floats:
    """θ where the search for the mode begins: every parameter of the size that its prior expects."""
    theta = np.zeros(len(p.centre))
    for row in p.sds:
        if row[0] >= 0:
            theta[int(row[0])] = 0.5
    for row in p.positives:
        if row[0] >= 0:
            theta[int(row[0])] = np.log(row[1])
    return theta


def _padded(place: Arrangement) -> NDArray[np.int64]:
    owner = np.full((len(place.groups), max(place.sizes, default=1)), -1, dtype=np.int64)
    for g, mine in enumerate(place.owner):
        owner[g, : len(mine)] = mine
    return owner


def _row(prior: Prior | Fixed, place: int) -> list[float]:
    """(place in θ, value, unit, prior code, its arguments) of a positive parameter."""
    if isinstance(prior, Fixed):
        return [-1.0, prior.value, 1.0, 0.0, 0.0, 0.0]
    typical = prior.typical()
    if not 0.0 < typical < np.inf:
        typical = 1.0
    return [float(place), typical, typical / 2.5, *positive_density(prior)]
