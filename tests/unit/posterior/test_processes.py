"""Answers about latent residual processes, from made-up draws: forecasts against dense normal algebra, variance parts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import PredictionError
from hierlm.fit import Fit
from hierlm.model.subset import subset
from hierlm.posterior.linear import Draws, at_rows
from hierlm.posterior.places import conditional
from hierlm.posterior.variance import variance_parts
from tests.unit.posterior.random_points import fit_of_points

S = 6
CASES = ["ar1(k | g)", "car1(t | g)", "exp(t + u | g, nugget=True)", "arma(k | g, p=1, q=1)"]


def table() -> pd.DataFrame:
    """Five blocks at some of the positions 0 to 4."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": np.repeat(list("abcde"), 4)})
    frame["k"] = np.concatenate([np.sort(rng.choice(5, 4, replace=False)) for _ in range(5)])
    frame["t"], frame["u"] = frame["k"] / 2, np.sqrt(frame["k"])
    frame["x"], frame["y"] = rng.normal(size=20), rng.poisson(3, 20)
    return frame


@cache
def made_up(typed: str, formula: str = "y ~ x + (1 | g)") -> Fit:
    """A fit whose draws are random points of the model."""
    model = hl.Model(formula, table(), "poisson", residual=typed)
    return fit_of_points(model, 2, S // 2)


def draw(fit: Fit, variable: str) -> np.ndarray:
    values = fit.posterior[variable].to_numpy()
    return values.reshape(S, *values.shape[2:])


def R_of(fit: Fit, typed: str, s: int, at: np.ndarray) -> np.ndarray:
    """By hand, at positions (m, d)."""
    d = np.linalg.norm(at[:, None] - at[None], axis=-1)
    if typed.startswith(("ar1", "car1")):
        return float(draw(fit, "phi_g")[s]) ** d
    if typed.startswith("exp"):
        R = np.exp(-d / draw(fit, "range_g")[s]) * (1 - draw(fit, "nugget_g")[s])
        return R - np.diag(np.diag(R)) + np.eye(len(R))
    phi, theta = float(draw(fit, "ar_g")[s].item()), float(draw(fit, "ma_g")[s].item())
    first = (1 + phi * theta) * (phi + theta) / (1 + 2 * phi * theta + theta**2)
    return np.where(d == 0, 1.0, first * phi ** np.maximum(d - 1, 0))


@pytest.mark.parametrize("typed", CASES)
def test_new_positions_are_conditional_on_the_draws_of_the_known_ones(typed: str) -> None:
    """Mean and covariance of e_new given e, draw by draw, by the formula of the normal distribution."""
    fit = made_up(typed)
    new = pd.DataFrame({"g": ["a", "a", "b"], "k": [7, -2, 12], "t": [3.5, 0.75, 6.0], "u": [3.0, 0.1, 2.0], "x": 0.0})
    rows = at_rows(fit.model, new, forecasts=True)
    block = next(b for b in rows.blocks if b.process is not None)
    own = next(b for b in fit.model.blocks if b.process is not None)
    positions = block.pieces[0].source.positions
    assert positions is not None
    K = len(own.effects)
    assert len(block.effects) == K + 3
    assert len({*block.effects}) == K + 3
    draws = Draws(fit.model, fit.posterior)
    W, L = conditional(draws, block)
    sds = draw(fit, "sd_g")[:, 1]
    for s in range(S):
        V = sds[s] ** 2 * R_of(fit, typed, s, positions)
        inverse = np.linalg.inv(V[:K, :K])
        np.testing.assert_allclose(W[s], V[K:, :K] @ inverse, atol=1e-9)
        np.testing.assert_allclose(L[s] @ L[s].T, V[K:, K:] - V[K:, :K] @ inverse @ V[:K, K:], atol=1e-9)
    found = fit.predict(new, kind="linear", seed=1, new_levels="zero").draws.to_numpy().reshape(S, 3)
    slot = [block.pieces[0].Z[i].argmax() - K for i in range(3)]
    r, b = draw(fit, "r_g"), draw(fit, "b")
    for i, level in enumerate([0, 0, 1]):
        e = np.einsum("sk,sk->s", W[:, slot[i]], r[:, level, 1:])
        np.testing.assert_allclose(found[:, i], b[:, 0] + r[:, level, 0] + e, atol=1e-9)


def test_known_rows_and_new_rows_at_known_positions() -> None:
    fit, data = made_up("ar1(k | g)"), table()
    fitted = fit.predict(kind="linear", seed=1).draws.to_numpy()
    np.testing.assert_array_equal(fit.predict(data, kind="linear", seed=1).draws.to_numpy(), fitted)
    some = data.iloc[[3, 8]].reset_index(drop=True)
    np.testing.assert_allclose(fit.predict(some, kind="linear", seed=1).draws.to_numpy(), fitted[..., [3, 8]])
    block = next(b for b in fit.model.blocks if b.process is not None)
    slot = block.pieces[0].Z.argmax(axis=1)
    r = draw(fit, "r_g")
    eta = draw(fit, "b")[:, :1] + draw(fit, "b")[:, 1:] * data["x"].to_numpy()
    eta = eta + r[:, block.codes, 0] + r[:, block.codes, 1 + slot]
    np.testing.assert_allclose(fitted.reshape(S, -1), eta)


def test_draws_at_new_positions_have_their_law() -> None:
    """Many draws of one posterior: mean and covariance within Monte-Carlo error; chunks and rows do not matter."""
    one = made_up("ar1(k | g)")
    posterior = one.posterior.isel(chain=[0], draw=[0] * 4000).assign_coords(draw=np.arange(4000))
    fit = Fit(one.model, xr.DataTree.from_dict({"posterior": posterior}), {"complete": True})
    new = pd.DataFrame({"g": ["a", "a", "z", "z"], "k": [5, 6, 0, 6], "x": 0.0})
    found = fit.predict(new, kind="linear", seed=1).draws.to_numpy().reshape(4000, 4)
    sds, phi = draw(one, "sd_g")[0], float(draw(one, "phi_g")[0])
    v = sds[1] ** 2
    slots = {e: i for i, e in enumerate(next(b for b in one.model.blocks if b.process).effects)}
    e4, r0 = draw(one, "r_g")[0, 0, 1 + slots["residual[4]"]], draw(one, "r_g")[0, 0, 0]
    b0 = draw(one, "b")[0, 0]
    mean = np.array([b0 + r0 + phi * e4, b0 + r0 + phi**2 * e4, b0, b0])
    V = np.zeros((4, 4))
    V[0, 0], V[1, 1] = v * (1 - phi**2), v * (1 - phi**4)
    V[0, 1] = V[1, 0] = v * phi * (1 - phi**2)
    V[2, 2] = V[3, 3] = sds[0] ** 2 + v
    V[2, 3] = V[3, 2] = sds[0] ** 2 + v * phi**6
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=4.5 * np.sqrt(V.max() / 4000))
    np.testing.assert_allclose(np.cov(found.T), V, atol=0.1 * V.max())
    again = fit.predict(new.iloc[[1]], kind="linear", seed=1).draws.to_numpy().ravel()
    assert abs(again.mean() - mean[1]) < 4.5 * np.sqrt(V[1, 1] / 4000)


