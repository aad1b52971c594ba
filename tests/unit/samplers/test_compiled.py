"""Densities that are compiled already: the C host, and the public entry of nutpie as its fallback."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.reductions import Problem
from hierlm.reductions.frozen import Frozen
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.whitened import Whitened
from hierlm.samplers import Settings, compiled
from hierlm.samplers.nutpie import run

SETTINGS = Settings(draws=300, tune=300, chains=2, cores=2, seed=3, target_accept=0.9)
CBPP = "incidence | trials(size) ~ period + (1 | herd)"
WAYS: dict[str, tuple[Any, str, str, dict[str, Any]]] = {
    "marginal": (GaussianMarginal(), "Yield ~ 1 + (1 | Batch)", "Dyestuff", {}),
    "whitened": (Whitened(), CBPP, "cbpp", {"family": "binomial"}),
    "integrated": (Whitened(), f"{CBPP} + (1 | units)", "cbpp", {"family": "binomial"}),
    "frozen": (Frozen(), CBPP, "cbpp", {"family": "binomial"}),
    "frozen normal": (Frozen(), "Yield ~ 1 + (1 | Batch)", "Dyestuff", {}),
}


@cache
def problem(name: str) -> Problem:
    from hierlm.datasets import load_data

    reduction, formula, table, options = WAYS[name]
    return reduction.apply(hl.Model(formula, load_data(table), **options))


@pytest.mark.parametrize("name", WAYS)
def test_the_c_function_is_the_density(name: str) -> None:
    """The same number and gradient, bit by bit, and status 0; status 4 where the density is −∞; ζ is stored as it is."""
    made = problem(name)
    value, store = made.callbacks()
    for zeta in (*np.random.default_rng(1).normal(size=(3, made.dimension)), np.full(made.dimension, np.nan)):
        mine, theirs, logp = np.zeros(made.dimension), np.zeros(made.dimension), np.zeros(1)
        expected = made.density(zeta, made.data, mine)
        status = value.ctypes(made.dimension, *(_pointer(v) for v in (zeta, theirs, logp, made.data)))
        assert status == (0 if np.isfinite(expected) else 4)
        assert logp[0] == expected
        np.testing.assert_array_equal(theirs, mine)
        out = np.zeros(made.dimension)
        assert store.ctypes(made.dimension, made.dimension, *(_pointer(v) for v in (zeta, out, made.data))) == 0
        np.testing.assert_array_equal(out, zeta)


def _pointer(values: np.ndarray) -> Any:
    return values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


@pytest.mark.parametrize("name", ["marginal", "whitened"])
def test_both_hosts_see_one_density(name: str) -> None:
    """Same seed and starting points: the draws agree as long as rounding lets the chains stay together."""
    trees = [run(host(problem(name)), SETTINGS) for host in (compiled._hosted, compiled._public)]
    first, second = (t["posterior"]["theta"].to_numpy() for t in trees)
    assert np.isfinite(first).all()
    np.testing.assert_allclose(first.mean(axis=(0, 1)), second.mean(axis=(0, 1)), atol=0.35)


@pytest.mark.parametrize(
    ("formula", "table", "family"),
    [
        ("strength ~ 1 + (1 | batch/cask)", "Pastes", "gaussian"),
        (CBPP, "cbpp", "binomial"),
        (f"{CBPP} + (1 | units)", "cbpp", "binomial"),
    ],
)
def test_draws_do_not_depend_on_cores(formula: str, table: str, family: str, data: Callable[[str], Any]) -> None:
    model = hl.Model(formula, data(table), family)
    options: dict[str, Any] = {"draws": 100, "tune": 100, "seed": 11, "progress": False}
    first = model.fit(cores=1, **options).posterior
    for cores in (1, 2):
        other = model.fit(cores=cores, **options).posterior
        for name in first.data_vars:
            np.testing.assert_array_equal(first[name].to_numpy(), other[name].to_numpy())


def test_nothing_to_sample_still_draws_the_effects(data: Callable[[str], Any]) -> None:
    """All variances known: draws of r and b are exact and independent."""
    model = hl.Model("Yield ~ 1 + (1 | Batch)", data("Dyestuff"), priors={"sigma": 50.0, "sd_Batch": 40.0})
    fit = model.fit(draws=200, chains=2, seed=1, progress=False)
    assert fit.posterior["r_Batch"].shape == (2, 200, 6, 1)
    assert float(fit.posterior["r_Batch"].std()) > 0
    assert fit.provenance["plan"] == "gaussian marginal"
