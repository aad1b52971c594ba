"""Wrong answers that users of comparable packages have reported, each held off by a test.

The numbers are the rows of ``docs/trust/reported-elsewhere.md``, which says for each where it was reported and which
tests hold it; where a report needs more than a few lines its test stands elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
import xarray as xr
from scipy import integrate, special, stats

import hierlm as hl
from hierlm.errors import InterruptedWarning
from hierlm.fit.draws import finite_draws
from hierlm.graph.evaluate import PYTHON, evaluate
from hierlm.links import LINKS, get_link
from hierlm.samplers import Settings
from hierlm.storage.fingerprint import fingerprint
from tests.synthetic import synthetic_fit

N = 48
MODE = "FAST_COMPILE"


def table(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = rng.integers(4, 12, N)
    return pd.DataFrame(
        {
            "y": rng.normal(10, 3, N),
            "z": rng.normal(size=N),
            "x": rng.normal(2, 1, N),
            "f": pd.Categorical(rng.permuted(np.resize(["mid", "top", "low"], N)), categories=["low", "mid", "top"]),
            "a": rng.permuted(np.resize(list("uvwx"), N)),
            "b": rng.permuted(np.resize(["p", "q", "r"], N)),
            "c": rng.permuted(np.resize([3, 10], N)),
            "e": rng.uniform(1, 3, N),
            "w": rng.uniform(0.5, 2, N),
            "n": count,
            "s": rng.binomial(count, 0.4),
            "k": rng.poisson(4, N),
            "o": rng.permuted(np.resize(["no", "yes"], N)),
            "m": rng.uniform(0.1, 0.9, N),
            "t": rng.gamma(3, size=N),
        }
    )


D = table()


def logp(model: hl.Model, *, jacobian: bool = False) -> Callable[[dict[str, np.ndarray]], float]:
    compiled = model.pymc.compile_logp(jacobian=jacobian, mode=MODE)
    return lambda point: float(compiled(point))


def point(model: hl.Model, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {k: v + rng.normal(0, 0.3, np.shape(v)) for k, v in model.pymc.initial_point().items()}


def values(model: hl.Model, at: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    graph = model.pymc
    variables = graph.unobserved_value_vars
    found = graph.compile_fn(variables, mode=MODE, on_unused_input="ignore")(at)
    return {v.name: np.asarray(x) for v, x in zip(variables, found, strict=True)}


@pytest.mark.parametrize("parameterization", ["centered", "noncentered"])
def test_01_the_location_of_a_prior_counts_in_either_parameterization(parameterization: str):
    """bambi#1003, #1066, #1069; HSSM#966, #1225: the joint density against SciPy, with priors that are not at zero."""
    priors = {"b[Intercept]": hl.Prior("Normal", mu=7, sigma=2), "b[x]": hl.Prior("Normal", mu=-3, sigma=0.5)}
    priors |= {"sd_a": hl.Prior("Gamma", mu=5, sigma=1), "sigma": hl.Prior("Gamma", alpha=9, beta=3)}
    model = hl.Model("y ~ x + (1 | a)", D, priors=priors, parameterization=parameterization)
    density = logp(model)
    for seed in range(3):
        at = point(model, seed)
        v = values(model, at)
        eta = v["b"][0] + v["b"][1] * D["x"] + v["r_a"][:, 0][pd.factorize(D["a"], sort=True)[0]]
        expected = stats.norm(eta, v["sigma"]).logpdf(D["y"]).sum() + stats.gamma(9, scale=1 / 3).logpdf(v["sigma"])
        expected += stats.norm(7, 2).logpdf(v["b"][0]) + stats.norm(-3, 0.5).logpdf(v["b"][1])
        expected += stats.gamma(25, scale=1 / 5).logpdf(v["sd_a"]).sum()
        z, sd = (v["z_a"], 1.0) if "z_a" in v else (v["r_a"], v["sd_a"])
        expected += stats.norm(0, sd).logpdf(z).sum()
        assert density(at) == pytest.approx(expected, rel=1e-9)


