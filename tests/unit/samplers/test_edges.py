"""Edges of samplers: nothing to sample, a graph compiled once, a terminal, a density without a usable gradient."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hierlm.errors import SamplingError
from hierlm.reductions import Problem
from hierlm.samplers import Settings, blackjax, hmc, nutpie, progress
from hierlm.samplers.compiled import sample_problem
from hierlm.samplers.proposal import _mode_and_axes


def test_nothing_is_left_to_sample() -> None:
    """All parameters fixed: draws without coordinates, for the effects to be drawn from."""
    nothing = Problem(0, None, lambda: pytest.fail("it was compiled"), np.zeros(1), None)
    tree = sample_problem(nothing, Settings(draws=5, chains=3, tune=2))
    assert tree["posterior"]["theta"].shape == (3, 5, 0)
    assert set(tree["sample_stats"].data_vars) == {"diverging", "reached_max_treedepth", "n_steps"}
    assert not any(v.to_numpy().any() for v in tree["sample_stats"].data_vars.values())
    assert tree.attrs == {}


class Graph:
    """What a graph holds of data."""

    def __init__(self, **data: float) -> None:
        self.data_vars = [SimpleNamespace(name=n, get_value=lambda v=v: v) for n, v in data.items()]


class Compiled:
    def __init__(self, graph: Graph) -> None:
        self.shared_var_keys = [v for v in graph.data_vars if v.name != "unused"]
        self.data = {v.name: v.get_value() for v in self.shared_var_keys}

    def with_data(self, **data: float) -> dict[str, float]:
        assert data.keys() == self.data.keys()
        return data


def test_graphs_that_differ_in_their_data_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Graph] = []

    def compile_(graph: Graph) -> Compiled:
        compiled.append(graph)
        return Compiled(graph)

    monkeypatch.setitem(sys.modules, "nutpie", SimpleNamespace(compile_pymc_model=compile_))
    monkeypatch.setattr(nutpie, "_COMPILED", {})
    base, other = Graph(y=1.0, x=2.0, unused=0.0), Graph(y=3.0, x=4.0, unused=9.0)
    with nutpie.compiled_once("one", lambda: base):
        assert nutpie._compiled(other) == {"y": 3.0, "x": 4.0}
        assert nutpie._compiled(base) == {"y": 1.0, "x": 2.0}
        assert compiled == [base]
    with nutpie.compiled_once("two", lambda: other):
        nutpie._compiled(base)
        assert compiled == [base, other]
    assert list(nutpie._COMPILED) == ["two"]
    assert isinstance(nutpie._compiled(base), Compiled)  # outside, a graph is compiled by itself


@pytest.mark.parametrize(("terminal", "notebook"), [(True, False), (False, False), (True, True)])
def test_compiling_is_said_in_terminals_only(terminal: bool, notebook: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    class Status:
        def __enter__(self) -> None:
            said.append("on")

        def __exit__(self, *_: object) -> None:
            said.append("off")

    console = SimpleNamespace(is_jupyter=notebook, is_terminal=terminal, status=lambda text: Status())
    monkeypatch.setattr("rich.console.Console", lambda stderr: console)
    with progress.compiling(True):
        inside = list(said)
    assert (inside, said) == ((["on"], ["on", "off"]) if terminal and not notebook else ([], []))
    with progress.compiling(False):
        pass
    assert len(said) <= 2


@pytest.mark.parametrize("message", ["unexpected keyword 'progress_bar'", "something else"])
def test_only_the_known_fault_of_blackjax_is_explained(message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TypeError(message)

    monkeypatch.setattr(blackjax, "sample_with_pymc", fail)
    monkeypatch.setattr(blackjax, "version", lambda name: "0")
    known = "progress_bar" in message
    with pytest.raises(SamplingError if known else TypeError, match="does not work with" if known else message):
        blackjax.BlackJAX().sample(None, Settings())


def test_a_density_without_curvature_is_left_as_it_is() -> None:
    """Where no second derivatives are to be had the coordinates stay those of the reduction."""

    def density(zeta: np.ndarray, data: np.ndarray, gradient: np.ndarray) -> float:
        gradient[:] = np.nan
        return -0.5 * float(zeta @ zeta)

    centre, axes = _mode_and_axes(Problem(2, density, lambda: (None, None), np.zeros(1), None))
    np.testing.assert_array_equal(axes, np.eye(2))
    assert np.isfinite(centre).all()


@pytest.mark.parametrize("terminal", [True, False])
def test_draws_are_counted_in_terminals_only(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    text = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console",
        lambda stderr: Console(file=text, force_terminal=terminal, width=80, force_jupyter=False),
    )
    with progress.counting(True, 10) as count:
        count(10)
    assert ("10/10" in text.getvalue()) == terminal
    with progress.counting(False, 10) as count:
        count(3)


def test_fixed_trajectories_of_nothing() -> None:
    tree = hmc.HMC().sample_problem(
        Problem(0, None, lambda: (None, None), np.zeros(1), None), Settings(draws=3, chains=2)
    )
    assert tree["posterior"]["theta"].shape == (2, 3, 0)
    assert tree.attrs["report"][hmc.HMC.name]["reason"] == ""
    moving, still = np.random.default_rng(1).normal(size=(2, 400, 2)), np.zeros((2, 400, 2))
    assert hmc._reason(np.full(2, 0.9), moving, 1.0) == ""
    assert "were accepted" in hmc._reason(np.full(2, 0.01), moving, 1.0)
    assert "stood still" in hmc._reason(np.full(2, 0.9), still, 1.0)
    assert "worth less than" in hmc._reason(np.full(2, 0.9), moving, 1e-6)
