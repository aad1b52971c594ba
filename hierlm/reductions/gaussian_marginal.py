"""gaussian_marginal: group effects and coefficients of a Gaussian model integrated out exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import SamplingError
from hierlm.graph import coordinates
from hierlm.kernels.density import callbacks, draws_of_effects, log_density, pack
from hierlm.kernels.priors import CODES
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior
from hierlm.reductions.reduction import Problem, Reduction, Verdict
from hierlm.reductions.statistics import Arrangement, arrange, gaussian_data

__all__ = ["GaussianMarginal"]

LARGEST_REST = 200
"""Columns of the dense Schur complement; beyond, its cubic cost outweighs what marginalisation saves."""

CHUNK = 4_000_000
"""Draws × effects whose random numbers are held at once, 32 MB."""

MOST_EFFECTS = 8
"""Effects of one grouping, the size of the kernels' work space."""


@final
class GaussianMarginal(Reduction):
    """y ~ N(Xb + Zr, σ²): b and r integrated out, NUTS on sds, correlations and σ, then exact draws of b and r.

    Source: Lindstrom & Bates (1988), *JASA* 83:1014–1022, for the likelihood; Fisher's identity for the gradient.
    """

    name: ClassVar[str] = "gaussian marginal"

    def accepts(self, model: Model) -> Verdict:
        """See :meth:`Reduction.accepts`."""
        for reason in _obstacles(model):
            return Verdict(False, reason)
        return Verdict(True, "the response is normal with an identity link, and all priors have a kernel")

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        data = gaussian_data(model)
        start = np.zeros(data.dimension)
        for row in data.sds:
            if row[0] >= 0:
                start[int(row[0])] = 0.5
        if data.sigma[0] >= 0:
            start[int(data.sigma[0])] = np.log(data.sigma[1])
        return Problem(data.dimension, log_density, callbacks, pack(data), start)

    def recover(self, model: Model, problem: Problem, thetas: NDArray[np.float64], seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        chains, draws, dimension = thetas.shape
        flat = np.ascontiguousarray(thetas.reshape(chains * draws, dimension))
        place = arrange(model)
        rng = np.random.default_rng([seed, 1])
        step = max(1, CHUNK // max(place.size, 1))
        parts = []
        for first in range(0, len(flat), step):
            some = flat[first : first + step]
            parts.append(draws_of_effects(some, problem.data, rng.standard_normal((len(some), place.size))))
        ok, sds, C, sigma, u_E, u_R = (np.concatenate(p) if len(p) > 1 else p[0] for p in zip(*parts, strict=True))
        if not ok.all():
            raise SamplingError("A draw of the group effects failed numerically.", hint="Fit with reduce=False.")
        return _dataset(model, place, (chains, draws), sds, C, sigma, u_E, u_R)


def _obstacles(model: Model) -> Iterator[str]:
    """Why the reduction does not apply, one sentence each."""
    if len(model.responses) > 1:
        yield "there are several responses"
        return
    (response,) = model.responses
    if not response.family.normal_errors:
        yield f"the response is {response.family.name}, not normal"
        return
    if response.links[names.MEAN] != get_link("identity"):
        yield f"the link of the mean is {response.links[names.MEAN].name}, not the identity"
    if set(response.links) != {names.MEAN}:
        yield "the residual standard deviation has a formula of its own"
    if "se" in response.additions and response.free:
        yield "known standard errors come on top of an unknown residual sd"
    for a in model.assignments:
        if not _has_kernel(a.kind, a.prior):
            yield f"the prior of {a.name} is {a.prior}, which has no kernel"
    for block in model.blocks:
        k = len(block.effects)
        if block.covariance.correlated(k) and block.covariance.correlation_kernel(k) is None:
            yield f"the structure {block.structure} of {block.group} has no kernel"
        if list(block.columns) != list(range(block.columns[0], block.columns[0] + k)):
            yield f"the effects of {block.group} are interleaved"
    place = arrange(model)
    if any(k > MOST_EFFECTS for k in place.sizes):
        yield f"a grouping has more than {MOST_EFFECTS} effects"
    if place.rest > LARGEST_REST:
        yield f"{place.rest} columns remain after eliminating {place.groups[0]}, more than {LARGEST_REST}"


def _has_kernel(kind: str, prior: Prior | LKJ | Fixed) -> bool:
    if isinstance(prior, Fixed):
        return True
    if isinstance(prior, LKJ):
        return kind == "correlation"
    if kind in ("coefficient", "intercept"):
        return prior.name == "Normal" and set(prior.arguments) == {"mu", "sigma"}
    return prior.on == "value" and prior.name in CODES and set(prior.arguments) == set(CODES[prior.name][1])


def _dataset(
    model: Model,
    place: Arrangement,
    size: tuple[int, int],
    sds: NDArray[np.float64],
    C: NDArray[np.float64],
    sigma: NDArray[np.float64],
    u_E: NDArray[np.float64],
    u_R: NDArray[np.float64],
) -> xr.Dataset:
    """The draws under the names, dimensions and labels of the graph."""
    coords = coordinates(model)
    variables: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]] = {}
    predictor = model.predictors[0]
    if predictor.labels:
        b = np.broadcast_to(place.means, (len(u_R), len(place.means))).copy()
        b[:, place.free] += u_R[:, place.rest - len(place.free) :]
        variables[names.common(names.MEAN)] = ((names.common_dim(names.MEAN),), b)
    for g, group in enumerate(place.groups):
        k, J = place.sizes[g], place.levels[g]
        dims = (names.level_dim(group), names.effect_dim(group))
        r = u_E if g == 0 else u_R[:, place.starts[g] : place.starts[g] + J * k].reshape(-1, J, k)
        variables[names.effects(group)] = (dims, r)
        owned = [i for i in range(k) if place.owner[g][i] >= 0]
        if owned:
            dim = names.effect_dim(group) if len(owned) == k else names.sd_dim(group)
            variables[names.sd(group)] = ((dim,), sds[:, [place.owner[g][i] for i in owned]])
        if any(b.covariance.correlated(len(b.effects)) for b in model.groups[group]):
            part = C[:, g, :k, :k]
            both = (names.effect_dim(group), names.effect_dim2(group))
            variables[names.cor(group)] = (both, np.einsum("sij,skj->sik", part, part))
    for parameter in model.responses[0].free:
        variables[parameter] = ((), sigma)
    used = {d for dims, _ in variables.values() for d in dims}
    return xr.Dataset(
        {n: (("chain", "draw", *dims), v.reshape(*size, *v.shape[1:])) for n, (dims, v) in variables.items()},
        coords={"chain": np.arange(size[0]), "draw": np.arange(size[1])} | {d: coords[d] for d in used},
    )
