"""H₀: τ = 0: the F-test of a balanced layout has the same p-value, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.errors import ModelError, PosteriorError, SamplingError, StorageError
from hierlm.replicates.profiled import Part, Profiled
from hierlm.replicates.variance_test import variance_test

J, M = 8, 5


def layout(sd: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(J), M)
    return pd.DataFrame({"y": sd * rng.normal(size=J)[g] + rng.normal(size=J * M), "g": g.astype(str)})


def f_test(data: pd.DataFrame) -> float:
    return float(stats.f_oneway(*(own["y"].to_numpy() for _, own in data.groupby("g"))).pvalue)


@pytest.mark.parametrize("sd", [0.0, 0.4, 0.6])
def test_p_is_that_of_the_f_test_in_a_balanced_layout(sd: float):
    """The restricted ratio is a monotone function of F where it is not 1, and both are exact. Seeds are fixed."""
    data = layout(sd, seed=int(10 * sd))
    model = hl.Model("y ~ 1 + (1 | g)", data)
    found = variance_test(model, "g", n=199, seed=1)
    expected = f_test(data)
    if found.statistic > 1e-6:
        assert abs(found.p - expected) < 4 * np.sqrt(expected * (1 - expected) / 199) + 1 / 200
    else:
        assert found.p == 1.0
    # P(ratio = 1 | H₀) = P(F < 1)
    none = stats.f.cdf(1.0, J - 1, J * (M - 1))
    assert abs(np.mean(found.null < 1e-6) - none) < 4 * np.sqrt(none * (1 - none) / 199)


def test_restricted_likelihood_is_that_of_contrasts():
    """−2 log p(Aᵀy), A an orthonormal basis beside X, at the optimum and around it."""
    data = layout(0.8, seed=3)
    X = np.column_stack([np.ones(J * M), np.arange(J * M) / 10])
    Z = np.eye(J)[data["g"].astype(int)]
    y = data["y"].to_numpy()
    found = Profiled.of(X, [Part(Z, 1, ((0,),), False)], restricted=True).estimate(y)
    A = np.linalg.svd(X, full_matrices=True)[0][:, 2:]

    def deviance(theta: float, sigma: float) -> float:
        V = sigma**2 * (np.eye(J * M) + theta**2 * Z @ Z.T)
        return float(-2 * stats.multivariate_normal(np.zeros(J * M - 2), A.T @ V @ A).logpdf(A.T @ y))

    (theta,), sigma = found.theta, found.sigma
    best = deviance(theta, sigma)
    assert found.deviance == pytest.approx(best + np.linalg.slogdet(X.T @ X)[1], abs=1e-6)
    for step in (0.9, 1.1):
        assert deviance(step * theta, sigma) > best
        assert deviance(theta, step * sigma) > best


def test_an_effect_goes_with_its_correlations():
    model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    found = hl.variance_test(model, "Subject", "Days", n=19, seed=1)
    # lme4: REML criterion 1743.628 with, 1786.465 without
    assert found.statistic == pytest.approx(1786.465 - 1743.628, abs=2e-3)
    assert found.p == 0.05
    assert found.estimates["without"].isna().tolist() == [False, True, False]
    assert found.estimates["without"].iloc[0] == pytest.approx(37.12, abs=0.01)
    assert "H₀: sd_Subject[Days] = 0" in repr(found)
    assert "no χ² is used" in repr(found)
    assert "<table" in found._repr_html_()
    ml = hl.variance_test(model, "Subject", n=19, seed=1, method="ML")
    assert ml.what == "sd_Subject[Intercept], sd_Subject[Days]"


def test_a_store_goes_on(tmp_path: Path):
    model = hl.Model("y ~ 1 + (1 | g)", layout(0.5, 1))
    one = variance_test(model, "g", n=19, seed=1, store=tmp_path / "v.jsonl")
    two = variance_test(model, "g", n=39, store=tmp_path / "v.jsonl")
    assert np.array_equal(two.null[:19], one.null)
    with pytest.raises(StorageError, match="other method"):
        variance_test(model, "g", n=19, method="ML", store=tmp_path / "v.jsonl")


REFUSED = {
    "is poisson with the link identity": ("c ~ 1 + (1 | g)", {"family": "poisson", "link": "identity"}),
    "is student_t": ("y ~ 1 + (1 | g)", {"family": "student_t"}),
    "is zero_inflated_poisson": ("c ~ 1 + (1 | g)", {"family": "zero_inflated_poisson"}),
    "shape has a formula of its own": (["c ~ 1 + (1 | g)", "shape ~ x"], {"family": "negbinomial"}),
    "with the link log": ("p ~ 1 + (1 | g)", {"link": "log"}),
    "formula of its own": (["y ~ 1 + (1 | g)", "sigma ~ x"], {}),
    "several responses": ("mvbind(y, x) ~ 1 + (1 | g)", {}),
    "the response has weights": ("y | weights(p) ~ 1 + (1 | g)", {}),
    "there are smooths": ("y ~ s(x) + (1 | g)", {}),
    "the standard deviation of a grouping": (["y ~ 1 + (1 | g)", "sd(g) ~ z"], {}),
    "'sigma' is held fixed": ("y ~ 1 + (1 | g)", {"priors": {"sigma": 1.0}}),
    "structure corh": ("y ~ 1 + cs(0 + f | g)", {}),
    "structure ar1": ("y ~ 1 + ar1(0 + f | g)", {}),
    "residuals are correlated": ("y ~ 1 + (1 | g)", {"residual": "ar1(t | g)"}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_models_without_that_likelihood_are_refused(reason: str):
    formula, options = REFUSED[reason]
    n = 90
    rng = np.random.default_rng(1)
    data = {
        "y": rng.normal(size=n), "x": rng.normal(size=n), "c": rng.integers(1, 6, n) * (np.arange(n) % 9 > 0), "p": rng.uniform(1, 2, n),
        "g": np.repeat(list("abcdef"), 15), "z": np.repeat(np.arange(6.0), 15), "f": np.tile(list("pqr"), 30),
        "t": np.tile(np.arange(15), 6),
    }  # fmt: skip
    with pytest.raises(ModelError, match=f"no likelihood to test with: .*{reason}"):
        variance_test(hl.Model(formula, data, **options), "g")


def test_questions_without_meaning_are_refused():
    data = layout(1.0, 1)
    model = hl.Model("y ~ 1 + (1 | g)", data)
    with pytest.raises(PosteriorError, match="no grouping 'h'"):
        variance_test(model, "h")
    with pytest.raises(PosteriorError, match="'g' has no effect 'x'"):
        variance_test(model, "g", "x")
    with pytest.raises(PosteriorError, match="method='LRT'"):
        variance_test(model, "g", method="LRT")  # type: ignore[arg-type]
    with pytest.raises(SamplingError, match="at least 19"):
        variance_test(model, "g", n=5)
    shared = hl.Model("y ~ 0 + f + idv(0 + f | g)", data.assign(f=np.tile(list("pq"), 20)))
    with pytest.raises(PosteriorError, match="shares its standard deviation"):
        variance_test(shared, "g", "f[p]")
    assert variance_test(shared, "g", n=19, seed=1).statistic >= 0
    counts = hl.Model("c ~ 1 + (1 | g)", {"c": np.arange(40) % 7, "g": data["g"]}, "poisson")
    with pytest.raises(PosteriorError, match="no restricted likelihood of a poisson response"):
        variance_test(counts, "g", method="REML")
