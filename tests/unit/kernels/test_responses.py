"""Compiled densities of responses against the families' own, and their derivatives against PyTensor's."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

from hierlm.families import FAMILIES, Predicted
from hierlm.graph.evaluate import evaluate
from hierlm.kernels.integrated import TINY, guarded
from hierlm.kernels.responses import RESPONSES
from hierlm.kernels.scratch import BLOCK
from hierlm.links import LINKS
from tests.unit.kernels.response_cases import ROWS, call_rows, kernel, points, positive_only, split


def log_density(key, y, t, eta, aux):
    """The family's own, PyTensor."""
    family, link = split(key)
    others = {p.name: Predicted(a, LINKS["log"]) for p, a in zip(family.parameters[1:], aux, strict=False)}
    return pm.logp(family.distribution({"trials": t} if family.requires else {}, mu=Predicted(eta, link), **others), y)


def reference(key, rows, eta, aux):
    """For each (y, t), the family's log-densities and their derivatives by PyTensor: (rows, 2 + n_aux, n)."""

    def all_of_them(y, t, eta, a, b):
        value = log_density(key, y, t, eta, (a, b))
        return pt.stack([value, *pt.grad(value.sum(), [eta, a, b][: 1 + RESPONSES[key].n_aux])], axis=1)

    y, t = np.array(rows).T[:, :, None] + np.zeros(len(eta))
    each = {name: np.tile(column, (len(y), 1)) for name, column in (("eta", eta), ("a", aux[:, 0]), ("b", aux[:, 1]))}
    with np.errstate(all="ignore"):
        return evaluate(all_of_them, y=y, t=t, **each)


@pytest.mark.parametrize("key", RESPONSES)
def test_the_family_says_the_same(key):
    eta, aux = points(key)
    n_aux, rows = RESPONSES[key].n_aux, ROWS[key.split(":")[0]]
    for (y, t), (expected, *slopes) in zip(rows, reference(key, rows, eta, aux), strict=True):
        values, out = kernel(key, y, t, eta, aux)
        off = values - expected
        size = np.maximum(1, np.maximum(np.abs(values), np.abs(expected)))
        assert np.all(np.abs(off - off[0]) <= 1e-9 * np.maximum(size, size[0])), (y, t)
        for mine, theirs in zip([out[:, 0], *out.T[2 : 2 + n_aux]], slopes, strict=True):
            # the second term: what PyTensor's difference of digammas has lost
            assert np.all(np.abs(mine - theirs) <= 1e-6 * np.abs(theirs) + 1e-8 * size), (y, t)
        assert np.all(out[:, 2 + n_aux :] == 0)


@pytest.mark.parametrize("key", RESPONSES)
def test_slopes_are_those_of_the_value(key):
    eta, aux = points(key)
    step = 1e-5
    for y, t in ROWS[key.split(":")[0]]:
        value, out = kernel(key, y, t, eta, aux)
        for place, (e, *a) in zip((0, 2, 3), np.eye(1 + RESPONSES[key].n_aux, 3), strict=False):
            unit = np.minimum(1, np.abs(eta)) if e else 1.0
            up, down = (kernel(key, y, t, eta + s * unit * e, aux + s * np.array(a))[0] for s in (step, -step))
            numeric = (up - down) / (2 * step * unit)
            rounding = 1e-15 * np.maximum(1, np.abs(value)) / (step * unit)
            mine = out[:, place]
            assert np.all(np.abs(mine - numeric) <= 1e-6 * np.maximum(1, np.abs(mine)) + 10 * rounding), (y, t, place)


FAR = np.array([30.0, 300.0, 700.0, 709.9, 745.5, 1e4, 1e9, 1e160, 1e308, np.inf])
FAR = np.concatenate([-FAR, [0.0, -0.0, 1e-300], FAR])


@pytest.mark.parametrize("key", RESPONSES)
def test_extremes_are_finite_or_impossible(key):
    n_aux = RESPONSES[key].n_aux
    for y, t in ROWS[key.split(":")[0]]:
        for e in FAR:
            for a in FAR if n_aux else [0.0]:
                for b in (-800.0, 1.0, 800.0) if n_aux == 2 else [0.0]:
                    value, *out = RESPONSES[key].log_density(y, t, e, np.array([a, b]))
                    where = (y, t, e, a, b, value, out)
                    assert value < np.inf, where  # NaN is not
                    assert np.isfinite(out).all(), where
                    assert out[1] >= TINY, where
                    if value == -np.inf:
                        assert out == [0, TINY, 0, 0], where


@pytest.mark.parametrize("place", [0, 1, 3, 4])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_impossible(place, bad):
    terms = [1.0, 1.0, 1.0, 1.0, 1.0]
    terms[place] = bad
    assert guarded(tuple(terms)) == (-np.inf, 0, TINY, 0, 0)


