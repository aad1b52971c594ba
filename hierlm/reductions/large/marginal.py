"""large marginal: a Gaussian marginal whose factorisation is dear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.kernels.callbacks import Called, gaussian_callbacks
from hierlm.kernels.packing import dimension_of
from hierlm.kernels.parameters import constrained, parameters, pick, without_signs
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement, arrange
from hierlm.reductions.centre import centre
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.constants import parameters_constant
from hierlm.reductions.dataset import dataset, of_groups
from hierlm.reductions.gaussian_marginal import gaussian_obstacles
from hierlm.reductions.large.density import LargeDensity
from hierlm.reductions.large.effects import draw_effects
from hierlm.reductions.large.system import make_reference, make_system
from hierlm.reductions.reduction import Problem, Reduction, without_gradient
from hierlm.reductions.statistics import gaussian_buffer, sigma_prior
from hierlm.reductions.theta import make_parameters, start_of
from hierlm.reductions.threads import one_thread

__all__ = ["LargeMarginal"]

Floats = NDArray[np.float64]
MOST_WORK = 3_000_000_000
"""Multiplications of one factorisation; a few hundred are made."""

MOST_NUMBERS = 6
"""Of θ: more would take too many factorisations."""

MOST_COLUMNS = 3_000
"""That are left when the levels of the largest grouping are eliminated: a dense matrix of them."""

BATCH = 200_000
"""Numbers of the small matrices of all levels in one batch of draws, so that they stay in the processor's cache."""


@final
class LargeMarginal(Reduction):
    """The marginal of :class:`~hierlm.reductions.gaussian_marginal.GaussianMarginal` with few factorisations.

    The log density of up to six numbers is computed at some hundred points, and independent proposals are accepted by a
    polynomial through them (:mod:`hierlm.samplers.tabulated`).  Effects are drawn exactly by
    conjugate gradients, many draws side by side, from one factorisation.
    """

    name: ClassVar[str] = "large marginal"
    accepted: ClassVar[str] = "the response is normal, and few factorisations are enough for few parameters"
    takes_smooths: ClassVar[bool] = True
    gradients: ClassVar[bool] = False

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return _obstacles(model)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        return (
            f"independent proposals of {parameters} numbers; some hundred factorisations of "
            f"{arrange(model).factorised} each, and about ten products with a sparse matrix for each draw"
        )

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        place = arrange(model)
        buffer = gaussian_buffer(model, place)
        density, p = LargeDensity(Called(gaussian_callbacks()[0])), parameters(buffer)
        centre(density, buffer, start_of(p), spread=_spread(model, place, buffer))
        return Problem(int(dimension_of(buffer)), density, without_gradient, buffer, place, dear=True)

    def recover(self, model: Model, problem: Problem, zetas: Floats, seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        place, p, size = problem.place, parameters(problem.data), zetas.shape[:2]
        found = [constrained(pick(zeta, p), p) for zeta in zetas.reshape(-1, problem.dimension)]
        F, sigma = np.array([f[3] for f in found]), np.array([f[4][0] for f in found])
        for _, sds, C, *_ in found:
            without_signs(p, sds, C)
        system = make_system(model, place)
        step = max(8, min(64, BATCH // system.own.size))
        effects = np.empty((len(found), place.columns))

        def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[np.bool_]]:
            worked = np.zeros(some.stop - some.start, dtype=bool)
            for first in range(some.start, some.stop, step):
                part = slice(first, min(first + step, some.stop))
                at = slice(part.start - some.start, part.stop - some.start)
                worked[at], effects[part] = draw_effects(system, reference, F[part], sigma[part], rng)
            return (worked,)

        with one_thread():
            reference = make_reference(system, *system.factors(F, sigma))
            recover_in_chunks(len(found), place.columns, seed, make)
        sds, C, positives = (np.array([f[i] for f in found]) for i in (1, 2, 4))
        b = effects[:, place.columns - len(place.free) :]
        return dataset(model, place, size, sds, C, positives, b, of_groups(place, effects))

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        return parameters_constant(problem.data)


def _spread(model: Model, place: Arrangement, buffer: Floats) -> Floats:
    """About the standard deviation of each parameter: one over the root of twice the numbers that it is learnt from."""
    p = parameters(buffer)
    counts = np.ones(len(p.centre))
    for levels, owner in zip(place.levels, place.owner, strict=True):
        for s in owner:
            if s >= 0 and p.sds[s, 0] >= 0:
                counts[int(p.sds[s, 0])] += levels
    for row in p.positives:
        if row[0] >= 0:
            counts[int(row[0])] = len(model.responses[0].y)
    return np.asarray(1.0 / np.sqrt(2.0 * counts))


def _obstacles(model: Model) -> Iterator[str]:
    obstacle = next(gaussian_obstacles(model), None)
    if obstacle is not None:
        yield obstacle
        return
    if not model.responses[0].free:
        yield "known standard errors have no kernel here"
    place = arrange(model)
    related = next((b.group for b in model.blocks if b.relation is not None), None)
    if related is not None:
        yield f"the levels of {related} are related"
    if not place.groups or place.eliminated == 0:
        yield "there is no grouping whose levels can be eliminated one by one"
        return
    rest = place.columns - place.levels[0] * place.sizes[0]
    if not rest:
        yield f"there is nothing beside the levels of {place.groups[0]}"
    if rest > MOST_COLUMNS:
        yield f"beside the levels of {place.groups[0]} there are {rest:,} columns, more than {MOST_COLUMNS:,}"
    if place.work > MOST_WORK:
        yield f"one factorisation takes {place.work:.1g} multiplications, more than {MOST_WORK:.1g}"
    numbers = len(make_parameters(model, place, [sigma_prior(model)]).centre)
    if numbers > MOST_NUMBERS:
        yield f"{numbers} numbers are left to sample, more than {MOST_NUMBERS}"
    elif not numbers:
        yield "no parameter is left to sample"
