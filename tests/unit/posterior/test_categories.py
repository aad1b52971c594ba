"""Ordered categories: predictions, likelihoods, tables, plots and archives, against SciPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.response import LARGEST_COUNT
from tests.synthetic import synthetic_fit

LABELS = ["never", "at times", "often", "always"]
N = 48


def table() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    codes = rng.permuted(np.resize(range(4), N))
    return pd.DataFrame(
        {
            "y": pd.Categorical.from_codes(codes, LABELS, ordered=True),
            "number": codes + 1,
            "x": rng.normal(size=N),
            "f": np.resize(["a", "b", "c"], N),
            "g": np.resize([f"g{i}" for i in range(6)], N),
        }
    )


D = table()


def fit_of(formula: Any = "y ~ x + f + (1 | g)", data: Any = D, family: str = "cumulative", **options: Any) -> hl.Fit:
    return synthetic_fit(hl.Model(formula, data, family), chains=2, draws=30, **options)


def probabilities(fit: hl.Fit, cdf: Any = stats.logistic.cdf, disc: Any = 1.0) -> np.ndarray:
    """(sample, row, category) at the training rows."""
    p = fit.posterior
    b = p["b"].to_numpy().reshape(-1, 3)
    r = p["r_g"].to_numpy().reshape(len(b), -1)
    tau = p["thresholds"].to_numpy().reshape(len(b), -1)
    X = np.column_stack([D["x"], D["f"] == "b", D["f"] == "c"]).astype(float)
    eta = b @ X.T + r[:, [int(g[1]) for g in D["g"]]]
    below = cdf(disc * (tau[:, None, :] - eta[..., None]))
    return np.diff(np.concatenate([0 * below[..., :1], below, 0 * below[..., :1] + 1], axis=-1), axis=-1)


@pytest.fixture(scope="module")
def fit() -> hl.Fit:
    return fit_of()


class TestPredictions:
    def test_the_mean_is_the_probability_of_every_category(self, fit: hl.Fit):
        found = fit.predict()
        assert found.draws.dims == ("chain", "draw", "obs", "category")
        assert found.draws["category"].to_numpy().tolist() == LABELS
        np.testing.assert_allclose(found.draws.to_numpy().reshape(-1, N, 4), probabilities(fit), rtol=1e-10)

    def test_the_frame_is_long(self, fit: hl.Fit):
        frame = fit.predict().frame
        assert list(frame.columns) == ["category", "mean", "sd", "lower", "upper"]
        assert frame.index.to_list() == np.repeat(range(N), 4).tolist()
        assert frame["category"].to_list() == LABELS * N
        assert frame["category"].cat.ordered
        expected = probabilities(fit)
        np.testing.assert_allclose(frame["mean"], expected.mean(axis=0).ravel(), rtol=1e-10)
        np.testing.assert_allclose(frame["upper"], np.quantile(expected, 0.975, axis=0).ravel(), rtol=1e-10)
        np.testing.assert_allclose(frame.groupby(level=0)["mean"].sum(), 1.0, rtol=1e-12)

    def test_the_linear_predictor_is_latent(self, fit: hl.Fit):
        found = fit.predict(kind="linear").draws
        assert found.dims == ("chain", "draw", "obs")
        tau = fit.posterior["thresholds"].to_numpy()[..., None, 0]
        first = fit.predict().draws.sel(category="never").to_numpy()
        np.testing.assert_allclose(stats.logistic.cdf(tau - found.to_numpy()), first, rtol=1e-10)

    def test_responses_are_drawn_by_name(self, fit: hl.Fit):
        found = fit.predict(kind="response", seed=3)
        assert set(np.unique(found.draws)) == set(LABELS)
        assert (found.draws == fit.predict(kind="response", seed=3).draws).all()
        expected = probabilities(fit)
        error = np.sqrt((expected * (1 - expected)).sum(axis=0)) / len(expected)
        shares = found.frame["mean"].to_numpy().reshape(N, 4)
        assert np.all(np.abs(shares - expected.mean(axis=0)) < 5 * error + 1e-12)

    def test_replicated_data_are_numbers(self, fit: hl.Fit):
        drawn = fit.posterior_predictive(seed=1)["y"]
        assert drawn.dtype == np.int64
        assert set(np.unique(drawn)) == {1, 2, 3, 4}
        assert drawn.max() < LARGEST_COUNT

    def test_new_rows_and_new_groups(self, fit: hl.Fit):
        new = {"x": [0.3, 0.3, 0.3], "f": ["b", "b", "b"], "g": ["g1", "new", "other"]}
        known, one, other = fit.predict(new, seed=1).draws.transpose("obs", ...).to_numpy()
        assert np.allclose(known.sum(axis=-1), 1)
        assert not np.allclose(one, other)
        alone = fit.predict(new, seed=1, groups="none").draws.transpose("obs", ...).to_numpy()
        np.testing.assert_array_equal(alone[0], alone[1])

    def test_tables(self, fit: hl.Fit):
        text = repr(fit.predict())
        assert "Probabilities of the categories of y: 48 rows" in text
        assert "at times" in text
        assert "category" in fit.predict()._repr_html_()


class TestLikelihood:
    def test_it_is_the_probability_of_what_was_seen(self, fit: hl.Fit):
        found = fit.log_likelihood()["y"].to_numpy().reshape(-1, N)
        expected = np.log(probabilities(fit)[:, np.arange(N), D["number"] - 1])
        np.testing.assert_allclose(found, expected, rtol=1e-9)

    def test_numbers_are_the_same_model(self, fit: hl.Fit):
        numbered = fit_of("number ~ x + f + (1 | g)")
        assert numbered.posterior["element_thresholds"].to_numpy().tolist() == ["1|2", "2|3", "3|4"]
        np.testing.assert_array_equal(numbered.log_likelihood()["y"], fit.log_likelihood()["y"])

    def test_of_new_rows(self, fit: hl.Fit):
        few = D.iloc[:5].assign(y=D["y"].iloc[:5].cat.remove_unused_categories())
        np.testing.assert_allclose(
            fit.log_likelihood(few)["y"], fit.log_likelihood()["y"].isel(obs=slice(5)), rtol=1e-12
        )

    def test_a_category_that_the_fit_has_not_seen(self, fit: hl.Fit):
        odd = D.iloc[:3].assign(
            y=pd.Categorical(["never", "rarely", "often"], ["never", "rarely", "often"], ordered=True)
        )
        with pytest.raises(hl.PredictionError, match="rarely"):
            fit.log_likelihood(odd)
        numbered = fit_of("number ~ x + f + (1 | g)")
        with pytest.raises(hl.PredictionError, match=r"category above 4 \(row 1,"):
            numbered.log_likelihood(D.iloc[:3].assign(number=[1, 5, 2]))

    def test_leave_one_out(self, fit: hl.Fit):
        assert np.isfinite(fit.loo().elpd)


@pytest.mark.parametrize(
    ("link", "cdf"), [("probit", stats.norm.cdf), ("cloglog", stats.gumbel_l.cdf), ("cauchit", stats.cauchy.cdf)]
)
def test_links_are_distribution_functions(link: str, cdf: Any):
    fit = fit_of(family=f"cumulative({link})")
    np.testing.assert_allclose(
        fit.predict().draws.to_numpy().reshape(-1, N, 4), probabilities(fit, cdf), rtol=1e-9, atol=1e-12
    )


def test_discrimination():
    fit = fit_of(["y ~ x + f + (1 | g)", "disc ~ x"])
    assert fit.posterior["coef_disc"].to_numpy().tolist() == ["x"]
    disc = np.exp(fit.posterior["b_disc"].to_numpy().reshape(-1, 1, 1) * D["x"].to_numpy()[:, None])
    np.testing.assert_allclose(
        fit.predict().draws.to_numpy().reshape(-1, N, 4), probabilities(fit, disc=disc), rtol=1e-9, atol=1e-12
    )
    assert fit.icc()["mean"].between(0, 1).all()


def test_shares_of_variance(fit: hl.Fit):
    sd = fit.posterior["sd_g"].to_numpy().ravel()
    for family, latent in (
        ("cumulative", np.pi**2 / 3),
        ("cumulative(probit)", 1.0),
        ("cumulative(cloglog)", np.pi**2 / 6),
    ):
        found = fit_of(family=family).icc().query("group == 'g' and icc == 'adjusted'")["mean"].item()
        assert found == pytest.approx((sd**2 / (sd**2 + latent)).mean(), rel=1e-9)
    assert "fixed" in repr(fit.varcorr())
    with pytest.raises(hl.PosteriorError, match="no latent variance"):
        fit_of(family="cumulative(cauchit)").icc()


def test_rows_of_the_summary(fit: hl.Fit):
    frame = fit.summary().frame
    assert [row for row in frame.index if "thresholds" in row] == [
        "thresholds[never|at times]", "thresholds[at times|often]", "thresholds[often|always]",
    ]  # fmt: skip
    assert "b[Intercept]" not in frame.index


def test_saved_and_loaded(fit: hl.Fit, tmp_path: Path):
    fit.save(tmp_path / "fit.zarr")
    again = hl.load(tmp_path / "fit.zarr")
    assert again.model.responses[0].categories == tuple(LABELS)
    np.testing.assert_array_equal(
        again.predict(kind="response", seed=2).draws, fit.predict(kind="response", seed=2).draws
    )
    np.testing.assert_array_equal(again.log_likelihood()["y"], fit.log_likelihood()["y"])


def test_polars_keeps_the_order():
    data = pl.DataFrame({"y": pl.Series(D["y"].astype(str).to_list(), dtype=pl.Enum(LABELS)), "x": D["x"].to_list()})
    assert hl.Model("y ~ x", data, "cumulative").responses[0].categories == tuple(LABELS)


@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
def test_an_unseen_category_in_between_keeps_its_place():
    data = D[D["y"] != "often"]
    model = hl.Model("y ~ x", data, "cumulative")
    assert model.responses[0].categories == tuple(LABELS)
    assert np.isfinite(list(model.pymc.point_logps().values())).all()


class TestPriors:
    def test_sorted_draws(self):
        model = hl.Model("y ~ x", D, "cumulative", priors={"thresholds": hl.Prior("StudentT", nu=4, mu=1, sigma=2)})
        drawn = model.prior_predictive(400, seed=1)
        tau = drawn["prior/thresholds"].to_numpy()[0]
        assert np.all(np.diff(tau, axis=-1) > 0)
        assert stats.kstest(tau.ravel(), stats.t(4, 1, 2).cdf).pvalue > 1e-4
        assert set(np.unique(drawn["prior_predictive/y"])) <= {1, 2, 3, 4}

    def test_their_density_is_normalised(self):
        model = hl.Model("y ~ x", D, "cumulative", priors={"thresholds": hl.Prior("Normal", mu=0.5, sigma=2)})
        graph = model.pymc
        variable = next(v for v in graph.free_RVs if v.name == "thresholds")
        point = graph.initial_point()
        value = graph.compile_logp(vars=[variable], jacobian=False, mode="FAST_COMPILE")(point)
        steps = point[graph.rvs_to_values[variable].name]
        tau = np.cumsum([steps[0], *np.exp(steps[1:])])
        assert value == pytest.approx(stats.norm(0.5, 2).logpdf(tau).sum() + np.log(6), rel=1e-10)

    def test_the_default_is_that_of_the_intercept_whose_place_they_take(self):
        shifted = D.assign(x=D["x"] + 100)
        rows = hl.Model("y ~ x", shifted, "cumulative").priors().set_index("parameter")["prior"]
        plain = (
            hl.Model("b ~ x", shifted.assign(b=np.resize([0, 1], N)), "bernoulli")
            .priors()
            .set_index("parameter")["prior"]
        )
        assert rows["thresholds"] == plain["b[Intercept]"].replace(
            plain["b[Intercept]"].split("(")[1].split(",")[0], "0", 1
        )
        assert rows["b[x]"] == plain["b[x]"]


def test_two_responses_have_thresholds_each():
    data = D.assign(z=pd.Categorical(np.resize(["lo", "mid", "hi"], N), ["lo", "mid", "hi"], ordered=True))
    fit = fit_of(["y ~ x + (1 | p | g)", "z ~ f + (1 | p | g)"], data)
    labels = ["y:never|at times", "y:at times|often", "y:often|always", "z:lo|mid", "z:mid|hi"]
    assert fit.posterior["element_thresholds"].to_numpy().tolist() == labels
    assert fit.predict(response="z").draws["category"].to_numpy().tolist() == ["lo", "mid", "hi"]
    assert np.allclose(fit.predict(response="y").draws.sum("category"), 1)
    assert np.isfinite(list(fit.model.pymc.point_logps().values())).all()


def test_pictures(fit: hl.Fit):
    picture = fit.plot.ppc(seed=1)
    assert picture is not None
    with pytest.raises(hl.PosteriorError, match="no one mean"):
        fit.plot.lines("x", "g")


def test_reductions_refuse_them(fit: hl.Fit):
    assert fit.model.plan().name == "joint NUTS on the PyMC graph"
    assert not any(verdict.accepted for _, verdict in fit.model.plan().verdicts)


def test_no_pooling_of_levels(fit: hl.Fit):
    levels = fit.shrinkage("g").levels
    assert len(levels) == 6
    assert levels["weight"].between(0, 1).all()
