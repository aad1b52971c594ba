"""Gamma functions of the kernels against SciPy and finite sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from hierlm.kernels.responses.gamma_functions import digamma, information_of_rising, log_rising, stirling

TINY_TO_HUGE = [1e-300, 1e-20, 1e-3, 0.3, 1.4616321, 2.0, 7.999, 8.0, 31.5, 1e4, 1e9, 1e20, 1e300]
STEPS = [0.0, 1.0, 2.0, 5.0, 12.0, 13.0, 40.0, 300.0]


@pytest.mark.parametrize("x", [*TINY_TO_HUGE, *np.random.default_rng(1).uniform(0, 12, 40)])
def test_digamma(x):
    assert digamma(x) == pytest.approx(special.digamma(x), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("x", [1e-8, 0.02, 0.7, 1.0, 2.5, 7.9, 8.0, 9.99, 10.0, 25.0, 300.0])
def test_stirling(x):
    error, slope, bend = stirling(x, math.log(x))
    direct = special.gammaln(x) - ((x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi))
    assert error == pytest.approx(direct, rel=1e-12, abs=1e-12 + 1e-15 * x * math.log(x + 1))
    assert slope == pytest.approx(x * (math.log(x) - special.digamma(x)), rel=1e-11)
    assert bend == pytest.approx(x * x * special.polygamma(1, x), rel=1e-12)


def test_stirling_of_large_and_underflown_arguments():
    error, slope, bend = stirling(1e12, math.log(1e12))
    assert (error, slope, bend) == pytest.approx((1 / 12e12, 0.5 + 1 / 12e12, 1e12 + 0.5), rel=1e-14, abs=0)
    # Γ(x) → 1/x, so that δ(x) → −½ log 2πx
    error, slope, bend = stirling(0.0, -1e4)
    assert (error, slope, bend) == pytest.approx((5e3 - 0.5 * math.log(2 * math.pi), 1.0, 1.0), rel=1e-14)


@pytest.mark.parametrize("y", STEPS)
@pytest.mark.parametrize("x", TINY_TO_HUGE)
def test_whole_steps_are_sums(x, y):
    j = np.arange(y)
    value, slope = log_rising(x, math.log(x), y)
    assert value == pytest.approx(np.log(x + j).sum(), rel=1e-13, abs=1e-13)
    assert slope == pytest.approx((x / (x + j)).sum(), rel=1e-13, abs=0)


@pytest.mark.parametrize("y", [1e-3, 0.5, 1.5, 7.3, 100.25])
@pytest.mark.parametrize("x", [1e-20, 0.01, 0.6, 3.3, 7.9, 8.1, 55.0])
def test_any_steps(x, y):
    value, slope = log_rising(x, math.log(x), y)
    assert value == pytest.approx(special.gammaln(x + y) - special.gammaln(x), rel=1e-12, abs=2e-13)
    assert slope == pytest.approx(x * (special.digamma(x + y) - special.digamma(x)), rel=1e-11)


def test_rising_of_an_underflown_argument():
    assert log_rising(0.0, -1e4, 5.0) == pytest.approx((-1e4 + math.log(24), 1.0))
    assert log_rising(0.0, -1e4, 0.5) == pytest.approx((-1e4 + special.gammaln(0.5), 1.0))


@pytest.mark.parametrize("x", TINY_TO_HUGE)
@pytest.mark.parametrize("mean", [1.0, 3.0, 20.0])
def test_information_of_a_count_that_is_fixed(x, mean):
    # with Y fixed the bound is x² Σ 1/(x + j)², j < Y
    r = x / (x + np.arange(mean))
    assert information_of_rising(x, mean, 1.0) == pytest.approx((r * r).sum(), rel=1e-12, abs=0)
    assert information_of_rising(x, 0.25, 0.25) == pytest.approx(0.25, rel=1e-12)  # 0 or 1
