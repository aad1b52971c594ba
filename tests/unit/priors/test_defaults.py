"""The default priors follow their documented rule, and do not depend on how the data are written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from hierlm.priors import LKJ, Prior
from hierlm.priors.defaults import CORRELATION_PRIOR, coefficient_priors, group_sd_prior, nonzero_rms

CENTRE, SPREAD = 10.0, 2.0


def priors(*columns, intercept=0, centre=CENTRE, spread=SPREAD):
    X = np.column_stack(columns).astype(float)
    return coefficient_priors(X, tuple(f"x{j}" for j in range(X.shape[1])), intercept, centre, spread)


def test_intercept_only():
    assert priors(np.ones(5)) == (Prior("Normal", mu=CENTRE, sigma=2.5 * SPREAD),)


def test_slope_and_intercept_by_hand():
    """x = 1..5: mean 3, sd √2.5."""
    intercept, slope = priors(np.ones(5), np.arange(1.0, 6.0))
    sd = np.sqrt(2.5)
    assert slope == Prior("Normal", mu=0, sigma=2.5 * SPREAD / sd)
    assert intercept.arguments["mu"] == CENTRE
    assert intercept.arguments["sigma"] == pytest.approx(2.5 * SPREAD * np.sqrt(1 + (3 / sd) ** 2))


def test_intercept_is_what_independent_slopes_imply():
    """Var(b0) where b0 = a − Σ mean_j b_j, a ~ N(m, 2.5 s): checked by simulation."""
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(50), rng.normal(3, 2, 50), rng.integers(0, 2, 50)])
    intercept, *slopes = coefficient_priors(X, ("Intercept", "x", "d"), 0, CENTRE, SPREAD)
    b = rng.normal(0, [p.arguments["sigma"] for p in slopes], (400_000, 2))
    b0 = rng.normal(CENTRE, 2.5 * SPREAD, 400_000) - b @ X[:, 1:].mean(axis=0)
    assert b0.std() == pytest.approx(intercept.arguments["sigma"], rel=0.01)


def test_centred_columns_leave_the_intercept_alone():
    x = np.array([-1.0, 0.0, 1.0])
    assert priors(np.ones(3), x)[0].arguments["sigma"] == pytest.approx(2.5 * SPREAD)


def test_constant_column_counts_as_sd_one():
    slope = priors(np.ones(4), np.full(4, 0.1))[1]
    assert slope == Prior("Normal", mu=0, sigma=2.5 * SPREAD)


def test_one_row():
    assert priors(np.ones(1), np.array([3.0]))[1] == Prior("Normal", mu=0, sigma=2.5 * SPREAD)


def test_cell_means_get_the_intercepts_prior():
    """0 + f + x: the two columns of f are means, x is a slope."""
    f = np.array([0, 0, 1, 1, 1])
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    first, second, slope = priors(f == 0, f == 1, x, intercept=None)
    with_intercept = priors(np.ones(5), x)
    assert first == second == with_intercept[0]
    assert slope == with_intercept[1]


def test_only_the_first_full_factor_is_means():
    """0 + f + g: g is coded by contrasts, even where it has two columns."""
    f = np.array([0, 0, 0, 1, 1, 1])
    g = np.array([0, 1, 2, 0, 1, 2])
    found = priors(f == 0, f == 1, g == 1, g == 2, intercept=None)
    assert [p.arguments["mu"] for p in found] == [CENTRE, CENTRE, 0, 0]


def test_cells_after_a_slope():
    f = np.array([0, 1, 1])
    found = priors(np.array([5.0, 6.0, 9.0]), f == 0, f == 1, intercept=None)
    assert [p.arguments["mu"] for p in found] == [0, CENTRE, CENTRE]


def test_line_through_the_origin_reaches_the_response():
    """y near 3000 at x near 10: the slope 300 must be no surprise."""
    x = np.array([5.0, 10.0, 15.0])
    (slope,) = priors(x, intercept=None, centre=3000.0, spread=50.0)
    assert slope.arguments["sigma"] == pytest.approx(2.5 * np.hypot(3000, 50) / np.sqrt(np.mean(x**2)))
    assert slope.arguments["sigma"] > 300


def test_no_columns():
    assert coefficient_priors(np.ones((4, 0)), (), None, CENTRE, SPREAD) == ()


columns = st.lists(st.floats(-100, 100), min_size=4, max_size=8).filter(lambda v: np.std(v) > 0.1)


@given(x=columns, factor=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
def test_units_do_not_matter(x, factor, shift):
    """A slope's prior scales with the unit of x, and origin shifts move only the intercept."""
    x = np.array(x)
    slope = priors(np.ones(len(x)), x)[1].arguments["sigma"]
    other = priors(np.ones(len(x)), factor * x)
    assert other[1].arguments["sigma"] * factor == pytest.approx(slope)
    assert other[0].arguments["sigma"] == pytest.approx(priors(np.ones(len(x)), x)[0].arguments["sigma"])
    assert priors(np.ones(len(x)), x + shift)[1].arguments["sigma"] == pytest.approx(slope, rel=1e-6)


@given(x=columns, seed=st.integers(0, 100))
def test_rows_in_any_order(x, seed):
    x = np.array(x)
    shuffled = np.random.default_rng(seed).permutation(x)
    for a, b in zip(priors(np.ones(len(x)), x), priors(np.ones(len(x)), shuffled), strict=True):
        assert a.arguments == pytest.approx(dict(b.arguments))


@given(x=columns, scale=st.floats(0.01, 100))
def test_priors_scale_with_the_response(x, scale):
    x = np.array(x)
    for a, b in zip(
        priors(np.ones(len(x)), x),
        priors(np.ones(len(x)), x, centre=scale * CENTRE, spread=scale * SPREAD),
        strict=True,
    ):
        assert {k: scale * v for k, v in a.arguments.items()} == pytest.approx(dict(b.arguments))


def test_group_standard_deviations():
    assert group_sd_prior(1.0, SPREAD) == Prior("HalfNormal", sigma=5)
    assert group_sd_prior(nonzero_rms(np.array([0.0, 3.0, -4.0, 0.0])), SPREAD).arguments["sigma"] == pytest.approx(
        5 / np.sqrt(12.5)
    )
    assert nonzero_rms(np.zeros(3)) == 1.0


def test_correlations():
    assert LKJ(2) == CORRELATION_PRIOR
