"""hypothesis: direct counting, densities against closed forms, and what cannot be read."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import hierlm as hl
from hierlm.posterior import hypothesis
from hierlm.posterior.hypotheses.density import of_draws
from tests.unit.posterior.effects.test_targets import fit, table


@cache
def made() -> hl.Fit:
    return fit("y ~ x * f + (x | g) + (1 | g:h)")


def flat(name: str, **where: str) -> np.ndarray:
    return made().posterior[name].sel(where).to_numpy().reshape(-1)


COUNTED = {
    "b[x] > 0.1": lambda: flat("b", coef="x") > 0.1,
    "0.1<b[x]": lambda: flat("b", coef="x") > 0.1,
    "b[x:f[b]] <= -b[x] / 2 + 1e-1": lambda: flat("b", coef="x:f[b]") <= -flat("b", coef="x") / 2 + 0.1,
    "sd_g[Intercept] > sd_g[x]": lambda: flat("sd_g", effect_g="Intercept") > flat("sd_g", effect_g="x"),
    "cor_g[x,Intercept] < 0.3": lambda: flat("cor_g", effect_g="x", effect2_g="Intercept") < 0.3,
    "r_g[g3, x] > r_g[g4, x]": lambda: (
        flat("r_g", level_g="g3", effect_g="x") > flat("r_g", level_g="g4", effect_g="x")
    ),
    "-0.2 < b[x] < 0.5": lambda: (flat("b", coef="x") > -0.2) & (flat("b", coef="x") < 0.5),
    "b[x] > 0 & sigma^2 < 0.6": lambda: (flat("b", coef="x") > 0) & (flat("sigma") ** 2 < 0.6),
    "abs(b[x]) < exp(b[Intercept] - 1) * 2": lambda: (
        np.abs(flat("b", coef="x")) < 2 * np.exp(flat("b", coef="Intercept") - 1)
    ),
    "2 * (b[x] - 1) - -1 >= -2 ^ 2 + log(sqrt(sigma))": lambda: (
        2 * (flat("b", coef="x") - 1) + 1 >= -4 + np.log(np.sqrt(flat("sigma")))
    ),
    "sd_g:h[Intercept] > 0.7": lambda: flat("sd_g:h", **{"effect_g:h": "Intercept"}) > 0.7,
}


@pytest.mark.parametrize("statement", COUNTED)
def test_probabilities_are_counted(statement: str) -> None:
    found = hypothesis(made(), statement).table.iloc[0]
    share = COUNTED[statement]().mean()
    assert found["probability"] == pytest.approx(share, abs=1e-12)
    if 0 < share < 1:
        assert found["evidence_ratio"] == pytest.approx(share / (1 - share))


def test_estimates_are_of_the_difference() -> None:
    found = hypothesis(made(), "2 * b[x] > 1", level=0.5)
    difference = 2 * flat("b", coef="x") - 1
    row = found.table.iloc[0]
    expected = [difference.mean(), difference.std(ddof=1), *np.quantile(difference, [0.25, 0.75])]
    np.testing.assert_allclose(row[["mean", "sd", "lower", "upper"]].to_numpy(dtype=float), expected)
    np.testing.assert_allclose(found.draws["2 * b[x] > 1"].to_numpy().reshape(-1), difference)


def conjugate(point: float, draws: int = 20_000) -> tuple[hl.Fit, float]:
    """y ~ N(b, 1), b ~ N(0.2, 2²): the exact posterior drawn from, and the exact ratio of densities at a point."""
    y = np.array([0.3, -0.4, 1.1, 0.6, 0.2, -0.1])
    model = hl.Model("y ~ 1", {"y": y}, priors={"b[Intercept]": hl.Prior("Normal", mu=0.2, sigma=2), "sigma": 1.0})
    precision = len(y) + 0.25
    mean = (y.sum() + 0.25 * 0.2) / precision
    b = np.random.default_rng(0).normal(mean, precision**-0.5, (4, draws // 4, 1))
    posterior = xr.Dataset({"b": (("chain", "draw", "coef"), b)}, {"coef": ["Intercept"], "chain": range(4)})
    posterior = posterior.assign_coords(draw=range(draws // 4))
    ratio = norm.pdf(point, mean, precision**-0.5) / norm.pdf(point, 0.2, 2)
    return hl.Fit(model, xr.DataTree.from_dict({"posterior": posterior})), ratio


@pytest.mark.parametrize("point", [0.0, 0.5, 0.9])
def test_savage_dickey_of_a_conjugate_model(point: float) -> None:
    known, ratio = conjugate(point)
    row = hypothesis(known, f"b[Intercept] = {point}").table.iloc[0]
    assert abs(row["evidence_ratio"] - ratio) < 4 * row["evidence_error"] + 0.005 * ratio
    assert row["evidence_error"] < 0.05 * ratio
    assert row["probability"] == pytest.approx(row["evidence_ratio"] / (1 + row["evidence_ratio"]))


def test_a_multiple_is_the_same_hypothesis() -> None:
    known, _ = conjugate(0.5)
    one, other = hypothesis(known, ["b[Intercept] = 0.5", "3 * b[Intercept] - 1.5 = 0"]).table["evidence_ratio"]
    assert one == pytest.approx(other, rel=1e-9)


def test_sums_of_normal_priors_are_normal() -> None:
    priors = {"b[x]": hl.Prior("Normal", mu=1, sigma=2), "b[z]": hl.Prior("Normal", mu=0, sigma=1)}
    frame = table().assign(z=np.random.default_rng(5).normal(size=len(table())))
    from tests.synthetic import synthetic_fit

    known = synthetic_fit(hl.Model("y ~ x + z", frame, priors=priors), chains=4, draws=500)
    row = hypothesis(known, "b[x] - 2 * b[z] = 0.3").table.iloc[0]
    d = (known.posterior["b"].sel(coef="x") - 2 * known.posterior["b"].sel(coef="z") - 0.3).to_numpy()
    after = of_draws(d, "posterior")
    assert row["evidence_ratio"] == pytest.approx(after.value / norm.pdf(0.3, 1.0, np.sqrt(8)), rel=1e-9)


def test_prior_draws_where_there_is_no_closed_form() -> None:
    """The difference of two half-normal standard deviations with scale 1 has density 1/√π at zero."""
    priors = {"sd_g": hl.Prior("HalfNormal", sigma=1), "sd_h": hl.Prior("HalfNormal", sigma=1)}
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", table(), priors=priors)
    from tests.synthetic import synthetic_fit

    known = synthetic_fit(model, chains=4, draws=250)
    row = hypothesis(known, "sd_g[Intercept] = sd_h[Intercept]", seed=1).table.iloc[0]
    d = (
        known.posterior["sd_g"].sel(effect_g="Intercept") - known.posterior["sd_h"].sel(effect_h="Intercept")
    ).to_numpy()
    exact = of_draws(d, "posterior").value / (1 / np.sqrt(np.pi))
    assert row["evidence_ratio"] == pytest.approx(exact, rel=0.25)  # 4,000 prior draws, a cusp at zero
    assert "from 4,000 prior draws" in repr(hypothesis(known, "sd_g[Intercept] = sd_h[Intercept]", seed=1))


REFUSED = {
    "b[xx] > 0": ("no 'b\\[xx\\]'", "b[x]"),
    "b[x] >": ("missing at the end", "what follows"),
    "b[x]": ("Nothing is compared", "> 0"),
    "b[x] 3": ("'3' has no meaning", "are read"),
    "sgma > 3": ("nothing called 'sgma'", "'sigma'"),
    "x > 0": ("nothing called 'x'", "'b[x]'"),
    "b > 0": ("several elements", "b[Intercept]"),
    "b[x > 0": ("never closed", "]"),
    "b[x] != 0": ("not read", "density"),
    "b[x] ** 2 > 0": ("not read", "power"),
    "b[x] = 0 & sigma > 1": ("cannot be joined", "alone"),
    "": ("no statement", "b[x]"),
    "__import__('os').system('echo') > 0": ("nothing called '__import__'", "Known"),
    "b[x].real > 0": ("'.' has no meaning", "are read"),
    "(b[x] > 0": ("'>' has no meaning", "are read"),
    "log(0 - sigma) > 0": ("no finite number", "logarithm"),
    "sd_g[x] = 0": ("on the boundary", "without the term"),
    "sigma = -1": ("outside its prior", "standard deviation"),
    "b[x] = 500": ("no density at 500", "unit"),
    "b[x] = 6": ("too few", "> 0"),
    "(" * 60 + "b[x]" + ")" * 60 + " > 0": ("nested more than", "Simplify"),
    "b[x] − 1 > 0": ("'−' has no meaning", "Type -"),
}


@pytest.mark.parametrize("statement", REFUSED)
def test_refused(statement: str) -> None:
    message, hint = REFUSED[statement]
    with pytest.raises(hl.HierlmError, match=message) as caught:
        hypothesis(made(), statement)
    assert hint in caught.value.hint


def test_carets_point_at_the_place() -> None:
    with pytest.raises(hl.FormulaError) as caught:
        hypothesis(made(), "b[x] > 0 & b[y] < 1")
    assert "\n  b[x] > 0 & b[y] < 1\n             ^^^^" in str(caught.value)
