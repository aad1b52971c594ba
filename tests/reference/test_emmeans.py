"""Marginal means and contrasts at lme4's estimates are those of emmeans, and sampled ones have its standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.posterior import contrasts, marginal_means
from tests.reference.tables import reference_table
from tests.synthetic import synthetic_fit

MODELS = {
    "cbpp": ("cbpp", "incidence | trials(size) ~ period + (1 | herd)", {"family": "binomial"}),
    "oats": ("Oats", "yield ~ nitro + Variety + (1 | Block/Variety)", {}),
    "contraception": ("Contraception", "use01 ~ age10 + urban + livch + (1 | district)", {"family": "bernoulli"}),
}


def at_estimates(name: str, entry: Mapping[str, Any], load: Callable[[str], Any]) -> hl.Fit:
    """A fit whose draws all are lme4's estimates."""
    table, formula, options = MODELS[name]
    model = hl.Model(formula, reference_table(table, load), **options)
    fixed = {label.replace("(Intercept)", "Intercept"): value for label, value in entry["fixef"].items()}
    labels = model.predictors[0].labels
    b = [fixed[label.replace("[", "").replace("]", "")] for label in labels]
    return synthetic_fit(model, chains=1, draws=3, values={"b": b})


ASKED = {
    "cbpp_period_link": ("cbpp", "period", {"scale": "link"}, "emmean"),
    "cbpp_period_prob": ("cbpp", "period", {"target": "typical"}, "prob"),
    "oats_variety": ("oats", "Variety", {}, "emmean"),
    "contraception_livch": ("contraception", "livch", {"scale": "link", "target": "typical"}, "emmean"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_marginal_means(asked: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    name, factor, options, column = ASKED[asked]
    stored = reference("performance_emmeans")
    made = marginal_means(at_estimates(name, stored["variance"][name], data), factor, **options).table
    expected = {row[factor]: row[column] for row in stored["marginal_means"][asked]}
    assert {str(k): v for k, v in zip(made[factor], made["mean"], strict=True)} == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("asked", "name", "factor"), [("cbpp_pairs", "cbpp", "period"), ("oats_pairs", "oats", "Variety")]
)
def test_contrasts(
    asked: str, name: str, factor: str, reference: Callable[[str], Any], data: Callable[[str], Any]
) -> None:
    """emmeans takes the earlier level minus the later one."""
    stored = reference("performance_emmeans")
    fit = at_estimates(name, stored["variance"][name], data)
    made = contrasts(marginal_means(fit, factor, scale="link"), "pairwise").table
    words = [row["contrast"].replace(factor, "").split(" - ") for row in stored["contrasts"][asked]]
    assert made["contrast"].tolist() == [f"{later} − {earlier}" for earlier, later in words]
    np.testing.assert_allclose(made["mean"], [-row["estimate"] for row in stored["contrasts"][asked]], atol=2e-6)


@pytest.mark.slow
def test_standard_errors(reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    """Posterior sds lie within a fifth of emmeans' errors, which take the variance components as known."""
    table, formula, options = MODELS["cbpp"]
    fit = hl.Model(formula, data(table), **options).fit(seed=1, progress=False)
    stored = reference("performance_emmeans")
    means = marginal_means(fit, "period", scale="link")
    for made, rows in (
        (means.table, stored["marginal_means"]["cbpp_period_link"]),
        (contrasts(means).table, stored["contrasts"]["cbpp_pairs"]),
    ):
        errors = np.array([row["SE"] for row in rows])
        np.testing.assert_allclose(made["sd"], errors, rtol=0.2)
        means_of = np.array([row.get("emmean", -row.get("estimate", 0.0)) for row in rows])
        assert np.abs(made["mean"] - means_of).max() < 0.35 * errors.max()