def test_02_a_misspelt_prior_is_refused():
    """bambi#815."""
    for name in ("b[X]", "sd_A", "sigmaa", "cor_a", "b_sigma", "Intercept", "1|a"):
        with pytest.raises(hl.PriorError, match="no parameter called"):
            hl.Model("y ~ x + (1 | a)", D, priors={name: hl.Prior("HalfNormal", sigma=1)})


def test_03_slopes_are_correlated_with_intercepts():
    """bambi#702: (x | g) means an unstructured covariance, as in lme4."""
    for formula, correlated in {
        "(x | a)": True,
        "(1 + x | a)": True,
        "(x || a)": False,
        "(1 | a) + (0 + x | a)": False,
    }.items():
        model = hl.Model(f"y ~ x + {formula}", D)
        assert any(a.variable == "cor_a" for a in model.assignments) is correlated


def test_04_the_seed_decides_about_new_groups():
    """bambi#953."""
    fit = synthetic_fit(hl.Model("y ~ x + (x | a)", D))
    new = D.head(4).assign(a="new")
    for ask in ({}, {"kind": "response"}, {"kind": "linear"}):
        one, same, other = (fit.predict(new, seed=s, **ask).draws.to_numpy() for s in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)
    assert np.array_equal(fit.log_likelihood(new, seed=5)["y"], fit.log_likelihood(new, seed=5)["y"])
    assert not np.array_equal(fit.log_likelihood(new, seed=5)["y"], fit.log_likelihood(new, seed=6)["y"])


def test_05_the_level_that_counts_as_one_is_named_and_modelled():
    """bambi#756: swapping the level mirrors the probability."""
    yes, no = (hl.Model(f'o["{level}"] ~ x', D, "bernoulli") for level in ("yes", "no"))
    np.testing.assert_array_equal(yes.responses[0].y, D["o"] == "yes")
    np.testing.assert_array_equal(no.responses[0].y, D["o"] == "no")
    assert (yes.responses[0].success, no.responses[0].success) == ("yes", "no")
    for model, level in ((yes, "yes"), (no, "no")):
        assert level in repr(model)
    up, down = (synthetic_fit(m, values={"b": b}) for m, b in ((yes, [0.3, -0.7]), (no, [-0.3, 0.7])))
    np.testing.assert_allclose(up.predict().draws, 1 - down.predict().draws, rtol=1e-12)
    np.testing.assert_allclose(up.predict().draws[0, 0], special.expit(0.3 - 0.7 * D["x"]), rtol=1e-12)


@pytest.mark.parametrize("term", ["(0 + f | a)", "(f | a)", "(0 + f:x | a)", "(x:f || a)", "(1 | a:b)", "(f | a/b)"])
def test_06_group_effects_of_factors_predict_as_they_were_fitted(term: str):
    """bambi#447, #451, #979, #358; formulae#29, #94."""
    fit = synthetic_fit(hl.Model(f"y ~ x + f + {term}", D))
    np.testing.assert_array_equal(fit.predict().draws, fit.predict(D).draws)
    few = D[D["f"] == "top"].iloc[::-1]
    np.testing.assert_array_equal(fit.predict(few).draws, fit.predict().draws[..., few.index.to_numpy()])


INVERSES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "identity": lambda e: e,
    "log": np.exp,
    "logit": special.expit,
    "probit": stats.norm.cdf,
    "cloglog": stats.gumbel_l.cdf,
    "loglog": stats.gumbel_r.cdf,
    "cauchit": stats.cauchy.cdf,
    "inverse": lambda e: 1 / e,
    "inverse_squared": lambda e: 1 / np.sqrt(e),
    "sqrt": np.square,
    "softplus": lambda e: np.logaddexp(0, e),
}


@pytest.mark.parametrize("name", LINKS)
def test_07_a_link_is_what_its_name_says(name: str):
    """bambi#472: "inverse" computed cloglog."""
    eta = np.linspace(0.1, 2, 20)
    np.testing.assert_allclose(evaluate(get_link(name).inverse, eta=eta), INVERSES[name](eta), rtol=1e-12)


