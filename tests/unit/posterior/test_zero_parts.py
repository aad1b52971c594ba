"""Zero-inflated, hurdle and truncated responses in predictions, likelihoods and variances, against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

import hierlm as hl
from tests.synthetic import synthetic_fit

N = 60


def table() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "count": np.where(rng.random(N) < 0.4, 0, rng.poisson(3, N)),
            "amount": np.where(rng.random(N) < 0.3, 0.0, rng.gamma(2, size=N)),
            "x": rng.normal(size=N),
            "g": np.resize([f"g{i}" for i in range(6)], N),
        }
    )


D = table()


def parts(fit: hl.Fit, zero: str) -> tuple[np.ndarray, np.ndarray]:
    """(μ, probability of the zero part), sample × row, of ``y ~ x + (1 | p | g)`` and ``zero ~ x + (1 | p | g)``."""
    p = fit.posterior
    codes = [int(g[1]) for g in D["g"]]
    etas = []
    for name, effect in (("b", "Intercept"), (f"b_{zero}", f"{zero}:Intercept")):
        b = p[name].to_numpy().reshape(-1, 2)
        r = p["r_g"].sel(effect_g=effect).to_numpy().reshape(len(b), -1)
        etas.append(b[:, :1] + b[:, 1:] * D["x"].to_numpy() + r[:, codes])
    return np.exp(etas[0]), expit(etas[1])


def fit_of(response: str, family: str, zero: str) -> hl.Fit:
    model = hl.Model([f"{response} ~ x + (1 | p | g)", f"{zero} ~ x + (1 | p | g)"], D, family)
    return synthetic_fit(model, chains=2, draws=40)


def test_every_part_has_its_formula_with_shared_group_effects():
    fit = fit_of("count", "zip", "zi")
    mu, zi = parts(fit, "zi")
    np.testing.assert_allclose(fit.predict().draws.to_numpy().reshape(-1, N), (1 - zi) * mu, rtol=1e-10)
    linear = fit.predict(kind="linear", parameter="zi").draws.to_numpy().reshape(-1, N)
    np.testing.assert_allclose(expit(linear), zi, rtol=1e-10)
    y = D["count"].to_numpy()
    density = np.where(y == 0, np.log(zi + (1 - zi) * np.exp(-mu)), np.log1p(-zi) + stats.poisson.logpmf(y, mu))
    np.testing.assert_allclose(fit.log_likelihood()["y"].to_numpy().reshape(-1, N), density, rtol=1e-9)
    assert fit.model.plan().name == "joint NUTS on the PyMC graph"


def test_the_mean_of_a_hurdle_counts_its_zeros():
    fit = fit_of("count", "hurdle_poisson", "hu")
    mu, hu = parts(fit, "hu")
    expected = (1 - hu) * mu / -np.expm1(-mu)
    np.testing.assert_allclose(fit.predict().draws.to_numpy().reshape(-1, N), expected, rtol=1e-10)
    zeros = (fit.predict(kind="response", seed=4).draws.to_numpy().reshape(-1, N) == 0).mean()
    assert abs(zeros - hu.mean()) < 5 * np.sqrt((hu * (1 - hu)).sum()) / hu.size


def test_amounts_with_zeros():
    fit = fit_of("amount", "hurdle_gamma", "hu")
    mu, hu = parts(fit, "hu")
    np.testing.assert_allclose(fit.predict().draws.to_numpy().reshape(-1, N), (1 - hu) * mu, rtol=1e-10)
    drawn = fit.posterior_predictive(seed=4)["y"].to_numpy()
    assert drawn.dtype == np.float64
    assert 0.05 < (drawn == 0).mean() < 0.9


def test_variances_on_the_link_scale():
    fit = fit_of("count", "zip", "zi")
    assert fit.icc()["mean"].between(0, 1).all()
    assert fit.r2()["mean"].between(0, 1).all()
    fixed = hl.Model("count ~ 1 + (1 | g)", D, "zip", priors={"zi": 0.3, "b[Intercept]": 1.0})
    found = synthetic_fit(fixed, chains=2, draws=40)
    sd = found.posterior["sd_g"].to_numpy().ravel()
    mu = np.exp(1 + found.posterior["r_g"].to_numpy().reshape(len(sd), -1)).mean(axis=1)  # levels have ten rows each
    latent = np.log1p(1 / (0.7 * mu) + 0.3 / 0.7)  # Var(y)/E(y)² of an inflated Poisson
    share = found.icc().query("group == 'g' and icc == 'adjusted'")["mean"].item()
    assert share == pytest.approx((sd**2 / (sd**2 + latent)).mean(), rel=1e-9)


def test_saved_and_loaded(tmp_path: Path):
    fit = fit_of("count", "zero_inflated_negbinomial", "zi")
    fit.save(tmp_path / "fit.zarr")
    again = hl.load(tmp_path / "fit.zarr")
    np.testing.assert_array_equal(
        again.predict(kind="response", seed=1).draws, fit.predict(kind="response", seed=1).draws
    )
    assert again.model.responses[0].family.name == "zero_inflated_negbinomial"


def test_a_fixed_probability_and_a_prior_of_it():
    model = hl.Model("count ~ x", D, "zip", priors={"zi": hl.Prior("Beta", alpha=2, beta=8)})
    assert model.priors().set_index("parameter")["prior"]["zi"] == "Beta(2, 8)"
    assert hl.Model("count ~ x", D, "zip").priors().set_index("parameter")["prior"]["zi"] == "Beta(1, 1)"
    drawn = model.prior_predictive(200, seed=1)["prior/zi"].to_numpy()
    assert stats.kstest(drawn.ravel(), stats.beta(2, 8).cdf).pvalue > 1e-4
    with pytest.raises(hl.PriorError, match="outside 0 to 1"):
        hl.Model("count ~ x", D, "zip", priors={"zi": hl.Prior("Exponential", lam=2)})


def test_equations_name_the_zero_part():
    text = hl.Model(["count ~ x + (1 | g)", "zi ~ x"], D, "zip").equations(priors=False)
    assert "zero_inflated_poisson(μᵢ, ziᵢ)" in text
    assert "logit(ziᵢ) = b_zi[Intercept] + b_zi[x] · xᵢ" in text
