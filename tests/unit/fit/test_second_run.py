"""A run after a reduction that failed is made once more, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import hierlm as hl
from hierlm.fit import fit
from hierlm.fit.runs import Quality
from hierlm.reductions import Problem
from hierlm.samplers import Nutpie, Sampler, Settings
from hierlm.samplers.reflections import reflections
from hierlm.samplers.sampler import FLAGS

Change = Callable[[Problem, np.ndarray, dict[str, np.ndarray]], None]
FORMULA = "Yield ~ 1 + (1 | Batch)"
RUN: dict[str, Any] = {"sampler": "nutpie", "draws": 1000, "seed": 3, "progress": False}


class Spoiled(Sampler):
    """nutpie, each run's draws (and flags) changed in place by one of the given functions."""

    name = "spoiled"
    samples_problems = True

    def __init__(self, *changes: Change | hl.SamplingError | None) -> None:
        self.changes = list(changes)
        self.asked: list[Settings] = []

    def sample(self, graph: Any, settings: Settings) -> xr.DataTree:
        raise AssertionError("the graph was sampled")

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        change = self.changes[len(self.asked)]
        self.asked.append(settings)
        if isinstance(change, hl.SamplingError):
            raise change
        tree = Nutpie().sample_problem(problem, settings)
        posterior, stats = (tree[g].to_dataset() for g in ("posterior", "sample_stats"))
        theta, flags = posterior["theta"].to_numpy().copy(), {f: stats[f].to_numpy().copy() for f in FLAGS}
        if change is not None:
            change(problem, theta, flags)
        posterior = posterior.assign(theta=(posterior["theta"].dims, theta))
        stats = stats.assign({f: (("chain", "draw"), v) for f, v in flags.items()})
        return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})


def diverging(n: int) -> Change:
    def change(problem: Problem, theta: np.ndarray, flags: dict[str, np.ndarray]) -> None:
        flags["diverging"][0, :n] = True

    return change


def apart(problem: Problem, theta: np.ndarray, flags: dict[str, np.ndarray]) -> None:
    """One chain elsewhere."""
    theta[0] += 2.0


def mirrored(problem: Problem, theta: np.ndarray, flags: dict[str, np.ndarray]) -> None:
    """Two chains in the copy of the mode where the sd of the batches has the other sign."""
    (reflection,) = reflections(problem)
    theta[:2] = [reflection(chain) for chain in theta[:2]]


def stopped(problem: Problem, theta: np.ndarray, flags: dict[str, np.ndarray]) -> None:
    theta[:, 100:] = np.nan


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[hl.Fit, Spoiled]]:
    def make(*changes: Any, **options: Any) -> tuple[hl.Fit, Spoiled]:
        sampler = Spoiled(*changes)
        monkeypatch.setattr("hierlm.fit.sampling.get_sampler", lambda name: sampler)
        return fit(hl.Model(FORMULA, hl.load_data("Dyestuff")), **(RUN | options)), sampler

    return make


@pytest.mark.parametrize("change", [None, mirrored])
def test_a_good_run_is_the_only_one(run: Any, change: Change | None):
    """Chains in different copies of one mode are no chains that disagree."""
    made, sampler = run(change)
    [attempt] = made.provenance["attempts"]
    assert attempt | {"seconds": 0, "r_hat": 0} == {
        "tune": 250, "target_accept": 0.8, "seed": 3, "seconds": 0, "divergences": 0, "r_hat": 0, "reason": "", "kept": True,
    }  # fmt: skip
    assert 0.99 < attempt["r_hat"] < 1.01
    assert len(sampler.asked) == 1
    assert made.diagnose().note == ""


@pytest.mark.parametrize(("change", "reason"), [(diverging(1), "1 divergence"), (diverging(3), "3 divergences"), (apart, "R̂ 1.")])  # fmt: skip
def test_a_bad_run_is_made_again_with_more_care(run: Any, change: Change, reason: str):
    made, sampler = run(change, None)
    first, second = made.provenance["attempts"]
    assert reason in first["reason"]
    assert (first["kept"], second["kept"]) == (False, True)
    assert second["reason"] == ""
    assert [(s.tune, s.target_accept, s.seed, s.draws) for s in sampler.asked] == [
        (250, 0.8, 3, 1000),
        (1000, 0.95, 3, 1000),
    ]
    assert (made.provenance["tune"], made.provenance["target_accept"]) == (1000, 0.95)
    assert int(made.draws["sample_stats"]["diverging"].sum()) == 0
    assert made.diagnose().note == ""
    again, _ = run(None, tune=1000, target_accept=0.95)  # what is recorded gives the same draws
    for name, values in made.posterior.data_vars.items():
        np.testing.assert_array_equal(values, again.posterior[name])


