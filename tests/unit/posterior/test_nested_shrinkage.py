"""Levels that hold levels: shrinkage against dense algebra with all variances known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.posterior.nested import nested_groups
from tests.synthetic import synthetic_fit

TAU, CASK, SIGMA, MU = 1.3, 2.9, 0.8, 60.0


def test_weights_count_casks_as_noise(data: Callable[[str], Any]) -> None:
    """weight = 1 − Var(r_j | y)/τ² with the casks integrated out, and no pooling is the mean of a batch's rows."""
    frame = data("Pastes")
    known = {"sd_batch": TAU, "sd_batch:cask": CASK, "sigma": SIGMA, "b[Intercept]": MU}
    model = hl.Model("strength ~ 1 + (1 | batch/cask)", frame, priors=known)
    values = {"b": [MU], "sd_batch": [TAU], "sd_batch:cask": [CASK], "sigma": SIGMA}
    table = synthetic_fit(model, seed=2, values=values).shrinkage("batch").levels.set_index("level")
    y, batch, cask = (model.responses[0].y, *(model.groups[g][0].codes for g in ("batch", "batch:cask")))
    noise = SIGMA**2 * np.eye(len(y)) + CASK**2 * (cask[:, None] == cask[None, :])
    for j, level in enumerate(model.groups["batch"][0].levels):
        rows = batch == j
        information = np.ones(rows.sum()) @ np.linalg.solve(noise[np.ix_(rows, rows)], np.ones(rows.sum()))
        assert table.loc[level, "weight"] == pytest.approx(1 - 1 / (1 + TAU**2 * information))
        assert table.loc[level, "no_pooling"] == pytest.approx(y[rows].mean())


def test_partial_lies_between_the_two_when_rows_have_effects_of_their_own(data: Callable[[str], Any]) -> None:
    """Binomial herds with observation-level effects, at a real posterior."""
    model = hl.Model("incidence | trials(size) ~ 1 + (1 | herd) + (1 | units)", data("cbpp"), family="binomial")
    assert nested_groups(model, "herd") == ("units",)
    assert nested_groups(model, "units") == ()
    fit = model.fit(draws=400, chains=2, seed=4, progress=False)
    table = fit.shrinkage("herd").levels
    ends = np.sort(table[["no_pooling", "complete_pooling"]].to_numpy(float), axis=1)
    inside = (ends[:, 0] - 0.15 < table["partial_pooling"]) & (table["partial_pooling"] < ends[:, 1] + 0.15)
    assert inside.all()
    assert table["weight"].between(0, 1).all()
    alone = hl.Model("incidence | trials(size) ~ 1 + (1 | herd)", data("cbpp"), family="binomial")
    values = {"b": [-2.0], "sd_herd": [0.6]}
    plain = synthetic_fit(alone, values=values).shrinkage("herd").levels["weight"].to_numpy(float)
    both = synthetic_fit(model, values=values | {"sd_units": [1.0]}).shrinkage("herd").levels["weight"].to_numpy(float)
    assert both.mean() < plain.mean()
