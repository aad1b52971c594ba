"""The Gaussian marginal at its edges: draws of the effects, large designs, numbers that overflow, models it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.kernels.parameters import parameters
from tests.unit.reductions.dense import natural
from tests.unit.reductions.gaussian_models import (
    REDUCTION,
    conditional,
    coordinates,
    dense_log_density,
    frame,
    gaussian,
    log_prior,
    rescaled,
)
from tests.unit.reductions.slopes import check_gradient

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


@pytest.mark.parametrize("second", [30, 90])
def test_large_rest_by_lapack(second: int) -> None:
    """Crossed factors whose rest is above and below the size where LAPACK takes over."""
    rng = np.random.default_rng(second)
    n = 600
    table = {
        "y": rng.normal(size=n),
        "g": np.array([f"g{i:03d}" for i in rng.integers(0, 120, n)]),
        "h": np.array([f"h{i:02d}" for i in rng.integers(0, second, n)]),
    }
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", table)
    problem = REDUCTION.apply(model)
    zeta = coordinates(problem.dimension, 2)
    value = problem.density(zeta, problem.data, np.zeros(problem.dimension))
    expected = dense_log_density(model, problem.place, natural(problem.data, zeta))
    assert value - log_prior(problem.data, zeta) == pytest.approx(expected, abs=1e-8)
    check_gradient(problem.density, problem.data, zeta)


@pytest.mark.parametrize("scale", ["softplus", "signed"])
def test_draws_have_the_conditional_moments(scale: str) -> None:
    """20,000 draws at one θ: means and covariances of all effects within Monte-Carlo error, whatever the signs."""
    model, problem = gaussian("crossed")
    data = rescaled(problem.data, scale)
    zeta = coordinates(problem.dimension, 1)
    n, place = natural(data, zeta), problem.place
    zetas = np.broadcast_to(zeta, (1, 20_000, len(zeta)))
    draws = REDUCTION.recover(model, replace(problem, data=data), zetas, 3)
    mean, covariance = conditional(model, place, n)
    u = [draws[f"r_{group}"].to_numpy().reshape(20_000, -1) for group in place.groups]
    u = np.hstack([*u, draws["b"].to_numpy().reshape(20_000, -1) - place.means])
    sd = np.sqrt(np.diag(covariance))
    assert np.abs((u.mean(axis=0) - mean) / sd).max() < 5 / np.sqrt(20_000)
    assert np.abs((np.cov(u.T) - covariance) / np.outer(sd, sd)).max() < 7 / np.sqrt(20_000)


@pytest.mark.parametrize("name", ["us 3", "us 2", "idh", "crossed", "even priors"])
def test_draws_have_no_signs(name: str) -> None:
    """sds are positive in every draw, and correlations take over the signs: the covariances are those of ΛΛᵀ."""
    model, problem = gaussian(name)
    data = rescaled(problem.data, "signed")
    parameters(data).centre[:] = 0.0  # all sign patterns
    zetas = np.random.default_rng(1).normal(size=(2, 100, problem.dimension))
    draws = REDUCTION.recover(model, replace(problem, data=data), zetas, 1)
    flipped = 0
    for c, d in np.ndindex(2, 100):
        n = natural(data, zetas[c, d])
        for g, group in enumerate(problem.place.groups):
            sd = draws[f"sd_{group}"][c, d].to_numpy()
            assert np.all(sd > 0)
            R = draws[f"cor_{group}"][c, d].to_numpy() if f"cor_{group}" in draws else np.eye(len(sd))
            np.testing.assert_allclose(np.diag(R), 1)
            np.testing.assert_allclose(sd[:, None] * R * sd, n.scaled[g] @ n.scaled[g].T, rtol=1e-10, atol=1e-12)
            flipped += int(np.any(np.diag(n.scaled[g]) < 0))
    assert flipped > 50


EXTREMES = (-1e4, -800.0, -40.0, -18.0, 18.0, 40.0, 800.0, 1e4, 1e200, np.nan, np.inf, -np.inf)


@pytest.mark.parametrize("name", ["mixed", "us 4", "priors", "corh", "weights"])
@pytest.mark.parametrize("scale", ["chosen", "softplus", "signed"])
def test_failures_are_minus_infinity(name: str, scale: str) -> None:
    """Far out, one coordinate or all: a number with its gradient, or −∞; never NaN, never an exception."""
    _, problem = gaussian(name)
    data = rescaled(problem.data, scale)
    if scale != "chosen":
        parameters(data).axes[:] = np.eye(problem.dimension)
    gradient = np.zeros(problem.dimension)
    for extreme in EXTREMES:
        for i in range(problem.dimension + 1):
            zeta = np.zeros(problem.dimension)
            zeta[i if i < problem.dimension else slice(None)] = extreme
            value = problem.density(zeta, data, gradient)
            assert value == -np.inf or (np.isfinite(value) and np.isfinite(gradient).all()), (i, extreme, value)
            assert np.isfinite(extreme) or value == -np.inf


def test_a_failed_draw_is_an_error() -> None:
    model, problem = gaussian("crossed")
    zetas = np.zeros((1, 3, problem.dimension))
    zetas[0, 1] = np.nan
    with pytest.raises(hl.SamplingError, match="reduce=False"):
        REDUCTION.recover(model, problem, zetas, 1)


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "several": (["y ~ x + (1 | g)", "x ~ 1 + (1 | g)"], {}, "several responses"),
    "family": ("y ~ x + (1 | g)", {"family": "student_t"}, "student_t"),
    "sigma": (["y ~ x + (1 | g)", "sigma ~ x"], {}, "formula of its own"),
    "coefficient": ("y ~ x + (1 | g)", {"priors": {"b[x]": hl.Prior("Laplace", mu=0, b=1)}}, "b[x]"),
    "bounded": (
        "y ~ x + (1 | g)",
        {"priors": {"sd_g": hl.Prior("Uniform", lower=0, upper=5)}},
        "sd_g[Intercept]",
    ),
    "correlation": ("y ~ x + (x | g)", {"priors": {"cor_g": hl.Prior("Uniform", lower=-1, upper=1)}}, "cor_g"),
    "positive": ("y ~ x + (x | g)", {"priors": {"cor_g": hl.Prior("HalfNormal", sigma=0.5)}}, "cor_g"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_the_reason(name: str) -> None:
    formula, options, reason = REFUSED[name]
    verdict = REDUCTION.accepts(hl.Model(formula, frame(), **options))
    assert not verdict.accepted
    assert reason in verdict.reason
