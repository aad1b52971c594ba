"""Questions that an answer refuses: the message says what is wrong, and the hint what to ask instead."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import HierlmError, PosteriorError
from hierlm.posterior.checking.replicates import _thinned
from hierlm.posterior.checks import second_run_failed
from hierlm.posterior.comparison.loo import check_densities
from hierlm.posterior.effects.measures import compared, measure as measure_of
from hierlm.posterior.hypotheses.evaluate import linear_form
from hierlm.posterior.hypotheses.reader import Names, read, read_target
from hierlm.posterior.marginal_likelihood import targets
from hierlm.posterior.marginal_likelihood.bridge import bridge
from hierlm.posterior.marginal_likelihood.evidence import _doubts
from hierlm.posterior.priors.log_prior import log_prior
from tests.synthetic import synthetic_fit
from tests.unit.model.test_edges import K, table

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.DataWarning")

MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": ("y ~ x + f + yes + (x | g)", {}),
    "counts": ("c ~ x + f + (1 | g)", {"family": "poisson"}),
    "sigma": (["y ~ x + (1 | g)", "sigma ~ f"], {}),
    "categories": ("k ~ x + (1 | g)", {"family": "cumulative"}),
    "two": (["y ~ x + (1 | g)", "z ~ x + (1 | g)"], {}),
    "members": ("y ~ x + (1 | mm(g, h))", {}),
    "related": ("y ~ x + known(1 | g, K)", {"matrices": {"K": K}}),
    "scaled": (["y ~ x + (1 | g)", "sd(g) ~ m"], {}),
    "one level": ("y ~ x + f + (1 | g)", {}),
    "improper": ("y ~ x + (1 | g)", {"priors": {"b[x]": hl.Prior("Flat")}}),
    "constant": ("y ~ x + five + (1 | g)", {}),
}
NEW = {"g": ["new"], "x": [0.5], "f": ["u"], "yes": ["no"]}


@cache
def fit(name: str) -> hl.Fit:
    formula, options = MODELS[name]
    data = table().assign(five=lambda d: np.where(d.index < 3, 5.0, 5.0))
    if name == "constant":
        data["five"] = np.arange(len(data)) % 2
    return synthetic_fit(hl.Model(formula, data, **options), chains=2, draws=20)


Ask = Callable[[hl.Fit], Any]
MEANS: dict[str, Ask] = {"means": lambda f: f.marginal_means(["f", "yes"])}
REFUSED: list[tuple[str, Ask, str]] = [
    # checks
    ("two", lambda f: f.check(), "several responses"),
    ("plain", lambda f: f.check(by="x"), "'x' is a number"),
    ("plain", lambda f: f.check(by="zz"), "is no grouping or column"),
    ("two", lambda f: f.residuals(response="w"), "no response 'w'"),
    ("categories", lambda f: f.residuals(kind="response"), "no differences between them"),
    ("plain", lambda f: f.check(stat=[]), "No statistic is named"),
    ("members", lambda f: f.effective_parameters(), "not counted one by one"),
    ("categories", lambda f: f.repeatability(), "has categories, and no variance"),
    ("plain", lambda f: f.ranks("g", "z"), "has no effect 'z'"),
    # effects
    ("sigma", lambda f: f.predictions(parameter="sigma"), "goes with scale='link'"),
    ("plain", lambda f: f.predictions(grid=["x"]), "is no mapping"),
    ("plain", lambda f: f.predictions(grid={"x": []}), "at no value"),
    ("plain", lambda f: f.predictions(grid={"x": [1.0, np.inf]}), "no finite number"),
    ("plain", lambda f: f.predictions({"other": [1.0]}), "none of the model's columns"),
    ("plain", lambda f: f.predictions(by="height"), "does not use a column 'height'"),
    ("plain", lambda f: f.predictions({"x": [0.0], "f": ["u"], "yes": ["no"], "g": ["a"]}, by="height"), "height"),
    ("plain", lambda f: f.predictions(target=3), "neither a word nor a mapping"),
    ("plain", lambda f: f.comparisons({"x": (0, np.inf)}), "cannot be inf"),
    ("plain", lambda f: f.comparisons({"x": (False, True)}), "cannot be False"),
    ("plain", lambda f: f.slopes([]), "No column is named"),
    ("plain", lambda f: f.slopes("x", {"f": ["u"], "yes": ["no"], "g": ["a"]}), "no column 'x'"),
    ("plain", lambda f: f.marginal_means([]), "No factor is named"),
    ("plain", lambda f: f.marginal_means("f", weights="cells"), "weights='cells' is unknown"),
    ("plain", lambda f: f.marginal_means("f", at={"f": "u"}), "cannot be held and asked for"),
    ("plain", lambda f: f.comparisons("x", measure="ratio", scale="link"), "needs positive numbers"),
    ("plain", lambda f: hl.contrasts(MEANS["means"](f)), "The means are by f, yes"),
    ("plain", lambda f: hl.contrasts(MEANS["means"](f), of="g"), "no factor 'g'"),
    ("plain", lambda f: hl.contrasts(MEANS["means"](f), by="g"), "no factor 'g'"),
    ("plain", lambda f: hl.contrasts(f.marginal_means("f"), {"u": 3}), "has no weights"),
    ("plain", lambda f: hl.contrasts(f.marginal_means("f"), {"a": {"q": 1, "u": -1}}), "has no level 'q'"),
    # tables
    ("categories", lambda f: f.augment(), "no single fitted value"),
    # statements
    ("improper", lambda f: f.hypothesis("b[x] = 0"), "improper"),
    ("plain", lambda f: f.hypothesis(" "), "There is no statement"),
    ("plain", lambda f: f.hypothesis("b[x] > 0 &" + " " * 2001), "more than 2,000 characters"),
    # integrals
    ("related", lambda f: f.loo("new_group", group="g"), "no units of their own"),
    ("members", lambda f: f.loo("new_group", group="g"), "g"),
    ("scaled", lambda f: f.loo("row_in_known_group"), "standard deviation"),
    # a group that is met again
    ("plain", lambda f: update(f).predict(NEW, kind="mode"), "kind='mode' is unknown"),
    ("plain", lambda f: update(f).predict(NEW, response="w"), "Name a response"),
]


def update(f: hl.Fit) -> Any:
    return f.update_group(
        {"g": ["new"] * 3, "x": [0.0, 1.0, 2.0], "f": list("uvw"), "yes": ["no"] * 3, "y": [0.1, 0.2, 0.3]}
    )


@pytest.mark.parametrize(("name", "ask", "message"), REFUSED)
def test_refused(name: str, ask: Ask, message: str) -> None:
    with pytest.raises(HierlmError) as caught:
        ask(fit(name))
    assert message in caught.value.message, caught.value
    assert caught.value.hint


NAMES = Names.of([("b", ["b[Intercept]", "b[x]"]), ("sigma", ["sigma"])])


@pytest.mark.parametrize(
    "text",
    ["", "  ", None, 3, "b[x] > 0" + " " * 2000, "b[x] >", "b[x] 0", "b[x] & sigma", "1 2", "b[x] > 0 )", "b[x] > 0 |"],
)
def test_texts_that_are_no_statement(text: Any) -> None:
    for function in (read, read_target):
        with pytest.raises(hl.FormulaError) as caught:
            function(text, NAMES)
        assert caught.value.hint


def test_a_target_is_a_quantity_or_a_statement() -> None:
    assert isinstance(read_target("b[x] > 0 & sigma < 2", NAMES), tuple)
    assert not isinstance(read_target("b[x] / sigma", NAMES), tuple)
    assert len(read("b[x] > 0 & sigma < 2 & 0 < b[Intercept] < 3", NAMES)) == 4


# ----------------------------------------------------------------------------------- parts of answers, by themselves
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 * b[x] - 3", ({"b[x]": 2.0}, -3.0)),
        ("b[x] * 2 / 4", ({"b[x]": 0.5}, 0.0)),
        ("-(b[x] + b[Intercept]) + 1", ({"b[x]": -1.0, "b[Intercept]": -1.0}, 1.0)),
        ("b[x] * b[Intercept]", None),
        ("b[x] / sigma", None),
        ("2 / b[x]", None),
        ("exp(b[x]) + 1", None),
        ("b[x] / 0", None),
    ],
)
def test_linear_combinations_are_known(text: str, expected: tuple[dict[str, float], float] | None) -> None:
    found = linear_form(read_target(text, NAMES))  # type: ignore[arg-type]
    assert (found is None) == (expected is None)
    if expected is not None and found is not None:
        assert found[0] == pytest.approx(expected[0])
        assert found[1] == pytest.approx(expected[1])


@pytest.mark.parametrize("text", ["b[x] = 0", "b[x] + b[f[v]] = 0", "2 * b[x] = 1", "sd_g[x] = b[x]", "exp(b[x]) = 1"])
def test_evidence_ratios_of_points(text: str) -> None:
    """Of one coefficient and of sums of normal ones the prior's density is known, of others it is estimated."""
    made = synthetic_fit(hl.Model("y ~ x + f + (x | g)", table()), chains=4, draws=400)
    row = made.hypothesis(text, seed=1).table.iloc[0]
    assert row["evidence_ratio"] > 0


