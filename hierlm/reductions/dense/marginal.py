"""dense marginal: a normal response whose covariance follows from few parameters, group effects integrated out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph import coordinates
from hierlm.kernels.packing import pack
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.centre import find_axes, find_mode
from hierlm.reductions.dense.density import DenseDensity
from hierlm.reductions.dense.effects import DenseEffects
from hierlm.reductions.dense.sets import set_codes
from hierlm.reductions.reduction import Problem, Reduction, without_gradient

__all__ = ["DenseMarginal"]

Floats = NDArray[np.float64]

MOST_NUMBERS = 10
"""That are left to sample: without gradients more cannot be."""

MOST_ROWS = 1_500
"""That depend on each other."""

FASTER = 10
"""Multiplications of dense matrices in the time of one operation of other densities."""

MOST_WORK = 1e9
"""Multiplications of all factorisations."""


@final
class DenseMarginal(Reduction):
    """y ~ N(Xb + Zr, R): b and r integrated out with covariance matrices of all rows that depend on each other.

    It knows no structure: V = Z G Zᵀ + R comes from the expressions of the graph, for any covariance, correlation and
    variance function.  Its density has no gradient, so it is for Metropolis–Hastings with independent proposals.
    """

    name: ClassVar[str] = "dense marginal"
    accepted: ClassVar[str] = "the response is normal, and few parameters decide the covariance of its rows"
    takes_smooths: ClassVar[bool] = True
    takes_scales: ClassVar[bool] = True
    takes_variances: ClassVar[bool] = True
    takes_residual: ClassVar[bool] = True
    takes_coefficients: ClassVar[bool] = True
    gradients: ClassVar[bool] = False

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return _obstacles(model)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        sizes = np.bincount(set_codes(model))
        largest, count = int(sizes.max()), len(sizes)
        what = f"a matrix of {largest:,} × {largest:,}"
        if count > 1:
            what = f"{count:,} matrices of up to {largest:,} × {largest:,}, those that are alike once"
        return f"independent proposals of {_free(model)} numbers; each density factorises {what}; nothing is compiled"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        density, none = DenseDensity(model), np.zeros(0)
        mode = find_mode(density, none, np.zeros(density.dimension))
        density = density.recentred(mode, find_axes(density, none, mode))
        whole = np.zeros(0, dtype=np.int64)
        data = pack(density.dimension, [density.centre, density.axes, whole, whole, none, none, none, none])
        return Problem(density.dimension, density, without_gradient, data, None, density.work / FASTER)

    def recover(self, model: Model, problem: Problem, zetas: Floats, seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        drawn = DenseEffects(problem.density, zetas, seed)
        return _dataset(model, drawn)

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        return 0.0

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        return tuple(model.groups)


def _free(model: Model) -> int:
    """How many numbers are left to sample."""
    b = names.common(names.MEAN)
    single = [a for a in model.assignments if a.variable != b and a.kind != "correlation"]
    count = sum(not isinstance(a.prior, Fixed) for a in single)
    for block in model.blocks:
        k = len(block.effects)
        if block.covariance.correlated(k):
            count += block.covariance.n_parameters(k) - len(block.covariance.sd_groups(k))
    return count


def _obstacles(model: Model) -> Iterator[str]:
    """Why the reduction does not apply, one sentence each."""
    if len(model.responses) > 1:
        yield "there are several responses"
        return
    (response,) = model.responses
    errors = response.family.errors
    if errors is None or errors.parameters:
        yield f"the response is {response.family.name}, not normal"
        return
    if response.links[names.MEAN] != get_link("identity"):
        yield f"the link of the mean is {response.links[names.MEAN].name}, not the identity"
    if "weights" in response.additions:
        yield "log-likelihoods have weights"
    for predictor in model.predictors:
        for part in predictor.variances:
            if part.covariate == "fitted":
                yield f"{part.label} depends on the fitted mean"
    for block in (*model.blocks, *model.smooths):
        if any(p.parameter != names.MEAN for p in block.pieces):
            yield f"effects of {block.group} reach beyond the mean"
        if block.relation is not None:
            yield f"the levels of {block.group} are related by {block.related_by}"
    for a in (a for a in model.assignments if a.variable == names.common(names.MEAN)):
        normal = isinstance(a.prior, Prior) and a.prior.name == "Normal" and set(a.prior.arguments) == {"mu", "sigma"}
        if not isinstance(a.prior, Fixed) and not normal:
            yield f"the prior of {a.name} is {a.prior}, but one that is integrated out needs Normal(mu, sigma)"
    if _free(model) > MOST_NUMBERS:
        yield f"{_free(model)} numbers are left to sample, more than {MOST_NUMBERS}"
        return
    sizes = np.bincount(set_codes(model)).astype(float)
    if sizes.max() > MOST_ROWS:
        yield f"{int(sizes.max()):,} rows depend on each other, more than {MOST_ROWS:,}"
    elif (sizes**3).sum() / 3 > MOST_WORK:
        yield f"one density takes {(sizes**3).sum() / 3:.1g} multiplications, more than {MOST_WORK:.1g}"


def _dataset(model: Model, drawn: DenseEffects) -> xr.Dataset:
    """The draws of everything that users see, under the names, dimensions and labels of the graph."""
    density, (chains, draws, _) = drawn.density, drawn.zetas.shape
    graph, shared, coords = model.pymc, drawn.density.shared, coordinates(model)
    flat = density.coordinates(drawn.zetas.reshape(-1, density.dimension))
    u, parts = drawn.shared(), [density.expressions.parameters(some)[1] for some in _chunks(flat, density.chunk)]
    found: dict[str, tuple[tuple[str, ...], Floats]] = {}
    for name in density.expressions.names:
        dims = graph.named_vars_to_dims.get(name, ())
        values = np.concatenate([part[name] for part in parts])
        if not names.is_internal(name) and values.ndim == 1 + len(dims):
            found[name] = (tuple(str(d) for d in dims), values)
    if len(shared.means):
        b = np.broadcast_to(shared.means, (len(u), len(shared.means))).copy()
        b[:, shared.free] += u[:, : len(shared.free)]
        found[names.common(names.MEAN)] = ((names.common_dim(names.MEAN),), b)
    for i, block in enumerate(model.smooths):
        found[names.effects(block.group)] = ((names.effect_dim(block.group),), u[:, shared.smooth == i])
    made = {
        name: xr.Variable(("chain", "draw", *dims), values.reshape(chains, draws, *values.shape[1:]))
        for name, (dims, values) in found.items()
    }
    for group, later in drawn.groups().items():
        dims = ("chain", "draw", names.level_dim(group), names.effect_dim(group))
        made[names.effects(group)] = xr.Variable(dims, later.lazily(), {names.DRAWN: names.INDEPENDENTLY})
    used = {d for variable in made.values() for d in variable.dims} - {"chain", "draw"}
    axes = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return xr.Dataset(made, coords=axes | {str(d): coords[str(d)] for d in used})


def _chunks(flat: Floats, step: int) -> Iterator[Floats]:
    return (flat[i : i + step] for i in range(0, max(len(flat), 1), step))
