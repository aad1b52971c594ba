"""Densities that are compiled already: the C host, and the public entry of nutpie as its fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.samplers import Settings, compiled
from hierlm.samplers.nutpie import run

SETTINGS = Settings(draws=300, tune=300, chains=2, cores=2, seed=3, target_accept=0.9)


@pytest.fixture(scope="module")
def problem() -> Any:
    from hierlm.datasets import load_data

    return GaussianMarginal().apply(hl.Model("Yield ~ 1 + (1 | Batch)", load_data("Dyestuff")))


def test_both_hosts_see_one_density(problem: Any) -> None:
    """Same seed and starting points: the draws agree as long as rounding lets the chains stay together."""
    trees = [run(host(problem), SETTINGS) for host in (compiled._hosted, compiled._public)]
    first, second = (t["posterior"]["theta"].to_numpy() for t in trees)
    assert np.isfinite(first).all()
    np.testing.assert_allclose(first.mean(axis=(0, 1)), second.mean(axis=(0, 1)), atol=0.35)


@pytest.mark.parametrize("cores", [1, 2])
def test_draws_do_not_depend_on_cores(cores: int, data: Callable[[str], Any]) -> None:
    model = hl.Model("strength ~ 1 + (1 | batch/cask)", data("Pastes"))
    options = {"draws": 100, "tune": 100, "seed": 11, "progress": False}
    one = model.fit(cores=1, **options).posterior
    other = model.fit(cores=cores, **options).posterior
    for name in one.data_vars:
        np.testing.assert_array_equal(one[name].to_numpy(), other[name].to_numpy())


def test_nothing_to_sample_still_draws_the_effects(data: Callable[[str], Any]) -> None:
    """All variances known: draws of r and b are exact and independent."""
    model = hl.Model("Yield ~ 1 + (1 | Batch)", data("Dyestuff"), priors={"sigma": 50.0, "sd_Batch": 40.0})
    fit = model.fit(draws=200, chains=2, seed=1, progress=False)
    assert fit.posterior["r_Batch"].shape == (2, 200, 6, 1)
    assert float(fit.posterior["r_Batch"].std()) > 0
    assert fit.provenance["plan"] == "gaussian marginal"
