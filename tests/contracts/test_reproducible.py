"""The same seed gives the same bits: every public function that draws, any number of cores, any process."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hierlm as hl
from hierlm.plots import Plots
from tests.contracts.reproducible import ASKS, FITS, digest, digests, sampled

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

QUICK = ["gaussian marginal", "whitened effects"]
PLANS = {
    "one effect a row": "whitened effects",
    "importance": "gaussian marginal",
    "laplace": "gaussian marginal",
    "graph": "joint NUTS on the PyMC graph",
    "pymc": "joint NUTS on the PyMC graph",
}
"""Of the ways to sample that are not called like their plan."""

INTERNAL = {
    "hierlm.demo.run": "prints and writes files; its fits are fit's",
    "hierlm.fit.settings.checked_settings": "checks a seed",
    "hierlm.posterior.options.checked_seed": "checks a seed",
    "hierlm.graph.evaluate.sample": "for checks of families",
    "hierlm.samplers.sampler.Settings": "carries a seed",
    "hierlm.posterior.levels.NewLevels": "predict's new levels",
    "hierlm.kernels.integrated.draw": "part of fit",
    "hierlm.reductions.chunks.recover_in_chunks": "part of fit",
    "hierlm.testing.joint_priors.check_joint_prior": "a check",
    "hierlm.testing.covariances.check_covariance": "a check",
    "hierlm.testing.families.check_family": "a check",
    "hierlm.testing.samplers.check_sampler": "a check",
    "hierlm.testing.numbers.draws": "for checks",
    **{f"hierlm.reductions.{c}.recover": "part of fit" for c in (
        "frozen.Frozen", "gaussian_marginal.GaussianMarginal", "reduction.Reduction", "whitened.Whitened",
        "structured.StructuredMarginal", "dense.marginal.DenseMarginal")},
    **{f"hierlm.reductions.dense.effects.DenseEffects{m}": "part of fit" for m in ("", "._effects", "._explained")},
    "hierlm.reductions.exact.ExactDraws": "part of fit",
    "hierlm.testing.correlations.check_correlation": "a check",
    "hierlm.posterior.checking.quantile.places": "part of residuals",
    "hierlm.posterior.predict.row_frame": "part of predict and of an updated group",
    "hierlm.posterior.checking.quantile.places_of_draws": "part of check_residuals",
    "hierlm.posterior.checking.replicates.replicate": "part of check",
    "hierlm.posterior.comparison.kfold.folds_of": "part of kfold",
    "hierlm.posterior.comparison.refit.refit_settings": "part of kfold and reloo",
    "hierlm.posterior.hypotheses.density.of_prior": "part of hypothesis",
    "hierlm.posterior.integrals.conditional.proposed": "part of loo",
    "hierlm.posterior.integrals.rules.scattered": "part of loo and predictions",
    "hierlm.posterior.effects.asking.ask": "part of predictions",
    "hierlm.posterior.effects.expectation.Expectation": "part of predictions",
    "hierlm.posterior.effects.population.chosen_rule": "part of predictions",
    **{f"hierlm.replicates.{name}": "part of calibrate, recover, bootstrap and power" for name in (
        "quantities.quantities", "refit.head", "refit.refit", "runner.root_seed", "simulate.from_prior",
        "simulate.seeds", "simulate.simulate", "profiled.Profiled.simulate")},
    **{f"hierlm.replicates.{name}": "carries a seed" for name in (
        "bootstrap.Bootstrap", "calibration.Calibration", "curve.Power", "recover.Recovery",
        "variance_answer.VarianceTest", "laplace.Laplace.simulate")},
    "hierlm.model.resample.drawn_levels": "part of bootstrap",
    "hierlm.families.errors.Errors.stretch": "part of predict",
    "hierlm.families.errors.StudentErrors.stretch": "part of predict",
    "hierlm.posterior.predictive.prior_draws": "part of prior_predictive",
    "hierlm.posterior.priors.outcome.prior_fit": "part of prior_check",
    "hierlm.posterior.priors.overlap.curves": "part of prior_overlap",
    "hierlm.plots.prior_overlap.prior_overlap": "draws these curves, which are exact where a prior has a density",
    "hierlm.reductions.large.effects.draw_effects": "part of fit",
    "hierlm.reductions.large.marginal.LargeMarginal.recover": "part of fit",
    "hierlm.samplers.moving.started": "part of fit",
    "hierlm.samplers.proposal.Proposal.draw": "part of fit",
    "hierlm.samplers.weights.resampled": "part of fit",
}  # fmt: skip

SCATTERED: dict[str, Any] = {
    "predictions": lambda fit, **seed: fit.predictions(target="population", **seed),
    "comparisons": lambda fit, **seed: fit.comparisons("f", target="population", **seed),
    "slopes": lambda fit, **seed: fit.slopes("x", target="population", **seed),
    "marginal_means": lambda fit, **seed: fit.marginal_means("f", target="population", **seed),
}
"""Whose seed is that of scattered points, of which integrals over three and more predictors are made; 0 unless given."""


def seeded() -> Iterator[str]:
    """Full names of exported functions, classes and methods that take a seed or a generator."""
    for found in pkgutil.walk_packages(hl.__path__, "hierlm."):
        if found.name == "hierlm.__main__":
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if getattr(value, "__module__", None) != found.name:
                continue
            if inspect.isfunction(value) and _takes_a_seed(value):
                yield f"{found.name}.{name}"
            if inspect.isclass(value):
                members = {k: getattr(v, "__func__", v) for k, v in vars(value).items()}
                for method, function in members.items():
                    if inspect.isfunction(function) and _takes_a_seed(function):
                        yield f"{found.name}.{name}" + ("" if method == "__init__" else f".{method}")


def _takes_a_seed(function: Any) -> bool:
    return bool({"seed", "rng", "random_state", "generator"} & set(inspect.signature(function).parameters))


def test_every_function_with_a_seed_is_listed() -> None:
    """A new one is asked here (ASKS), or said to be no public one (INTERNAL)."""
    scattered = {f"hierlm.posterior.effects.{name}.{name}" for name in SCATTERED}
    assert set(seeded()) == {name for name in ASKS if name.startswith("hierlm.")} | set(INTERNAL) | scattered


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    return digests(QUICK, 7, 1)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("cores", [2, 4])
def test_cores_change_nothing(name: str, cores: int, reference: dict[str, str]) -> None:
    assert digest(sampled(name, 7, cores)) == reference[name]


@pytest.mark.parametrize("name", ASKS)
def test_the_seed_decides(name: str, reference: dict[str, str]) -> None:
    fit = sampled(QUICK[0], 7, 1)
    assert digest(ASKS[name](fit, 7)) == reference[name]
    assert digest(ASKS[name](fit, 8)) != reference[name]
    plt.close("all")


@pytest.fixture(scope="module")
def counts() -> hl.Fit:
    """Counts whose expectation is an integral over the effects of a level."""
    rng, n = np.random.default_rng(3), 80
    table = {"f": rng.choice(["a", "b"], n), "x": rng.normal(size=n), "y": rng.poisson(2.0, n)}
    model = hl.Model("y ~ f + x + (x | g)", table | {"g": np.resize([f"g{i}" for i in range(8)], n)}, "poisson")
    return model.fit(draws=50, chains=2, cores=1, seed=7, progress=False)


@pytest.mark.filterwarnings("ignore::hierlm.errors.ConvergenceWarning")
@pytest.mark.parametrize("name", SCATTERED)
def test_scattered_points_are_always_the_same(name: str, counts: hl.Fit) -> None:
    """Without a seed too; and where a rule does without them, the seed changes nothing."""
    first = digest(SCATTERED[name](counts))
    assert digest(SCATTERED[name](counts)) == first
    assert digest(SCATTERED[name](counts, seed=8)) == first


def in_a_process(names: list[str], seed: int, cores: int, *more: str) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    code = "import runpy, sys; runpy.run_module('tests.contracts.reproducible', run_name='__main__')"
    arguments = [json.dumps(names), str(seed), str(cores), *more]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_another_process_draws_the_same(reference: dict[str, str]) -> None:
    """Both read kernels that are compiled: what compiles them for the first time may round other digits.

    Fits here; every function that draws, in processes of its own, in the slow lane.
    """
    first = in_a_process(QUICK, 7, 1, "fits only")
    assert in_a_process(QUICK, 7, 2, "fits only") == first
    assert set(first) == set(QUICK) <= set(reference)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in FITS if n not in QUICK])
def test_every_way_to_sample(name: str) -> None:
    """Cores 1, 2 and 4 in this process, twice with one core, and 1, 2 and 4 in processes of their own."""
    made = sampled(name, 7, 1)
    first, plan = digest(made), made.provenance["plan"]
    assert plan == PLANS.get(name, name)
    assert digest(sampled(name, 8, 1)) != first
    for cores in (1, 2, 4):
        assert digest(sampled(name, 7, cores)) == first, f"{cores} cores"
    dyestuff = "gaussian marginal"
    for cores in (1, 2, 4):
        assert in_a_process([dyestuff, name], 7, cores, "fits only")[name] == first, f"a process of {cores} cores"


@pytest.mark.slow
def test_every_function_draws_the_same_in_other_processes(reference: dict[str, str]) -> None:
    first = in_a_process(QUICK, 7, 1)
    assert in_a_process(QUICK, 7, 2) == first
    assert set(first) == set(reference)


# -------------------------------------------------------------------------------------- what takes no seed draws nothing
def _questions() -> dict[str, Any]:
    """Methods of Fit, and its plots, that take no seed; what writes or only holds is left out, and smooths."""
    without = {"save", "draws", "model", "provenance", "plot", "posterior", "smooths", *SCATTERED}
    random = {name.rsplit(".", 1)[-1] for name in ASKS}
    methods = {n: getattr(hl.Fit, n) for n in dir(hl.Fit) if not n.startswith("_")}
    found = {n: (lambda fit, n=n: getattr(fit, n)()) for n in methods if n not in without | random}
    found["predict"] = lambda fit: fit.predict().draws
    plots = [
        n for n in vars(Plots) if not n.startswith("_") and n not in {"fit", "smooths", "effects", *SCATTERED, *random}
    ]
    return found | {f"plot.{n}": (lambda fit, n=n: getattr(fit.plot, n)()) for n in plots}


@pytest.mark.parametrize("name", _questions())
def test_what_takes_no_seed_is_the_same_every_time(name: str, fitted: Any) -> None:
    fit, ask = fitted("sleepstudy_us"), _questions()[name]
    assert _text(ask(fit)) == _text(ask(fit))
    plt.close("all")


def _text(value: Any) -> str:
    if hasattr(value, "checks"):  # a Diagnosis
        return str(value.checks)
    if hasattr(value, "as_raw_html"):  # a table of great_tables
        return str(value.with_id("t").as_raw_html())
    if hasattr(value, "terms"):  # a Shrinkage
        return digest(value.terms) + digest(value.levels)
    return digest(value)


def test_without_a_seed_draws_differ_and_the_seed_is_recorded(fitted: Any) -> None:
    model = fitted("sleepstudy_us").model
    one, two = (model.fit(draws=50, chains=2, progress=False) for _ in range(2))
    assert one.provenance["seed"] != two.provenance["seed"]
    assert digest(one) != digest(two)
    again = model.fit(draws=50, chains=2, progress=False, seed=one.provenance["seed"])
    assert digest(again) == digest(one)
