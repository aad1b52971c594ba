"""The marginal of large designs: its effects have exactly their conditional distribution."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit import sampling
from hierlm.kernels.callbacks import Called, gaussian_callbacks
from hierlm.kernels.parameters import constrained, parameters, pick
from hierlm.reductions import Plan, Verdict, plan
from hierlm.reductions.large import LargeMarginal, effects as of_effects
from hierlm.reductions.large.effects import draw_effects
from hierlm.reductions.large.system import make_reference, make_system
from hierlm.reductions.reduction import Problem
from hierlm.samplers import independence
from tests.unit.reductions.dense import natural
from tests.unit.reductions.gaussian_models import MODELS, conditional, coordinates, gaussian

REDUCTION = LargeMarginal()
pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
REFUSED = {"se": "known standard errors", "no groups": "no grouping", "us 4": "12 numbers"}
REFUSED |= {"no intercept": "nothing beside"}
TAKEN = [name for name in MODELS if name not in REFUSED]


@cache
def large(name: str) -> tuple[hl.Model, Problem]:
    """A model of :data:`MODELS` and its problem."""
    model = gaussian(name)[0]
    return model, REDUCTION.apply(model)


class Units:
    """In place of random numbers: the unit vectors of all numbers of one draw, one a draw, zero for the first."""

    def __init__(self) -> None:
        self.at = 0

    def standard_normal(self, size: tuple[int, int]) -> np.ndarray:
        """Rows are numbers of a draw, columns are draws."""
        found = np.eye(size[0], size[1], 1 + self.at)
        self.at += size[0]
        return found


def effects_at(model: hl.Model, problem: Problem, zetas: np.ndarray, rng: Any) -> np.ndarray:
    """(draws, columns)."""
    p = parameters(problem.data)
    found = [constrained(pick(zeta, p), p) for zeta in zetas]
    F, sigma = np.array([f[3] for f in found]), np.array([f[4][0] for f in found])
    system = make_system(model, problem.place)
    worked, u = draw_effects(system, make_reference(system, *system.factors(F, sigma)), F, sigma, rng)
    assert worked.all()
    return u


@pytest.mark.parametrize("name", [n for n in TAKEN if n not in ("us 3", "corh")])
def test_effects_have_their_conditional_distribution(name: str) -> None:
    """A draw is linear in its random numbers: mean and covariance without them and with each alone, dense, 1e-8.

    The reference is that of other draws as well, wider and narrower.
    """
    model, problem = large(name)
    others = np.array([coordinates(problem.dimension, seed) for seed in range(6)])
    for seed in range(2):
        zeta = coordinates(problem.dimension, seed)
        units = 2 * problem.place.columns + 2  # as many numbers as a draw has at most, and none
        zetas = np.vstack([np.tile(zeta, (units, 1)), others])
        u = effects_at(model, problem, zetas, Units())[:units]
        mean, covariance = conditional(model, problem.place, natural(problem.data, zeta))
        np.testing.assert_allclose(u[0], mean, atol=1e-8)
        root = u[1:] - u[0]
        np.testing.assert_allclose(root.T @ root, covariance, atol=1e-8)


def test_standard_deviations_of_zero() -> None:
    """Effects of a grouping without variance are zero, those of the others have their distribution."""
    model, problem = large("crossed")
    p = parameters(problem.data)
    zeta = coordinates(problem.dimension, 0)
    values = [constrained(pick(z, p), p) for z in (zeta, 0.5 * zeta)]
    F, sigma = np.array([f[3] for f in values]), np.array([f[4][0] for f in values])
    F[0, 1] = 0.0
    system = make_system(model, problem.place)
    reference = make_reference(system, *system.factors(F, sigma))
    worked, u = draw_effects(system, reference, F, sigma, np.random.default_rng(1))
    start, stop = problem.place.starts[1], problem.place.starts[1] + problem.place.levels[1]
    assert worked.all() and (u[0, start:stop] == 0.0).all() and (u[1, start:stop] != 0.0).all()
    F[:, 1] = 0.0
    reference = make_reference(system, *system.factors(F, sigma))
    assert np.isfinite(draw_effects(system, reference, F, sigma, np.random.default_rng(1))[1]).all()


WIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "intercept": ("y ~ x + (1 | g)", {}),
    "crossed": ("y ~ x + (1 | g) + (1 | h)", {}),
    "no variance": ("w ~ x + (1 | g) + (1 | h)", {}),
    "correlated": ("y ~ x + (x | g) + (1 | h)", {}),
    "no slopes": ("w ~ x + (x | g) + (1 | h)", {}),
    "weights": ("y | weights(w) ~ x + (x || g)", {"sd_g": hl.Prior("Gamma", alpha=2, beta=1)}),
    "smooth": ("y ~ s(x, k=6) + (1 | g)", {}),
}
"""Of groupings with more levels, as large designs have."""


@cache
def wide(name: str) -> tuple[hl.Model, Problem]:
    """A model of :data:`WIDE` and its problem."""
    rng = np.random.default_rng(8)
    g, h, x = rng.integers(80, size=900), rng.integers(14, size=900), rng.normal(size=900)
    y = rng.normal(size=80)[g] + 0.7 * rng.normal(size=14)[h] + x * (1 + 0.5 * rng.normal(size=80)[g])
    data = {"x": x, "g": g.astype(str), "h": h.astype(str), "w": rng.uniform(0.5, 2.0, 900)}
    model = hl.Model(WIDE[name][0], data | {"y": y + rng.normal(size=900)}, priors=WIDE[name][1])
    return model, REDUCTION.apply(model)


@pytest.mark.parametrize("name", WIDE)
def test_the_density_is_that_of_the_gaussian_marginal(name: str) -> None:
    """To rounding, its gradient in differences; no polynomial yet."""
    _, problem = wide(name)
    theirs = Called(gaussian_callbacks()[0])
    zetas = np.random.default_rng(4).normal(0.0, 0.8, (6, problem.dimension))
    exact = np.array([theirs(z, problem.data, np.zeros(0)) for z in zetas])
    np.testing.assert_allclose(problem.density.values(zetas, problem.data), exact, rtol=1e-13)
    for zeta in zetas:
        ours, slopes = np.zeros(problem.dimension), np.zeros(problem.dimension)
        assert problem.density(zeta, problem.data, ours) == theirs(zeta, problem.data, slopes)
        np.testing.assert_allclose(ours, slopes, atol=1e-4)
        assert problem.density(zeta, problem.data, np.zeros(0)) == pytest.approx(exact[(zetas == zeta).all(1)][0])


def only_large(model: hl.Model, gradients: str = "", **_: Any) -> Plan:
    """A plan for small designs too; the Gaussian marginal where its proposals were no good."""
    if gradients:
        return plan(model, gradients=gradients)
    return Plan(REDUCTION, ((REDUCTION.name, Verdict(True, REDUCTION.accepted)),), model)


@pytest.mark.parametrize("name", ["crossed", "correlated", "no slopes"])
def test_a_fit_has_the_posterior_of_the_gaussian_marginal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Means of everything within five Monte-Carlo errors, sds within a tenth; the same bits for one core and two."""
    model = wide(name)[0]
    theirs = model.fit(seed=2, progress=False)
    monkeypatch.setattr(sampling, "plan", only_large)
    ours, again = (model.fit(seed=2, progress=False, cores=cores) for cores in (1, 2))
    assert (ours.provenance["plan"], ours.provenance["sampler"]) == ("large marginal", "independence")
    assert ours.provenance["independence"].get("polynomial", {"error": 0.0})["error"] < 0.02
    for variable, values in ours.posterior.data_vars.items():
        np.testing.assert_array_equal(values, again.posterior[variable])
        a, b = (f.posterior[variable].to_numpy().reshape(4000, -1) for f in (ours, theirs))
        assert (np.abs(a.mean(0) - b.mean(0)) <= 5 * np.sqrt(2) * b.std(0) / np.sqrt(1500) + 1e-12).all(), variable
        np.testing.assert_allclose(a.std(0), b.std(0), rtol=0.15, atol=1e-12)


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses(name: str) -> None:
    """With a reason."""
    verdict = REDUCTION.accepts(gaussian(name)[0])
    assert not verdict.accepted and REFUSED[name] in verdict.reason


