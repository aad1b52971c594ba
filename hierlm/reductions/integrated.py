"""integrated: one effect of every level of a grouping integrated out by quadrature, coefficients and θ sampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.callbacks import Called, level_callbacks
from hierlm.kernels.level_draws import draw_levels, draw_parameters, modes
from hierlm.kernels.levels import Levels, level_fields, levels
from hierlm.kernels.observations import Observations, observation_fields, observations
from hierlm.kernels.packing import dimension_of, pack
from hierlm.kernels.parameters import parameters
from hierlm.kernels.problem import common_fields, structure_of
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.reductions.arrangement import Arrangement, arrange
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.constants import coefficients_constant, parameters_constant, rows_constant
from hierlm.reductions.dataset import dataset
from hierlm.reductions.exact import FEW as KEPT
from hierlm.reductions.frozen import factorised
from hierlm.reductions.later import Columns, Later
from hierlm.reductions.observed import lone_effect, response_kernel
from hierlm.reductions.pilot import prepare
from hierlm.reductions.quadrature import (
    LOOKED_AT,
    START,
    TOLERANCE,
    enough_nodes,
    gauss_hermite,
    inexactness,
    likely_points,
    nodes_of,
)
from hierlm.reductions.reduction import MOST_NUMBERS, Problem, Reduction
from hierlm.reductions.theta import make_parameters
from hierlm.reductions.whitened import Whitened, auxiliary, coefficient_rows, whitened_obstacles

__all__ = ["Integrated"]

Floats = NDArray[np.float64]
WHITENED = Whitened()

PER_LEVEL, PER_ROW = 200, 5
"""Operations that the density of the rows of a level takes each time, roughly."""

STEPS = 2
"""Of the search for the mode of an effect."""

FEW, MANY = 8, 16
"""Rows of a level: up to so many, and a multiple of so many beyond."""

STEP = 0.2
"""Of the differences that say how modes follow ζ."""


@final
class Integrated(Reduction):
    """η = Xb + xr: the effects r of one grouping integrated out, (θ, b) sampled, then exact draws of r.

    Each integral ∫ Π p(y | xb + x_i r) N(r; 0, τ²) dr is made by adaptive Gauss–Hermite quadrature, with as many
    nodes as make the density exact enough, which is looked at again with the draws.  Where no number of nodes does, the
    effects are sampled whitened.

    Source: Pinheiro & Bates (1995), *Journal of Computational and Graphical Statistics* 4:12–35.
    """

    name: ClassVar[str] = "integrated effects"
    accepted: ClassVar[str] = "groups are independent given a few numbers, and the response is log-concave"

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return _obstacles(model)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        block = next(iter(model.blocks))
        levels, rows = f"{len(block.levels):,} effects of {block.group}", f"{model.design.n:,} rows"
        return f"independent proposals of {_numbers(model)} numbers; each density integrates out {levels} over {rows}"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        whole, place = Whitened.packed(model, None)
        prepare(whole, model.responses[0].links[names.MEAN])
        buffer, own = _packed(model, whole, place)
        enough = enough_nodes(_density(), buffer, likely_points(_density(), buffer))
        return _problem(enough, own) if enough is not None else Whitened.problem(whole, place)

    def mend(self, model: Model, problem: Problem, zetas: Floats) -> Problem | None:
        """More nodes where the draws reach further than what was looked at before, or whitened effects."""
        if problem.place.groups:
            return WHITENED.mend(model, problem, zetas)
        flat = zetas.reshape(-1, problem.dimension)
        some = np.ascontiguousarray(flat[np.linspace(0, len(flat) - 1, min(LOOKED_AT, len(flat))).astype(int)])
        if inexactness(problem.density, problem.data, some) < TOLERANCE:
            return None
        finer = enough_nodes(problem.density, problem.data, some, more_than=nodes_of(problem.data))
        if finer is not None:
            return _problem(finer, problem.place)
        whole, place = Whitened.packed(model, None)
        prepare(whole, model.responses[0].links[names.MEAN])
        return Whitened.problem(whole, place)

    def recover(self, model: Model, problem: Problem, zetas: Floats, seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        if problem.place.groups:
            return WHITENED.recover(model, problem, zetas, seed)
        chains, draws, dimension = zetas.shape
        b = np.empty((chains * draws, problem.place.columns))
        sds, C, positives = draw_parameters(zetas.reshape(-1, dimension), problem.data, b)
        (block,) = model.blocks
        later = Later((chains, draws, len(block.levels), 1), _levels_later(block, problem, zetas, seed))
        return dataset(model, problem.place, (chains, draws), sds, C, positives, b, {block.group: later})

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        if problem.place.groups:
            return WHITENED.log_constant(model, problem)
        rows = rows_constant(model, problem.place, problem.data)
        if rows is None:
            return None
        axes, scales = levels(problem.data).axes, problem.place.scales
        normal = float(np.log(scales).sum() + 0.5 * len(scales) * np.log(2.0 * np.pi))
        priors = coefficients_constant(coefficient_rows(model, problem.place))
        jacobian = float(np.linalg.slogdet(axes)[1]) if len(scales) else 0.0
        return parameters_constant(problem.data) + priors + rows - normal + jacobian

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        return tuple(model.groups)


def _density() -> Called:
    return Called(level_callbacks()[0])


def _problem(buffer: Floats, place: Arrangement) -> Problem:
    at = levels(buffer)
    work = float((PER_LEVEL * (len(at.starts) - 1) + PER_ROW * len(at.x)) * (nodes_of(buffer) + STEPS))
    return Problem(int(dimension_of(buffer)), _density(), level_callbacks, buffer, place, work)


def _packed(model: Model, whole: Floats, place: Arrangement) -> tuple[Floats, Arrangement]:
    """The problem in coordinates that follow from the same problem with all effects, prepared; its coefficients' place.

    Coefficients are b = b̂ + Λ L⁻ᵀ ζ, with L the last block of the factor of the effects' precision at the mode.
    """
    group = place.groups[0]
    own, before = arrange(model, (group,)), parameters(whole)
    p = make_parameters(model, own, auxiliary(model), also=(group,))
    p = p._replace(centre=before.centre, axes=before.axes, sds=before.sds)
    u, V, F = factorised(whole, np.zeros(len(p.centre)), False)
    st, q = structure_of(whole), len(own.free)
    root = V[st.start[st.nodes] :][: q * q].reshape(q, q)
    axes = np.linalg.solve(np.tril(root).T, np.eye(q)) * F[1:, 0, 0][:, None] if q else np.zeros((0, 0))
    o, x, starts = _by_level(observations(whole, st.columns), place.levels[0])
    o = o._replace(deviation=len(p.sds) - 1, start=u[place.columns_of(0)])
    mine = own.structure
    fields = [
        *common_fields(p, mine, np.zeros(mine.values), np.zeros(mine.columns)),
        *observation_fields(o),
        coefficient_rows(model, own),
        *level_fields(Levels(starts, x, u[st.columns - q :], axes, np.zeros((len(p.centre) + q, place.levels[0])))),
    ]
    buffer = pack(len(p.centre) + q, fields)
    levels(buffer).shifts[:] = _shifts(buffer)
    return buffer, own


def _shifts(buffer: Floats) -> Floats:
    """How the modes of the effects follow ζ, (dimension, J), by differences at its centre."""
    at = levels(buffer)
    shifts = np.empty_like(at.shifts)
    up, down = np.empty(shifts.shape[1]), np.empty(shifts.shape[1])
    for k, step in enumerate(STEP * np.eye(len(shifts))):
        modes(step, buffer, up)
        modes(-step, buffer, down)
        shifts[k] = (up - down) / (2.0 * STEP)
    return shifts


def _by_level(o: Observations, levels: int) -> tuple[Observations, Floats, NDArray[np.int64]]:
    """The rows level by level, what their effects are multiplied by, and where levels start.

    Levels are filled up with copies of weight zero: processors take 4 to 16 rows at once, and are slow with the rest.
    """
    counts = np.bincount(o.columns[0], minlength=levels)
    room = np.where(counts > FEW, -(-counts // MANY) * MANY, np.where(counts > FEW // 2, FEW, FEW // 2))
    starts = np.concatenate([[0], np.cumsum(np.where(counts > 0, room, 0))]).astype(np.int64)
    ordered = np.split(np.argsort(o.columns[0], kind="stable"), np.cumsum(counts)[:-1])
    filled = [np.resize(own, n) for own, n in zip(ordered, np.diff(starts), strict=True)]
    order = np.concatenate(filled).astype(np.int64)
    real = np.concatenate([np.arange(n) < m for n, m in zip(np.diff(starts), counts, strict=True)])
    points, mass = gauss_hermite(START)
    rows = o._replace(
        columns=o.columns[:0],
        Z=o.Z[:0],
        X=np.ascontiguousarray(o.X[:, order]),
        offset=o.offset[order],
        y=o.y[order],
        trials=o.trials[order],
        weights=np.where(real, o.weights[order], 0.0),
        nodes=points,
        log_weights=mass,
    )
    return rows, o.Z[0][order], starts


def _levels_later(block: GroupBlock, problem: Problem, zetas: Floats, seed: int) -> Callable[[Columns | None], Floats]:
    """How to draw the effects of ``block`` given the draws of the rest."""
    flat, J = np.ascontiguousarray(zetas.reshape(-1, problem.dimension)), len(block.levels)

    def drawn(wanted: Columns) -> Floats:
        kept = np.empty((len(flat), len(wanted)))

        def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
            own = np.empty((some.stop - some.start, J))
            ok = draw_levels(rng, problem.data, flat[some], own)
            np.take(own, wanted, axis=1, out=kept[some])
            return (np.asarray(ok),)

        recover_in_chunks(len(flat), J, seed, make)
        return kept

    @cache
    def whole() -> Floats:
        return drawn(np.arange(J))

    def made(columns: Columns | None) -> Floats:
        if columns is None or len(flat) * J > KEPT:
            return drawn(np.arange(J) if columns is None else columns)
        return whole()[:, columns]

    return made


def _numbers(model: Model) -> int:
    """How many parameters and coefficients are free."""
    return sum(not isinstance(a.prior, Fixed) for a in model.assignments)


def _obstacles(model: Model) -> Iterator[str]:
    """Why the reduction does not apply, one sentence each."""
    yield from whitened_obstacles(model, np.inf, related=False)
    kernel = response_kernel(model)
    if kernel is None or not kernel.log_concave:
        yield f"the density of {model.responses[0].family.name} need not be log-concave"
    if len(model.groups) != 1:
        yield "there is no grouping" if not model.groups else "there are several groupings"
        return
    (blocks,) = model.groups.values()
    if not lone_effect(blocks):
        yield f"{blocks[0].group} has more than one effect a level"
        return
    if len(blocks[0].levels) == len(blocks[0].codes):
        yield f"{blocks[0].group} has one effect a row, which whitened effects integrate out"
    if _numbers(model) > MOST_NUMBERS:
        yield f"{_numbers(model)} numbers would be left to sample, more than {MOST_NUMBERS}"