def test_08_new_levels_do_not_share_a_draw():
    """brms#956, rstanarm#461: independent, with variance τ² (bounds of 5 Monte-Carlo standard errors)."""
    tau, S = 2.0, 8000
    fit = synthetic_fit(hl.Model("y ~ x + (1 | a)", D), chains=4, draws=S // 4, values={"sd_a": tau})
    new = pd.DataFrame({"x": 0.0, "a": ["one", "two", "one", "three"]})
    drawn, zero = (fit.predict(new, kind="linear", new_levels=how, seed=3).draws for how in ("draw", "zero"))
    effects = (drawn - zero).to_numpy().reshape(S, 4)
    np.testing.assert_array_equal(effects[:, 0], effects[:, 2])
    different = effects[:, [0, 1, 3]]
    assert np.abs(different.var(axis=0) / tau**2 - 1).max() < 5 * np.sqrt(2 / S)
    assert np.abs(np.corrcoef(different.T)[np.triu_indices(3, 1)]).max() < 5 / np.sqrt(S)


@pytest.mark.parametrize(
    "formula", ["y ~ poly(x, 2) + f + (x | a)", "y ~ scale(x) * f + (1 | a/b)", "y ~ bs(x, df=4) + (f | a)"]
)
def test_09_a_subset_is_predicted_as_in_the_whole(formula: str):
    """rstanarm#73."""
    fit = synthetic_fit(hl.Model(formula, D))
    whole = fit.predict(D).draws.to_numpy()
    for rows in ([5], [3, 1, 40], list(range(N - 1, -1, -1))):
        np.testing.assert_array_equal(fit.predict(D.iloc[rows]).draws, whole[..., rows])


def test_10_coefficients_are_joined_by_name():
    """rstanarm#655: a stale intercept column shifted every coefficient by one."""
    model = hl.Model("y ~ x + f + (x | a)", D)
    fit = synthetic_fit(model)
    posterior = fit.posterior
    turned = posterior.isel({d: slice(None, None, -1) for d in posterior.dims if d not in ("chain", "draw")})
    other = replace(fit, draws=xr.DataTree.from_dict({"posterior": turned}))
    np.testing.assert_array_equal(fit.predict().draws, other.predict().draws)
    np.testing.assert_array_equal(fit.log_likelihood()["y"], other.log_likelihood()["y"])
    shifted = posterior.assign_coords(coef=["x", "f[mid]", "f[top]", "old"])
    with pytest.raises(hl.PosteriorError, match=r"b\[Intercept\]"):
        replace(fit, draws=xr.DataTree.from_dict({"posterior": shifted})).predict()


def test_11_names_and_values_keep_together():
    """rstanarm#15: each coefficient alone moves the predictions by its own column."""
    model = hl.Model("y ~ x + f", D)
    labels = model.predictors[0].labels
    assert labels == ("Intercept", "x", "f[mid]", "f[top]")
    columns = {"Intercept": 1.0, "x": D["x"], "f[mid]": D["f"] == "mid", "f[top]": D["f"] == "top"}
    for i, label in enumerate(labels):
        fit = synthetic_fit(model, chains=1, draws=2, values={"b": np.eye(4)[i]})
        expected = np.broadcast_to(np.asarray(columns[label], float), N)
        np.testing.assert_allclose(fit.predict().draws[0, 0], expected)
        assert fit.fixef().set_index("effect")["mean"].to_dict() == {k: float(k == label) for k in labels}


TERMS = ["x", "f", "(x | a)", "(1 | b)", "(1 | a:b)"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::17])
def test_12_the_order_of_terms_changes_no_effect(order: tuple[int, ...]):
    """rstanarm#370; ordinal#73; sommer#68; Unfold.jl#175."""
    first = synthetic_fit(hl.Model("y ~ " + " + ".join(TERMS), D))
    model = hl.Model("y ~ " + " + ".join(TERMS[i] for i in order), D)
    other = replace(first, model=model)
    np.testing.assert_allclose(first.predict().draws, other.predict().draws, rtol=1e-12)
    by = ["group", "level", "effect"]
    one, two = (pd.DataFrame(f.ranef()).set_index(by).sort_index() for f in (first, other))
    pd.testing.assert_frame_equal(one, two)


