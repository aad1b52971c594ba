"""Whitened effects at their edges: numbers that overflow, data that say little or too much, models that are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.kernels.packing import floats
from hierlm.reductions import plan
from tests.unit.reductions.gaussian_models import rescaled
from tests.unit.reductions.whitened_models import REDUCTION, frame, whitened

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

EXTREMES = (-1e4, -800.0, -40.0, -18.0, 18.0, 40.0, 800.0, 1e4, 1e200, np.nan, np.inf, -np.inf)


@pytest.mark.parametrize("scale", ["chosen", "softplus", "signed"])
@pytest.mark.parametrize(
    ("name", "integrated"),
    [("crossed", False), ("us 3", False), ("sharp", False), ("beta", False), ("negbinomial", False)]
    + [("crossed", True), ("gamma", True), ("cloglog", True)],
)
def test_failures_are_minus_infinity(name: str, integrated: bool, scale: str) -> None:
    """Far out, one coordinate or all: a number with its gradient, or −∞; never NaN, never an exception."""
    _, problem = whitened(name, integrated=integrated)
    data, gradient = rescaled(problem.data, scale), np.zeros(problem.dimension)
    for extreme in EXTREMES:
        for i in [*range(min(len(floats(data, 0)) + 3, problem.dimension)), slice(None)]:
            zeta = np.zeros(problem.dimension)
            zeta[i] = extreme
            value = problem.density(zeta, data, gradient)
            assert value == -np.inf or (np.isfinite(value) and np.isfinite(gradient).all()), (i, extreme, value)
            assert np.isfinite(extreme) or value == -np.inf


def _hard() -> dict[str, Any]:
    """Columns that make trouble, beside those of :func:`frame`."""
    rng, found = np.random.default_rng(0), frame()
    n, x = len(found["x"]), found["x"]
    return found | {
        "zero": np.zeros(n, dtype=int),
        "huge": rng.poisson(1e7, n),
        "spread": rng.poisson(np.exp(rng.normal(8, 4, n))),
        "hundreds": rng.poisson(np.exp(4.6 + rng.normal(size=6))[np.unique(found["g"], return_inverse=True)[1]]),
        "separated": (x > 0).astype(int),
        "two": np.array(["a", "b"])[np.arange(n) % 2],
        "wide": np.exp(rng.normal(0, 6, n)),
    }


SMALL = {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=2)}
FITS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "no counts": ("zero ~ x + (1 | g)", "poisson", {}),
    "no counts, rows": ("zero ~ x + (x | g) + (1 | u)", "poisson", {}),
    "no counts, overdispersed": ("zero ~ x + (1 | u)", "negbinomial", {}),
    "huge counts": ("huge ~ x + (1 | g)", "poisson", {}),
    "huge counts, rows": ("huge ~ x + (1 | u)", "poisson", {}),
    "hundreds": ("hundreds ~ x + (1 | g)", "poisson", SMALL),
    "counts of all sizes": ("spread ~ x + (1 | g)", "poisson", {}),
    "separated": ("separated ~ x + (x | g)", "bernoulli", {}),
    "separated, rows": ("separated ~ x + (1 | u)", "bernoulli", {}),
    "separated, cloglog": ("separated ~ x + (1 | g)", "bernoulli(cloglog)", {}),
    "two levels": ("k ~ x + (x | two)", "poisson", {}),
    "rows, gamma": ("p ~ x + (1 | u)", "gamma(log)", {}),
    "rows, lognormal": ("p ~ x + (1 | u)", "lognormal", {"b[x]": hl.Prior("Cauchy", alpha=0, beta=1)}),
    "rows, exponential": ("p ~ x + (1 | u)", "exponential", {}),
    "rows, negbinomial": ("k ~ x + (1 | u)", "negbinomial", {}),
    "counts of all sizes, rows": ("spread ~ x + (1 | u)", "poisson", {}),
    "gamma over many sizes": ("wide ~ x + (1 | g)", "gamma(log)", {}),
    "rows, gamma over many sizes": ("wide ~ x + (1 | u)", "gamma(log)", {}),
    "rows, all sizes": ("spread ~ x + (1 | g) + (1 | u)", "negbinomial", {}),
}
LONG = ("rows, all sizes",)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in FITS])
def test_hard_data(name: str) -> None:
    """A short run ends with finite draws, moving chains, and divergences that are few."""
    formula, family, priors = FITS[name]
    model = hl.Model(formula, _hard(), family, priors=priors)
    assert plan(model).chosen is not None
    fit = model.fit(draws=100, chains=2, seed=1, progress=False)
    assert all(np.isfinite(v).all() for v in fit.posterior.data_vars.values())
    stats = fit.draws["sample_stats"]
    assert np.all(np.ptp(fit.posterior["b"].to_numpy(), axis=1) > 0)
    assert int(stats["diverging"].sum()) <= 20
    assert float(stats["n_steps"].mean()) < 100


def test_no_variance_between_groups(data: Any) -> None:
    """Dyestuff2: the sd of the batches is sampled to zero on both sides, and has no sign."""
    fit = hl.Model("Yield ~ 1 + (1 | Batch)", data("Dyestuff2")).fit(draws=500, chains=2, seed=1, progress=False)
    sd = fit.posterior["sd_Batch"].to_numpy()
    assert sd.min() > 0
    assert np.quantile(sd, 0.1) < 0.3
    assert int(fit.draws["sample_stats"]["diverging"].sum()) == 0


REFUSED: dict[str, tuple[Any, str, dict[str, Any], str]] = {
    "several": (["k ~ x + (1 | g)", "y ~ x"], "poisson", {}, "several responses"),
    "shape": (["k ~ x + (1 | g)", "shape ~ x"], "negbinomial", {}, "formula of its own"),
    "correlation": ("k ~ x + (x | g)", "poisson", {"cor_g": hl.Prior("HalfNormal", sigma=0.5)}, "cor_g"),
    "link": ("k ~ x + (1 | g)", "poisson(sqrt)", {}, "no kernel"),
    "rows, student": ("y ~ x + (1 | u)", "student_t", {}, "one effect a row"),
    "rows, beta": ("q ~ x + (1 | g) + (1 | u)", "beta", {}, "one effect a row"),
    "rows, beta-binomial": ("t | trials(n) ~ x + (1 | u)", "beta_binomial", {}, "one effect a row"),
    "rows, weights": ("p | weights(w) ~ x + (1 | u)", "gamma(log)", {}, "one effect a row"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_the_reason(name: str) -> None:
    formula, family, priors, reason = REFUSED[name]
    families = [family, "gaussian"] if name == "several" else family
    verdict = REDUCTION.accepts(hl.Model(formula, frame(), families, priors=priors))
    assert not verdict.accepted
    assert reason in verdict.reason
