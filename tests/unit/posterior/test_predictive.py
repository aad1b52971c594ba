"""log_likelihood against the graph, posterior and prior predictive draws against what they are draws of."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import hierlm as hl
from hierlm.posterior import log_likelihood, posterior_predictive, predict, prior_predictive
from tests.synthetic import synthetic_fit
from tests.unit.posterior.test_predict import MODELS, table


def fit_at_graph_points(model: hl.Model, points: int = 3) -> tuple[hl.Fit, np.ndarray]:
    """A fit whose draws are random points of the PyMC graph, and the graph's own observed term there."""
    graph, rng = model.pymc, np.random.default_rng(8)
    template = synthetic_fit(model, chains=1, draws=points).posterior
    wanted = [v for v in template.data_vars if v in graph.named_vars]
    values = graph.compile_fn(
        graph.replace_rvs_by_values([graph[v] for v in wanted]), inputs=graph.value_vars, mode="FAST_COMPILE"
    )
    observed = graph.compile_fn(
        graph.logp(vars=[*graph.observed_RVs, *graph.potentials]), inputs=graph.value_vars, mode="FAST_COMPILE"
    )
    start, total, drawn = graph.initial_point(), [], {v: [] for v in wanted}
    free = {v.name for v in graph.value_vars}
    for _ in range(points):
        point = {k: v + 0.3 * rng.standard_normal(np.shape(v)) for k, v in start.items() if k in free}
        total.append(float(observed(point)))
        for name, value in zip(wanted, values(point), strict=True):
            drawn[name].append(value)
    posterior = template.drop_vars([v for v in template.data_vars if v not in wanted])
    posterior = posterior.assign({v: template[v].copy(data=np.stack(drawn[v])[None]) for v in wanted})
    fit = synthetic_fit(model)
    return replace(fit, draws=xr.DataTree.from_dict({"posterior": posterior})), np.array(total)


@pytest.mark.parametrize("name", MODELS)
def test_log_likelihood_sums_to_the_observed_term_of_the_graph(name: str):
    formula, arguments = MODELS[name]
    fit, expected = fit_at_graph_points(hl.Model(formula, table(), **arguments))
    pointwise = log_likelihood(fit)
    got = sum(v.sum("obs") for v in pointwise.data_vars.values())
    np.testing.assert_allclose(got.to_numpy()[0], expected, rtol=1e-9)
    again = log_likelihood(fit, table())
    for variable in pointwise:
        np.testing.assert_array_equal(again[variable], pointwise[variable])


def test_log_likelihood_row_by_row():
    data = table()
    fit = synthetic_fit(hl.Model("y | weights(w) ~ x + (1 | g)", data))
    expected = data["w"].to_numpy() * stats.norm.logpdf(
        data["y"].to_numpy(), predict(fit).draws, fit.posterior["sigma"].to_numpy()[..., None]
    )
    got = log_likelihood(fit)["y"]
    assert got.dims == ("chain", "draw", "obs")
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    one = log_likelihood(fit, data.iloc[[4]])["y"]  # a single row, whose response cannot vary
    np.testing.assert_allclose(one[..., 0], expected[..., 4], rtol=1e-10)


def test_log_likelihood_of_text_responses_keeps_the_level_that_is_1():
    data = table().assign(b=lambda d: np.where(d["c"] > 3, "yes", "no"))
    fit = synthetic_fit(hl.Model("b ~ x + (1 | g)", data, "bernoulli"))
    only_no = data[data["b"] == "no"].iloc[:3]
    got = log_likelihood(fit, only_no)["y"].to_numpy()
    np.testing.assert_allclose(got, np.log1p(-predict(fit, only_no).draws.to_numpy()), rtol=1e-9)


def test_log_likelihood_of_new_levels():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    new = table().assign(g="unseen")
    np.testing.assert_array_equal(log_likelihood(fit, new, seed=1)["y"], log_likelihood(fit, new, seed=1)["y"])
    mean = predict(fit, new, new_levels="zero").draws
    sigma = fit.posterior["sigma"].to_numpy()[..., None]
    expected = stats.norm.logpdf(table()["y"].to_numpy(), mean, sigma)
    np.testing.assert_allclose(log_likelihood(fit, new, new_levels="zero")["y"], expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (lambda d: d.assign(c=-1), "New data"),
        (lambda d: d.drop(columns="c"), "'c'"),
        (lambda d: d.assign(c=0.5), "New data"),
    ],
)
def test_log_likelihood_refuses_impossible_responses(new: Any, message: str):
    fit = synthetic_fit(hl.Model("c ~ x + (1 | g)", table(), "poisson"))
    with pytest.raises(hl.PredictionError, match=message):
        log_likelihood(fit, new(table()))


def test_rows_of_refused_responses_are_those_of_the_new_data():
    fit = synthetic_fit(hl.Model("c ~ x + (1 | g)", table(), "poisson"))
    with pytest.raises(hl.PredictionError, match="row 2"):
        log_likelihood(fit, table().assign(c=[1, 1, -5] + [1] * 57))