def test_densities_that_are_no_numbers_are_told_by_row() -> None:
    check_densities(np.zeros((3, 2)), np.array([4, 7]))
    with pytest.raises(PosteriorError, match=r"rows \[7\]"):
        check_densities(np.array([[0.0, -np.inf], [0.0, 0.0]]), np.array([4, 7]))


def test_comparisons_that_are_no_numbers() -> None:
    how = measure_of("ratio")
    np.testing.assert_allclose(compared(how, np.array([[2.0]]), np.array([[4.0]]), "mean"), [[0.5]])
    with pytest.raises(hl.PredictionError, match="needs positive numbers"):
        compared(how, np.array([[2.0]]), np.array([[-4.0]]), "mean")
    with pytest.raises(hl.PredictionError, match="not a finite number"):
        compared(how, np.array([[1e308]]), np.array([[1e-308]]), "mean")


def test_bridges_that_cannot_be_built() -> None:
    rng = np.random.default_rng(1)
    good = bridge(rng.normal(size=(2, 200)), rng.normal(size=400))
    assert np.isfinite(good.log_z)
    with pytest.raises(PosteriorError, match="hardly overlap"):
        bridge(rng.normal(size=(2, 200)), np.full(400, -np.inf))
    with pytest.raises(PosteriorError, match="hopeless"):
        targets._affordable(targets.LARGEST + 1)
    targets._affordable(targets.LARGEST)
    draws = np.ones((3, 4, 2))
    draws[1, 2, 0] = np.nan
    assert targets._finite(draws).shape == (2, 4, 2)
    with pytest.raises(PosteriorError, match="No chain was finished"):
        targets._finite(np.full((2, 4, 2), np.nan))


