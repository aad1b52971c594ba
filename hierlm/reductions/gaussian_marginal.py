"""gaussian_marginal: group effects and coefficients of a Gaussian model integrated out exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.callbacks import Called, gaussian_callbacks, gaussian_draws
from hierlm.kernels.packing import dimension_of
from hierlm.kernels.parameters import parameters
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.reductions.arrangement import arrange
from hierlm.reductions.centre import centre
from hierlm.reductions.constants import parameters_constant
from hierlm.reductions.dataset import dataset
from hierlm.reductions.exact import ExactDraws
from hierlm.reductions.obstacles import prior_obstacles, structure_obstacles
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.statistics import digits_obstacles, gaussian_buffer
from hierlm.reductions.theta import start_of

__all__ = ["GaussianMarginal", "gaussian_obstacles"]

MOST_WORK = 3_000_000
"""Multiplications of one factorisation; beyond, its cost outweighs what marginalisation saves."""


@final
class GaussianMarginal(Reduction):
    """y ~ N(Xb + Zr, σ²): b and r integrated out, NUTS on sds, correlations and σ, then exact draws of b and r.

    Source: Lindstrom & Bates (1988), *JASA* 83:1014–1022; the gradient is a reverse sweep (Smith 1995).
    """

    name: ClassVar[str] = "gaussian marginal"
    accepted: ClassVar[str] = "the response is normal with an identity link, and all priors have a kernel"
    takes_smooths: ClassVar[bool] = True

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        yield from gaussian_obstacles(model)
        work = arrange(model).work
        if work > MOST_WORK:
            yield f"one factorisation takes {work:.1g} multiplications, more than {MOST_WORK:.1g}"

    def fits(self, model: Model) -> bool:
        """Whether it applies, however large the design."""
        return next(gaussian_obstacles(model), None) is None

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        factorised = arrange(model).factorised
        return f"{parameters:,} numbers are sampled; each step factorises {factorised}, however many rows"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        place = arrange(model)
        buffer = gaussian_buffer(model, place)
        density = Called(gaussian_callbacks()[0])
        centre(density, buffer, start_of(parameters(buffer)))
        return Problem(int(dimension_of(buffer)), density, gaussian_callbacks, buffer, place)

    def recover(self, model: Model, problem: Problem, zetas: NDArray[np.float64], seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        drawn = ExactDraws(problem.place, zetas, problem.data, gaussian_draws, seed)
        sds, C, positives, b = drawn.parameters()
        return dataset(model, problem.place, zetas.shape[:2], sds, C, positives, b, drawn.groups())

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        return parameters_constant(problem.data)

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        return tuple(model.groups)


def gaussian_obstacles(model: Model) -> Iterator[str]:
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
    yield from prior_obstacles(model, normal=[names.common(names.MEAN)])
    yield from structure_obstacles(model, related=True)
    yield from digits_obstacles(model)