def test_posterior_predictive_is_predict_of_the_training_rows():
    fit = synthetic_fit(hl.Model(["y ~ x + (1 | g)", "z ~ x + (1 | h)"], table()), chains=2, draws=500)
    got = posterior_predictive(fit, seed=4)
    assert list(got) == ["y_1", "y_2"]
    for name, response in (("y_1", "y"), ("y_2", "z")):
        z = (got[name] - predict(fit, response=response).draws) / fit.posterior["sigma"].sel(response_sigma=response)
        assert abs(float((z**2).mean()) - 1) < 5 * np.sqrt(2 / z.size)
    xr.testing.assert_identical(got, posterior_predictive(fit, seed=4))
    assert posterior_predictive(fit, seed=4, draws=7).sizes["draw"] == 7


def test_posterior_predictive_counts_are_integers():
    fit = synthetic_fit(hl.Model("c ~ x + (1 | g)", table(), "poisson"))
    assert posterior_predictive(fit, seed=1)["y"].dtype == np.int64


# ------------------------------------------------------------------------------------------------ prior
def test_prior_predictive_draws_from_the_priors():
    priors = {
        "b": hl.Prior("Normal", sigma=2),
        "b[Intercept]": 1.0,
        "sd_g": hl.Prior("HalfNormal", sigma=0.5),
        "sigma": 0.1,
    }
    tree = prior_predictive(hl.Model("y ~ x + (x | g)", table(), priors=priors), 2000, seed=1)
    prior = tree["prior"].to_dataset()
    b = prior["b"].sel(coef="x").to_numpy().ravel()
    assert stats.kstest(b, stats.norm(0, 2).cdf).pvalue > 1e-4
    assert stats.kstest(prior["sd_g"].sel(effect_g="x").to_numpy().ravel(), stats.halfnorm(0, 0.5).cdf).pvalue > 1e-4
    rho = prior["cor_g"].to_numpy()[0, :, 0, 1]
    assert stats.kstest((rho + 1) / 2, stats.beta(2, 2).cdf).pvalue > 1e-4  # LKJ(2) of two effects
    z = (prior["r_g"] / prior["sd_g"]).to_numpy()
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / z.size)
    names = {d: prior[d].to_numpy().tolist() for d in ("coef", "effect_g", "level_g")}
    assert names == {"coef": ["Intercept", "x"], "effect_g": ["Intercept", "x"], "level_g": list("abcdef")}


def test_prior_predictive_responses_follow_the_drawn_parameters():
    model = hl.Model("y ~ x + (x | g)", table())
    tree = prior_predictive(model, 400, seed=1)
    as_fit = hl.Fit(model, xr.DataTree.from_dict({"posterior": tree["prior"].to_dataset()}))
    z = (tree["prior_predictive"]["y"] - predict(as_fit).draws) / tree["prior"]["sigma"]
    assert abs(float((z**2).mean()) - 1) < 5 * np.sqrt(2 / z.size)
    np.testing.assert_array_equal(tree["observed_data"]["y"], table()["y"])


def test_prior_predictive_repeats_with_a_seed():
    model = hl.Model("c ~ x + (1 | g)", table(), "poisson")
    assert prior_predictive(model, 20, seed=3).identical(prior_predictive(model, 20, seed=3))
    assert not prior_predictive(model, 20, seed=3).identical(prior_predictive(model, 20, seed=4))
    assert set(model.prior_predictive(5, seed=1).children) == {"prior", "prior_predictive", "observed_data"}


def test_prior_predictive_logs_nothing():
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[method-assign]
    logging.getLogger("pymc").addHandler(handler)
    try:
        prior_predictive(hl.Model("y | weights(w) ~ x + (1 | g)", table()), 5, seed=1)
    finally:
        logging.getLogger("pymc").removeHandler(handler)
    assert heard == []


def test_prior_predictive_refuses_improper_priors():
    model = hl.Model("y ~ x + (1 | g)", table(), priors={"b": hl.Prior("Flat"), "sd_g": hl.Prior("HalfFlat")})
    with pytest.raises(hl.PriorError, match=r"b\[x\], sd_g\[Intercept\] is improper"):
        prior_predictive(model)


def test_prior_predictive_refuses_priors_that_overflow():
    wide = {"b": hl.Prior("Normal", sigma=1e4)}
    model = hl.Model("w ~ x + (1 | g)", table(), "gamma(log)", priors=wide)
    with pytest.raises(hl.PriorError, match="too wide"):
        prior_predictive(model, 50, seed=1)


def test_pandas_is_not_needed_for_new_data():
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    expected = predict(fit, pd.DataFrame({"x": [0.5], "g": ["a"]})).draws
    np.testing.assert_array_equal(predict(fit, {"x": [0.5], "g": ["a"]}).draws, expected)
    polars = pytest.importorskip("polars")
    np.testing.assert_array_equal(predict(fit, polars.DataFrame({"x": [0.5], "g": ["a"]})).draws, expected)
