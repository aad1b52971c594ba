"""gaussian_marginal: group effects and coefficients of a Gaussian model integrated out exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.callbacks import called, gaussian_callbacks
from hierlm.kernels.marginal import draw_effects, log_density
from hierlm.kernels.packing import dimension_of
from hierlm.kernels.parameters import parameters
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.reductions.arrangement import arrange
from hierlm.reductions.centre import centre
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.dataset import dataset
from hierlm.reductions.later import Columns, Later
from hierlm.reductions.obstacles import prior_obstacles, structure_obstacles
from hierlm.reductions.reduction import Problem, Reduction, Verdict
from hierlm.reductions.statistics import gaussian_buffer
from hierlm.reductions.theta import start_of

__all__ = ["GaussianMarginal"]

Floats = NDArray[np.float64]

MOST_WORK = 3_000_000
"""Multiplications of one factorisation; beyond, its cost outweighs what marginalisation saves."""

ROUNDING = 1e-4
"""The largest error of the log density that is tolerated: NUTS does not see it."""


@final
class GaussianMarginal(Reduction):
    """y ~ N(Xb + Zr, σ²): b and r integrated out, NUTS on sds, correlations and σ, then exact draws of b and r.

    Source: Lindstrom & Bates (1988), *JASA* 83:1014–1022; the gradient is a reverse sweep (Smith 1995).
    """

    name: ClassVar[str] = "gaussian marginal"
    takes_smooths: ClassVar[bool] = True

    def accepts(self, model: Model) -> Verdict:
        """See :meth:`Reduction.accepts`."""
        for reason in _obstacles(model):
            return Verdict(False, reason)
        work = arrange(model).structure.work
        if work > MOST_WORK:
            return Verdict(False, f"one factorisation takes {work:.1g} multiplications, more than {MOST_WORK:.1g}")
        return Verdict(True, "the response is normal with an identity link, and all priors have a kernel")

    def fits(self, model: Model) -> bool:
        """Whether it applies, however large the design."""
        return next(_obstacles(model), None) is None

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        factorised = arrange(model).factorised
        return f"NUTS samples {parameters:,} numbers; each step factorises {factorised}, however many rows"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        place = arrange(model)
        buffer = gaussian_buffer(model, place)
        centre(called(gaussian_callbacks()[0]), buffer, start_of(parameters(buffer)))
        return Problem(int(dimension_of(buffer)), log_density, gaussian_callbacks, buffer, place)

    def recover(self, model: Model, problem: Problem, zetas: NDArray[np.float64], seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        chains, draws, dimension = zetas.shape
        flat = np.ascontiguousarray(zetas.reshape(chains * draws, dimension))
        place = problem.place

        def drawn(columns: Columns) -> list[Floats]:
            """sds, C, positives and the columns asked for; the same numbers whichever they are."""
            kept = np.empty((len(flat), len(columns)))

            def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
                effects = rng.standard_normal((some.stop - some.start, place.columns))
                found = draw_effects(flat[some], problem.data, effects)
                np.take(effects, columns, axis=1, out=kept[some])
                return found

            return [*recover_in_chunks(len(flat), place.columns, seed, make), kept]

        def later(start: int, J: int, k: int) -> Later:
            every = np.arange(start, start + J * k)
            return Later((chains, draws, J, k), lambda some: drawn(every if some is None else every[some])[-1])

        sds, C, positives, b = drawn(np.arange(place.columns - len(place.free), place.columns))
        effects = dict(zip(place.groups, map(later, place.starts, place.levels, place.sizes), strict=True))
        return dataset(model, place, (chains, draws), sds, C, positives, b, effects)

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        return tuple(model.groups)


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
    yield from prior_obstacles(model, normal=True)
    yield from structure_obstacles(model)
    if _rounding(model) > ROUNDING:
        yield "responses lie so far from their prior mean that sums of their squares would keep too few digits"


def _rounding(model: Model) -> float:
    """The error of the log density by rounding yᵀy/σ², were σ² a hundredth of the variance about the common effects."""
    predictor = model.predictors[0]
    y = model.responses[0].y - predictor.offset - predictor.X @ arrange(model).means
    rest = y - predictor.X @ np.linalg.lstsq(predictor.X, y, rcond=None)[0] if predictor.X.shape[1] else y
    variance = max(rest.var(), 1e-6 * y.var(), np.finfo(float).tiny)
    return float(np.finfo(float).eps * (y @ y) / (0.01 * variance))
