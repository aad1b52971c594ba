"""A polynomial in place of a density that takes long: exact where it says so, asked for where it is not, or given up."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.reductions.plan import plan
from hierlm.reductions.reduction import Problem
from hierlm.samplers import tabulated as of_tabulated
from hierlm.samplers.independence import TOLERANCE
from hierlm.samplers.tabulated import Tabulated, inexactness, tabulated

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "intercept": ("y ~ x + (1 | g)", {}),
    "crossed": ("y ~ x + (1 | g) + (1 | h)", {}),
    "no variance": ("w ~ x + (1 | g) + (1 | h)", {}),
    "correlated": ("y ~ x + (x | g) + (1 | h)", {}),
    "weights": ("y | weights(w) ~ x + (x || g)", {"priors": {"sd_g": hl.Prior("Gamma", alpha=2, beta=1)}}),
    "smooth": ("y ~ s(x, k=6) + (1 | g)", {}),
    "blocks": ("y ~ x + (1 | g)", {"residual": "ar1(t | g)"}),
    "distances": ("y ~ x + (1 | g)", {"residual": "exp(t | g)"}),
    "rows": ("count ~ x + (1 | units)", {"family": "poisson"}),
}


@cache
def problem_of(name: str) -> Problem:
    """What is left of a model of 900 rows, as if its density took long."""
    rng = np.random.default_rng(8)
    g, h, x = rng.integers(80, size=900), rng.integers(14, size=900), rng.normal(size=900)
    y = rng.normal(size=80)[g] + 0.7 * rng.normal(size=14)[h] + x * (1 + 0.5 * rng.normal(size=80)[g])
    data = {"x": x, "g": g.astype(str), "h": h.astype(str), "w": rng.uniform(0.5, 2.0, 900), "t": np.arange(900.0)}
    data |= {"y": y + rng.normal(size=900), "count": rng.poisson(np.exp(1 + 0.3 * x + 0.4 * rng.normal(size=900)))}
    model = hl.Model(MODELS[name][0], data, **MODELS[name][1])
    way = plan(model)
    assert way.chosen is not None
    return replace(way.chosen.apply(model), dear=True)


@cache
def quick_of(name: str) -> Problem:
    """With the polynomial."""
    found = tabulated(problem_of(name), 1)
    assert found is not None
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_polynomial_is_the_density(name: str) -> None:
    """To 0.02 where it is not small, its gradient likewise; a value costs little, and says so."""
    problem, quick = problem_of(name), quick_of(name)
    zetas = np.random.default_rng(4).normal(0.0, 0.8, (50, problem.dimension))
    exact = np.array([problem.density(z, problem.data, np.zeros(0)) for z in zetas])
    assert np.std(quick.density.values(zetas, quick.data) - exact) < 0.02
    assert quick.operations < 20_000 and quick.dear
    ours, theirs = np.zeros(problem.dimension), np.zeros(problem.dimension)
    for zeta in zetas[:5]:
        quick.density(zeta, quick.data, ours)
        problem.density(zeta, problem.data, theirs)
        np.testing.assert_allclose(ours, theirs, atol=0.1)


@pytest.mark.parametrize("name", MODELS)
def test_where_the_polynomial_is_not_exact_the_density_is_asked(name: str) -> None:
    """What stands for the density is off by little beside what its size makes matter, far out too."""
    problem, quick = problem_of(name), quick_of(name)
    zetas = np.random.default_rng(5).standard_t(5, (400, problem.dimension)) * 2.0
    exact = np.array([problem.density(z, problem.data, np.zeros(0)) for z in zetas])
    found = quick.density.values(zetas, quick.data)
    fine = np.isfinite(exact)
    assert (found[~fine] < found.max() - 50.0).all()
    off = np.abs(found - exact)[fine] * np.exp(0.5 * (exact[fine] - exact[fine].max()))
    assert off.max() < 0.06
    _, enough = quick.density.surface(zetas * 20.0)
    assert not enough.all()


@pytest.mark.parametrize("name", ["crossed", "rows"])
def test_far_out_gradients_are_those_of_the_density(name: str) -> None:
    """A difference of the polynomial and the density would be neither's."""
    problem, quick = problem_of(name), quick_of(name)
    zetas = np.random.default_rng(7).normal(size=(200, problem.dimension)) * np.geomspace(3.0, 40.0, 200)[:, None]
    far = zetas[~quick.density.surface(zetas)[1]][0]
    ours, theirs = np.zeros(problem.dimension), np.zeros(problem.dimension)
    assert quick.density(far, quick.data, ours) == problem.density(far, problem.data, theirs)
    np.testing.assert_array_equal(ours, theirs)


def test_a_polynomial_that_is_off_at_the_draws_is_seen() -> None:
    """More than the tolerance, where it believes that it is exact."""
    quick = quick_of("crossed")
    zetas = np.random.default_rng(6).normal(0.0, 0.8, (60, quick.dimension))
    assert inexactness(quick, zetas) < TOLERANCE
    surface = replace(quick.density.surface, coefficients=1.2 * quick.density.surface.coefficients)
    assert inexactness(replace(quick, density=replace(quick.density, surface=surface)), zetas) > TOLERANCE


def test_none_where_it_would_not_pay_or_not_be_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick density, one of many numbers, one that is no polynomial, one that is mostly zero."""
    problem = problem_of("crossed")
    assert tabulated(replace(problem, dear=False), 1) is None
    assert tabulated(replace(problem, dear=False, work=1e6), 1) is not None
    monkeypatch.setattr(of_tabulated, "LARGEST", 2)
    assert tabulated(problem, 1) is None
    monkeypatch.undo()

    def rough(zeta: np.ndarray, data: np.ndarray, gradient: np.ndarray) -> float:
        return float(-np.abs(zeta).sum() + np.sin(40.0 * zeta).sum())

    def rare(zeta: np.ndarray, data: np.ndarray, gradient: np.ndarray) -> float:
        return -np.inf if zeta[0] > -0.5 else float(-0.5 * zeta @ zeta)

    assert tabulated(replace(problem, density=rough), 1) is None
    assert tabulated(replace(problem, density=rare), 1) is None


def test_more_points_where_few_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the most that are affordable."""
    problem, asked = problem_of("intercept"), []
    monkeypatch.setattr(of_tabulated, "ENOUGH", 0.0)
    monkeypatch.setattr(of_tabulated, "MOST", 60)

    def counted(density: Any, zetas: np.ndarray, data: np.ndarray, cores: int = 1) -> np.ndarray:
        asked.append(len(zetas))
        return np.asarray(density.values(zetas, data, cores))

    monkeypatch.setattr(of_tabulated, "values_at", counted)
    found = tabulated(problem, 1)
    assert found is not None and isinstance(found.density, Tabulated)
    assert asked == [25 * problem.dimension, 25 * problem.dimension, 10 * problem.dimension]


def test_a_fit_whose_polynomial_is_bad_is_that_of_the_density(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bits as without one; a good one is recorded."""
    monkeypatch.setattr(of_tabulated, "LONG", 100)
    model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    options: dict[str, Any] = {"draws": 200, "chains": 2, "seed": 3, "progress": False}
    good = model.fit(**options)
    monkeypatch.setattr("hierlm.samplers.tabulated.inexactness", lambda *_: np.inf)
    bad = model.fit(**options)
    monkeypatch.undo()
    plain = model.fit(**options)
    assert good.provenance["independence"]["polynomial"]["error"] < 0.02
    assert "polynomial" not in bad.provenance["independence"]
    for name, values in plain.posterior.data_vars.items():
        np.testing.assert_array_equal(values, bad.posterior[name])
