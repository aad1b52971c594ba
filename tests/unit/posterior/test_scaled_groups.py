"""Group standard deviations with a formula: variances, new levels, storage; what has no single number is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm import names
from hierlm.errors import DataWarning, PosteriorError, PredictionError
from hierlm.fit import Fit
from hierlm.model.subset import subset
from tests.synthetic import synthetic_fit

J, EACH = 8, 5


def frame() -> dict[str, Any]:
    rng = np.random.default_rng(8)
    code = np.repeat(np.arange(J), EACH)
    z = rng.uniform(-1.0, 1.0, J)
    return {
        "y": rng.normal(size=J * EACH),
        "x": rng.normal(size=J * EACH),
        "g": np.array([f"g{c}" for c in code]),
        "h": np.array([f"h{c % 4}" for c in code]),
        "z": z[code],
        "code": code,
    }


def fitted(*more: str, **options: Any) -> Fit:
    return synthetic_fit(hl.Model(["y ~ x + (x | g)", "sd(g) ~ z", *more], frame(), **options), draws=40)


def flat(fit: Fit, name: str) -> np.ndarray:
    values = fit.posterior[name].transpose("chain", "draw", ...).to_numpy()
    return values.reshape(-1, *values.shape[2:])


def covariance(fit: Fit) -> np.ndarray:
    """V where z is 0, (sample, 2, 2)."""
    sd, R = flat(fit, "sd_g"), flat(fit, "cor_g")
    return sd[:, :, None] * R * sd[:, None, :]


def test_names() -> None:
    fit = fitted()
    assert "b_sd_g[z]" in fit.summary().frame.index
    assert fit.posterior[names.scale("g")].dims == ("chain", "draw", "coef_sd_g")
    assert fit.model.priors().set_index("parameter").loc["b_sd_g[z]", "prior"].startswith("Normal(0, ")
    assert "exp(b_sd_g[z]" in repr(fit.model) and "sd_g: of levels where z is 0" in repr(fit.varcorr())
    table = repr(fit).split("Group effects")[1].split("Family")[0]
    assert "b_sd_g[z]" in table and "sd_g[Intercept]" in table


def test_the_default_prior_is_that_of_a_slope_over_levels() -> None:
    """Normal(0, 2.5/sd(z)), sd over the levels and not over the rows."""
    data = frame()
    rows = np.append(np.arange(J * EACH), np.repeat(0, 20))  # level g0 has many more rows
    model = hl.Model(["y ~ x + (1 | g)", "sd(g) ~ z"], {k: v[rows] for k, v in data.items()})
    z = data["z"][::EACH]
    found = next(a.prior for a in model.assignments if a.variable == "b_sd_g")
    assert found == hl.Prior("Normal", mu=0, sigma=2.5 / z.std(ddof=1))


def test_the_variance_between_groups_is_the_mean_over_rows() -> None:
    """Mean over rows of exp(2 γ z) z'Vz, by a loop."""
    fit = fitted()
    data, gamma, V = frame(), flat(fit, "b_sd_g")[:, 0], covariance(fit)
    total = np.zeros(len(V))
    for x, z in zip(data["x"], data["z"], strict=True):
        row = np.array([1.0, x])
        total += np.exp(2 * gamma * z) * np.einsum("i,sij,j->s", row, V, row)
    between, residual = total / len(data["x"]), flat(fit, "sigma") ** 2
    found = fit.icc().query("icc == 'adjusted' and group == 'g'")["mean"].item()
    assert found == pytest.approx((between / (between + residual)).mean())


def test_new_levels_have_the_standard_deviation_of_their_own_z() -> None:
    """Effects of the same new level, in the same draws, differ by the factor exp(γ Δz) only."""
    fit = fitted()
    gamma, b = flat(fit, "b_sd_g")[:, 0], flat(fit, "b")[:, 0]
    r = {}
    for z in (-1.0, 0.0, 2.0):
        drawn = fit.predict({"x": [0.0], "g": ["new"], "z": [z]}, seed=3).draws.to_numpy().ravel()
        r[z] = drawn - b
    for z, own in r.items():
        np.testing.assert_allclose(own, r[0.0] * np.exp(gamma * z), atol=1e-10)
    many = fit.predict({"x": np.zeros(300), "g": [f"n{i}" for i in range(300)], "z": np.full(300, 0.7)}, seed=1)
    values = (many.draws.to_numpy().reshape(len(b), 300) - b[:, None]) / (
        np.exp(0.7 * gamma) * flat(fit, "sd_g")[:, 0]
    )[:, None]
    assert values.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * 300))


def test_known_levels_keep_their_effects() -> None:
    fit = fitted()
    data = {k: v[:6] for k, v in frame().items()}
    before = fit.predict(data).draws.to_numpy()
    with pytest.warns(DataWarning, match="1 row has other values of z.*effects are known"):
        after = fit.predict(data | {"z": np.append(data["z"][:5], 9.0)}).draws.to_numpy()
    np.testing.assert_array_equal(before, after)
    assert fit.predict({"x": [0.0]}, groups="none").frame.shape == (1, 4), "z is not needed without the grouping"


def test_bad_new_data() -> None:
    fit = fitted()
    with pytest.raises(PredictionError, match=r"'z' differs between rows of one level of 'g': of 'a' \(row 1"):
        fit.predict({"x": [0.0, 0.0], "g": ["a", "a"], "z": [0.0, 1.0]})
    with pytest.raises(PredictionError, match="lack the column 'z'"):
        fit.predict({"x": [0.0], "g": ["a"]})


def test_pooling_by_one_number_is_refused_also_around_it() -> None:
    fit = synthetic_fit(hl.Model(["y ~ x + (1 | h/g)", "sd(h:g) ~ z"], frame()))
    for group in ("h:g", "h"):
        with pytest.raises(PosteriorError, match=r"'h:g' has a formula"):
            fit.shrinkage(group)
    other = synthetic_fit(hl.Model(["y ~ x + (1 | h) + (1 | g)", "sd(h) ~ k"], frame() | {"k": frame()["code"] % 4}))
    assert set(other.shrinkage("g").terms["group"]) == {"g"}


def test_a_saved_fit_is_the_same(tmp_path: Path) -> None:
    fit = fitted()
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr")
    new = {"x": [0.0, 1.0], "g": ["new", "g1"], "z": [0.4, frame()["z"][EACH]]}
    np.testing.assert_array_equal(back.predict(new, seed=1).frame.to_numpy(), fit.predict(new, seed=1).frame.to_numpy())
    assert back.model.priors().equals(fit.model.priors())


def test_a_model_of_some_rows_keeps_the_levels_columns() -> None:
    model = hl.Model(["y ~ x + (1 | g)", "sd(g) ~ z"], frame())
    part = subset(model, np.arange(EACH, J * EACH))
    np.testing.assert_array_equal(part.scales["g"].X, model.scales["g"].X)
    assert "b_sd_g" in {v.name for v in part.pymc.free_RVs}
