"""What the kernels' densities leave out, because samplers do not see it: the marginal likelihood needs it.

The kernels drop what neither depends on ζ nor on the effects: constants of priors, Jacobians of linear maps, and of the
rows what depends on y only.  Each is put back here from the tables that the kernels read, so that

    log p(y, ζ) = density(ζ) + constant,   ∫ p(y, ζ) dζ = p(y).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import betaln

from hierlm import names
from hierlm.families.family import Predicted
from hierlm.graph.evaluate import evaluate
from hierlm.kernels.correlations import EXCHANGEABLE
from hierlm.kernels.observations import likelihood, observations
from hierlm.kernels.parameters import parameters
from hierlm.kernels.priors import CODES, COMPILED, REAL_CODES, log_bounded_prior, log_prior, log_real_prior
from hierlm.kernels.problem import structure_of
from hierlm.kernels.residuals import NORMAL, residuals_of
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.priors.prior import Prior
from hierlm.reductions.arrangement import Arrangement, model_rows

__all__ = ["coefficients_constant", "parameters_constant", "residuals_constant", "rows_constant"]

Floats = NDArray[np.float64]
SAME = 1e-8
"""Relative to the log density: differences that are rounding."""


def parameters_constant(buffer: Floats) -> float:
    """Of θ: its priors, the units of its standard deviations, and the axes of ζ."""
    p = parameters(buffer)
    total = float(np.linalg.slogdet(p.axes)[1]) if len(p.centre) else 0.0
    for row in p.sds:
        if row[0] >= 0:  # sd = s log(1 + eᵛ), or |s v| with the density ½ p(|s v|) s
            total += _positive(row) + math.log(abs(row[2])) - (math.log(2.0) if row[2] < 0 else 0.0)
    for row in p.positives:
        if row[0] >= 0:
            total += _positive(row)
    for row in p.cors:
        k, kind, eta = int(row[2]), int(row[3]), float(row[4])
        if kind == EXCHANGEABLE:
            total -= float(betaln(eta, (k - 1) * (eta - 1) + 1))
            continue
        for i in range(k):  # (1 − z²)^α over z = tanh v
            for j in range(i):
                alpha = eta + 0.5 * (k - 2 - j)
                total -= (2.0 * alpha - 1.0) * math.log(2.0) + float(betaln(alpha, alpha))
    return total


def _positive(row: Floats) -> float:
    """log p(x) less what the kernel has for it, of a positive parameter's prior."""
    return 0.0 if row[3] >= COMPILED else _constant(CODES, int(row[3]), float(row[4]), float(row[5]), log_prior)


def _constant(
    codes: Mapping[str, tuple[int, tuple[str, ...]]], code: int, a: float, b: float, kernel: Callable[..., Any]
) -> float:
    """log p(x) less what the kernel has for it, at any x; the location of a real number being zero."""
    prior = _prior(codes, code, a, b)
    x = prior.typical() if prior.positive else 1.0
    return float(prior.log_density(x)) - float(kernel(code, a, b, x)[0])


def _prior(codes: Mapping[str, tuple[int, tuple[str, ...]]], code: int, a: float, b: float) -> Prior:
    """The prior that a row of a table stands for, its location zero."""
    name, arguments = next((n, those) for n, (c, those) in codes.items() if c == code)
    given: dict[str, Any] = dict(zip(arguments, (a, b), strict=False))
    return Prior(name, **given)


def coefficients_constant(rows: Floats) -> float:
    """Of coefficients that have another prior than the normal one: the kernel has log p − log N for these."""
    total = 0.0
    for code, a, b, _, scale in rows:
        if code < 0:
            continue
        total += math.log(scale) + 0.5 * math.log(2.0 * math.pi)
        if code < COMPILED:
            total += _constant(REAL_CODES, int(code), float(a), float(b), log_real_prior)
    return total


def rows_constant(model: Model, place: Arrangement, buffer: Floats) -> float | None:
    """Of the rows: Σ w log p(y | η) less what the kernel has for it, at all effects zero.

    Returns
    -------
    float or None
        None where the density is not finite there, or the difference is no constant.
    """
    o = observations(buffer, structure_of(buffer).columns)
    (response,) = model.responses
    eta = model_rows(model, place).offset
    found = []
    for size in (1.0, 2.0):  # of the response's further parameters
        kernel = float(
            likelihood(
                o, np.zeros(place.columns), np.full(2, math.log(size)), 0.0, np.zeros(place.columns), np.zeros(2)
            )[0]
        )
        exact = _log_rows(model, eta, size)
        if not (math.isfinite(kernel) and math.isfinite(exact)):
            return None
        found.append(exact - kernel)
        if not response.free:
            break
    return found[0] if abs(found[0] - found[-1]) <= SAME * (1.0 + abs(found[0]) + abs(kernel)) else None


def _log_rows(model: Model, eta: Floats, size: float) -> float:
    """Σ w log p(y | η), further parameters of the response being ``size``: the family's own density."""
    (response,) = model.responses
    given = {name: np.asarray(v, dtype=np.float64) for name, v in response.additions.items()}
    y = response.y.astype(np.int64) if response.family.discrete else response.y

    def density(eta: object, y: object, **additions: object) -> object:
        predicted = {names.MEAN: Predicted(eta, response.links[names.MEAN])}
        predicted |= {p: Predicted(np.float64(size) + 0 * eta, get_link("identity")) for p in response.free}  # type: ignore[operator]
        return pm.logp(response.family.distribution(additions, **predicted), y)

    with np.errstate(all="ignore"):
        values = evaluate(density, eta=eta, y=y, **given)
    return float((values * given.get("weights", 1.0)).sum())


def residuals_constant(buffer: Floats) -> float:
    """Of the coefficients of log σ and of the residuals' correlation: their priors, and the unit of the latter."""
    e, total = residuals_of(buffer), 0.0
    for place, _, _, code, a, b, ratio in e.gamma.tolist():
        if place < 0 or code >= COMPILED:
            continue
        if ratio:
            total += _constant(CODES, int(code), a, b, log_prior)
        elif code == NORMAL:
            total -= math.log(a) + 0.5 * math.log(2.0 * math.pi)
        else:
            total += _constant(REAL_CODES, int(code), a, b, log_real_prior)
    for place, _, lower, upper, code, a, b, _ in e.rho.tolist():
        if place >= 0:  # a prior that is cut off at the bounds; ρ = lower + (upper − lower) share

            def density(rho: float, code: int = int(code), a: float = a, b: float = b) -> float:
                return math.exp(log_bounded_prior(code, a, b, rho)[0])

            total += math.log(upper - lower) - math.log(quad(density, lower, upper, limit=200)[0])
    return total
