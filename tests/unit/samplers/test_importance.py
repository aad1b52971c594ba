"""Importance sampling: the same posterior as NUTS, a certificate that can fail, and nothing that looks better than it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit import fit
from hierlm.posterior.convergence import convergence
from hierlm.reductions import Problem, plan
from hierlm.samplers import Settings, get_sampler
from hierlm.samplers.proposal import normal_proposal, split_t_proposal

CBPP = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Dyestuff": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}),
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", "sleepstudy", {}),
    "Penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", {}),
    "Pastes": ("strength ~ 1 + (1 | batch/cask)", "Pastes", {}),
    "cbpp": (CBPP, "cbpp", {"family": "binomial"}),
}
SKEWED = ("crop ~ nitro + Variety + (1 | Block/Variety)", "Oats")  # few blocks: sds with long tails
MANY = ("count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs)", "epilepsy")  # 64 effects, their spread uncertain


@cache
def model(name: str) -> hl.Model:
    formula, table, options = MODELS[name]
    return hl.Model(formula, hl.load_data(table), **options)


@cache
def problem(name: str) -> Problem:
    way = plan(model(name)).chosen
    assert way is not None
    return way.apply(model(name))


@cache
def fitted(name: str, sampler: str, seed: int = 1) -> hl.Fit:
    return fit(model(name), sampler=sampler, seed=seed, progress=False)


def skewed() -> hl.Model:
    return hl.Model(SKEWED[0], hl.load_data(SKEWED[1]).rename(columns={"yield": "crop"}))


# ------------------------------------------------------------------------------------------ the posterior
@pytest.mark.statistical
@pytest.mark.parametrize("name", MODELS)
def test_the_posterior_is_that_of_nuts(name: str):
    """Means, 5% and 95% quantiles of all numbers, group effects too; one of all the comparisons fails by chance once in 2,000 seeds."""
    one, other = (fitted(name, s).summary(groups=True, level=0.9).frame for s in ("importance", "nutpie"))
    assert list(one.index) == list(other.index)
    error = np.hypot(one["mcse_mean"], other["mcse_mean"])
    assert (abs(one["mean"] - other["mean"]) < 5 * error).all()
    for column, ess in (("lower", "ess_tail"), ("upper", "ess_tail")):
        density = 0.05 / one["sd"]  # of the quantile in a heavy tail; 0.1 in a normal one
        error = np.sqrt(0.05 * 0.95 * (1 / one[ess] + 1 / other[ess])) / density
        assert (abs(one[column] - other[column]) < 5 * error).all()


@pytest.mark.parametrize("name", MODELS)
def test_the_certificate_is_good_where_the_draws_are(name: str):
    made = fitted(name, "importance")
    found = made.provenance["importance"]
    assert found["pareto_k"] < 0.6
    assert found["proposals"] == 8000
    assert 0.5 * 8000 < found["weights_ess"] < 8000
    assert 3000 < found["ess"] <= 4000
    assert made.diagnose().ok
    assert made.diagnose().verdict == (
        f"All checks passed: importance sampling, k̂ {found['pareto_k']:.2f}, ESS {found['ess']:,.0f}."
    )
    assert "4 chains × 1,000, importance sampling" in repr(made)
    assert made.provenance["attempts"] == []
    assert {"diverging", "reached_max_treedepth", "n_steps", "lp"} <= set(made.draws["sample_stats"].data_vars)


def test_all_signs_are_one_mode():
    """The sd of Dyestuff's batches is sampled with a sign: both copies are in the draws or neither, as it happens."""
    proposal = split_t_proposal(problem("Dyestuff"))
    assert len(proposal.reflections) == 1
    points = proposal.draw(50, np.random.default_rng(0))
    image = proposal.reflections[0](points)
    np.testing.assert_allclose(proposal.log_density(image), proposal.log_density(points), atol=1e-9)
    np.testing.assert_allclose(proposal.reflections[0](image), points, atol=1e-9)


