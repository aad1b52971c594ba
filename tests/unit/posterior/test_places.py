"""Group effects at positions that the data did not have, from made-up draws, against dense normal algebra."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.fit import Fit
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows
from hierlm.posterior.places import conditional
from tests.unit.graph.test_structured import matern
from tests.unit.posterior.random_points import fit_of_points

S = 6
MANY = 6000
LEVELS = [*"abcdefgh"]
A = pd.DataFrame(0.5 * np.eye(8) + 0.5, index=LEVELS, columns=LEVELS)
ROUNDED = 1e-8  # what gau and mat have on their diagonal


def table() -> pd.DataFrame:
    """Five rows at occasions 1 to 5 in each of eight levels."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"g": np.repeat(LEVELS, 5), "h": np.roll(np.repeat(LEVELS, 5), 5), "k": np.tile(range(1, 6), 8)}
    )
    frame["t"], frame["lat"], frame["lon"] = frame["k"] / 2, frame["k"] * 1.5, np.sqrt(frame["k"])
    frame["label"] = [f"t{k}" for k in frame["k"]]
    frame["uneven"] = np.tile([1, 2, 3, 4, 9], 8)
    frame["w1"], frame["w2"] = rng.uniform(0.2, 1, 40), rng.uniform(0.2, 1, 40)
    frame["y"], frame["count"] = rng.normal(size=40), rng.poisson(2, 40)
    return frame


def rounded(R: np.ndarray) -> np.ndarray:
    return (R + ROUNDED * np.eye(len(R))) / (1 + ROUNDED)


def nugget(R: np.ndarray, c: float) -> np.ndarray:
    return (1 - c) * R + c * np.eye(len(R))


CASES: dict[str, tuple[str, Callable[..., np.ndarray]]] = {
    "exp": ("exp(lat + lon | g)", lambda d, v: np.exp(-d / v("range_g"))),
    "nugget": ("exp(lat + lon | g, nugget=True)", lambda d, v: nugget(np.exp(-d / v("range_g")), v("nugget_g"))),
    "gau": ("gau(lat + lon | g)", lambda d, v: rounded(np.exp(-((d / v("range_g")) ** 2)))),
    "mat": ("mat(lat + lon | g, nu=1.5)", lambda d, v: rounded(matern(1.5, d / v("range_g")))),
    "car1": ("ou(0 + t | g)", lambda d, v: v("phi_g") ** d),
    "ar1": ("ar1(0 + C(k) | g)", lambda d, v: v("phi_g") ** d),
}
NEW = pd.DataFrame(
    {
        "g": ["a", "a", "b", "c", "a"],
        "h": ["b", "b", "c", "a", "b"],
        "k": [7, 9, 7, 2, 3],
        "t": [0.75, 9.0, 0.75, 1.0, 1.5],
        "lat": [1.0, 9.0, 1.0, 3.0, 4.5],
        "lon": [0.5, 3.0, 0.5, np.sqrt(2), np.sqrt(3)],
        "w1": [0.5, 2.0, 0.3, 1.0, 1.0],
        "w2": [0.1, 0.2, 0.3, 0.4, 0.5],
    }
)