def test_13_new_levels_of_nested_groups():
    """rstanarm#300: known outer levels keep their effects, new inner ones get their own."""
    fit = synthetic_fit(hl.Model("y ~ x + (1 | a/b/c)", D), chains=2, draws=500)
    new = pd.DataFrame({"x": 0.0, "a": ["u", "u", "new", "new"], "b": ["p", "new", "p", "p"], "c": [99, 3, 3, 10]})
    for kind in ("mean", "linear", "response"):
        assert np.isfinite(fit.predict(new, kind=kind, seed=1).draws).all()
    zero = fit.predict(new, kind="linear", new_levels="zero").draws
    r = fit.posterior["r_a"].sel(level_a="u").isel(effect_a=0)
    b = fit.posterior["b"].sel(coef="Intercept")
    np.testing.assert_allclose(zero[..., 1], b + r)
    drawn = fit.predict(new, kind="linear", seed=1).draws
    assert abs(np.corrcoef((drawn - zero)[..., 1].values.ravel(), (drawn - zero)[..., 3].values.ravel())[0, 1]) < 0.2
    assert not np.array_equal(drawn[..., 2], drawn[..., 3])  # new:p:3 and new:p:10


def test_14_offsets_come_from_the_new_rows():
    """rstanarm#109, #110; projpred#162; lme4#447; fixest#388; sdmTMB#274, #372."""
    fit = synthetic_fit(hl.Model("k ~ x + offset(log(e)) + (1 | a)", D, "poisson"))
    new = D.head(7).assign(e=5.0)
    ratio = fit.predict(new).draws / fit.predict(D).draws[..., :7]
    np.testing.assert_allclose(ratio, np.broadcast_to(5.0 / D["e"].to_numpy()[:7], ratio.shape), rtol=1e-12)
    with pytest.raises(hl.PredictionError, match="'e'"):
        fit.predict(new.drop(columns="e"))


def test_15_reordered_levels_rows_and_columns():
    """lme4#143, #275, #303, #452, #570; glmmTMB#602; modelbased#67; unmarked#115; glmmADMB#6."""
    fit = synthetic_fit(hl.Model("y ~ x * f + (f | a)", D))
    new = D.sample(frac=1, random_state=1)[D.columns[::-1]]
    new["f"] = pd.Categorical(new["f"].astype(str), categories=["top", "nowhere", "low", "mid"], ordered=False)
    new["a"] = pd.Categorical(new["a"], categories=list("xwvu"))
    np.testing.assert_array_equal(fit.predict(new).draws, fit.predict(D).draws[..., new.index.to_numpy()])


def test_16_new_rows_that_span_less_than_the_columns():
    """MixedModels.jl#642, #892: rows with one level of f and one x are predicted like any."""
    fit = synthetic_fit(hl.Model("y ~ x * f + (1 | a)", D))
    some = D[D["f"] == "mid"].head(1)
    new = pd.concat([some] * 3).assign(f="mid")
    expected = fit.predict(D).draws[..., [some.index[0]] * 3]
    np.testing.assert_array_equal(fit.predict(new).draws, expected)


@pytest.mark.parametrize(
    "formula", ["y ~ x + (x | a) + (1 | b)", "y ~ f + us(0 + f | a)", "y | weights(w) ~ x + (1 | a/b)"]
)
def test_17_the_order_of_rows_changes_no_density(formula: str):
    """MixedModels.jl#105; brms#1747."""
    model, turned = hl.Model(formula, D), hl.Model(formula, D.sample(frac=1, random_state=3))
    for seed in range(3):
        at = point(model, seed)
        assert logp(model)(at) == pytest.approx(logp(turned)(at), rel=1e-10)