@pytest.mark.parametrize(
    ("r_hat", "error", "check", "words"),
    [
        (1.5, 0.0, None, "the chains disagree"),
        (1.0, 0.5, None, "known to a factor"),
        (1.0, 0.01, (5.0, 0.01), "a mode may have been missed"),
        (1.0, 0.01, (0.0, 0.01), ""),
    ],
)
def test_doubts_of_a_marginal_likelihood(r_hat: float, error: float, check: Any, words: str) -> None:
    said = list(_doubts(SimpleNamespace(r_hat=r_hat), 0.0, error, check))  # type: ignore[arg-type]
    assert len(said) == bool(words)
    assert all(words in text for text in said)


@pytest.mark.parametrize("draws", [1, 2, 5, 1000])
def test_few_draws_are_spread_over_the_chains(draws: int) -> None:
    posterior = fit("plain").posterior
    found = _thinned(fit("plain"), draws)
    assert found.sizes["chain"] * found.sizes["draw"] == min(max(draws, 1) if draws < 2 else -(-draws // 2) * 2, 40)
    assert set(found["draw"].to_numpy()) <= set(posterior["draw"].to_numpy())
    for bad in (0, True, 1.5):
        with pytest.raises(PosteriorError, match="positive whole number"):
            _thinned(fit("plain"), bad)  # type: ignore[arg-type]


def test_a_second_run_that_failed_is_told() -> None:
    for attempts, said in (
        ([], ""),
        ([{"reason": "R̂ 1.2"}], ""),
        ([{"reason": "R̂ 1.2"}, {"reason": ""}], ""),
        ([{"reason": "R̂ 1.2"}, {"reason": "3 divergences"}], "R̂ 1.2; then 3 divergences"),
    ):
        assert second_run_failed(SimpleNamespace(provenance={"attempts": attempts})) == said  # type: ignore[arg-type]


def test_results_of_other_data_are_not_compared() -> None:
    data = table()
    one = synthetic_fit(hl.Model("won | trials(n) ~ x + (1 | g)", data, "binomial"), chains=2, draws=30)
    other = synthetic_fit(hl.Model("won | trials(n) ~ x + (1 | g)", data.assign(n=7), "binomial"), chains=2, draws=30)
    with pytest.raises(PosteriorError, match="have different trials") as caught:
        hl.compare({"one": one.loo(), "other": other.loo()})
    assert "same trials and weights" in caught.value.hint
    text = repr(hl.compare({"one": one.loo(), "same": one.loo()}))
    assert f"With fewer than {100} units (48)" in text


@pytest.mark.parametrize("name", MODELS)
def test_answers_of_every_kind_of_model_are_numbers(name: str) -> None:
    """Or refused in words: never half of an answer."""
    made = fit(name)
    asks: dict[str, Ask] = {
        "varcorr": lambda f: f.varcorr(),
        "summary": lambda f: f.summary(),
        "fixef": lambda f: f.fixef(),
        "ranef": lambda f: f.ranef(),
        "coef": lambda f: f.coef(),
        "r2": lambda f: f.r2(),
        "icc": lambda f: f.icc(),
        "shrinkage": lambda f: f.shrinkage(),
        "log_prior": log_prior,
        "effective": lambda f: f.effective_parameters(),
        "augment": lambda f: f.augment(),
    }
    answered = 0
    for ask in asks.values():
        with suppress(HierlmError):
            found = ask(made)
            answered += 1
            check_numbers(found)
    assert answered >= 4


def check_numbers(found: Any) -> None:
    assert repr(found)
    numbers = getattr(found, "frame", found)
    if isinstance(numbers, pd.DataFrame):
        columns = numbers.select_dtypes("number").drop(columns=["r_hat", "ess_bulk", "ess_tail"], errors="ignore")
        assert not np.isinf(columns.to_numpy()).any()
