"""One DataTree for ArviZ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import arviz as az
import numpy as np
import pytest

import hierlm as hl
from tests.synthetic import synthetic_fit


@pytest.fixture
def fit(data: Callable[[str], Any]) -> hl.Fit:
    model = hl.Model("Reaction ~ Days + (1 | Subject)", data("sleepstudy"), priors={"sigma": 30.0})
    return model.fit(draws=500, chains=2, seed=1, progress=False)


def test_arviz_takes_it(fit: hl.Fit) -> None:
    """LOO's total is near the sum of the mean pointwise densities, less its effective parameters."""
    tree = fit.tree(seed=1)
    loo = az.loo(tree)
    assert np.isfinite(loo.elpd)
    log = tree["log_likelihood"]["y"].to_numpy().reshape(1000, -1)
    lppd = np.log(np.exp(log).mean(axis=0)).sum()
    assert loo.elpd == pytest.approx(lppd - loo.p, abs=1e-6)
    assert 10 < loo.p < 30


def test_what_was_drawn_stays_as_it_is(fit: hl.Fit) -> None:
    before = set(fit.draws.children)
    tree = fit.tree(seed=1)
    assert set(fit.draws.children) == before
    assert set(tree.children) == before | {"log_likelihood", "posterior_predictive"}
    assert set(fit.tree(log_likelihood=False, posterior_predictive=False).children) == before
    assert fit.tree(seed=1)["posterior_predictive"].equals(tree["posterior_predictive"])


def test_several_responses_keep_their_names() -> None:
    rng = np.random.default_rng(0)
    frame = {"a": rng.normal(size=20), "b": rng.poisson(3, 20), "g": np.array(["u", "v", "w", "x"])[np.arange(20) % 4]}
    model = hl.Model(["a ~ (1 | g)", "b ~ (1 | g)"], frame, family=["gaussian", "poisson"])
    tree = synthetic_fit(model).tree(seed=1)
    for group in ("log_likelihood", "posterior_predictive"):
        assert set(tree[group].data_vars) == {"y_1", "y_2"}
