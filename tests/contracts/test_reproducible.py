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
    "hierlm.testing.covariances.check_covariance": "a check",
    "hierlm.testing.families.check_family": "a check",
    "hierlm.testing.samplers.check_sampler": "a check",
    "hierlm.testing.numbers.draws": "for checks",
    **{f"hierlm.reductions.{c}.recover": "part of fit" for c in (
        "frozen.Frozen", "gaussian_marginal.GaussianMarginal", "reduction.Reduction", "whitened.Whitened")},
    "hierlm.samplers.proposal.Proposal.draw": "part of fit",
    "hierlm.samplers.weights.resampled": "part of fit",
}  # fmt: skip


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
    assert set(seeded()) == {name for name in ASKS if name.startswith("hierlm.")} | set(INTERNAL)


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


def in_a_process(names: list[str], seed: int, cores: int) -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    code = "import runpy, sys; runpy.run_module('tests.contracts.reproducible', run_name='__main__')"
    arguments = [json.dumps(names), str(seed), str(cores)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_another_process_draws_the_same(reference: dict[str, str]) -> None:
    """Both read kernels that are compiled: what compiles them for the first time may round other digits."""
    first = in_a_process(QUICK, 7, 1)
    assert in_a_process(QUICK, 7, 2) == first
    assert set(first) == set(reference)


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
        assert in_a_process([dyestuff, name], 7, cores)[name] == first, f"a process of {cores} cores"


# -------------------------------------------------------------------------------------- what takes no seed draws nothing
def _questions() -> dict[str, Any]:
    """Methods of Fit, and its plots, that take no seed; what writes or only holds is left out."""
    without = {"save", "draws", "model", "provenance", "plot", "posterior"}
    random = {name.rsplit(".", 1)[-1] for name in ASKS}
    methods = {n: getattr(hl.Fit, n) for n in dir(hl.Fit) if not n.startswith("_")}
    found = {n: (lambda fit, n=n: getattr(fit, n)()) for n in methods if n not in without | random}
    found["predict"] = lambda fit: fit.predict().draws
    plots = [n for n in vars(Plots) if not n.startswith("_") and n not in {"fit", "ppc"}]
    return found | {f"plot.{n}": (lambda fit, n=n: getattr(fit.plot, n)()) for n in plots}


@pytest.mark.parametrize("name", _questions())
def test_what_takes_no_seed_is_the_same_every_time(name: str, fitted: Any) -> None:
    fit, ask = fitted("sleepstudy_us"), _questions()[name]
    assert _text(ask(fit)) == _text(ask(fit))


def _text(value: Any) -> str:
    if hasattr(value, "checks"):  # a Diagnosis
        return str(value.checks)
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
