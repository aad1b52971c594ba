"""Which way a model is sampled, and what happens where the quick one is no good: told by samplers that only pretend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm import names
from hierlm.fit import sampling
from hierlm.reductions import Problem
from hierlm.samplers import Sampler, Settings, get_sampler
from hierlm.samplers.sampler import REPORT
from tests.synthetic import synthetic_fit


class Graphs(Sampler):
    """Knows the PyMC graph only; its draws are made up."""

    name = "graphs"

    def sample(self, graph: Any, settings: Settings) -> xr.DataTree:
        made = synthetic_fit(self.model, settings.seed, settings.chains, settings.draws).draws
        found = {g: made[g].to_dataset() for g in ("posterior", "sample_stats")}
        if self.model.residual is not None:
            size = (settings.chains, settings.draws, len(self.model.residual.labels))
            found["posterior"] = found["posterior"].assign(
                rescor=(("chain", "draw", names.RESIDUAL_DIM), np.full(size, 0.1))
            )
        return xr.DataTree.from_dict(found)


class Quick(Sampler):
    """Independent proposals that find a reason against themselves, or fail."""

    name = "independence"
    samples_problems = True
    samples_graphs = False
    tunes = False

    def __init__(self, reason: str | hl.SamplingError) -> None:
        self.reason, self.asked, self.largest = reason, 0, 10

    def suits(self, problem: Problem, *, gradients: bool) -> bool:
        return problem.dimension <= self.largest

    def sample(self, graph: Any, settings: Settings) -> xr.DataTree:
        raise AssertionError("the graph was sampled")

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        self.asked += 1
        if isinstance(self.reason, hl.SamplingError):
            raise self.reason
        tree = get_sampler("independence").sample_problem(problem, settings)
        tree.attrs[REPORT][self.name]["reason"] = self.reason
        return tree


RUN: dict[str, Any] = {"draws": 50, "chains": 2, "seed": 1, "progress": False}


@pytest.fixture
def orthodont() -> hl.Model:
    """By a reduction whose density has no gradient."""
    found = hl.Model("distance ~ age * Sex", hl.load_data("Orthodont"), residual="us(C(age) | Subject)")
    assert found.plan().name == "dense marginal"
    return found


@pytest.fixture
def dyestuff() -> hl.Model:
    return hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))


def samplers(monkeypatch: pytest.MonkeyPatch, model: hl.Model, quick: Sampler) -> Graphs:
    """Two names find these; every other sampler is itself."""
    graphs = Graphs()
    graphs.model = model
    monkeypatch.setattr(sampling, "get_sampler", lambda name: graphs)
    monkeypatch.setattr(sampling, "SAMPLERS", {"nutpie": graphs, "independence": quick})
    return graphs


@pytest.mark.parametrize(
    ("reason", "said"),
    [("Pareto's k is 0.9", "Pareto's k is 0.9"), (hl.SamplingError("no start", hint="x"), "no start")],
)
def test_proposals_that_are_no_good_give_way_to_the_graph(
    orthodont: hl.Model, reason: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Quick(reason)
    graphs = samplers(monkeypatch, orthodont, quick)
    monkeypatch.setattr(type(graphs), "samples_problems", True)
    made = sampling.fit(orthodont, **RUN)
    assert quick.asked == 1
    assert made.provenance["plan"] == "joint NUTS on the PyMC graph"
    assert any(f"its proposals were no good: {said}" in line for line in made.provenance["plan_reasons"])
    assert made.provenance["independence"]["kept"] is False
    assert made.provenance["independence"]["reason"] == said
    assert made.posterior.sizes["draw"] == 50


def test_too_many_numbers_for_proposals(orthodont: hl.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Quick("not asked")
    quick.largest = 3
    graphs = samplers(monkeypatch, orthodont, quick)
    monkeypatch.setattr(type(graphs), "samples_problems", True)
    made = sampling.fit(orthodont, **RUN)
    assert quick.asked == 0
    assert "numbers are left to sample" in made.provenance["independence"]["reason"]


def test_nuts_follows_proposals_that_are_no_good(dyestuff: hl.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reduction has gradients it is sampled again, by NUTS."""
    monkeypatch.setattr(sampling, "SAMPLERS", {"independence": Quick("two modes")})
    made = sampling.fit(dyestuff, **RUN)
    assert made.provenance["plan"] == "gaussian marginal"
    assert made.provenance["sampler"] == "nutpie"
    assert made.provenance["independence"]["reason"] == "two modes"
    assert made.provenance["independence"]["kept"] is False


