"""exp and log1p in plain arithmetic against NumPy's in extended precision."""

from __future__ import annotations

import numba as nb
import numpy as np
import pytest

from hierlm.kernels.elementary import exp, log, log1p_fraction

LAST_PLACE = np.finfo(float).eps


@nb.njit
def exp_of(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = exp(x[i])
    return out


@nb.njit
def log1p_of(e):
    out = np.empty_like(e)
    for i in range(e.shape[0]):
        out[i] = log1p_fraction(e[i])
    return out


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no extended precision here")
def test_exp_to_the_last_place():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(-708, 709, 20_000), rng.normal(size=20_000), 10.0 ** -np.arange(20), [0.0, -0.0]])
    exact = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(exp_of(x) - exact) / exact) <= LAST_PLACE


def test_exp_at_its_ends():
    x = np.array([709.1, 800.0, np.inf, -708.1, -745.0, -np.inf, np.nan])
    np.testing.assert_array_equal(exp_of(x), [np.inf] * 3 + [0.0] * 3 + [np.nan])


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no extended precision here")
def test_log1p_to_two_last_places():
    rng = np.random.default_rng(2)
    e = np.concatenate([rng.uniform(0, 1, 20_000), np.exp(-rng.uniform(0, 700, 20_000)), [0.0, 1.0, np.sqrt(2) - 1]])
    exact = np.log1p(e.astype(np.longdouble))
    assert np.max(np.abs(log1p_of(e) - exact) / np.maximum(exact, np.finfo(float).tiny)) <= 2 * LAST_PLACE
    assert np.isnan(log1p_of(np.array([np.nan]))[0])


@nb.njit
def log_of(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        out[i] = log(x[i])
    return out


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="no extended precision here")
def test_log_to_two_last_places():
    rng = np.random.default_rng(3)
    x = np.concatenate([np.exp(rng.uniform(-700, 700, 20_000)), 1 + 10.0 ** -np.arange(1, 16), [0.5, 1.0, 2.0]])
    exact = np.log(x.astype(np.longdouble))
    assert np.max(np.abs(log_of(x) - exact) / np.maximum(np.abs(exact), np.finfo(float).tiny)) <= 2 * LAST_PLACE
    np.testing.assert_array_equal(log_of(np.array([0.0, -1.0, np.inf, np.nan, 1e-310])), np.full(5, np.nan))