def test_18_an_unseen_level_is_never_zero():
    """formulaic#271; pyfixest#248, #1425; svy#168; patsy#11; glum#748."""
    for formula in ("y ~ f", "y ~ 0 + f", "y ~ C(c)", "y ~ f:x", "y ~ x + (f | a)", "y ~ C(f, Sum)"):
        fit = synthetic_fit(hl.Model(formula, D))
        new = D.head(3).assign(f=["low", "high", "low"], c=[3, 7, 3])
        with pytest.raises(hl.PredictionError, match="row 1"):
            fit.predict(new)


def test_20_the_order_of_levels_is_the_users():
    """marginaleffects#782: declared categories stay in their order, in columns and effects alike."""
    data = D.assign(f=pd.Categorical(D["f"].astype(str), categories=["top", "low", "mid"]))
    model = hl.Model("y ~ f + (0 + f | a)", data)
    assert model.predictors[0].labels == ("Intercept", "f[low]", "f[mid]")
    assert model.blocks[0].effects == ("f[top]", "f[low]", "f[mid]")
    few = hl.Model("y ~ f", data[data["f"] != "low"])
    assert few.predictors[0].labels == ("Intercept", "f[mid]")


FAMILIES: dict[str, tuple[str, np.ndarray | None]] = {
    "gaussian": ("y ~ x", None), "student_t": ("y ~ x", None), "lognormal": ("t ~ x", None), "gamma": ("t ~ x", None),
    "inverse_gaussian": ("t ~ x", None), "exponential": ("t ~ x", None), "beta": ("m ~ x", None),
    "poisson": ("k ~ x", np.arange(400)), "negbinomial": ("k ~ x", np.arange(4000)),
    "negbinomial1": ("k ~ x", np.arange(4000)), "binomial": ("s | trials(n) ~ x", np.arange(20)),
    "beta_binomial": ("s | trials(n) ~ x", np.arange(20)), "bernoulli": ("o ~ x", np.arange(2)),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_21_the_density_of_the_log_likelihood_is_that_of_the_model(family: str):
    """brms#884, #1413, #1903, #1922, #1609, #186: it integrates to 1, and its sum is the model's observed term."""
    formula, outcomes = FAMILIES[family]
    left = formula.split()[0]
    model = hl.Model(formula, D, family)
    fit = synthetic_fit(model, chains=1, draws=1, values={"b": [0.3, 0.1]})
    graph = model.pymc
    drawn = {graph[k]: pt.constant(v.to_numpy()[0, 0]) for k, v in fit.posterior.items()}
    density = pm.logp(graph["y"], graph.rvs_to_values[graph["y"]])
    expected = pytensor.function([], density, givens=drawn, mode=PYTHON, on_unused_input="ignore")()
    np.testing.assert_allclose(fit.log_likelihood()["y"].to_numpy()[0, 0], expected, rtol=1e-9)
    if outcomes is not None:
        new = D.iloc[[0] * len(outcomes)].assign(**{left: outcomes})
        if left == "o":
            new["o"] = ["no", "yes"]
        if left == "s":
            new = new[new["s"] <= new["n"]]
        total = np.exp(fit.log_likelihood(new)["y"].to_numpy()[0, 0]).sum()
    else:
        low, high = {"t": (1e-12, 2000.0), "m": (1e-12, 1 - 1e-12)}.get(left, (-4000.0, 4000.0))
        grid = low + (high - low) * special.expit(np.linspace(-27, 27, 4001))
        grid = np.sinh(np.linspace(-9, 9, 4001)) if left == "y" else grid
        new = D.iloc[[0] * len(grid)].assign(**{left: grid})
        total = integrate.simpson(np.exp(fit.log_likelihood(new)["y"].to_numpy()[0, 0]), x=grid)
    assert total == pytest.approx(1, abs=2e-3)


def test_21_weights_count_as_in_the_model():
    """brms#884: a row of weight 3 has three times the log-likelihood, in the answer as in the joint density."""
    data = D.assign(w=np.resize([1.0, 3.0, 0.5], N))
    weighted, plain = (hl.Model(f"y{w} ~ x + (1 | a)", data) for w in (" | weights(w)", ""))
    fit = synthetic_fit(weighted)
    rows = replace(fit, model=plain).log_likelihood()["y"].to_numpy()
    np.testing.assert_allclose(fit.log_likelihood()["y"], data["w"].to_numpy() * rows, rtol=1e-12)
    at = point(weighted)
    known = values(weighted, at)
    eta = known["b"][0] + known["b"][1] * D["x"] + known["r_a"][:, 0][pd.factorize(D["a"], sort=True)[0]]
    one = stats.norm(eta, known["sigma"]).logpdf(D["y"])
    assert logp(weighted)(at) - logp(plain)(at) == pytest.approx(((data["w"] - 1) * one).sum(), rel=1e-9)


@pytest.mark.parametrize("formula", ["y | trunc(lb=0) ~ x", "y | cens(c) ~ x", "y ~ mo(c)", "y ~ mo(c) + (mo(c) | a)"])
def test_21_what_does_not_exist_is_refused(formula: str):
    """brms#1413, #1903, #1922 (truncation), #911 (monotonic effects): neither is read as something else."""
    with pytest.raises(hl.FormulaError, match=r"\^"):
        hl.Model(formula, D)


def test_23_coef_is_fixef_plus_ranef():
    """brms#677, #214; draw by draw, with its own column of the level."""
    fit = synthetic_fit(hl.Model("y ~ x + (x | a)", D))
    coef = fit.coef("a")
    b, r = fit.posterior["b"], fit.posterior["r_a"]
    total = (b.rename(coef="effect_a") + r).mean(("chain", "draw"))
    assert len(coef) == 8
    for row in coef.itertuples():
        assert row.mean == pytest.approx(float(total.sel(level_a=row.level, effect_a=row.effect)))


def test_24_splines_are_stored_with_their_knots(tmp_path: Path):
    """brms#1465."""
    fit = synthetic_fit(hl.Model("y ~ bs(x, df=5) + poly(z, 3) + (bs(x, df=4) | a)", D))
    fit.save(tmp_path / "m.zarr")
    again, new = hl.load(tmp_path / "m.zarr"), D.iloc[[5, 3, 40]]
    np.testing.assert_array_equal(fit.predict(new).draws, again.predict(new).draws)
    np.testing.assert_array_equal(fit.predict(new).draws, fit.predict().draws[..., [5, 3, 40]])


def test_25_successes_need_their_trials():
    """glmmTMB#307, #285; DHARMa#158: proportions with weights are refused; fitted values are counts of successes."""
    with pytest.raises(hl.HierlmError, match="trials"):
        hl.Model("m | weights(n) ~ x", D, "binomial")
    with pytest.raises(hl.DataError, match="proportions"):
        hl.Model("m | trials(n) ~ x", D, "binomial")
    one, two, three = (
        hl.Model(f"{left} ~ x", D, "binomial") for left in ("s | trials(n)", "cbind(s, n - s)", "p(s, n)")
    )
    for other in (two, three):
        np.testing.assert_array_equal(one.responses[0].y, other.responses[0].y)
        np.testing.assert_array_equal(one.responses[0].additions["trials"], other.responses[0].additions["trials"])
    fit = synthetic_fit(one, values={"b": [0.2, -0.1]})
    np.testing.assert_allclose(fit.predict().draws[0, 0], D["n"] * special.expit(0.2 - 0.1 * D["x"]))


def test_26_standard_deviations_and_variances_are_not_mixed_up():
    """MixedModels.jl#885."""
    fit = synthetic_fit(hl.Model("y ~ x + (1 | a)", D), values={"sd_a": 3.0, "sigma": 2.0})
    means = fit.varcorr().frame.set_index("name")["mean"]
    assert means[["sd_a[Intercept]", "sd_residual"]].tolist() == pytest.approx([3, 2])
    assert means[["var_a[Intercept]", "var_residual"]].tolist() == pytest.approx([9, 4])
    adjusted = fit.icc().set_index(["group", "icc"])["mean"]
    assert adjusted["a", "adjusted"] == pytest.approx(9 / 13)


def test_27_an_interrupted_run_keeps_finite_draws_only():
    """Impulso#285: padding with NaN is cut off, and said."""
    settings = Settings(
        draws=10, tune=5, chains=2, cores=1, seed=1, target_accept=0.9, max_treedepth=10, progress=False
    )
    b = np.ones((2, 10, 1))
    b[1, 6:] = np.nan
    posterior = xr.Dataset({"b": (("chain", "draw", "coef"), b)})
    stats_ = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 10), dtype=bool))})
    with pytest.warns(InterruptedWarning, match="6 of 10"):
        kept, _, complete = finite_draws(posterior, stats_, settings)
    assert kept.sizes["draw"] == 6 and not complete
    assert np.isfinite(kept["b"]).all()


