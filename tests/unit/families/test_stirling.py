"""Ratios of gamma functions against closed forms, from 1e-130 to 1e130."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hierlm.families.stirling import log_rising, stirling_error
from hierlm.testing.numbers import gradient, values


@given(log10_x=st.floats(-130, 130), y=st.integers(0, 200))
def test_log_rising_is_a_sum_of_logs(log10_x, y):
    x = 10.0**log10_x
    expected = np.log(x + np.arange(y)).sum()
    assert values(log_rising, x, np.log(x), y) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@given(log10_x=st.floats(-100, 100), y=st.integers(0, 50))
def test_gradient_of_log_rising_is_a_sum_of_reciprocals(log10_x, y):
    x = 10.0**log10_x
    found = gradient(lambda x, y: log_rising(x, np.log(x), y), x, y)
    assert found == pytest.approx((1 / (x + np.arange(y))).sum(), rel=1e-5)


def test_log_rising_of_an_underflown_argument():
    # x = e^−1e4 is 0 in double precision; Γ(x + y)/Γ(x) → x Γ(y)
    assert values(log_rising, 0.0, -1e4, 5.0) == pytest.approx(-1e4 + np.log(24))
    assert values(log_rising, 0.0, -1e4, 0.0) == 0


@given(log10_x=st.floats(-3, 8))
def test_stirling_error_keeps_its_recurrence(log10_x):
    # δ(x) − δ(x + 1) = (x + ½) log(1 + 1/x) − 1
    x = 10.0**log10_x
    found = values(stirling_error, x, np.log(x)) - values(stirling_error, x + 1, np.log(x + 1))
    assert found == pytest.approx((x + 0.5) * np.log1p(1 / x) - 1, abs=2e-9)


def test_stirling_error_of_one():
    assert values(stirling_error, 1.0, 0.0) == pytest.approx(1 - np.log(2 * np.pi) / 2, rel=1e-12)  # Γ(1) = 1


def test_both_branches_meet():
    below, above = 1e5 * (1 - 1e-12), 1e5
    assert values(stirling_error, below, np.log(below)) == pytest.approx(1 / 1.2e6, abs=1e-9)
    assert values(log_rising, below, np.log(below), 7) == pytest.approx(values(log_rising, above, np.log(above), 7))