@pytest.mark.parametrize("name", ["Dyestuff", "sleepstudy"])
@pytest.mark.parametrize("make", [split_t_proposal, normal_proposal])
def test_a_proposal_has_the_density_that_it_says(name: str, make: Callable[[Problem], Any]):
    """E_q[g/q] = ∫ g for a density g that it covers: that of a standard normal, times the copies of the mode."""
    proposal = make(problem(name))
    zetas = proposal.draw(40_000, np.random.default_rng(1))
    from scipy import stats

    d = zetas.shape[1]
    g = stats.multivariate_normal(proposal.centre, 0.25 * proposal.axes @ proposal.axes.T).logpdf(zetas)
    images = sum(
        np.exp(stats.multivariate_normal(proposal.centre, 0.25 * proposal.axes @ proposal.axes.T).logpdf(r(zetas)))
        for r in proposal.reflections
    )
    ratio = (np.exp(g) + images) / np.exp(proposal.log_density(zetas))
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(len(zetas))), d


@pytest.mark.parametrize("name", ["Dyestuff", "cbpp"])
def test_the_same_seed_gives_the_same_draws(name: str):
    sampler = get_sampler("importance")
    runs = [
        sampler.sample_problem(problem(name), Settings(draws=100, seed=s, cores=c)) for s, c in ((3, 1), (3, 2), (4, 1))
    ]
    first, again, other = (r["posterior"]["theta"].to_numpy() for r in runs)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_lp_is_the_density_of_the_draw():
    tree = get_sampler("importance").sample_problem(problem("Pastes"), Settings(draws=50, chains=2, seed=1))
    thetas, lp = (tree[g][v].to_numpy() for g, v in (("posterior", "theta"), ("sample_stats", "lp")))
    made = problem("Pastes")
    found = [[made.density(z, made.data, np.zeros(made.dimension)) for z in chain] for chain in thetas]
    np.testing.assert_allclose(lp, found)


def test_nothing_to_sample():
    known = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"), priors={"sigma": 50.0, "sd_Batch": 40.0})
    made = known.fit(sampler="importance", seed=1, progress=False)
    assert made.provenance["importance"]["ess"] == 4000
    assert made.diagnose().ok
    assert float(made.posterior["r_Batch"].std()) > 0


# ------------------------------------------------------------------------------------------ what is refused
@pytest.mark.parametrize("sampler", ["importance", "laplace"])
@pytest.mark.parametrize(
    ("formula", "options", "reason", "remedy"),
    [
        (["y ~ x + (1 | g)", "sigma ~ x + (1 | g)"], {}, "has a formula of its own", "Leave out sampler="),
        ("y ~ x + (1 | g)", {"reduce": False}, "reduce=False was asked for", "Leave out reduce=False"),
    ],
)
def test_without_a_reduction_it_says_why_and_what_to_do(
    sampler: str, formula: Any, options: dict[str, Any], reason: str, remedy: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("hierlm.graph.build_graph", lambda model: pytest.fail("the graph was built"))
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"y": rng.normal(size=24), "x": rng.normal(size=24), "g": np.resize(list("abcd"), 24)})
    with pytest.raises(hl.SamplingError, match=reason) as caught:
        hl.Model(formula, table).fit(sampler=sampler, **options)
    assert sampler in caught.value.message
    assert remedy in str(caught.value.hint)


@pytest.mark.parametrize("sampler", ["importance", "laplace"])
def test_graphs_are_refused(sampler: str):
    with pytest.raises(hl.SamplingError, match="does not sample PyMC graphs"):
        get_sampler(sampler).sample(None, Settings())  # type: ignore[arg-type]


