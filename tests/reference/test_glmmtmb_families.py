"""At glmmTMB's estimates, Laplace approximations from the families' own densities are its own.

One group intercept on the mean, so the approximation is a sum over levels, each by Newton's method in one number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest

import hierlm as hl
from hierlm.families import Predicted
from hierlm.graph.evaluate import PYTHON
from tests.reference.tables import reference_table

MODELS: dict[str, tuple[list[str], str]] = {
    "salamanders_zip": (["count ~ spp + mined + (1 | site)", "zi ~ mined"], "zero_inflated_poisson"),
    "cbpp_betabinomial": (
        ["cbind(incidence, size - incidence) ~ period + (1 | herd)", "phi ~ 1"],
        "beta_binomial",
    ),
    "epilepsy_nb2": (["count ~ zAge + zBase * Trt + (1 | patient)", "shape ~ 1"], "negbinomial"),
    "orthodont_gamma": (["distance ~ age8 * Sex + (1 | Subject)", "shape ~ 1"], "gamma"),
    "orthodont_gamma_disp": (["distance ~ age8 * Sex + (1 | Subject)", "shape ~ Sex"], "gamma"),
}


@pytest.mark.parametrize("id_", MODELS)
def test_laplace(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    """1e-3: glmmTMB stops that near its optimum of the mode."""
    entry = next(e for e in reference("glmmTMB") if e["id"] == id_)
    formulas, family = MODELS[id_]
    model = hl.Model(formulas, _table(entry["data"], data), family)
    (term,) = entry["varcorr"].values()
    assert -2 * _laplace(model, entry["fixef"], float(term["sd"])) == pytest.approx(entry["minus2loglik"], abs=1e-3)


def test_another_zero_inflation_is_noticed(reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    entry = next(e for e in reference("glmmTMB") if e["id"] == "salamanders_zip")
    formulas, family = MODELS["salamanders_zip"]
    model = hl.Model(formulas, _table("Salamanders", data), family)
    entry["fixef"]["zi"]["(Intercept)"] += 0.1
    assert abs(-2 * _laplace(model, entry["fixef"], 0.3336724) - entry["minus2loglik"]) > 0.01


def _table(name: str, data: Callable[[str], Any]) -> pd.DataFrame:
    frame = reference_table(name, data)
    if name == "Salamanders":
        frame["spp"] = pd.Categorical(frame["spp"].astype(str), ["GP", "PR", "DM", "EC-A", "EC-L", "DES-L", "DF"])
        frame["mined"] = pd.Categorical(frame["mined"].astype(str), ["yes", "no"])
    if name == "epilepsy":
        frame["Trt"] = frame["Trt"].astype(str)
    if name == "cbpp":
        frame["period"] = frame["period"].astype(str)
    return frame


def _laplace(model: hl.Model, fixef: dict[str, Any], sd: float) -> float:
    """Σ_j [max_w ℓ_j(w) − ½w² − ½ log(1 + sd² Σ_i ω_i)], ω the curvature of a row's log-density in η."""
    (response,), (block,) = model.responses, model.blocks
    fixed = {}
    for predictor in model.predictors:
        own = fixef["cond" if predictor.parameter == "mu" else "zi" if predictor.parameter == "zi" else "disp"]
        b = {name.replace("(Intercept)", "Intercept"): value for name, value in own.items()}
        labels = [label.replace("[", "").replace("]", "") for label in predictor.labels]
        assert sorted(labels) == sorted(b)
        fixed[predictor.parameter] = predictor.offset + predictor.X @ np.array([b[label] for label in labels])
    rows = _rowwise(response, fixed)
    w = np.zeros(len(block.levels))
    for _ in range(100):
        _, slope, curvature = rows(fixed["mu"] + sd * w[block.codes])
        gradient = sd * np.bincount(block.codes, slope) - w
        precision = 1 + sd**2 * np.bincount(block.codes, curvature)
        w = w + gradient / np.maximum(precision, 1e-3)
    assert np.abs(gradient).max() < 1e-8
    density = rows(fixed["mu"] + sd * w[block.codes])[0].sum()
    return float(density - 0.5 * w @ w - 0.5 * np.log(precision).sum())


def _rowwise(response: Any, fixed: dict[str, np.ndarray]) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    """η of the mean → log density, its derivative and minus its second one, row by row."""
    eta = pt.dvector("eta")
    predicted = {p: Predicted(eta if p == "mu" else pt.constant(fixed[p]), link) for p, link in response.links.items()}
    additions = {name: pt.constant(values) for name, values in response.additions.items()}
    y = response.y.astype(int) if response.family.discrete else response.y
    density = pm.logp(response.family.distribution(additions, **predicted), pt.constant(y))
    slope = pt.grad(density.sum(), eta)
    curvature = -pt.grad(slope.sum(), eta)
    return pytensor.function([eta], [density, slope, curvature], mode=PYTHON)
