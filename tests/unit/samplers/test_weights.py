"""Smoothing and resampling of importance weights, against what they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.samplers.weights import effective, resampled, smoothed


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_k_is_the_shape_of_the_tail(shape: float):
    """Weights that are Pareto have k̂ about their shape; the prior of the estimate draws it towards ½."""
    weights = stats.genpareto(shape).rvs(20_000, random_state=1) + 0.1
    _, k = smoothed(np.log(weights))
    assert k == pytest.approx(shape, abs=0.15)


def test_smoothing_estimates_a_mean_and_keeps_the_order():
    """E_p[x²] of a standard normal from draws of a wider one."""
    x = np.random.default_rng(1).normal(scale=1.5, size=20_000)
    weights, k = smoothed(stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=1.5))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights * x**2).sum() == pytest.approx(1.0, abs=0.05)
    assert k < 0.5
    assert 1 / (weights**2).sum() == pytest.approx(effective(weights))


def test_equal_weights_and_failures():
    weights, k = smoothed(np.full(500, -3.0))
    np.testing.assert_allclose(weights, 1 / 500)
    assert k == 0.0
    log = np.where(np.arange(500) % 5 == 0, -np.inf, 0.0)
    weights, _ = smoothed(log)
    assert weights[::5].sum() == 0.0
    assert weights.sum() == pytest.approx(1.0)
    with pytest.raises(hl.SamplingError, match="hardly any"):
        smoothed(np.where(np.arange(500) < 50, 0.0, np.nan))


def test_resampling_is_systematic_and_copies_follow_each_other():
    rng = np.random.default_rng(2)
    weights = rng.gamma(0.3, size=300)
    weights /= weights.sum()
    chosen = resampled(weights, 1000, rng)
    counts = np.bincount(chosen, minlength=300)
    assert counts.sum() == 1000
    assert (abs(counts - 1000 * weights) < 1).all()
    assert (np.diff(chosen) != 0).sum() == (counts > 0).sum() - 1
    order = chosen[np.r_[True, np.diff(chosen) != 0]]
    assert abs(stats.spearmanr(order, np.arange(len(order))).statistic) < 0.3


def test_resampling_is_unbiased():
    rng = np.random.default_rng(3)
    weights = np.array([0.01, 0.24, 0.35, 0.4])
    counts = sum(np.bincount(resampled(weights, 7, rng), minlength=4) for _ in range(3000))
    np.testing.assert_allclose(counts / 21_000, weights, atol=0.005)