def test_rows_in_order_follow_those_of_the_data() -> None:
    fit = made_up("arma(1 | g, p=1, q=1)")
    new = table().head(2)
    block = next(b for b in at_rows(fit.model, new, forecasts=True).blocks if b.process is not None)
    assert block.effects[-2:] == ("residual[5]", "residual[6]")
    assert at_rows(fit.model, table()).blocks[1].effects[-1] == "residual[4]"


def test_its_variance_is_overdispersion() -> None:
    """In the denominator of every share, in the numerator of none but its own."""
    fit = made_up("ar1(k | g)")
    part = variance_parts(fit, fit.model.responses[0])
    sds = draw(fit, "sd_g")
    np.testing.assert_allclose(part.groups["g"], sds[:, 0] ** 2)
    np.testing.assert_allclose(part.units["g[residual ar1(k)]"], sds[:, 1] ** 2)
    np.testing.assert_allclose(part.residual, sds[:, 1] ** 2 + part.distribution)
    icc = fit.icc().set_index(["group", "icc"])["mean"]
    share = sds[:, 0] ** 2 / (sds[:, 0] ** 2 + part.residual)
    assert icc["g", "adjusted"] == pytest.approx(share.mean())
    own = fit.varcorr().frame.set_index("name")["mean"]
    share = sds[:, 1] ** 2 / (sds[:, 0] ** 2 + part.residual)
    assert own["share_g[residual ar1(k)]"] == pytest.approx(share.mean())


def test_what_the_model_says() -> None:
    model = made_up("ar1(k | g)").model
    assert {"sd_g[residual ar1(k)]", "phi_g"} <= set(model.priors()["parameter"])
    text = repr(model)
    assert "a latent residual process, on the link scale, within g (5 of 4 rows)" in text
    assert "R_st = φ^|s − t|" in text
    plan = model.plan()
    assert plan.chosen is None
    assert all("a latent residual process, on the link scale" in v.reason for _, v in plan.verdicts)
    part = subset(model, np.arange(8))
    assert part.blocks[1].process is not None
    assert len(part.blocks[1].effects) == 5


def test_other_questions_at_new_positions_are_refused() -> None:
    fit = made_up("ar1(k | g)")
    with pytest.raises(PredictionError, match=r"no value at residual\[9\]") as caught:
        at_rows(fit.model, table().head(1).assign(k=9))
    assert "fit.predict" in caught.value.hint
    toeplitz = made_up("toep(k | g)")
    with pytest.raises(PredictionError, match="as far apart"):
        toeplitz.predict(table().head(1).assign(k=9), kind="linear")


def test_archive(tmp_path) -> None:  # noqa: ANN001
    fit = made_up("exp(t + u | g, nugget=True)")
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr")
    new = table().head(2).assign(t=9.0)
    one, two = (f.predict(new, kind="linear", seed=3).frame for f in (fit, back))
    pd.testing.assert_frame_equal(one, two)
