"""What the pages on coming from elsewhere say can be typed, can be typed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from tests.synthetic import synthetic_fit

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "coming-from"
ROWS: dict[str, list[list[str]]] = tomllib.loads((FOLDER / "rows.toml").read_text(encoding="utf-8"))
SAMPLES = re.compile(r"\.(power|bootstrap|reloo|kfold|evidence)\(|(bayes_factor|variance_test)\(")
EACH = [
    pytest.param(system, *row, id=f"{system}: {row[0]}", marks=[pytest.mark.slow] if SAMPLES.search(row[1]) else [])
    for system, found in ROWS.items()
    for row in found
]
FORMULA = "y ~ x + (x | g)"
EFFECTS = ("emmeans", "marginaleffects", "ggeffects")
"""Packages whose pages ask about a fit with factors and a curved link."""


@pytest.fixture
def names(table: pd.DataFrame) -> dict[str, Any]:
    model = hl.Model(FORMULA, table)
    levels, f = sorted(table["g"].unique()), list("pqr")
    A = pd.DataFrame(0.5 + 0.5 * np.eye(len(levels)), index=levels, columns=levels)
    K = pd.DataFrame(np.eye(3), index=f, columns=f)
    return {
        "A": A,
        "K": K,
        "hl": hl,
        "data": table,
        "new": table.head(3),
        "model": model,
        "fit": synthetic_fit(model, draws=30),
        "simple": synthetic_fit(hl.Model("y ~ x + (1 | g)", table), draws=30),
    }


def few(monkeypatch: pytest.MonkeyPatch, table: pd.DataFrame) -> hl.Fit:
    """Two replicates where a row asks for hundreds, and a fit that was sampled."""
    power, bootstrap = hl.Model.power, hl.Fit.bootstrap
    monkeypatch.setattr(hl.Model, "power", lambda self, aim, **options: power(self, aim, **(options | {"n": 2})))
    monkeypatch.setattr(hl.Fit, "bootstrap", lambda self, n, *args, **options: bootstrap(self, 2, *args, **options))
    return hl.Model("y ~ x + (1 | g)", table).fit(draws=300, chains=2, seed=1, progress=False)


@pytest.mark.filterwarnings("ignore:'units' has one row per level")
@pytest.mark.filterwarnings("ignore:Estimated shape parameter of Pareto", "ignore::hierlm.errors.HierlmWarning")
@pytest.mark.parametrize(("system", "theirs", "ours", "note"), EACH)
def test_it_can_be_typed(
    system: str, theirs: str, ours: str, note: str, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    if SAMPLES.search(ours):
        names["simple"] = few(monkeypatch, names["data"])
    if system in EFFECTS:
        model = hl.Model("count ~ x * f + trt + (x | g)", names["data"], "poisson")
        names["fit"] = synthetic_fit(model, draws=10, values={"sd_g": 0.3})
    made = eval(compile(ours, theirs, "eval"), names)
    if ours.startswith("hl.Model("):
        assert isinstance(made, hl.Model)
        assert made.predictors
    else:
        assert made is not None
    if made.__class__.__module__.startswith("arviz_plots"):
        import matplotlib.pyplot as plt

        plt.close("all")


def test_there_are_enough_and_none_is_twice():
    assert len(EACH) >= 60
    assert set(ROWS) >= {"lme4", "nlme", "brms", "MCMCglmm", "glmmTMB", "rstanarm", "Bambi"}
    for system, found in ROWS.items():
        theirs = [row[0] for row in found]
        assert len(set(theirs)) == len(theirs), system


def test_every_system_has_a_page_with_its_rows():
    pages = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")]
    for system, found in ROWS.items():
        [page] = [text for text in pages if f"<!-- table: {system} -->" in text]
        assert page.count("`hl.") + page.count("`fit.") + page.count("`model.") >= len(found)


def log_sigma(model: hl.Model) -> Any:
    [predictor] = [p for p in model.predictors if p.parameter == "sigma"]
    return predictor


def test_weights_of_lme4_are_inverse_variances(table: pd.DataFrame):
    """log σᵢ = b₀ − ½ log wᵢ, so that Var(yᵢ) = σ²/wᵢ: the row of the table, as the density has it."""
    [row] = [r for r in ROWS["lme4"] if "weights = w)" in r[0] and r[0].startswith("lmer")]
    model = eval(row[1], {"hl": hl, "data": table})
    fit = synthetic_fit(model, draws=1, chains=1, values={"b": [5.0, 0.0], "b_sigma": [0.3], "sd_g": 0.1})
    mean = fit.predict(kind="linear").draws.to_numpy().ravel()
    sigma = np.exp(0.3) / np.sqrt(table["w"].to_numpy())
    said = fit.log_likelihood()["y"].to_numpy().ravel()
    y = table["y"].to_numpy()
    np.testing.assert_allclose(said, -0.5 * np.log(2 * np.pi * sigma**2) - (y - mean) ** 2 / (2 * sigma**2))


def test_varfixed_of_nlme_scales_the_variance(table: pd.DataFrame):
    """log σᵢ = b₀ + ½ log vᵢ, so that Var(yᵢ) = σ² vᵢ."""
    [row] = [r for r in ROWS["nlme"] if "varFixed" in r[0]]
    model = eval(row[1], {"hl": hl, "data": table})
    fit = synthetic_fit(model, draws=1, chains=1, values={"b": [5.0, 0.0], "b_sigma": [0.3], "sd_g": 0.1})
    mean = fit.predict(kind="linear").draws.to_numpy().ravel()
    variance = np.exp(0.6) * table["exposure"].to_numpy()
    said = fit.log_likelihood()["y"].to_numpy().ravel()
    y = table["y"].to_numpy()
    np.testing.assert_allclose(said, -0.5 * np.log(2 * np.pi * variance) - (y - mean) ** 2 / (2 * variance))


def test_hadfields_table_counts(table: pd.DataFrame):
    page = (FOLDER / "mcmcglmm.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (?:`([^`]+)`|–) \| (\d+) \|", page, re.MULTILINE)
    assert len(rows) == 7
    for random, bars, parameters in rows:
        model = hl.Model("tarsus ~ sex", table, random=random)
        assert sum(b.covariance.n_parameters(len(b.effects)) for b in model.blocks) == int(parameters), random
        if bars:
            other = hl.Model(f"tarsus ~ sex + {bars.replace(chr(92), '')}", table)
            assert other.priors().equals(model.priors()), random