def test_a_sampler_that_does_not_tune_is_not_asked_twice(dyestuff: hl.Model) -> None:
    made = sampling.fit(dyestuff, sampler="importance", **RUN)
    assert made.provenance["sampler"] == "importance"
    assert made.provenance["attempts"] in ((), [])


@pytest.mark.parametrize("reduce", [True, False])
def test_samplers_that_need_a_reduction(reduce: bool, dyestuff: hl.Model) -> None:
    data = pd.DataFrame({"y": np.arange(8), "g": list("aabbccdd"), "x": np.arange(8.0) ** 2})
    model = hl.Model("y ~ x", data, family="poisson", residual="ar1(1 | g)") if reduce else dyestuff
    with pytest.raises(hl.SamplingError, match="'laplace' needs a reduction, and there is none") as caught:
        sampling.fit(model, sampler="laplace", reduce=reduce, **RUN)
    assert ("Leave out sampler=" if reduce else "Leave out reduce=False") in caught.value.hint


@pytest.mark.parametrize("reduce", [1, "no", None])
def test_reduce_is_yes_or_no(reduce: Any, dyestuff: hl.Model) -> None:
    with pytest.raises(hl.SamplingError, match="neither True nor False"):
        sampling.fit(dyestuff, reduce=reduce, **RUN)


def test_an_error_of_a_problem_names_the_graph(dyestuff: hl.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Quick(hl.SamplingError("No start was found.", hint="Look at the data."))
    monkeypatch.setattr(sampling, "get_sampler", lambda name: quick)
    with pytest.raises(hl.SamplingError, match="No start was found") as caught:
        sampling.fit(dyestuff, sampler="independence", **RUN)
    assert caught.value.hint == "Look at the data. fit(reduce=False) samples the PyMC graph instead."


def test_a_graph_is_sampled_where_that_is_asked_for(dyestuff: hl.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = samplers(monkeypatch, dyestuff, Quick("not asked"))
    monkeypatch.setattr(sampling, "get_sampler", lambda name: graphs)
    made = sampling.fit(dyestuff, sampler="graphs", **RUN)
    assert made.provenance["plan"] == "joint NUTS on the PyMC graph"
    assert any("graphs is asked for" in line for line in made.provenance["plan_reasons"])


@pytest.mark.parametrize("name", ["dyestuff", "orthodont"])
def test_proposals_that_are_good_are_all_there_is(name: str, request: pytest.FixtureRequest) -> None:
    made = sampling.fit(request.getfixturevalue(name), seed=1, progress=False)
    assert made.provenance["sampler"] == "independence"
    assert made.provenance["independence"]["kept"] is True
    assert [(a["sampler"], a["tune"], a["kept"]) for a in made.provenance["attempts"]] == [("independence", 0, True)]


def test_a_problem_that_was_not_exact_enough_is_made_anew(dyestuff: hl.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reduction finds at the draws is mended and sampled again, and both runs are told."""
    reduction = dyestuff.plan().chosen
    mended: list[Problem] = []

    def mend(model: hl.Model, problem: Problem, zetas: np.ndarray) -> Problem | None:
        mended.append(problem)
        return problem if len(mended) == 1 else None

    monkeypatch.setattr(type(reduction), "mend", lambda self, *given: mend(*given))
    monkeypatch.setattr(type(reduction), "inexact", "not exact")
    made = sampling.fit(dyestuff, seed=1, progress=False)
    first, second = made.provenance["attempts"]
    assert len(mended) == 2
    assert (first["kept"], second["kept"]) == (False, True)
    assert first["reason"] == "not exact"
