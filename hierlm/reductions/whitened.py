"""whitened: group effects of any response sampled in coordinates that are about independent and standard normal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import SamplingError
from hierlm.kernels.callbacks import Called, whitened_callbacks, whitened_draws
from hierlm.kernels.observations import observation_fields, observations
from hierlm.kernels.packing import dimension_of, pack
from hierlm.kernels.problem import common_fields
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.arrangement import Arrangement, arrange
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.constants import coefficients_constant, parameters_constant, rows_constant
from hierlm.reductions.dataset import dataset, of_groups
from hierlm.reductions.later import Columns, Later
from hierlm.reductions.observed import integrable, make_observations, response_kernel
from hierlm.reductions.obstacles import prior_obstacles, structure_obstacles
from hierlm.reductions.pilot import prepare
from hierlm.reductions.prior_densities import real_density
from hierlm.reductions.quadrature import TOLERANCE, enough_nodes, inexactness, likely_points, nodes_of
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.theta import make_parameters

__all__ = ["Whitened", "auxiliary", "coefficient_rows", "whitened_obstacles"]

Floats = NDArray[np.float64]

MOST_WORK = 3_000_000
"""Multiplications of one factorisation."""

NODES = 9
"""Of the quadrature while coordinates are chosen."""

LOOKED_AT = 40
"""Draws at which the quadrature is looked at again."""


@final
class Whitened(Reduction):
    """η = Xb + Zr: effects sampled as z with r, b = Λ(θ)(m(θ) + L(θ)⁻ᵀz), an exact change of variables.

    m and L are those of a normal approximation with working weights; one effect a row is integrated out by quadrature.
    """

    name: ClassVar[str] = "whitened effects"
    accepted: ClassVar[str] = "response and priors have kernels"
    takes_smooths: ClassVar[bool] = True
    inexact: ClassVar[str] = "the quadrature of single rows was not exact enough at its draws"
    target_accept: ClassVar[float] = 0.7

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return whitened_obstacles(model, MOST_WORK)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        block = integrable(model)
        place = arrange(model, () if block is None else (block.group,))
        quadrature = "" if block is None else f"; {block.group} is integrated out where quadrature is exact enough"
        return (
            f"{parameters + place.columns:,} numbers are sampled; each step factorises {place.factorised}, "
            f"and takes up to {model.design.n:,} rows{quadrature}"
        )

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        block = integrable(model)
        if block is None:
            return self._sampled(model)
        buffer, place = self.packed(model, block)
        prepare(buffer, model.responses[0].links[names.MEAN])
        cheaper = enough_nodes(buffer, likely_points(buffer))
        return self._sampled(model) if cheaper is None else _problem(cheaper, place)

    def _sampled(self, model: Model) -> Problem:
        """Without quadrature: effects of single rows are sampled like all others."""
        block, kernel = integrable(model), response_kernel(model)
        if block is not None and kernel is not None and kernel.n_aux:  # no mode of effects and parameters together
            raise SamplingError(
                f"The effects of {block.group}, one a row, cannot be integrated out exactly enough.",
                hint="The rows differ by many orders of magnitude: check them, or fit with reduce=False.",
            )
        buffer, place = self.packed(model, None)
        prepare(buffer, model.responses[0].links[names.MEAN])
        return _problem(buffer, place)

    def mend(self, model: Model, problem: Problem, zetas: NDArray[np.float64]) -> Problem | None:
        """More nodes where the draws reach further than those that were looked at before, or no quadrature at all."""
        if all(group in problem.place.groups for group in model.groups):
            return None
        flat = zetas.reshape(-1, problem.dimension)
        some = np.ascontiguousarray(flat[np.linspace(0, len(flat) - 1, min(LOOKED_AT, len(flat))).astype(int)])
        if inexactness(problem.data, some) < TOLERANCE:
            return None
        finer = enough_nodes(problem.data, some, more_than=nodes_of(problem.data))
        return self._sampled(model) if finer is None else _problem(finer, problem.place)

    @staticmethod
    def packed(model: Model, block: GroupBlock | None) -> tuple[NDArray[np.float64], Arrangement]:
        """The problem before coordinates are chosen, ``block`` integrated out, and where its effects lie."""
        place = arrange(model, () if block is None else (block.group,))
        parameters = make_parameters(model, place, auxiliary(model), also=() if block is None else (block.group,))
        deviation = -1 if block is None else len(parameters.sds) - 1
        o = make_observations(model, place, deviation, NODES)
        st = place.structure
        S, r = np.zeros(st.values), np.zeros(st.columns)
        fields = [
            *common_fields(parameters, st, S, r),
            *observation_fields(o),
            coefficient_rows(model, place),
            np.zeros(st.columns),
        ]
        return pack(len(parameters.centre) + st.columns, fields), place

    def recover(self, model: Model, problem: Problem, zetas: NDArray[np.float64], seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        chains, draws, dimension = zetas.shape
        flat = np.ascontiguousarray(zetas.reshape(chains * draws, dimension))
        place = problem.place
        effects = np.empty((len(flat), place.columns))

        def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
            return whitened_draws(flat[some], problem.data, effects[some])

        sds, C, positives = recover_in_chunks(len(flat), place.columns, seed, make)
        b, groups = effects[:, place.columns - len(place.free) :], of_groups(place, effects)
        block = next((b for b in model.blocks if b.group not in place.groups), None)
        if block is not None:
            rows = _rows_later(model, block, problem, (effects, sds, positives), seed)
            groups[block.group] = Later((chains, draws, len(block.levels), 1), rows)
        return dataset(model, place, (chains, draws), sds, C, positives, b, groups)

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        rows = rows_constant(model, problem.place, problem.data)
        if rows is None:
            return None
        normal = 0.5 * problem.place.columns * float(np.log(2.0 * np.pi))
        priors = coefficients_constant(coefficient_rows(model, problem.place))
        related = 0.5 * problem.place.log_determinant
        return parameters_constant(problem.data) + priors + rows - normal - related

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        block = integrable(model)
        return () if block is None else (block.group,)


def _rows_later(
    model: Model, block: GroupBlock, problem: Problem, drawn: tuple[Floats, Floats, Floats], seed: int
) -> Callable[[Columns | None], Floats]:
    """How to draw the integrated effects of ``block``, one a row, given the draws of the rest."""
    effects, sds, positives = drawn
    kernel, o = response_kernel(model), observations(problem.data, problem.place.columns)
    assert kernel is not None
    draw_effects = kernel.draw_effects
    row = np.argsort(block.codes)  # of each level
    sd = np.ascontiguousarray(sds[:, -1])
    log_aux = np.zeros((len(sd), 2))
    log_aux[:, : positives.shape[1]] = np.log(positives)

    def made(columns: Columns | None) -> Floats:
        wanted = row if columns is None else row[columns]
        kept, same = np.empty((len(sd), len(wanted))), np.array_equal(wanted, np.arange(len(row)))

        def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
            own = kept[some] if same else np.empty((some.stop - some.start, len(row)))
            ok = draw_effects(rng, o, effects[some], log_aux[some], sd[some], own)
            if not same:
                np.take(own, wanted, axis=1, out=kept[some], mode="clip")  # "raise" makes a copy
            return (np.asarray(ok),)

        recover_in_chunks(len(sd), len(row), seed, make)
        return kept

    return made


def _problem(buffer: NDArray[np.float64], place: Arrangement) -> Problem:
    return Problem(int(dimension_of(buffer)), Called(whitened_callbacks()[0]), whitened_callbacks, buffer, place)


def auxiliary(model: Model) -> list[Prior | Fixed]:
    """Priors of the response's further parameters, in the family's order."""
    (response,) = model.responses
    priors = {a.variable: a.prior for a in model.assignments}
    return [priors[p] for p in response.free]  # type: ignore[misc]


def coefficient_rows(model: Model, place: Arrangement) -> NDArray[np.float64]:
    """(code or −1 where normal, two arguments, location, scale of the normal stand-in) of the free coefficients."""
    priors = [a.prior for a in model.assignments if a.variable == names.common(names.MEAN)]
    rows = []
    for j, scale in zip(place.free, place.scales, strict=True):
        prior = priors[j]
        assert isinstance(prior, Prior)
        rows.append([*real_density(prior, place.means[j]), place.means[j], scale])
    return np.array(rows, dtype=float).reshape(-1, 5)


def _confounded(model: Model) -> str | None:
    """A grouping of one row a level beside a free parameter of the response: no mode from which to choose weights."""
    kernel, integrated = response_kernel(model), integrable(model)
    if kernel is None or not kernel.n_aux:
        return None
    rows = len(model.responses[0].y)
    alone = (g for g, blocks in model.groups.items() if len(blocks[0].levels) == rows)
    return next((g for g in alone if integrated is None or g != integrated.group), None)


def whitened_obstacles(model: Model, most_work: float, *, related: bool = True) -> Iterator[str]:
    """Why the reduction does not apply, one sentence each."""
    if len(model.responses) > 1:
        yield "there are several responses"
        return
    (response,) = model.responses
    if set(response.links) != {names.MEAN}:
        yield "a parameter other than the mean has a formula of its own"
    if response_kernel(model) is None:
        yield f"{response.family.name} with the {response.links[names.MEAN].name} link has no kernel"
    if set(response.additions) - {"trials", "weights"}:
        yield "known standard errors have no kernel here"
    if (group := _confounded(model)) is not None:
        yield f"{group} has one effect a row, which {response.family.name} with its own parameters cannot integrate out"
    yield from prior_obstacles(model)
    yield from structure_obstacles(model, related=related)
    work = arrange(model).work
    if work > most_work:
        yield f"one factorisation takes {work:.1g} multiplications, more than {most_work:.1g}"
