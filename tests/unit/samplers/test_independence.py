"""Independent proposals: the default where few numbers are left, and when they are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import exp, log1p
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.comparison.refit import refit_settings
from hierlm.samplers import Settings, get_sampler
from hierlm.samplers.independence import CHEAP, FIRST, _another_mode, _every, _walks
from hierlm.samplers.proposal import split_t_proposal

SETTINGS = Settings(draws=1000, chains=4, cores=2, seed=1)
Density = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def problem_of(density: Density) -> Any:
    """A problem of two numbers (a standard deviation and σ) with another density."""
    model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    problem = model.plan().chosen.apply(model)
    return replace(problem, density=density)


def with_gradient(log_density: Callable[[np.ndarray], float]) -> Density:
    """Its gradient by differences."""

    def density(zeta: np.ndarray, data: np.ndarray, gradient: np.ndarray) -> float:
        h = 1e-6 * np.eye(2)
        gradient[:] = [(log_density(zeta + e) - log_density(zeta - e)) / 2e-6 for e in h]
        return log_density(zeta)

    return density


def report(density: Density) -> dict[str, Any]:
    tree = get_sampler("independence").sample_problem(problem_of(density), SETTINGS)
    return dict(tree.attrs["report"]["independence"])


def test_a_skewed_density_is_sampled():
    """Means, standard deviations and tails of a log-gamma and a t are those of SciPy."""
    gamma, t = stats.loggamma(3), stats.t(8, scale=0.8)
    density = with_gradient(lambda z: 3 * z[0] - exp(z[0]) - 4.5 * log1p((z[1] - 0.3 * z[0]) ** 2 / (8 * 0.8**2)))
    tree = get_sampler("independence").sample_problem(problem_of(density), replace(SETTINGS, draws=2500))
    zeta = tree["posterior"]["theta"].to_numpy().reshape(-1, 2)
    assert not tree.attrs["report"]["independence"]["reason"]
    for x, expected in ((zeta[:, 0], gamma), (zeta[:, 1] - 0.3 * zeta[:, 0], t)):
        error = 1 / np.sqrt(3500)  # of 10,000 draws that are worth that many
        assert abs(x.mean() - expected.mean()) < 4 * expected.std() * error
        for p in (0.05, 0.5, 0.95):
            assert abs(np.mean(x < expected.ppf(p)) - p) < 4 * np.sqrt(p * (1 - p)) * error


@pytest.mark.parametrize("other", [(9.0, 0.0), (0.0, -12.0), (8.0, 8.0)])
def test_two_modes_are_refused(other: tuple[float, float]):
    mix = lambda z: float(np.logaddexp(-0.5 * np.sum(z**2), -0.5 * np.sum((z - other) ** 2)))  # noqa: E731
    assert report(with_gradient(mix))["reason"]
    problem = problem_of(with_gradient(mix))  # by the search alone, whatever the weights say
    assert _another_mode(problem, split_t_proposal(problem), 1) == "the density has another mode"


def test_no_other_mode_is_seen_where_there_is_one():
    """Of a real problem, in which standard deviations have signs, so that there are copies of the mode."""
    model = hl.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", hl.load_data("Penicillin"))
    problem = model.plan().chosen.apply(model)
    assert _another_mode(problem, split_t_proposal(problem), 1) == ""


def test_cheap_problems_have_several_proposals_of_each_draw():
    """So do short chains; each chain keeps every so many of its states."""
    problem = problem_of(with_gradient(lambda z: float(-0.5 * np.sum(z**2))))
    dear = replace(problem, data=np.concatenate([problem.data, np.zeros(CHEAP)]))
    assert [_every(p, replace(SETTINGS, draws=d)) for p in (problem, dear) for d in (1000, 100)] == [3, 10, 1, 10]
    weights = np.random.default_rng(1).normal(size=(4, FIRST + 3000))
    every, one = (_walks(weights, SETTINGS, n) for n in (1, 3))
    np.testing.assert_array_equal(every[0][:, 2::3], one[0])
    np.testing.assert_array_equal(every[1], one[1])
    assert every[1].shape == (4, 3000)


def test_a_banana_is_refused_in_words():
    """A density along a curve: the weights of straight proposals are heavy."""
    banana = lambda z: float(-0.5 * (z[0] / 5) ** 2 - 0.5 * ((z[1] - 0.8 * z[0] ** 2) / 0.2) ** 2)  # noqa: E731
    found = report(with_gradient(banana))
    assert "Pareto k̂" in found["reason"] or "accepted" in found["reason"]


def test_the_default_says_which_sampler_it_was():
    few = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff")).fit(seed=1, progress=False)
    assert few.provenance["sampler"] == "independence"
    assert few.provenance["independence"]["kept"]
    assert few.provenance["asked"] == {}
    assert few.provenance["tune"] == 0
    assert few.diagnose().ok
    many = hl.Model("incidence | trials(size) ~ period + (1 | herd)", hl.load_data("cbpp"), "binomial")
    assert many.fit(seed=1, progress=False).provenance["sampler"] == "hmc"


@pytest.mark.parametrize("option", [{"tune": 300}, {"target_accept": 0.9}, {"max_treedepth": 8}])
def test_options_of_nuts_ask_for_nuts(option: dict[str, Any]):
    model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    fit = model.fit(draws=200, seed=1, progress=False, **option)
    assert fit.provenance["sampler"] == "nutpie"
    assert fit.provenance["asked"] == option


def test_refits_choose_anew():
    """What was chosen for all rows need not do for some; what was asked for is kept."""
    model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    assert "sampler" not in refit_settings(model.fit(draws=200, seed=1, progress=False), 1)
    asked = model.fit(draws=200, seed=1, progress=False, sampler="nutpie")
    assert refit_settings(asked, 1)["sampler"] == "nutpie"


def test_what_it_refuses_is_sampled_by_nuts(monkeypatch: pytest.MonkeyPatch):
    from hierlm.samplers import independence

    monkeypatch.setattr(independence, "RARELY", 0.999)
    fit = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff")).fit(seed=1, progress=False)
    assert fit.provenance["sampler"] == "nutpie"
    assert not fit.provenance["independence"]["kept"]
    assert "of the proposals were accepted" in fit.provenance["independence"]["reason"]
    assert fit.diagnose().ok
