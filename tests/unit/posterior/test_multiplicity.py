"""R̂ of thousands of effects: the largest by chance is no alarm, one chain that is elsewhere is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

import hierlm as hl
from hierlm.posterior.convergence import convergence
from hierlm.posterior.multiplicity import LARGEST, R_HAT, r_hat_limits
from tests.synthetic import synthetic_fit

LEVELS, MORE = 800, 5000


def chains(n: int, draws: int, worth: float, seed: int = 0) -> np.ndarray:
    """Four chains (chain, draw, n) of AR(1) draws, of which each is worth so many independent ones."""
    rho = (1 - worth) / (1 + worth)
    noise = np.random.default_rng(seed).normal(size=(4, draws + 100, n))
    return lfilter([1.0], [1.0, -rho], noise, axis=1)[:, 100:] * np.sqrt(1 - rho**2)


@cache
def model_of(levels: int) -> hl.Model:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"g": np.repeat([f"s{i:04d}" for i in range(levels)], 2), "y": rng.normal(size=2 * levels)})
    return hl.Model("y ~ 1 + (1 | g)", rows)


@pytest.fixture
def model() -> hl.Model:
    return model_of(LEVELS)


def diagnosed(model: hl.Model, effects: np.ndarray, **parameters: np.ndarray) -> hl.posterior.Diagnosis:
    return hl.diagnose(synthetic_fit(model, draws=effects.shape[1], values={"r_g": effects[..., None], **parameters}))


@pytest.mark.parametrize(
    ("levels", "worth"),
    [
        (LEVELS, 0.25),
        pytest.param(MORE, 0.25, marks=pytest.mark.slow),
        pytest.param(MORE, 0.5, marks=pytest.mark.slow),
    ],
)
def test_thousands_of_good_effects_are_no_alarm(levels: int, worth: float):
    """Effective sample sizes of 2,000 and 1,000; of the second several have an R̂ beyond 1.01."""
    found = diagnosed(model_of(levels), chains(levels, 1000, worth))
    assert found.ok, found
    assert found.checks["check"].tolist()[2:4] == ["R̂", "R̂ of effects"]
    beyond = found.checks.set_index("check").loc["R̂ of effects", "value"] > R_HAT
    assert beyond == (worth == 0.25)


def test_one_chain_of_one_effect_that_is_elsewhere_is(model: hl.Model):
    effects = chains(LEVELS, 1000, 0.5)
    effects[2, :, 432] += 0.6
    found = diagnosed(model, effects)
    assert not found.ok
    assert found.worst.index.tolist() == ["r_g[s0432, Intercept]"]
    assert "R̂ of effects" in found.verdict


def test_one_chain_of_one_effect_that_is_stuck_is(model: hl.Model):
    effects = chains(LEVELS, 1000, 0.5)
    effects[1, :, 17] = 0.3 + 1e-3 * effects[1, :, 17]
    found = diagnosed(model, effects)
    assert found.worst.index.tolist() == ["r_g[s0017, Intercept]"]


def test_a_parameter_is_held_to_its_own_limit(model: hl.Model):
    """The same chains are an alarm as a parameter, and none as one of 800 effects."""
    effects = chains(LEVELS, 1000, 0.25)
    worst = int(np.nanargmax(convergence(effects).r_hat))
    found = diagnosed(model, effects, sigma=np.exp(effects[..., worst] / 10))
    failed = found.checks.query("status == 'failed'")
    assert failed["check"].tolist() == ["R̂"]
    assert failed["limit"].tolist() == ["< 1.01"]
    assert found.worst.index.tolist() == ["sigma"]


@pytest.mark.parametrize(("draws", "worth"), [(100, 1.0), (200, 0.5), (400, 0.3)])
def test_the_limit_is_passed_as_rarely_as_it_says(draws: int, worth: float):
    """Of single numbers about one in a hundred: that so few as 0.3 or so many as 2 do is five errors away, or more."""
    x = chains(4000, draws, worth)
    found = convergence(x).r_hat
    limits = r_hat_limits(x, found, 1)
    assert 0.003 < (found >= limits).mean() < 0.02
    assert ((limits >= R_HAT) & (limits <= LARGEST)).all()


def test_chains_that_disagree_do_not_excuse_themselves():
    x = chains(50, 200, 0.3)
    apart = x + np.array([0.0, 0.0, 0.0, 1.0])[:, None, None]
    found, other = convergence(x).r_hat, convergence(apart).r_hat
    assert (other > found).all()
    limits = r_hat_limits(apart, other, 1000)
    assert np.median(limits) == pytest.approx(np.median(r_hat_limits(x, np.maximum(found, R_HAT), 1000)), abs=0.01)
    assert (other >= limits).mean() > 0.9


def test_what_has_no_r_hat_has_the_smallest_limit():
    x = chains(4, 100, 1.0)
    assert r_hat_limits(x, np.array([np.nan, np.inf, 1.0, 1.0099]), 10).tolist() == [R_HAT] * 4


def test_short_and_slow_chains_are_not_let_off():
    x = chains(20, 40, 0.2)
    assert r_hat_limits(x, convergence(x).r_hat, 100_000).max() <= LARGEST