def crossed(levels: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    codes = rng.integers(levels, size=(20 * levels, 2))
    y = rng.normal(size=(2, levels))[[0, 1], codes].sum(axis=1) + rng.normal(size=len(codes))
    return pd.DataFrame({"y": y, "g": codes[:, 0].astype(str), "h": codes[:, 1].astype(str)})


def test_the_plan_of_a_large_design() -> None:
    """Two crossed groupings of 400 levels; NUTS by name has effects whitened at the mode, which has a gradient."""
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", crossed(400))
    way = model.plan()
    assert way.name == "large marginal" and way.cost.startswith("independent proposals of 3 numbers")
    assert plan(model, gradients="NUTS is asked for").name == "effects whitened at the mode"
    fit = model.fit(draws=100, chains=2, seed=1, progress=False)
    assert fit.provenance["sampler"] == "independence" and fit.posterior["r_g"].shape == (2, 100, 400, 1)


def test_draws_that_do_not_converge_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conjugate gradients that were stopped too early are no draws."""
    monkeypatch.setattr(of_effects, "MOST", 1)
    model, problem = large("crossed")
    with pytest.raises(hl.errors.SamplingError, match="reduce=False"):
        REDUCTION.recover(model, problem, np.zeros((1, 20, problem.dimension)) + 0.5, 1)


def test_why_proposals_were_not_kept_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the plan's reasons, and beside what was sampled instead."""
    monkeypatch.setattr(independence, "PARETO_K", -np.inf)
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", crossed(400))
    fit = model.fit(draws=20, chains=2, seed=1, progress=False)
    assert fit.provenance["plan"] == "effects whitened at the mode"
    assert "Pareto" in fit.provenance["independence"]["reason"] and not fit.provenance["independence"]["kept"]
    assert any("its proposals were no good: Pareto" in line for line in fit.provenance["plan_reasons"])