@pytest.mark.parametrize("sampler", ["importance", "laplace"])
def test_thousands_of_dimensions_are_not_even_tried(sampler: str):
    large = replace(problem("Dyestuff"), dimension=4120)
    with pytest.raises(hl.SamplingError, match="4,120 numbers") as caught:
        get_sampler(sampler).sample_problem(large, Settings())
    assert "NUTS" in str(caught.value.hint)


def test_samplers_of_graphs_refuse_problems():
    with pytest.raises(hl.SamplingError, match="samples PyMC graphs only"):
        get_sampler("pymc").sample_problem(problem("Dyestuff"), Settings())


def hard(sampler: str) -> tuple[hl.Model, str]:
    if sampler == "laplace":
        return skewed(), "Pareto k̂"
    return hl.Model(MANY[0], hl.load_data(MANY[1]), "poisson"), "importance ESS"


@pytest.mark.parametrize("sampler", ["importance", "laplace"])
def test_a_posterior_that_is_missed_does_not_look_exact(sampler: str):
    """The normal approximation misses the tails of Oats' sds, a product of densities the 64 effects of epilepsy."""
    made, check = hard(sampler)
    with pytest.warns(hl.ConvergenceWarning, match="Do not trust these draws") as caught:
        found = made.fit(sampler=sampler, seed=1, progress=False)
    said = str(caught[0].message)
    assert check in said
    assert "leave out sampler=, for NUTS" in said
    assert "Sample longer" not in said
    assert "Propose more" not in said
    diagnosis = found.diagnose()
    assert not diagnosis.ok
    assert f"ESS {found.provenance['importance']['ess']:,.0f}" in diagnosis.verdict
    assert diagnosis.checks.set_index("check")["status"][check] == "failed"
    assert "Do not trust these draws" in repr(found.summary())


@pytest.mark.parametrize(("k", "share", "failing"), [(0.69, 0.5, ()), (0.71, 0.5, ("Pareto k̂",)), (None, 0.5, ("Pareto k̂",)), (0.1, 0.09, ("importance ESS",))])  # fmt: skip
def test_limits(k: float | None, share: float, failing: tuple[str, ...]):
    good = fitted("Dyestuff", "importance")
    certificate = good.provenance["importance"] | {"pareto_k": k, "weights_ess": share * 8000}
    found = hl.diagnose(hl.Fit(good.model, good.draws, {**good.provenance, "importance": certificate}))
    status = found.checks.set_index("check")["status"]
    assert tuple(status.index[status == "failed"]) == failing
    assert found.ok == (not failing)
    assert "R̂" not in status.index


def test_no_effective_sample_size_is_larger_than_what_the_weights_allow():
    """Copies of a draw are seen: where one number has all the large weights by its autocorrelation, and by a limit."""
    made = fitted("Dyestuff", "laplace")
    certificate = made.provenance["importance"]
    assert certificate["ess"] <= certificate["weights_ess"] < 2000
    assert made.summary().frame.loc["sd_Batch[Intercept]", "ess_bulk"] < certificate["ess"]
    values = made.posterior[["sigma", "b"]].to_stacked_array("n", ["chain", "draw"]).to_numpy()
    free, limited = convergence(values), convergence(values, certificate["ess"])
    for field in ("ess_bulk", "ess_tail"):
        np.testing.assert_array_equal(getattr(limited, field), np.minimum(getattr(free, field), certificate["ess"]))
    assert (limited.mcse_mean >= values.std(axis=(0, 1)) / np.sqrt(certificate["ess"])).all()
    assert (limited.mcse_mean >= free.mcse_mean).all()
    checks = made.diagnose().checks.set_index("check")["value"]
    assert checks["bulk ESS"] <= certificate["ess"]


def test_an_archive_keeps_the_certificate(tmp_path: Any):
    made = fitted("Dyestuff", "importance")
    made.save(tmp_path / "m.zarr")
    again = hl.load(tmp_path / "m.zarr")
    assert again.provenance["importance"] == made.provenance["importance"]
    assert again.diagnose().verdict == made.diagnose().verdict
