"""Smooths in answers: curves, predictions, variances; a smooth is no grouping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.errors import DataWarning, PosteriorError, PredictionError
from hierlm.fit import Fit
from tests.synthetic import synthetic_fit


def frame(n: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {
        "y": rng.normal(size=n),
        "x": rng.uniform(0, 5, n),
        "z": rng.normal(size=n),
        "w": rng.uniform(size=n),
        "f": np.array(list("ab"))[rng.integers(0, 2, n)],
        "g": np.array(list("pqrst"))[rng.integers(0, 5, n)],
    }


def fitted(formula: Any = "y ~ s(x, k=6) + (1 | g)", **options: Any) -> Fit:
    return synthetic_fit(hl.Model(formula, frame(), **options), draws=25)


def flat(fit: Fit, name: str) -> np.ndarray:
    values = fit.posterior[name].transpose("chain", "draw", ...).to_numpy()
    return values.reshape(-1, *values.shape[2:])


def contribution(fit: Fit, group: str = "s(x)", label: str = "s(x):x") -> np.ndarray:
    """b (x − mean) + Z r at the rows of the data, (sample, row)."""
    predictor, block = fit.model.predictors[0], next(b for b in fit.model.smooths if b.group == group)
    j = predictor.labels.index(label)
    return np.outer(flat(fit, "b")[:, j], predictor.X[:, j]) + flat(fit, f"r_{group}") @ block.pieces[0].Z.T


def test_predictions_without_groups_keep_the_smooth() -> None:
    fit = fitted()
    eta = flat(fit, "b")[:, [0]] + contribution(fit)
    drawn = fit.predict(groups="none").draws.to_numpy().reshape(len(eta), -1)
    np.testing.assert_allclose(drawn, eta, atol=1e-10)
    own = flat(fit, "r_g")[:, fit.model.blocks[0].codes, 0]
    np.testing.assert_allclose(fit.predict().draws.to_numpy().reshape(len(eta), -1), eta + own, atol=1e-10)
    data = {k: v[:4] for k, v in frame().items()}
    for new_levels in ("zero", "error"):
        new = fit.predict(data, new_levels=new_levels).draws.to_numpy().reshape(len(eta), -1)
        np.testing.assert_allclose(new, (eta + own)[:, :4], atol=1e-10)


def test_new_data_need_the_columns_of_smooths_but_not_of_groups_left_out() -> None:
    fit = fitted()
    assert len(fit.predict({"x": [1.0, 2.0]}, groups="none").frame) == 2
    with pytest.raises(PredictionError, match="'x'"):
        fit.predict({"z": [1.0]}, groups="none")
    with pytest.warns(DataWarning, match="extrapolated"):
        fit.predict({"x": [9.0]}, groups="none")


def test_a_smooth_is_no_grouping() -> None:
    fit = fitted()
    assert list(fit.model.groups) == ["g"] and list(fit.model.batches) == ["g", "s(x)"]
    assert set(fit.ranef()["group"]) == {"g"} == set(fit.coef()["group"])
    assert set(fit.icc()["group"]) == {"g", "(all groups)"}
    assert set(fit.shrinkage().terms["group"]) == {"g"}
    with pytest.raises(PosteriorError, match="no grouping"):
        fit.ranef("s(x)")
    with pytest.raises(PredictionError, match="no grouping"):
        fit.predict(groups=["s(x)"])


def test_its_sd_is_in_summary_and_variance_components() -> None:
    fit = fitted()
    sd = flat(fit, "sd_s(x)")
    assert fit.summary().frame.loc["sd_s(x)", "mean"] == pytest.approx(sd.mean())
    rows = fit.varcorr().frame.set_index("name")
    assert rows.loc["sd_s(x)", "structure"] == "smooth" and rows.loc["sd_s(x)", "group"] == "s(x)"
    assert rows.loc["var_s(x)", "mean"] == pytest.approx((sd**2).mean())
    shares = rows[rows["quantity"] == "share"]["mean"]
    assert set(shares.index) == {"share_g[Intercept]", "share_residual"} and shares.sum() == pytest.approx(1.0)
    assert "s(x)" in repr(fit.varcorr()) and "Smooths" in repr(fit)
    assert set(fit.fixef()["effect"]) == {"Intercept", "s(x):x"}
    shown = fit.summary(parameters=["r_s(x)"]).frame
    assert list(shown.index) == [f"r_s(x)[{k}]" for k in range(1, 5)]
    np.testing.assert_allclose(shown["mean"], flat(fit, "r_s(x)").mean(axis=0))


def test_what_it_explains_counts_with_the_common_effects() -> None:
    """σ²_f is the variance over rows of the whole fixed part, smooths included (n − 1)."""
    fit = fitted()
    fixed = contribution(fit).var(axis=1, ddof=1)
    group, residual = flat(fit, "sd_g")[:, 0] ** 2, flat(fit, "sigma") ** 2
    found = fit.r2().set_index("r2")["mean"]
    total = fixed + group + residual
    assert found["marginal"] == pytest.approx((fixed / total).mean())
    assert found["conditional"] == pytest.approx(((fixed + group) / total).mean())
    unadjusted = fit.icc().query("group == 'g' and icc == 'unadjusted'")["mean"].item()
    assert unadjusted == pytest.approx((group / total).mean())


def test_the_curve_on_a_grid_is_the_curve_of_the_rows() -> None:
    """Differences of predictions are differences of the curve; over the rows it sums to zero."""
    fit = fitted("y ~ z + s(x, k=6) + (1 | g)")
    curve = fit.smooths("s(x)", points=7)
    x = frame()["x"]
    np.testing.assert_allclose(curve["x"], np.linspace(x.min(), x.max(), 7))
    at = fit.predict({"x": curve["x"], "z": np.zeros(7)}, groups="none").draws.to_numpy().reshape(-1, 7)
    np.testing.assert_allclose(curve["mean"] - curve["mean"][0], at.mean(axis=0) - at.mean(axis=0)[0], atol=1e-10)
    np.testing.assert_allclose(curve["mean"], (at - flat(fit, "b")[:, [0]]).mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(contribution(fit).mean(axis=1), 0.0, atol=1e-10)


def test_curves_of_levels_of_other_parameters_and_surfaces() -> None:
    fit = fitted(["y ~ f + s(x, by=f, k=5) + t2(z, w, k=4)", "sigma ~ s(x, by=z, k=5)"])
    found = fit.smooths()
    assert list(dict.fromkeys(zip(found["smooth"], found["by"], strict=True))) == [
        ("s(x, by=f)", "a"),
        ("s(x, by=f)", "b"),
        ("t2(z, w)", ""),
        ("sigma:s(x, by=z)", ""),
    ]
    assert [len(fit.smooths(term)) for term in ("s(x, by=f)", "t2(z, w)")] == [200, 900]
    own = fit.smooths("sigma:s(x, by=z)", points=5)
    assert set(own["parameter"]) == {"sigma"} and "x2" not in own
    data = frame()
    new = {**{k: data[k][:1].repeat(5) for k in data}, "x": own["x"].to_numpy()}
    with pytest.warns(DataWarning, match="beyond"):  # the rows of one level of f do not reach as far
        both = [
            fit.predict({**new, "z": np.full(5, z)}, kind="linear", parameter="sigma").draws.to_numpy().reshape(-1, 5)
            for z in (1.0, 2.0)
        ]
    np.testing.assert_allclose(own["mean"], (both[1] - both[0]).mean(axis=0), atol=1e-10)


def test_what_is_not_there_is_refused() -> None:
    fit = fitted()
    with pytest.raises(PosteriorError, match=r"no smooth 's\(z\)'"):
        fit.smooths("s(z)")
    for points in (1, 2.5, True, 5000):
        with pytest.raises(PosteriorError, match="points"):
            fit.smooths(points=points)
    with pytest.raises(PosteriorError, match="no smooth terms"):
        fitted("y ~ x").smooths()


def test_a_fixed_sd() -> None:
    fit = fitted(priors={"sd_s(x)": 0.8})
    assert fit.summary().frame.loc["sd_s(x)", "sd"] == pytest.approx(0.0, abs=1e-12)
    assert "fixed" in repr(fit.varcorr())


@pytest.mark.parametrize("formula", ["y ~ s(x, k=6) + (1 | g)", "y ~ f + s(x, by=f) + t2(z, w) + s(z, bs='cc')"])
def test_a_saved_fit_predicts_the_same(tmp_path: Path, formula: str) -> None:
    fit = fitted(formula)
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr")
    new = {k: v[10:20] for k, v in frame().items()}
    np.testing.assert_array_equal(back.predict(new).frame.to_numpy(), fit.predict(new).frame.to_numpy())
    np.testing.assert_array_equal(back.smooths()["mean"], fit.smooths()["mean"])


def test_a_real_fit_by_every_way(tmp_path: Path) -> None:
    """A reduction and the graph's own draws have the same variables; the same answers follow."""
    model = hl.Model("y ~ s(x, k=6) + (1 | g)", frame())
    fit = model.fit(draws=100, tune=100, chains=2, seed=1, progress=False)
    assert fit.provenance["plan"] == "gaussian marginal"
    assert fit.posterior["r_s(x)"].dims == ("chain", "draw", "effect_s(x)") and fit.posterior["sd_s(x)"].ndim == 2
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr")
    np.testing.assert_array_equal(back.smooths()["mean"], fit.smooths()["mean"])
    assert fit.diagnose().checks is not None and "s(x)" in repr(model)
