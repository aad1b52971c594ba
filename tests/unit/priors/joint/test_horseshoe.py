"""The regularised horseshoe: its density and its draws against NumPy, what it says, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.predictive import prior_draws
from hierlm.posterior.priors.log_prior import log_prior
from hierlm.priors import prior_from_json
from hierlm.storage.spec import spec_of


def table(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    data = pd.DataFrame(rng.normal(size=(n, 4)) * [1.0, 10.0, 0.1, 3.0], columns=list("pqrs"))
    return data.assign(y=rng.normal(size=n) * 4, g=np.tile(list("abcd"), n // 4))


HS = hl.Horseshoe(nonzero=1.5, local_df=2, global_df=3, slab_scale=2, slab_df=5)


@pytest.fixture(scope="module")
def model() -> hl.Model:
    return hl.Model("y ~ p + q + r + s", table(), priors={"b": HS})


def coefficients(tau, local, c, model):
    """The scale of every coefficient as the source has it: τ λ̃ in units s/sd(x)."""
    regular = np.sqrt(c**2 * local**2 / (c**2 + tau**2 * local**2))
    X, y = model.predictors[0].X[:, 1:], model.responses[0].y
    return tau * regular * y.std(ddof=1) / X.std(axis=0, ddof=1)


def test_the_graph_has_its_density(model):
    """log p of the graph at a point, every factor by SciPy."""
    graph, data = model.pymc, table()
    tau, local, c, b0, sigma = 0.3, np.array([0.5, 2.0, 1.0, 7.0]), 1.7, 0.4, 3.0
    z = np.array([0.3, -1.0, 0.2, 2.0])
    point = {"global_b": tau, "local_b": local, "slab_b__variance": c**2, "b__raw": z, "sigma": sigma, "b__0": [b0]}
    values = {v.name: np.asarray(point[v.name], dtype=float) for v in graph.free_RVs}
    found = float(_logp(graph, values))
    D, n = 4, 40
    tau0 = 1.5 / (D - 1.5) / np.sqrt(n)
    wanted = stats.t(3, scale=tau0).logpdf(tau) + np.log(2) + (stats.t(2).logpdf(local) + np.log(2)).sum()
    wanted += stats.invgamma(2.5, scale=2.5 * 4).logpdf(c**2) + stats.norm.logpdf(z).sum()
    b = coefficients(tau, local, c, model) * z
    prior = {a.name: a.prior for a in model.assignments}
    wanted += float(prior["b[Intercept]"].log_density(b0)) + float(prior["sigma"].log_density(sigma))
    wanted += stats.norm(b0 + data[list("pqrs")].to_numpy() @ b, sigma).logpdf(data["y"]).sum()
    assert found == pytest.approx(wanted, rel=1e-10)


def _logp(graph, values):
    import pytensor
    from pymc.model.transform.conditioning import remove_value_transforms

    plain = remove_value_transforms(graph)
    function = pytensor.function(plain.value_vars, plain.logp(), mode="FAST_COMPILE")
    return function(*[values[rv.name] for rv in plain.free_RVs])


def test_draws_of_the_prior_are_those_of_numpy(model):
    drawn = prior_draws(model, 4000, seed=1)["posterior"].to_dataset()
    rng = np.random.default_rng(2)
    tau = np.abs(stats.t(3, scale=1.5 / 2.5 / np.sqrt(40)).rvs((4000, 1), random_state=rng))
    local = np.abs(stats.t(2).rvs((4000, 4), random_state=rng))
    c = np.sqrt(stats.invgamma(2.5, scale=10).rvs((4000, 1), random_state=rng))
    wanted = coefficients(tau, local, c, model) * rng.standard_normal((4000, 4))
    b = drawn["b"].to_numpy().reshape(4000, -1)[:, 1:]
    for j in range(4):
        assert stats.ks_2samp(b[:, j], wanted[:, j]).pvalue > 1e-3
    assert stats.ks_2samp(drawn["slab_b"].to_numpy().ravel(), c.ravel()).pvalue > 1e-3


def test_hyperparameters_are_parameters_with_names(model):
    rows = model.priors().set_index("parameter")
    assert list(rows.index) == [
        *(f"b[{x}]" for x in ("Intercept", *"pqrs")), "sigma", "global_b", *(f"local_b[{x}]" for x in "pqrs"), "slab_b",
    ]  # fmt: skip
    assert rows.loc["b[q]", "prior"] == str(HS) and rows.loc["b[q]", "source"] == "user"
    assert rows.loc["b[Intercept]", "source"] == "default"
    assert "global_b" in model.equations() and "local_b[q]" in model.equations() and model.equations("latex")
    assert "is a joint prior" in repr(model.plan()) and model.plan().chosen is None
    found = log_prior(hl.Fit(model, prior_draws(model, 50, seed=1)))
    assert {"global_b", "local_b[p]", "slab_b", "sigma", "b[Intercept]"} <= set(found) and "b[p]" not in found


def test_one_coefficient_may_have_a_prior_of_its_own():
    priors = {"b": HS, "b[q]": hl.Prior("Normal", mu=0, sigma=1)}
    model = hl.Model("y ~ p + q + r + s + (1 | g)", table(), priors=priors)
    names = model.priors()["parameter"].tolist()
    assert "local_b[q]" not in names and "local_b[p]" in names
    b = prior_draws(model, 2000, seed=1)["posterior"]["b"].sel(coef="q").to_numpy()
    assert b.std() == pytest.approx(1, rel=0.1)


def test_parameters_of_others_have_their_own():
    model = hl.Model(["y ~ p + q", "sigma ~ r + s"], table(), priors={"b": hl.Horseshoe(), "b_sigma": hl.Horseshoe()})
    names = set(model.priors()["parameter"])
    assert {"global_b", "global_b_sigma", "local_b[p]", "local_b_sigma[s]"} <= names
    model.pymc.compile_logp(mode="FAST_COMPILE")(model.pymc.initial_point())


def test_it_is_stored(model):
    assert prior_from_json(HS.to_json()) == HS
    assert spec_of(model)["priors"]["b"] == HS.to_json()
    with pytest.raises(hl.PriorError, match="no joint prior"):
        prior_from_json({"joint": "Horse", "arguments": {}})
    with pytest.raises(hl.PriorError, match="Not a stored"):
        prior_from_json({"joint": "Horseshoe"})


@pytest.mark.parametrize(
    ("priors", "words"),
    [
        ({"b[Intercept]": HS}, "intercept has a prior of its own"),
        ({"sd_g": HS}, "It is for coefficients"),
        ({"sigma": HS}, "cannot be under"),
        ({"b": HS, "global_b": hl.Prior("HalfNormal", sigma=1)}, "set by the arguments of Horseshoe"),
        ({"b[p]": HS}, "leaves none to be shrunk"),
        ({"b": hl.Horseshoe(nonzero=4)}, "leaves none to be shrunk"),
    ],
)
def test_refused_in_a_model(priors, words):
    with pytest.raises(hl.PriorError, match=words):
        hl.Model("y ~ p + q + r + s + (1 | g)", table(), priors=priors)


@pytest.mark.parametrize(
    "arguments", [{"nonzero": 0}, {"local_df": -1}, {"slab_scale": float("inf")}, {"slab_df": "4"}, {"nonzero": True}]
)
def test_arguments_are_checked(arguments):
    with pytest.raises(hl.PriorError, match="Horseshoe"):
        hl.Horseshoe(**arguments)


def test_scripts_refuse_it(model):
    with pytest.raises(hl.TranslationError, match="does not write the prior Horseshoe"):
        model.code()


@pytest.mark.slow
def test_signals_stay_and_noise_shrinks(tmp_path):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 8))
    data = pd.DataFrame(X, columns=[f"x{i}" for i in range(8)]).assign(g=np.tile(list("abcdefgh"), 10))
    data["y"] = 2 * X[:, 0] - 1.5 * X[:, 3] + rng.normal(size=8)[np.arange(80) % 8] + rng.normal(size=80)
    formula = "y ~ " + " + ".join(f"x{i}" for i in range(8)) + " + (1 | g)"
    model = hl.Model(formula, data, priors={"b": hl.Horseshoe(nonzero=2)})
    fit = model.fit(seed=1, draws=500, target_accept=0.99, progress=False)
    b, plain = fit.posterior["b"], hl.Model(formula, data).fit(seed=1, progress=False).posterior["b"]
    for x, true in (("x0", 2.0), ("x3", -1.5)):
        assert float(b.sel(coef=x).mean()) == pytest.approx(true, abs=0.4)
    noise = ["x1", "x2", "x4", "x5", "x6", "x7"]
    assert float((b.sel(coef=noise) ** 2).mean()) < 0.8 * float((plain.sel(coef=noise) ** 2).mean())
    fit.save(tmp_path / "hs.zarr")
    again = hl.load(tmp_path / "hs.zarr")
    assert again.model.priors().equals(model.priors()) and "global_b" in repr(again.summary())
