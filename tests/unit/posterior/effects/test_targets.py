"""Averages over the population of groups: closed forms, brute force, and what they are for rows of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import norm

import hierlm as hl
from hierlm.posterior import comparisons, predict, predictions
from hierlm.posterior.effects.expectation import Expectation
from hierlm.posterior.effects.population import chosen_rule, integrated
from tests.synthetic import synthetic_fit

N = 48


def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "f": np.resize(["a", "b", "c"], N),
            "g": np.repeat([f"g{i}" for i in range(8)], 6),
            "h": np.resize(list("pqrs"), N),
            "n": rng.integers(3, 9, N),
        }
    )
    frame["y"] = rng.normal(size=N)
    frame["c"] = rng.poisson(3, N)
    frame["b"] = rng.integers(0, 2, N)
    frame["s"] = rng.binomial(frame["n"], 0.4)
    frame["p"] = np.exp(rng.normal(size=N))
    return frame


def fit(formula: Any, **options: Any) -> hl.Fit:
    values = options.pop("values", None)
    return synthetic_fit(hl.Model(formula, table(), **options), seed=2, chains=2, draws=15, values=values)


def eta_and_variance(made: hl.Fit, x: float) -> tuple[np.ndarray, np.ndarray]:
    """η without group effects and z'Vz at x, of y ~ x + (x | g), by hand: (sample,) each."""
    post = made.posterior
    b = post["b"].to_numpy().reshape(-1, 2)
    sd = post["sd_g"].to_numpy().reshape(-1, 2)
    rho = post["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    variance = sd[:, 0] ** 2 + 2 * x * rho * sd[:, 0] * sd[:, 1] + x**2 * sd[:, 1] ** 2
    return b[:, 0] + b[:, 1] * x, variance


def asked(made: hl.Fit, x: float, **options: Any) -> np.ndarray:
    return predictions(made, grid={"x": [x]}, **options).draws.to_numpy().reshape(-1)


@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
def test_log_link(x: float) -> None:
    made = fit("c ~ x + (x | g)", family="poisson")
    eta, v = eta_and_variance(made, x)
    exact = np.exp(eta + v / 2)
    np.testing.assert_allclose(asked(made, x), exact, atol=2e-6 * exact.max())
    np.testing.assert_allclose(asked(made, x, target="typical"), np.exp(eta), rtol=1e-12)


@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
def test_probit_link(x: float) -> None:
    made = fit("b ~ x + (x | g)", family="bernoulli(probit)")
    eta, v = eta_and_variance(made, x)
    np.testing.assert_allclose(asked(made, x), norm.cdf(eta / np.sqrt(1 + v)), atol=2e-6)


def test_identity_link_needs_no_integral() -> None:
    made = fit("y ~ x + (x | g)")
    eta, _ = eta_and_variance(made, 0.7)
    np.testing.assert_allclose(asked(made, 0.7), eta, rtol=1e-12)
    np.testing.assert_allclose(asked(made, 0.7, target="typical"), eta, rtol=1e-12)


def test_large_variances_get_more_nodes() -> None:
    made = fit("b ~ x + (x | g)", family="bernoulli", values={"sd_g": [2.5, 1.5]})
    eta, v = eta_and_variance(made, 1.0)
    answer = predictions(made, grid={"x": [1.0]})
    z = np.linspace(-9, 9, 20_001)
    exact = np.trapezoid(expit(eta[:, None] + np.sqrt(v)[:, None] * z) * norm.pdf(z), z, axis=1)
    np.testing.assert_allclose(answer.draws.to_numpy().reshape(-1), exact, atol=2e-6)
    assert any(f"{nodes} nodes" in repr(answer) for nodes in (31, 63, 127, 201))


@pytest.mark.parametrize("sd", [5.0, 20.0])
def test_curves_that_are_nearly_steps(sd: float) -> None:
    """Polynomials follow them badly; the trapezoidal rule does not."""
    made = fit("b ~ x + (1 | g)", family="bernoulli(cloglog)", values={"sd_g": [sd]})
    answer = predictions(made, grid={"x": [1.0]})
    eta = made.posterior["b"].to_numpy().reshape(-1, 2).sum(axis=1)
    z = np.linspace(-9, 9, 100_001)
    exact = np.trapezoid(-np.expm1(-np.exp(np.minimum(eta[:, None] + sd * z, 500))) * norm.pdf(z), z, axis=1)
    np.testing.assert_allclose(answer.draws.to_numpy().reshape(-1), exact, atol=2e-6)
    assert "trapezoidal rule" in repr(answer)


def test_lognormal_mean_has_both_variances() -> None:
    made = fit("p ~ x + (x | g)", family="lognormal")
    eta, v = eta_and_variance(made, 0.5)
    sigma = made.posterior["sigma"].to_numpy().reshape(-1)
    np.testing.assert_allclose(asked(made, 0.5), np.exp(eta + v / 2 + sigma**2 / 2), rtol=2e-6)


def test_two_groupings_by_brute_force() -> None:
    """Binomial shares: a million pairs of new levels drawn for one draw of the parameters."""
    made = fit("s | trials(n) ~ x + (x | g) + (1 | h)", family="binomial")
    found = asked(made, 1.2)[0]
    eta, v = eta_and_variance(made, 1.2)
    v = v + made.posterior["sd_h"].to_numpy().reshape(-1) ** 2
    z = np.random.default_rng(1).standard_normal(1_000_000)
    drawn = expit(eta[0] + np.sqrt(v[0]) * z)
    assert abs(found - drawn.mean()) < 4 * drawn.std() / 1000


def test_brute_force_by_predicting_new_levels() -> None:
    """The average of predict over 4,000 new levels, each drawn by the package's other way."""
    made = fit("c ~ x + (x | g) + (1 | h)", family="poisson", values={"sd_g": [0.4, 0.3], "sd_h": [0.5]})
    many = 4000
    new = pd.DataFrame({"x": 0.8, "g": [f"n{i}" for i in range(many)], "h": [f"m{i}" for i in range(many)]})
    drawn = predict(made, new, seed=3).draws.to_numpy().reshape(-1, many)
    found = asked(made, 0.8)
    errors = (drawn.mean(axis=1) - found) / (drawn.std(axis=1) / np.sqrt(many))
    assert np.abs(errors).max() < 4.5  # 30 draws


def test_one_grouping_given_the_other_integrated() -> None:
    made = fit("c ~ x + (1 | g) + (1 | h)", family="poisson")
    answer = predictions(made, grid={"x": [0.5], "g": ["g3"]}, target={"g": "given", "h": "population"})
    post = made.posterior
    b = post["b"].to_numpy().reshape(-1, 2)
    r = post["r_g"].sel(level_g="g3").to_numpy().reshape(-1)
    v = post["sd_h"].to_numpy().reshape(-1) ** 2
    np.testing.assert_allclose(answer.draws.to_numpy().reshape(-1), np.exp(b @ [1, 0.5] + r + v / 2), rtol=1e-6)
    assert "g given" in repr(answer) and "h population" in repr(answer)


def test_given_is_predict() -> None:
    made = fit("c ~ x + (x | g) + (1 | units)", family="poisson")
    rows = predictions(made, by=False, target="given")
    np.testing.assert_allclose(
        rows.draws.to_numpy(), predict(made).draws.to_numpy(), rtol=1e-12
    )  # the rows' own units among them
    cells = predictions(made, by="g")
    assert "Target: given" in repr(cells)
    own = predict(made).draws.to_numpy()[..., :6].mean(axis=-1)
    np.testing.assert_allclose(cells.draws.to_numpy()[..., 0], own, rtol=1e-12)


def test_new_rows_are_new_units() -> None:
    """An effect a row is integrated out where rows are not those of the data."""
    made = fit("c ~ x + (1 | g) + (1 | units)", family="poisson")
    answer = predictions(made, grid={"x": [0.5], "g": ["g3"]}, target="given")
    post = made.posterior
    eta = post["b"].to_numpy().reshape(-1, 2) @ [1, 0.5] + post["r_g"].sel(level_g="g3").to_numpy().reshape(-1)
    v = post["sd_units"].to_numpy().reshape(-1) ** 2
    np.testing.assert_allclose(answer.draws.to_numpy().reshape(-1), np.exp(eta + v / 2), rtol=1e-6)
    assert "units population" in repr(answer)


def test_link_scale_says_that_both_are_one() -> None:
    made = fit("c ~ x + (x | g)", family="poisson")
    eta, _ = eta_and_variance(made, 0.5)
    np.testing.assert_allclose(asked(made, 0.5, scale="link"), eta, rtol=1e-12)
    assert "whose mean is zero" in repr(predictions(made, grid={"x": [0.5]}, scale="link"))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_effects_in_several_parameters(dimensions: int) -> None:
    """E[exp(a'η) / (1 + exp(c η_1))] by a fine grid (2) and by many scattered draws (3)."""
    rng = np.random.default_rng(2)
    A = np.tril(rng.uniform(0.2, 0.7, (dimensions, dimensions)))
    names = [f"p{j}" for j in range(dimensions)]
    etas = {p: np.full((1, 1), 0.1 * j) for j, p in enumerate(names)}

    def mean(at: dict[str, np.ndarray]) -> np.ndarray:
        return expit(at["p0"]) * np.exp(0.3 * sum(at[p] for p in names[1:]))

    full = A[None, None]
    found = chosen_rule(lambda rule: integrated(mean, etas, names, full, rule), dimensions, 0)
    value = integrated(mean, etas, names, full, found.rule).item()
    z = rng.standard_normal((2_000_000, dimensions)) @ A.T
    drawn = mean({p: etas[p][0, 0] + z[:, j] for j, p in enumerate(names)})
    tolerance = 4 * drawn.std() / np.sqrt(len(z)) + (0 if dimensions == 2 else 3 * found.error)
    assert abs(value - drawn.mean()) < tolerance
    assert found.error < 2e-2


def test_a_mean_that_does_not_exist_is_refused() -> None:
    made = fit("p ~ x + (1 | g)", family="gamma", link="inverse", values={"b": [1.0, 0.1], "sd_g": [1.0]})
    with pytest.raises(hl.PredictionError, match="population of groups.*\n.*typical"):
        predictions(made, grid={"x": [0.0]})


def test_settings_are_the_data_with_other_values() -> None:
    made = fit("c ~ x * f + n + (x | g)", family="poisson")
    for target in ("given", "typical", "population"):
        found = predictions(made, setting={"f": ["b", "a"], "x": 1.5}, target=target)
        assert found.table["f"].tolist() == ["a", "b"] and found.table["x"].tolist() == [1.5, 1.5]
        for row, level in enumerate("ab"):
            known = predictions(made, table().assign(f=level, x=1.5), by=True, target=target)
            np.testing.assert_allclose(found.draws.to_numpy()[..., row], known.draws.to_numpy()[..., 0], rtol=1e-5)
    assert "all with the same f" in repr(predictions(made, setting={"f": "a"}))
    change = comparisons(made, {"f": ("a", "b")}, target="typical").draws.to_numpy()[..., 0]
    both = predictions(made, setting={"f": ["a", "b"]}, target="typical").draws.to_numpy()
    np.testing.assert_allclose(both[..., 1] - both[..., 0], change, rtol=1e-9)
    within = predictions(made, setting={"f": "a"}, by="g")
    assert len(within.table) == 8 and "Target: given" in repr(within)


@pytest.mark.parametrize("target", ["given", "typical", "population"])
@pytest.mark.parametrize("by", [True, "f", ["f", "h"], "g"])
def test_rows_that_are_alike_are_asked_once(target: str, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Averages are those of the single rows; with factors only, far fewer rows are asked."""
    made = fit("s | trials(n) ~ f + (f | g) + (1 | h)", family="binomial", values={"sd_g": 0.4})
    single = predictions(made, by=False, target=target).draws.to_numpy()
    asked: list[int] = []
    values = Expectation.values

    def counted(self: Expectation, rows: Any, at: Any) -> Any:
        asked.append(rows.rows.n)
        return values(self, rows, at)

    monkeypatch.setattr(Expectation, "values", counted)
    found = predictions(made, by=by, target=target)
    names = [] if by is True else [by] if isinstance(by, str) else by
    cells = table().groupby(names).indices if names else {(): np.arange(N)}
    for row, at in enumerate(cells.values()):
        np.testing.assert_allclose(found.draws.to_numpy()[..., row], single[..., at].mean(axis=-1), rtol=1e-5)
    assert max(asked) <= N
    plain = fit("b ~ f + (1 | g)", family="bernoulli")
    predictions(plain, by=by if by != ["f", "h"] else "f", target=target)
    assert asked[-1] == (24 if target == "given" or by == "g" else 3)


SETTINGS = {
    "no column": ({"setting": {"q": [1]}}, "'q' is no column"),
    "no value": ({"setting": {"f": []}}, "set to no value"),
    "no level": ({"setting": {"f": ["z"]}}, "no level 'z'"),
    "nothing": ({"setting": {}}, "sets no column"),
    "a grid too": ({"setting": {"f": "a"}, "grid": {"x": [0]}}, "no rows to set"),
    "rows": ({"setting": {"f": "a"}, "by": False}, "does not go with setting"),
    "twice": ({"setting": {"f": "a"}, "by": "f"}, "does not go with setting"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_are_none(case: str) -> None:
    options, message = SETTINGS[case]
    with pytest.raises(hl.PredictionError, match=message) as caught:
        predictions(fit("c ~ x + f + (x | g)", family="poisson"), **options)
    assert caught.value.hint


def test_a_grouping_of_a_model_without_groups() -> None:
    made = fit("y ~ x")
    with pytest.raises(hl.PredictionError, match="no grouping 'g'") as caught:
        predictions(made, target={"g": "population"})
    assert "no groups" in caught.value.hint
    assert "the model has no groups" in repr(predictions(made, target="population"))


BAD = {
    "unknown target": ({"target": "everyone"}, "target='everyone' is unknown"),
    "no such grouping": ({"target": {"k": "given"}}, "no grouping 'k'"),
    "a grouping left out": ({"target": {}}, "says nothing about g"),
    "no level": ({"target": "given", "grid": {"x": [1.0]}}, "must say which g"),
    "an unseen level": ({"target": "given", "new": {"x": [1.0], "g": ["zz"]}}, "must be one of the data; new: zz"),
    "both": ({"new": {"x": [1.0]}, "grid": {"x": [1.0]}}, "Both new= and grid="),
    "scale": ({"scale": "log"}, "scale='log' is unknown"),
    "by": ({"by": "n"}, "does not use a column 'n'"),
    "grid level": ({"grid": {"x": ["tall"]}}, "holds numbers"),
    "grid column": ({"grid": {"X": [1.0]}}, "Did you mean 'x'"),
    "response in the grid": ({"grid": {"c": [1.0]}}, "It is the response"),
    "level": ({"level": 95}, "no probability"),
    "kind": ({"kind": "mean"}, "no kind of interval"),
    "parameter": ({"parameter": "sigma"}, "no formula of its own"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    options, message = BAD[case]
    with pytest.raises(hl.HierlmError, match=message) as caught:
        predictions(fit("c ~ x + (x | g)", family="poisson"), **options)
    assert caught.value.hint