def test_28_nan_is_not_healthy():
    """ArviZ calls NaN healthy: finiteness is looked at first."""
    fit = synthetic_fit(hl.Model("y ~ x + (1 | a)", D))
    posterior = fit.posterior.copy(deep=True)
    posterior["sigma"][0, 3] = np.nan
    broken = replace(
        fit,
        draws=xr.DataTree.from_dict({"posterior": posterior, "sample_stats": fit.draws["sample_stats"].to_dataset()}),
    )
    diagnosis = broken.diagnose()
    assert not diagnosis.ok
    assert "finite" in repr(diagnosis)


def test_29_rows_left_out_take_all_with_them():
    """lme4#913, #377, #720: with a missing value a row goes with its weight, offset and group; factor levels stay."""
    holes = D.copy()
    holes.loc[[0, 7, 30], "x"] = np.nan
    holes.loc[11, "y"] = np.inf
    text = "y | weights(w) ~ x + f + offset(e) + (x | a)"
    with pytest.warns(hl.DataWarning, match="Dropped 4 of 48"):
        model = hl.Model(text, holes, missing="drop")
    kept = D.drop(index=[0, 7, 30, 11])
    whole = hl.Model(text, kept)
    for seed in range(3):
        assert logp(model)(point(whole, seed)) == pytest.approx(logp(whole)(point(whole, seed)), rel=1e-12)
    fit = synthetic_fit(model)
    assert fit.predict().draws["obs"].to_numpy().tolist() == kept.index.tolist()
    np.testing.assert_array_equal(fit.predict().draws, fit.predict(kept).draws)


@pytest.mark.parametrize("column", ["y", "x", "w", "e", "f", "a"])
def test_29_a_changed_column_is_another_fit(column: str):
    """What a kept fit is recognised by holds every column: response, predictor, weights, offset, factor, group."""
    text = "y | weights(w) ~ x + f + offset(e) + (1 | a)"
    other = D.assign(**{column: D[column].to_numpy()[::-1]})
    one, same, two = (fingerprint(hl.Model(text, d), {}) for d in (D, D.copy(), other))
    assert one == same != two


def test_30_the_seed_reaches_everything_that_is_drawn():
    """pymc-marketing#958, #961."""
    model = hl.Model("y ~ x + (1 | a)", D)
    fit = synthetic_fit(model)
    asks: list[Callable[[int], Any]] = [
        lambda seed: fit.predict(kind="response", seed=seed).draws,
        lambda seed: fit.posterior_predictive(seed=seed)["y"],
        lambda seed: model.prior_predictive(20, seed=seed)["prior_predictive/y"],
    ]
    for ask in asks:
        np.testing.assert_array_equal(ask(7), ask(7))
        assert not np.array_equal(ask(7), ask(8))