@pytest.mark.parametrize(("first", "second", "kept"), [(5, 2, 1), (2, 5, 0), (2, 2, 1)])
def test_where_both_fail_the_better_one_is_kept_and_the_graph_named(run: Any, first: int, second: int, kept: int):
    made, sampler = run(diverging(first), diverging(second))
    attempts = made.provenance["attempts"]
    assert [a["kept"] for a in attempts] == [kept == 0, kept == 1]
    assert int(made.draws["sample_stats"]["diverging"].sum()) == (first, second)[kept]
    assert made.provenance["tune"] == sampler.asked[kept].tune
    diagnosis = made.diagnose()
    assert diagnosis.verdict == (
        "Do not trust these draws yet: divergences "
        f"(the better of two runs: {first} divergences; then {second} divergences)."
    )
    assert "fit(reduce=False)" in diagnosis.advice[-1]
    assert "target_accept=0.99" in " ".join(diagnosis.advice)  # 0.95 was tried


def test_the_warning_says_it(run: Any, monkeypatch: pytest.MonkeyPatch):
    sampler = Spoiled(diverging(2), diverging(2))
    monkeypatch.setattr("hierlm.fit.sampling.get_sampler", lambda name: sampler)
    with pytest.warns(hl.ConvergenceWarning, match=r"better of two runs[\s\S]*reduce=False"):
        hl.Model(FORMULA, hl.load_data("Dyestuff")).fit(**RUN)


def test_a_long_run_is_not_repeated(run: Any, monkeypatch: pytest.MonkeyPatch):
    """Minutes more are for the user to ask for; the verdict is as bad as the run."""
    monkeypatch.setattr("hierlm.fit.runs.MOST_EFFORT", 100.0)
    fitted, sampler = run(diverging(3))
    assert len(sampler.asked) == 1
    assert [a["divergences"] for a in fitted.provenance["attempts"]] == [3]


@pytest.mark.parametrize("given", [{"tune": 250}, {"target_accept": 0.8}])
def test_what_the_user_chose_is_not_overruled(run: Any, given: dict[str, Any]):
    made, sampler = run(diverging(3), **given)
    assert len(sampler.asked) == 1
    assert [a["reason"] for a in made.provenance["attempts"]] == ["3 divergences"]
    assert "two runs" not in made.diagnose().verdict
    assert "target_accept=0.95" in " ".join(made.diagnose().advice)


@pytest.mark.parametrize(("second", "reason"), [(stopped, "stopped early"), (hl.SamplingError("no start"), "no start")])
def test_a_second_run_that_comes_to_nothing_leaves_the_first(run: Any, second: Any, reason: str):
    made, _ = run(diverging(2), second)  # no warning that draws are missing: they are not
    first, other = made.provenance["attempts"]
    assert first["kept"]
    assert other["reason"] == reason
    assert not other["kept"]
    assert other["r_hat"] is None
    assert made.posterior.sizes["draw"] == 1000
    assert made.provenance["complete"]
    assert "reduce=False" in made.diagnose().advice[-1]


def test_an_interrupted_run_is_not_made_again(monkeypatch: pytest.MonkeyPatch):
    sampler = Spoiled(lambda p, theta, flags: (stopped(p, theta, flags), diverging(2)(p, theta, flags)))  # type: ignore[arg-type, func-returns-value]
    monkeypatch.setattr("hierlm.fit.sampling.get_sampler", lambda name: sampler)
    with pytest.warns(hl.InterruptedWarning, match="100 of 1000"):
        made = fit(hl.Model(FORMULA, hl.load_data("Dyestuff")), **RUN)
    assert len(sampler.asked) == 1
    assert len(made.provenance["attempts"]) == 1


def test_an_archive_keeps_all_attempts(run: Any, tmp_path: Any):
    made, _ = run(apart, None)
    made.save(tmp_path / "m.zarr")
    assert hl.load(tmp_path / "m.zarr").provenance["attempts"] == made.provenance["attempts"]


def test_short_chains_that_agree_are_not_suspected(run: Any):
    """R̂ of 20 draws a chain is mostly above 1.01; with 100, chains that disagree are far above."""
    made, sampler = run(None, draws=20)
    assert len(sampler.asked) == 1
    assert made.provenance["attempts"][0]["r_hat"] > 1.01
    assert len(run(apart, None, draws=100)[1].asked) == 2


def test_one_chain_is_judged_by_its_divergences(run: Any):
    made, _ = run(diverging(2), None, chains=1)
    assert [a["r_hat"] for a in made.provenance["attempts"]] == [None, None]
    assert made.provenance["attempts"][1]["kept"]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Quality(0, 1.02, 1.01), Quality(0, 1.2, 1.01)),
        (Quality(1, 1.0, 1.01), Quality(400, 1.0, 1.01)),
        (Quality(1, 1.0, 1.01), Quality(0, 1.5, 1.01)),
        (Quality(0, 1.0, 1.01), Quality(1, float("nan"), 1.01)),
        (Quality(9, 1.0, 1.01), Quality(0, float("inf"), 1.01)),
    ],
)
def test_which_is_better(better: Quality, worse: Quality):
    assert better.badness < worse.badness
