"""structured marginal: the Gaussian marginal where residuals have several variances or a correlation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.callbacks import Called, structured_callbacks
from hierlm.kernels.packing import dimension_of, pack
from hierlm.kernels.problem import common_fields
from hierlm.kernels.residuals import Residuals, residual_fields
from hierlm.kernels.structured import draw_effects
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement, arrange, model_rows
from hierlm.reductions.centre import centre
from hierlm.reductions.components import components
from hierlm.reductions.constants import parameters_constant, residuals_constant
from hierlm.reductions.dataset import dataset
from hierlm.reductions.exact import ExactDraws
from hierlm.reductions.obstacles import prior_obstacles, structure_obstacles
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.residual_correlation import correlated, correlation_obstacles
from hierlm.reductions.residual_scales import ResidualScales, residual_scales, scale_obstacles, scale_predictor
from hierlm.reductions.statistics import digits_obstacles, sigma_prior
from hierlm.reductions.theta import make_parameters, start_of

__all__ = ["StructuredMarginal"]

Floats = NDArray[np.float64]

MOST_WORK = 3_000_000
"""Multiplications of one gradient."""

MOST_STRATA = 20
"""Different residual standard deviations."""

MOST_COMPONENTS = 200
"""Matrices: distances between neighbours in time, times pairs of standard deviations."""


@final
class StructuredMarginal(Reduction):
    """y ~ N(Xb + Zr, Σ): b and r integrated out, Σ⁻¹ a sum of known matrices with weights that few parameters decide.

    The sums over rows for each of them are made once (the idea of sufficient statistics, one set a matrix).
    """

    name: ClassVar[str] = "structured marginal"
    accepted: ClassVar[str] = "the response is normal with an identity link, and its residual precision is a sum of few"
    takes_smooths: ClassVar[bool] = True
    takes_variances: ClassVar[bool] = True
    takes_residual: ClassVar[bool] = True

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return _obstacles(model)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        place, free = arrange(model), int((residual_scales(model).rows(0)[:, 0] >= 0).sum())
        return f"{parameters + free:,} numbers are sampled; each step factorises {place.factorised}, however many rows"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        place = arrange(model)
        buffer, start = _packed(model, place)
        density = Called(structured_callbacks()[0])
        centre(density, buffer, start)
        return Problem(int(dimension_of(buffer)), density, structured_callbacks, buffer, place)

    def recover(self, model: Model, problem: Problem, zetas: Floats, seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        drawn = ExactDraws(problem.place, zetas, problem.data, draw_effects, seed)
        sds, C, positives, gamma, rho, b = drawn.parameters()
        also = residual_scales(model).variables(gamma) | correlated(model, _weights(model)).variables(rho)
        return dataset(model, problem.place, zetas.shape[:2], sds, C, positives, b, drawn.groups(), also)

    def log_constant(self, model: Model, problem: Problem) -> float | None:
        """See :meth:`Reduction.log_constant`."""
        return parameters_constant(problem.data) + residuals_constant(problem.data)

    def later(self, model: Model) -> tuple[str, ...]:
        """See :meth:`Reduction.later`."""
        return tuple(model.groups)


def _strata(scales: ResidualScales) -> tuple[Floats, NDArray[np.int64]]:
    """Different rows of the design of log σ, its offset last; the stratum of every row."""
    design = np.column_stack([scales.X, scales.offset])
    found, codes = np.unique(design, axis=0, return_inverse=True)
    return found, codes.reshape(-1).astype(np.int64)


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
    predictor = scale_predictor(model)
    if predictor is None and model.residual is None:
        yield "there is no structure in the residuals"
        return
    if predictor is not None and response.links[predictor.parameter] != get_link("log"):
        yield f"the link of {predictor.parameter} is {response.links[predictor.parameter].name}, not the logarithm"
    yield from scale_obstacles(model)
    yield from correlation_obstacles(model)
    if "se" in response.additions:
        yield "known standard errors come on top of the residual sds"
    yield from prior_obstacles(model, normal=[names.common(names.MEAN)])
    yield from structure_obstacles(model, related=True, correlated=True)
    strata, codes = _strata(residual_scales(model))
    if len(strata) > MOST_STRATA:
        yield f"the residuals have {len(strata):,} different standard deviations, more than {MOST_STRATA}"
        return
    count = sum(1 for _ in correlated(model, _weights(model)).forms.quadratic_forms(codes))
    if count > MOST_COMPONENTS:
        yield f"the residuals' precision is a sum of {count:,} known matrices, more than {MOST_COMPONENTS}"
        return
    place = arrange(model)
    work = place.work + 3 * count * place.structure.values
    if work > MOST_WORK:
        yield f"one gradient takes {work:.1g} multiplications, more than {MOST_WORK:.1g}"
    yield from digits_obstacles(model)


def _packed(model: Model, place: Arrangement) -> tuple[Floats, Floats]:
    """Everything that the density needs, with ζ = θ as yet; θ where the search for the mode begins."""
    (response,) = model.responses
    scales, plain = residual_scales(model), model_rows(model, place)
    weights = _weights(model)
    sd, y = np.exp(scales.known), response.y - plain.offset
    rows = replace(plain, Z=plain.Z / sd[:, None], X=plain.X / sd[:, None])
    strata, codes = _strata(scales)
    correlation = correlated(model, weights)
    sums = components(place.structure, rows, y / sd, codes, correlation.forms)
    p = make_parameters(model, place, [sigma_prior(model)])
    known = len(p.centre)
    gamma = scales.rows(known)
    free = gamma[:, 0] >= 0
    size = known + int(free.sum()) + int(correlation.free)
    p = p._replace(centre=np.zeros(size), axes=np.eye(size))
    residuals = Residuals(
        gamma=gamma,
        rho=correlation.rows(size - 1),
        X=strata[:, :-1],
        offset=strata[:, -1],
        rows=np.bincount(codes, weights, minlength=len(strata)),
        kinds=sums.kinds,
        determinants=correlation.forms.determinants,
    )
    own = [sums.S, sums.r, sums.yy, np.array([weights.sum(), -weights @ scales.known - 0.5 * place.log_determinant])]
    start = start_of(p)
    start[known : known + int(free.sum())] = scales.start(_rest(plain.X, y))[free]
    none = np.zeros(0)
    return pack(size, [*common_fields(p, place.structure, none, none), *residual_fields(residuals), *own]), start


def _weights(model: Model) -> Floats:
    (response,) = model.responses
    return np.broadcast_to(response.additions.get("weights", 1.0), response.y.shape).astype(float)


def _rest(X: Floats, y: Floats) -> Floats:
    """What the common effects leave."""
    return np.asarray(y - X @ np.linalg.lstsq(X, y, rcond=None)[0] if X.shape[1] else y)
