"""Answers of models with every further part, at random points; and parts of answers that single fits rarely show."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import HierlmError, PosteriorError
from hierlm.posterior.checks import Measured, element_checks
from hierlm.posterior.comparison.elpd import known_of
from hierlm.posterior.draws import correlation_draws, covariance_draws, select
from hierlm.posterior.hypotheses.density import of_draws
from hierlm.posterior.marginal_likelihood import bridge as bridging, targets
from hierlm.posterior.marginal_likelihood.bayes_factor import _notes as notes_of
from hierlm.posterior.priors.log_prior import log_prior
from hierlm.posterior.residual_components import reported_coefficients
from tests.synthetic import synthetic_fit
from tests.unit.model.test_edges import table
from tests.unit.posterior.random_points import fit_of_points
from tests.unit.posterior.test_refused_questions import check_numbers

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.DataWarning")
NORMAL = hl.Prior("Normal", mu=0, sigma=0.3)

MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "correlated residuals": ("y ~ x", {"residual": "ar1(t | g)"}),
    "unstructured residuals": ("y ~ x + (1 | h)", {"residual": "us(C(t) | g)"}),
    "a structure": ("y ~ x + ar1(0 + C(t) | g)", {}),
    "sigma alone": (["y ~ x + (1 | g)", "sigma ~ 1 + (1 | h)"], {}),
    "a fixed sigma": ("y ~ x + (1 | g)", {"priors": {"sigma": 1.0}}),
    "a prior of a correlation": ("y ~ x + (x | g)", {"priors": {"cor_g": NORMAL}}),
    "a joint prior": ("y ~ x + z + v + (1 | g)", {"priors": {"b": hl.Horseshoe()}}),
    "a latent process": ("c ~ x + (1 | h)", {"family": "poisson", "residual": "ar1(t | g)"}),
    "no intercept": ("y ~ x + (0 + f | g)", {}),
    "rows as groups": ("c ~ x + (1 | units)", {"family": "poisson"}),
}
ASKS = {
    "varcorr": lambda f: f.varcorr(),
    "fixef": lambda f: f.fixef(),
    "ranef": lambda f: f.ranef(),
    "r2": lambda f: f.r2(),
    "icc": lambda f: f.icc(),
    "shrinkage": lambda f: f.shrinkage(),
    "log_prior": log_prior,
    "effective": lambda f: f.effective_parameters(),
    "augment": lambda f: f.augment(),
    "residuals": lambda f: f.residuals("deviance"),
    "group_variance": lambda f: f.group_variance(),
    "ranks": lambda f: f.ranks(),
    "repeatability": lambda f: f.repeatability(),
    "loo": lambda f: f.loo(),
}


@cache
def fit(name: str) -> hl.Fit:
    formula, options = MODELS[name]
    return fit_of_points(hl.Model(formula, table(), **options), 2, 4)


@pytest.mark.parametrize(
    "name", [m for m in MODELS if m not in ("a latent process", "a structure", "unstructured residuals")]
)
def test_answers_are_numbers_or_refused_in_words(name: str) -> None:
    answered = []
    for what, ask in ASKS.items():
        with suppress(HierlmError):
            found = ask(fit(name))
            answered.append(what)
            check_numbers(found)
    assert {"varcorr", "fixef"} <= set(answered)


def test_a_variance_that_is_given_is_said_to_be() -> None:
    assert any("is fixed as given" in line for line in repr(fit("a fixed sigma").varcorr()).split("\n"))
    assert "as given" not in repr(fit("no intercept").varcorr())


def test_a_prior_of_a_correlation_is_its_density() -> None:
    found = log_prior(fit("a prior of a correlation"))
    (name,) = [key for key in found if key.startswith("cor_g")]
    drawn = fit("a prior of a correlation").posterior["cor_g"].to_numpy()[..., 0, 1]
    expected = -0.5 * (drawn / 0.3) ** 2
    difference = found[name] - expected
    np.testing.assert_allclose(difference, difference[0, 0], atol=1e-9)


def test_correlations_of_structured_effects_are_those_of_their_covariance() -> None:
    made = fit("a structure")
    block = made.model.groups["g"][0]
    V, R = covariance_draws(made, block), correlation_draws(made, block)
    sd = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
    np.testing.assert_allclose(V, R * sd[:, :, None] * sd[:, None, :], rtol=1e-10)
    assert select(made, "b", []).shape == (8, 0)


def test_coefficients_of_residuals_that_readers_know() -> None:
    assert reported_coefficients(fit("no intercept")) == {}
    assert list(reported_coefficients(fit("correlated residuals"))) == ["rescor[phi]"]
    found = reported_coefficients(fit("unstructured residuals"))
    assert len(found) == 15
    assert all((np.abs(v) < 1).all() for v in found.values())
    assert known_of(fit("correlated residuals").model) == ", given the others of its g"
    assert known_of(fit("unstructured residuals").model) == " of groups in the data, given the others of its g"


def test_too_few_draws_for_importance_sampling() -> None:
    with pytest.raises(PosteriorError, match="8 draws are too few") as caught:
        fit("no intercept").loo()
    assert "kfold" in caught.value.hint


def test_ranks_ask_which_effect() -> None:
    with pytest.raises(PosteriorError, match="has several effects") as caught:
        fit("no intercept").ranks("g")
    assert "f[u]" in caught.value.hint
    assert fit("a prior of a correlation").ranks("g").effect == "Intercept"
    assert fit("a fixed sigma").ranks("g").effect == "Intercept"


@pytest.fixture(scope="module")
def plain() -> hl.Fit:
    return synthetic_fit(hl.Model("y ~ x + f + (1 | g)", table()), chains=2, draws=30)


def test_what_an_elpd_says(plain: hl.Fit) -> None:
    found = plain.loo()
    units = found.units.assign(khat=np.where(np.arange(len(found.units)) < 5, 1.2, 0.1))
    text = repr(replace(found, units=units, error=0.05, doubts=("row 3: R̂ 1.2", "row 4: R̂ 1.3")))
    assert re.search(r"Not reliable for \d+ of 48 units", " ".join(text.split()))
    assert ", …." in text
    assert "errors up to 0.05 in log p" in text
    assert "2 refits failed a check, row 3: R̂ 1.2" in text
    none = repr(replace(found, units=found.units.assign(khat=np.nan)))
    assert "Pareto" not in none
    bad = hl.compare({"one": replace(found, units=units), "other": replace(found, units=units)})
    assert "Pareto k̂ is bad for some units" in repr(bad)
    with pytest.raises(PosteriorError, match="have different levels of"):
        hl.compare({"one": found, "other": replace(found, units=units.assign(unit=units["unit"].to_numpy()[::-1]))})


def test_frames_of_ones_own_are_augmented(plain: hl.Fit) -> None:
    own = {"x": [0.0, 1.0], "f": ["u", "v"], "g": ["a", "new"], "more": ["p", "q"]}
    from_mapping = plain.augment(own)
    assert from_mapping["more"].tolist() == ["p", "q"]
    np.testing.assert_allclose(from_mapping[".fitted"], plain.augment(pd.DataFrame(own))[".fitted"])
    with pytest.raises(HierlmError):
        plain.augment(pd.DataFrame({**own, "x": [0.0, np.nan]}))


def test_a_group_that_is_met_again_is_predicted_on_every_scale(plain: hl.Fit) -> None:
    new = {"g": ["new"] * 3, "x": [0.0, 1.0, 2.0], "f": list("uvw"), "y": [0.1, 0.2, 0.3]}
    updated, at = plain.update_group(new), {"g": ["new"], "x": [0.5], "f": ["u"]}
    linear, mean = (updated.predict(at, kind=kind, seed=1).draws for kind in ("linear", "mean"))
    np.testing.assert_allclose(linear, mean)
    assert updated.predict(at, kind="response", seed=1).draws.std() > mean.std()


def test_pieces_of_a_check_are_plain_tables(plain: hl.Fit) -> None:
    found = plain.check(seed=1)
    part = found[["statistic"]]
    assert repr(part) == repr(pd.DataFrame(part))
    assert "<table" in part._repr_html_()


def test_bounds_of_answers(plain: hl.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hierlm.posterior.effects.cells.MOST_CELLS", 2)
    with pytest.raises(HierlmError, match="makes 3 cells"):
        plain.predictions(by="f")
    monkeypatch.setattr(bridging, "STEPS", 1)
    rng = np.random.default_rng(1)
    with pytest.raises(PosteriorError, match="hardly overlap"):
        bridging.bridge(rng.normal(size=(2, 50)), rng.normal(size=100))
    assert bridging._effective(np.ones((2, 50))) == 100
    assert np.isnan(targets._r_hat(np.ones((2, 50))))
    assert np.isnan(targets._r_hat(rng.normal(size=(1, 50))))
    assert 0.9 < targets._r_hat(rng.normal(size=(2, 200))) < 1.1


def test_checks_by_a_factor_of_the_model(plain: hl.Fit) -> None:
    found = plain.check("mean", by="f", seed=1)
    data = table()
    assert found["level"].tolist() == ["u", "v", "w"] or set(found["level"]) == {"u", "v", "w"}
    observed = dict(zip(found["level"], found["observed"], strict=True))
    for level, own in data.groupby("f"):
        assert observed[level] == pytest.approx(own["y"].mean())
    holes = data.assign(x=data["x"].where(data.index != 3))
    dropped = synthetic_fit(hl.Model("y ~ x + f + (1 | g)", holes, missing="drop"), chains=2, draws=5)
    for by in ("g", "f"):
        with suppress(PosteriorError):
            assert len(dropped.check("mean", by=by, seed=1)) in (3, 8)


@pytest.mark.parametrize("independent", [True, False])
def test_draws_of_no_chain_have_nothing_to_agree_on(independent: bool) -> None:
    ones = np.ones(2)
    measured = Measured(
        ("a", "b"), ones, 1.01 * ones, np.zeros(2, bool), 50 * ones, 50 * ones, np.array([True, False]),
        np.array([True, False]), 0.01 * ones,
    )  # fmt: skip
    found = {c.check: c for c in element_checks(measured, 4, 100, independent=independent)}
    assert found["finite draws"].failed == 1
    assert any("R̂" in name for name in found) == (not independent)
    advice = " ".join(c.advice for c in found.values())
    assert ("Propose more points" in advice) == independent


def test_a_ratio_of_marginal_likelihoods_says_what_it_hangs_on() -> None:
    one, other = (hl.Model("y ~ x", table(), priors={"b[x]": hl.Prior("Normal", sigma=s)}) for s in (1, 2))
    assert any("Priors of b[x] differ between the models" in note for note in notes_of(one, other, ("one", "other")))
    assert not any("differ" in note for note in notes_of(one, one, ("one", "other")))


def test_one_level_has_nothing_to_contrast(plain: hl.Fit) -> None:
    with pytest.raises(HierlmError):
        hl.contrasts(plain.predictions(grid={"f": ["u"], "x": [0.0], "g": ["a"]}, by="f"))


def test_numbers_too_large_for_digits_are_labels(plain: hl.Fit) -> None:
    new = {"x": [1e15, 2e15], "f": ["u", "u"], "g": ["a", "a"]}
    assert len(plain.predictions(new, by="x").table) == 2


def test_the_prior_of_a_correlation_at_zero() -> None:
    """LKJ(2) of two effects: r is 2 Beta(2, 2) − 1, with density 3/4 at zero."""
    made = synthetic_fit(hl.Model("y ~ x + (x | g)", table()), chains=4, draws=200)
    row = made.hypothesis("cor_g[Intercept, x] = 0", seed=1).table.iloc[0]
    r = made.posterior["cor_g"].to_numpy()[..., 0, 1]
    assert row["evidence_ratio"] == pytest.approx(of_draws(r, "posterior").value / 0.75, rel=0.15)