@cache
def made_up(term: str, formula: str = "y ~ 1 + (1 | g)", related: bool = False) -> Fit:
    """A fit whose draws are random points of the model."""
    model = hl.Model(f"{formula} + {term}", table(), matrices={"A": A} if related else None)
    return fit_of_points(model, 2, S // 2)


def repeated(fit: Fit) -> Fit:
    """Its first draw, many times."""
    posterior = fit.posterior.isel(chain=[0], draw=[0] * MANY).assign_coords(draw=np.arange(MANY))
    return Fit(fit.model, xr.DataTree.from_dict({"posterior": posterior}), {"complete": True})


def draw(fit: Fit, variable: str) -> np.ndarray:
    values = fit.posterior[variable].to_numpy()
    return values.reshape(-1, *values.shape[2:])


def distances(at: np.ndarray) -> np.ndarray:
    return np.linalg.norm(at[:, None] - at[None], axis=-1)


def positions(name: str, frame: pd.DataFrame) -> np.ndarray:
    columns = {"car1": ["t"], "ar1": ["k"]}.get(name, ["lat", "lon"])
    return frame[columns].to_numpy(float)


def covariance(fit: Fit, name: str, s: int, at: np.ndarray) -> np.ndarray:
    """V at positions, by hand."""
    sd = fit.posterior["sd_g"].to_numpy().reshape(S, -1)[s, -1]
    return sd**2 * CASES[name][1](distances(at), lambda v: float(draw(fit, v)[s]))


@pytest.mark.parametrize("name", CASES)
def test_effects_at_new_positions_are_conditional_on_those_of_the_level(name: str) -> None:
    """Mean and covariance of e_new given e, draw by draw, by the formula of the normal distribution."""
    fit = made_up(CASES[name][0])
    block = at_rows(fit.model, NEW, forecasts=True).blocks[1]
    K = len(fit.model.blocks[1].effects)
    assert (K, len(block.effects)) == (5, 7)
    assert block.effects[:K] == fit.model.blocks[1].effects
    W, L = conditional(Draws(fit.model, fit.posterior), block)
    at = np.concatenate([np.unique(positions(name, table()), axis=0), np.unique(positions(name, NEW[:2]), axis=0)])
    r, b = draw(fit, "r_g"), draw(fit, "b")[:, 0]
    mean = fit.predict(NEW, kind="linear", new_levels="zero").draws.to_numpy().reshape(S, 5)
    order = np.argsort(positions(name, NEW[:2])[:, 0])
    slot = [*np.argsort(order), np.argsort(order)[0]]
    for s in range(S):
        V = covariance(fit, name, s, at)
        weights = np.linalg.solve(V[:K, :K], V[:K, K:]).T
        tolerance = max(1e-9, 1e-14 * np.linalg.cond(V[:K, :K]))  # of the algebra by hand
        assert tolerance < 1e-6
        np.testing.assert_allclose(W[s], weights, rtol=0, atol=tolerance)
        np.testing.assert_allclose(L[s] @ L[s].T, V[K:, K:] - weights @ V[:K, K:], rtol=0, atol=tolerance * V[0, 0])
        for i, level in enumerate((0, 0, 1)):
            expected = b[s] + r[s, level, 0] + weights[slot[i]] @ r[s, level, 1:]
            np.testing.assert_allclose(mean[s, i], expected, rtol=0, atol=10 * tolerance)
        np.testing.assert_allclose(mean[s, 3:], b[s] + r[s, [2, 0], 0] + r[s, [2, 0], [2, 3]], atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_draws_of_known_and_new_levels_have_their_law(name: str) -> None:
    """Those of a new level are from V at all of its places, those of a known one from the conditional law."""
    one = made_up(CASES[name][0], "y ~ 1")
    fit = repeated(one)
    new = pd.concat([NEW[:2], NEW[:2].assign(g="z"), NEW[3:4].assign(g="z")], ignore_index=True)
    found = fit.predict(new, kind="linear", seed=3).draws.to_numpy().reshape(MANY, 5)
    at = np.concatenate([np.unique(positions(name, table()), axis=0), positions(name, new)[[0, 1, 4]]])
    V = covariance(one, name, 0, at)
    W = np.linalg.solve(V[:5, :5], V[:5, 5:]).T
    expected = np.zeros((5, 5))
    expected[:2, :2] = (V[5:, 5:] - W @ V[:5, 5:])[:2, :2]
    expected[2:, 2:] = V[5:, 5:]
    mean = np.full(5, draw(one, "b")[0, 0])
    mean[:2] += W[:2] @ draw(one, "r_g")[0, 0]
    error = np.sqrt(np.outer(np.diag(expected), np.diag(expected)) / MANY) + 1e-9
    np.testing.assert_array_less(
        abs(found.mean(axis=0) - mean), 4.5 * np.sqrt(np.diag(error)) * np.diag(expected) ** 0.25
    )
    np.testing.assert_array_less(abs(np.cov(found.T) - expected), 6 * error)


def test_seeds_and_rows_at_known_positions() -> None:
    """Where the fit has effects nothing is drawn; a seed gives the same draws again, whatever the order of rows."""
    fit = made_up(CASES["exp"][0])
    fitted = fit.predict(kind="linear", seed=1).draws.to_numpy()
    some = fit.predict(table().iloc[[3, 8]], kind="linear", seed=2).draws.to_numpy()
    np.testing.assert_array_equal(some, fitted[..., [3, 8]])
    one, two = (fit.predict(NEW, kind="linear", seed=5).draws.to_numpy() for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(fit.predict(NEW[::-1], kind="linear", seed=5).draws.to_numpy(), one[..., ::-1])
    other = fit.predict(NEW, kind="linear", seed=6).draws.to_numpy()
    assert (np.abs(other - one)[..., :3].max(axis=(0, 1)) > 1e-3).all()
    np.testing.assert_array_equal(other[..., 3:], one[..., 3:])
    np.testing.assert_array_equal(fit.predict(NEW, kind="mean", seed=5).draws, one)  # identity link
    response = fit.predict(NEW, kind="response", seed=5).draws.to_numpy()
    assert np.isfinite(response).all()
    none = fit.predict(NEW.drop(columns=["lat", "lon", "g"]), kind="linear", groups="none").draws
    np.testing.assert_array_equal(none[..., 0], fit.posterior["b"][..., 0])


def test_a_prediction_says_where_there_were_no_effects() -> None:
    fit = made_up(CASES["car1"][0])
    shown = repr(fit.predict(NEW, kind="linear", seed=1))
    assert "2 new positions of car1(t) in g (t[0.75], …): drawn given those of the same level" in shown
    assert "means given those" in repr(fit.predict(NEW, kind="linear", new_levels="zero"))
    assert "new position" not in repr(fit.predict(NEW[3:], kind="linear", seed=1))
    assert "new position" not in repr(fit.predict(NEW, kind="linear", groups="none"))


def test_rows_of_one_level_and_place_share_one_value() -> None:
    """Twice the same new place is one effect; and places of other levels are independent given the draws."""
    fit = repeated(made_up(CASES["car1"][0], "y ~ 1"))
    new = pd.DataFrame({"g": ["a", "a", "b"], "t": [5.0, 5.0, 5.0]})
    found = fit.predict(new, kind="linear", seed=1).draws.to_numpy()[0]
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert abs(np.corrcoef(found[:, 0], found[:, 2])[0, 1]) < 4.5 / np.sqrt(MANY)


def test_other_parameters_weights_and_memberships() -> None:
    """Effects of sigma on its scale; a multi-membership adds its levels' values by weight."""
    model = hl.Model(["y ~ 1", "sigma ~ 1 + car1(t | g)"], table())
    fit = fit_of_points(model, 1, 4)
    new = pd.DataFrame({"g": ["a"], "t": [1.25]})
    found = fit.predict(new, kind="linear", parameter="sigma", new_levels="zero").draws.to_numpy()[0, :, 0]
    phi, r = draw(fit, "phi_g")[:, None], draw(fit, "r_g")[:, 0]
    R = phi[..., None] ** distances(np.arange(1, 6)[:, None] / 2)
    to_new = phi ** abs(np.arange(1, 6) / 2 - 1.25)
    expected = draw(fit, "b_sigma")[:, 0] + np.einsum("sk,sk->s", np.linalg.solve(R, to_new[..., None])[..., 0], r)
    np.testing.assert_allclose(found, expected, atol=1e-8)

    many = made_up("car1(t | mm(g, h, weights=cbind(w1, w2)))", "y ~ 1")
    group = many.model.blocks[0].group
    at = NEW[:2].assign(h=["b", "someone"])
    found = many.predict(at, kind="linear", seed=2).draws.to_numpy().reshape(S, 2)
    rows = at_rows(many.model, at, forecasts=True)
    draws = Draws(many.model, many.posterior)
    new_levels = NewLevels(many.model, draws, 2, zero=False)
    W, L = conditional(draws, rows.blocks[0])
    r = draw(many, f"r_{group}") if f"r_{group}" in many.posterior else draws.labelled("r_mm(g, h)")
    slot, weights = rows.blocks[0].pieces[0].Z.argmax(axis=1) - 5, rows.blocks[0].pieces[0].source.members.weights
    expected = np.repeat(draw(many, "b")[:, :1], 2, axis=1)
    for i, levels in enumerate((("a", "b"), ("a", "someone"))):
        for m, level in enumerate(levels):
            e = r[:, LEVELS.index(level)] if level in LEVELS else new_levels.one(group, level)
            z = np.stack([new_levels.stream(group, level, p).standard_normal(S) for p in rows.blocks[0].effects[5:]], 1)
            value = np.einsum("smk,sk->sm", W, e) + np.einsum("smj,sj->sm", L, z)
            expected[:, i] += weights[i, m] * value[:, slot[i]]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_new_places_of_related_levels_are_correlated_as_the_levels_are() -> None:
    one = made_up("car1(t | gr(g, cov=A))", "y ~ 1", related=True)
    fit = repeated(one)
    new = pd.DataFrame({"g": ["a", "b"], "t": [3.0, 3.0]})
    found = fit.predict(new, kind="linear", seed=1).draws.to_numpy()[0]
    phi, sd = float(draw(one, "phi_g")[0]), float(draw(one, "sd_g")[0].item())
    r = draw(one, "r_g")[0]
    v = sd**2 * (1 - phi**1.0)  # half a unit of time behind 2.5: φ^0.5 squared
    expected = v * np.array([[1, 0.5], [0.5, 1]])
    np.testing.assert_allclose(np.cov(found.T), expected, atol=6 * v / np.sqrt(MANY))
    mean = draw(one, "b")[0, 0] + phi**0.5 * r[:2, -1]
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=4.5 * np.sqrt(v / MANY))
    apart = fit.predict(new[1:], kind="linear", seed=1).draws.to_numpy()[0, :, 0]
    np.testing.assert_array_equal(apart, found[:, 1])


def test_log_likelihood_augment_and_archive_know_new_places(tmp_path) -> None:  # noqa: ANN001
    fit = made_up(CASES["gau"][0])
    new = NEW.assign(y=[0.1, 0.2, 0.3, 0.4, 0.5])
    eta = fit.predict(new, kind="linear", seed=4).draws.to_numpy()
    sigma = fit.posterior["sigma"].to_numpy()[..., None]
    expected = -0.5 * ((new["y"].to_numpy() - eta) / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(fit.log_likelihood(new, seed=4)["y"], expected, atol=1e-9)
    wide = hl.augment(fit, new)
    np.testing.assert_allclose(wide[".resid"], new["y"] - wide[".fitted"])
    np.testing.assert_allclose(wide[".fitted"], fit.predict(new, seed=0).frame["mean"])
    fit.save(tmp_path / "fit.zarr")
    back = hl.load(tmp_path / "fit.zarr").predict(new, seed=4).frame
    pd.testing.assert_frame_equal(back, fit.predict(new, seed=4).frame)


@pytest.mark.filterwarnings("ignore:'g' has 8 × 5 effects")
@pytest.mark.parametrize(
    ("term", "new", "message", "remedy"),
    [
        ("hetar1(0 + C(k) | g)", {"k": [7]}, r"a standard deviation for each .*that of C\(k\)\[7\] is not", "ar1"),
        ("homtoep(0 + C(k) | g)", {"k": [7]}, "not fitted with rows as far apart", "like those of the data"),
        (
            "ar1(0 + label | g)",
            {"label": ["t9"]},
            r"does not know how far 't9' is from .* t1, t2, t3, t4, t5\.",
            "numbers",
        ),
        ("ar1(0 + C(k) | g)", {"k": [5.5]}, r"how far '5.5' is", "car1"),
        ("us(0 + C(k) | g)", {"k": [7]}, "has level '7' that the model was not fitted with", "Its levels are"),
        ("ante(0 + C(k) | g)", {"k": [7]}, "has level '7' that the model was not fitted with", "Its levels are"),
        ("exp(t | g)", {"t": ["late"]}, "'t' holds text, but held numbers", "to_numeric"),
        ("exp(t | g)", {"t": [np.nan]}, "'t' has 1 missing value", "fill it in"),
    ],
)
def test_what_is_not_known_at_new_places_is_refused(term: str, new: dict[str, list], message: str, remedy: str) -> None:
    with pytest.raises(hl.PredictionError, match=message) as caught:
        made_up(term, "y ~ 1").predict({"g": ["a"], **new}, kind="linear")
    assert remedy in str(caught.value)


def test_uneven_occasions_other_questions_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(hl.DataWarning, match="not equally spaced"):
        model = hl.Model("y ~ 1 + ar1(0 + C(uneven) | g)", table())
    fit = fit_of_points(model, 1, 2)
    with pytest.raises(hl.PredictionError, match="how far '10' is"):
        fit.predict({"g": ["a"], "uneven": [10]})
    fit = made_up(CASES["car1"][0])
    with pytest.raises(hl.PredictionError, match=r"car1\(t\) has no value at t\[9\](.|\n)*Ask fit.predict"):
        at_rows(fit.model, {"g": ["a"], "t": [9.0]})
    with pytest.raises(hl.PredictionError, match=r"no value at t\[9\]"):
        fit.update_group({"g": ["new"], "t": [9.0], "y": [1.0]})
    monkeypatch.setattr("hierlm.posterior.places.MOST", 10)
    with pytest.raises(hl.PredictionError, match="more than fit into memory(.|\n)*draws=100"):
        fit.predict({"g": ["a"], "t": [9.0]})


def test_positions_that_rounding_tells_apart_are_refused_in_words() -> None:
    """Two places at a distance of 1e−16 have a singular R."""
    fit = made_up(CASES["exp"][0], "y ~ 1")
    near = pd.DataFrame({"g": "a", "lat": [3.0], "lon": [np.nextafter(np.sqrt(2), 2)]})
    with pytest.raises(hl.PredictionError, match="no correlation matrix at these positions(.|\n)*Round"):
        fit.predict(near, kind="linear")