@pytest.mark.parametrize("key", RESPONSES)
def test_far_predictors_are_not_given_up(key):
    """At |η| ≤ 300, the extremes of the families' own contract, the density is theirs."""
    eta = np.array([0.3, 30.0, 100.0, 300.0])
    eta = np.exp([-1, -30, -100, 30, 100]) if positive_only(key) else np.concatenate([eta, -eta])
    aux = np.tile([0.5, 1.0], (len(eta), 1))
    rows = ROWS[key.split(":")[0]]
    for (y, t), (expected, slope, *_) in zip(rows, reference(key, rows, eta, aux), strict=True):
        value, out = kernel(key, y, t, eta, aux)
        assert np.isfinite(value).all()
        off = value - expected
        assert np.all(np.abs(off - off[0]) <= 1e-9 * np.maximum(1, np.abs(expected))), (y, t)
        np.testing.assert_allclose(out[:, 0], slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("key", ["lognormal:identity", "gamma:log", "beta:logit"])
def test_a_response_out_of_range_has_density_zero(key):
    value, out = kernel(key, -1.0, 1.0, np.zeros(1), np.zeros((1, 2)))
    assert value[0] == -np.inf
    assert out[0, :3].tolist() == [0, TINY, 0]


def test_a_mean_out_of_range_has_density_zero():
    assert kernel("gamma:inverse", 1.0, 1.0, np.array([-0.5, 0.0]), np.zeros((2, 2)))[0].tolist() == [-np.inf] * 2


@pytest.mark.parametrize("key", RESPONSES)
@pytest.mark.parametrize("n", [1, 12, BLOCK])
def test_the_c_function_of_rows_is_the_same(key, n):
    eta, aux = points(key, max(n, 12))
    eta, rng = eta[:n], np.random.default_rng(n)
    y, t = np.array(ROWS[key.split(":")[0]])[rng.integers(len(ROWS[key.split(":")[0]]), size=n)].T
    w = rng.uniform(0.5, 2.0, n)
    every = np.array([RESPONSES[key].log_density(*row, aux[0]) for row in zip(y, t, eta, strict=True)])
    rows = call_rows(RESPONSES[key].rows, y, t, eta, aux[0], w)
    assert rows.total == pytest.approx(w @ every[:, 0], rel=1e-12)
    np.testing.assert_allclose(rows.slopes, every[:, 1], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(rows.weights, every[:, 2], rtol=1e-12)
    np.testing.assert_allclose(rows.bars, [*(w @ every[:, 3:]), 0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("key", RESPONSES)
def test_means_are_sufficient_where_they_are_said_to_be(key):
    """m times the density at the mean of y and t differs from the sum over rows by the same number everywhere."""
    eta, aux = points(key, 20)
    y, t = (np.array(column) for column in zip(*ROWS[key.split(":")[0]], strict=True))
    m = len(y)
    rows = sum(kernel(key, a, b, eta, aux)[0] for a, b in zip(y, t, strict=True))
    mean = m * kernel(key, y.mean(), t.mean(), eta, aux)[0]
    off = rows - mean
    scale = np.maximum(1, np.maximum(np.abs(rows), np.abs(mean)))
    assert np.all(np.abs(off - off[0]) <= 1e-9 * np.maximum(scale, scale[0])) == RESPONSES[key].mean_sufficient
    if RESPONSES[key].mean_sufficient and split(key)[0].requires:  # totals in one row
        np.testing.assert_allclose(kernel(key, y.sum(), t.sum(), eta, aux)[0], mean, rtol=1e-12)


def test_slopes_add_up_too():
    eta = np.linspace(-3, 3, 7)
    rows = sum(kernel("poisson:log", y, 1.0, eta, np.zeros((7, 2)))[1] for y in (0.0, 3.0, 5.0))
    mean = 3 * kernel("poisson:log", 8 / 3, 1.0, eta, np.zeros((7, 2)))[1]
    np.testing.assert_allclose(rows[:, :2], mean[:, :2], rtol=1e-12)


@pytest.mark.parametrize("key", RESPONSES)
def test_families_and_links_exist(key):
    family, link = split(key)
    assert link.name in family.parameters[0].links
    assert RESPONSES[key].n_aux == len(family.parameters) - 1
    assert all(p.lower == 0 and p.upper == np.inf for p in family.parameters[1:])  # their logarithm is free


ON_THE_GRAPH = {
    *("zero_inflated_poisson", "zero_inflated_negbinomial", "zero_inflated_binomial"),
    *("hurdle_poisson", "hurdle_negbinomial", "hurdle_gamma", "hurdle_lognormal", "zero_one_inflated_beta"),
    *("truncated_poisson", "truncated_negbinomial", "cumulative", "sratio", "cratio", "acat"),
}
"""Families without a kernel: every reduction refuses them."""


def test_every_other_family_has_one():
    assert {key.split(":")[0] for key in RESPONSES} == set(FAMILIES) - ON_THE_GRAPH


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        RESPONSES["poisson:sqrt"] = RESPONSES["poisson:log"]
    with pytest.raises(FrozenInstanceError):
        RESPONSES["poisson:log"].n_aux = 1


def test_nothing_is_compiled_twice():
    """Importing compiles nothing, and a second process reads what this one has compiled."""
    assert all(r.rows.address for r in RESPONSES.values())
    assert all(r.integrated_rows.address for r in RESPONSES.values() if r.log_concave)
    code = """
from hierlm.kernels.responses import RESPONSES
from hierlm.kernels.scratch import BLOCK
assert not any({"rows", "integrated_rows", "log_density"} & set(vars(r)) for r in RESPONSES.values())
plain = [r.rows for r in RESPONSES.values()]
integrated = [r.integrated_rows for r in RESPONSES.values() if r.log_concave]
print(all(function.cache_hits == 1 for function in plain + integrated))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True"
