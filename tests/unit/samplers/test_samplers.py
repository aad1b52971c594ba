"""Samplers by name, what they say when they cannot, and what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm import samplers
from hierlm.fit import fit
from hierlm.samplers import SAMPLERS, Sampler, get_sampler
from hierlm.samplers.progress import compiling
from hierlm.samplers.sampler import STATISTICS


def table() -> pd.DataFrame:
    """Groups that differ much, in level and slope: centred effects mix well."""
    rng = np.random.default_rng(0)
    g, x = np.repeat(np.arange(8), 10), rng.normal(size=80)
    level, slope = rng.normal(0, 2, 8), rng.normal(0, 2, 8)
    y = level[g] + slope[g] * x + rng.normal(size=80)
    return pd.DataFrame({"y": y, "x": x, "g": np.array(list("abcdefgh"))[g]})


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_missing_library_is_named_with_the_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "find_spec", lambda module: None)
    with pytest.raises(hl.SamplingError, match="Install it: pip install") as caught:
        get_sampler(name)
    sampler = SAMPLERS[name]
    assert all(module in caught.value.message for module in sampler.requires)
    assert (f"hierlm[{sampler.extra}]" if sampler.extra else sampler.requires[0]) in str(caught.value.hint)


def test_it_is_said_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "find_spec", lambda module: None)
    monkeypatch.setattr("hierlm.graph.build_graph", lambda model: pytest.fail("the graph was built"))
    with pytest.raises(hl.SamplingError, match="numpyro"):
        hl.Model("y ~ x + (1 | g)", table()).fit(sampler="numpyro")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(hl.SamplingError, match="nutpie"):
        get_sampler("nutpi")


def test_every_sampler_is_one_class_that_says_what_it_needs() -> None:
    for name, sampler in SAMPLERS.items():
        assert isinstance(sampler, Sampler)
        assert sampler.name == name
        assert sampler.requires
        assert sampler.extra == "" or sampler.extra == name


def test_importing_samplers_imports_no_sampler() -> None:
    code = (
        "import sys, hierlm.samplers; print([m for m in ('nutpie', 'jax', 'numpyro', 'blackjax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class OldBlackJAX:
    """pm.sample as it fails with a blackjax that is too new."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("build_kernel.<locals>.kernel() got an unexpected keyword argument 'progress_bar'")


def test_a_blackjax_that_pymc_cannot_use_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hierlm.samplers.blackjax.sample_with_pymc", OldBlackJAX())
    monkeypatch.setattr("hierlm.samplers.blackjax.version", lambda package: "9.8.7")
    with pytest.raises(hl.SamplingError, match=r"does not work with blackjax 9\.8\.7") as caught:
        SAMPLERS["blackjax"].sample(None, samplers.Settings())  # type: ignore[arg-type]
    assert "blackjax<1.3" in str(caught.value.hint)


def test_statistics_are_those_that_arviz_knows(fitted: Any) -> None:
    made = fitted("sleepstudy_us")
    stats = made.draws["sample_stats"]
    assert set(STATISTICS) <= set(stats.data_vars)
    assert not {"depth", "maxdepth_reached", "mean_tree_accept", "logp"} & set(stats.data_vars)
    assert stats["diverging"].dtype == bool
    assert (np.asarray(az.bfmi(made.draws)["energy"]) > 0.1).all()
    status = made.diagnose().checks.set_index("check")["status"]
    assert (status[["tree depth", "E-BFMI", "divergences"]] != "not recorded").all()


# --------------------------------------------------------------------------------------------- progress
RUN = """
import sys
import hierlm as hl
from hierlm.fit import fit
model = hl.Model("Reaction ~ Days", hl.load_data("sleepstudy"))
fit(model, draws=100, tune=100, chains=2, cores=1, seed=1, **eval(sys.argv[1]))
"""


def in_a_terminal(options: dict[str, Any]) -> str:
    """What a person sees of :data:`RUN`."""
    import pty

    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(options)], stdout=follower, stderr=follower, env=environment
    ) as p:
        os.close(follower)
        seen = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
    os.close(leader)
    text = seen.decode("utf-8", "replace")
    assert p.returncode == 0, text
    return text


@pytest.mark.slow
@pytest.mark.skipif(find_spec("pty") is None, reason="no pseudo-terminals here")
def test_a_terminal_shows_that_it_compiles_and_how_far_it_is() -> None:
    shown = in_a_terminal({"reduce": False})
    assert "Compiling the model" in shown
    assert "Draws" in shown
    assert "Divergences" in shown


@pytest.mark.slow
@pytest.mark.skipif(find_spec("pty") is None, reason="no pseudo-terminals here")
def test_a_terminal_shows_nothing_when_told_so() -> None:
    assert in_a_terminal({"progress": False}) == ""


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"reduce": False}, {"progress": False}, {"sampler": "pymc"}])
def test_a_log_gets_nothing(options: dict[str, Any]) -> None:
    done = subprocess.run([sys.executable, "-c", RUN, str(options)], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_the_status_line_keeps_out_of_logs(capfd: pytest.CaptureFixture[str]) -> None:
    for shown in (True, False):
        with compiling(shown):
            pass
    assert capfd.readouterr() == ("", "")


# --------------------------------------------------------------------------------------------- reproducibility
@pytest.mark.slow
@pytest.mark.parametrize("reduce", [True, False])
def test_the_same_seed_gives_the_same_bits(reduce: bool) -> None:
    model = hl.Model("y ~ x + (x | g)", table())
    options: dict[str, Any] = {"draws": 100, "tune": 100, "chains": 3, "seed": 5, "progress": False, "reduce": reduce}
    first = fit(model, cores=1, **options)
    for cores in (1, 2):
        again = fit(hl.Model("y ~ x + (x | g)", table()), cores=cores, **options)
        for name, values in first.posterior.data_vars.items():
            assert np.array_equal(values, again.posterior[name]), name
    other = fit(model, cores=1, **options | {"seed": 6})
    assert not np.array_equal(first.posterior["b"], other.posterior["b"])


@pytest.mark.slow
def test_no_tuning_is_no_panic() -> None:
    made = fit(hl.Model("y ~ x", table()), draws=5, tune=0, chains=1, cores=1, seed=1, progress=False)
    assert made.posterior.sizes["draw"] == 5


# --------------------------------------------------------------------------------------------- extras
JAX_MODELS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "noncentred": ("y ~ x + (x | g)", "gaussian", {"parameterization": "noncentered"}),
    "hosted": ("y ~ x + (x | g)", "student_t", {"parameterization": "centered"}),
    "own density": ("s ~ x + (1 | g)", "bernoulli", {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", JAX_MODELS)
@pytest.mark.parametrize("sampler", ["numpyro", "blackjax"])
def test_jax_samples_the_same_posterior(sampler: str, case: str) -> None:
    for module in SAMPLERS[sampler].requires:
        pytest.importorskip(module)
    formula, family, options = JAX_MODELS[case]
    data = table().assign(s=lambda d: (d["y"] > 0).astype(int))
    model = hl.Model(formula, data, family, **options)
    run: dict[str, Any] = {"draws": 500, "tune": 500, "chains": 4, "seed": 3, "progress": False}
    ours, theirs = fit(model, **run).summary().frame, fit(model, sampler=sampler, **run).summary().frame
    assert list(ours.index) == list(theirs.index)
    error = np.hypot(ours["mcse_mean"], theirs["mcse_mean"])
    assert (abs(ours["mean"] - theirs["mean"]) < 5 * error).all()
    assert (theirs["ess_bulk"] > 200).all()
