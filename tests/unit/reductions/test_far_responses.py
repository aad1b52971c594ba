"""Responses far from the coefficients' prior mean: sums of squares would keep no digits, so they are not used."""

from __future__ import annotations

import numpy as np
import pytest

import hierlm as hl
from hierlm.reductions import plan


def far(centre: float) -> hl.Model:
    """With the vague prior that textbooks have."""
    rng, n = np.random.default_rng(0), 100
    g, x = rng.integers(0, 10, n), rng.normal(size=n)
    y = centre + 0.5 * x + rng.normal(size=10)[g] + rng.normal(size=n)
    table = {"y": y, "x": x, "g": np.array([f"g{i}" for i in g])}
    return hl.Model("y ~ x + (1 | g)", table, priors={"b[Intercept]": hl.Prior("Normal", mu=0, sigma=1e8)})


@pytest.mark.parametrize(("centre", "name"), [(1e3, "gaussian marginal"), (1e7, "whitened effects")])
def test_the_density_keeps_its_digits(centre: float, name: str) -> None:
    """Gradient against differences."""
    chosen = plan(far(centre)).chosen
    assert chosen is not None
    assert chosen.name == name
    problem = chosen.apply(far(centre))
    zeta, gradient, scratch = np.full(problem.dimension, 0.3), np.zeros(problem.dimension), np.zeros(problem.dimension)
    problem.density(zeta, problem.data, gradient)
    for i, e in enumerate(np.eye(problem.dimension)):
        up, down = (problem.density(zeta + s * 1e-3 * e, problem.data, scratch) for s in (1, -1))
        assert gradient[i] == pytest.approx((up - down) / 2e-3, abs=1e-3, rel=1e-4)


def test_the_posterior_is_that_of_responses_nearby() -> None:
    """The prior is flat on either scale, so σ and the group sd do not see where the responses lie."""
    near, away = (far(centre).fit(seed=1, progress=False).posterior for centre in (0.0, 1e7))
    for name in ("sigma", "sd_g"):
        a, b = (float(p[name].mean()) for p in (near, away))
        assert a == pytest.approx(b, abs=0.06 * float(near[name].std()) * np.sqrt(4)), name
