"""fit(file=…): sampled again when, and only when, something that matters has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.samplers import Sampler, Settings
from tests.synthetic import synthetic_fit
from tests.unit.posterior.test_predict import table


def swapped(column: str) -> pd.DataFrame:
    """The table with two values of one column exchanged: scales, levels and default priors stay the same."""
    data = table()
    values = data[column].tolist()
    other = next(i for i in range(1, len(values)) if values[i] != values[0])
    values[0], values[other] = values[other], values[0]
    return data.assign(**{column: values})


class Counting(Sampler):
    """Gives made-up draws at once, and counts how often it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.calls = 0
        self.failure: BaseException | None = None
        self.lost = 0

    def sample(self, graph: Any, settings: Settings) -> xr.DataTree:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        made = synthetic_fit(self.model, settings.seed, settings.chains, settings.draws).draws
        posterior = made["posterior"].to_dataset()
        if self.lost:
            posterior = posterior.where(posterior["draw"] < settings.draws - self.lost)
        return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": made["sample_stats"].to_dataset()})


@pytest.fixture
def sampler(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr("hierlm.fit.sampling.get_sampler", lambda name: counting)
    return counting


@pytest.fixture
def run(sampler: Counting, tmp_path: Path) -> Callable[..., hl.Fit]:
    """Fit with ``file=``; keywords with a leading underscore go to the model."""

    def fit(formula: Any = "y ~ x + (1 | g)", data: Any = None, **options: Any) -> hl.Fit:
        arguments = {k[1:]: options.pop(k) for k in list(options) if k.startswith("_")}
        sampler.model = hl.Model(formula, table() if data is None else data, **arguments)
        return sampler.model.fit(**({"draws": 10, "chains": 2, "seed": 1, "file": tmp_path / "m.zarr"} | options))

    return fit


def test_the_second_time_it_is_loaded(run: Callable[..., hl.Fit], sampler: Counting, tmp_path: Path):
    first, second = run(), run()
    assert sampler.calls == 1
    assert first.draws.identical(second.draws)
    assert "loaded_from" not in first.provenance
    assert second.provenance["loaded_from"] == str(tmp_path / "m.zarr")
    assert {k: v for k, v in second.provenance.items() if k != "loaded_from"} == dict(first.provenance)


@pytest.mark.parametrize(
    "same",
    [
        {"cores": 1},
        {"progress": True},
        {"tune": None},
        {"reduce": True},
        {"sampler": None},
        {"data": table()[::-1][::-1].assign(unused=1)},
        {"data": table()[sorted(table().columns)]},
        {"_family": "normal"},
        {"_priors": {}},
    ],
)
def test_what_does_not_matter(run: Callable[..., hl.Fit], sampler: Counting, same: dict[str, Any]):
    run()
    run(**same)
    assert sampler.calls == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"formula": "y ~ x + f + (1 | g)"},
        {"formula": "y ~ x + (1 | h)"},
        {"formula": "y ~ x + (x | g)"},
        {"data": table().assign(y=lambda d: d["y"] + 1e-9 * (d.index == 3))},
        {"data": table().assign(g=lambda d: d["g"].replace("a", "A"))},
        {"data": table().iloc[:-1]},
        {"data": swapped("y")},
        {"data": swapped("x")},
        {"data": swapped("g")},
        {"_family": "student_t"},
        {"_priors": {"b": hl.Prior("Normal", sigma=1)}},
        {"_priors": {"sigma": 1.0}},
        {"_parameterization": "centered"},
        {"seed": 2},
        {"seed": None},
        {"draws": 11},
        {"chains": 3},
        {"tune": 999},
        {"target_accept": 0.77},
        {"sampler": "pymc"},
        {"sampler": "nutpie"},
    ],
)
def test_what_does(run: Callable[..., hl.Fit], sampler: Counting, changed: dict[str, Any]):
    run()
    assert "loaded_from" not in run(**changed).provenance
    assert sampler.calls == 2
    assert "loaded_from" in run(**changed).provenance  # and the file is now that of the changed model
    assert sampler.calls == 2


def test_minor_versions_matter(run: Callable[..., hl.Fit], sampler: Counting, monkeypatch: pytest.MonkeyPatch):
    calls = []
    for version in ("6.4.0", "6.4.9", "6.5.0"):
        found = {"pymc": version, "hierlm": "0.1.0", "numpy": version}
        monkeypatch.setattr("hierlm.storage.fingerprint.installed_versions", lambda found=found: found)
        run()
        calls.append(sampler.calls)
    assert calls == [1, 1, 2]


@pytest.mark.parametrize(
    "formula", ["y ~ f2(x) + (1 | g)", "y ~ x + (0 + f2(x) | g)", "f2(y) ~ x", "y | weights(f2(w)) ~ x"]
)
def test_a_changed_function_of_the_users_matters(formula: str, run: Callable[..., hl.Fit], sampler: Counting):
    given = {"b": hl.Prior("Normal", sigma=1), "b[Intercept]": 0.0, "sigma": 1.0}
    given |= {"sd_g": hl.Prior("HalfNormal", sigma=1)} if "| g)" in formula else {}
    run(formula, _extra={"f2": lambda x: x**2}, _priors=given)
    run(formula, _extra={"f2": lambda x: x**2}, _priors=given)
    assert sampler.calls == 1
    run(formula, _extra={"f2": lambda x: x**2 + (x > 1)}, _priors=given)
    assert sampler.calls == 2


def test_a_fit_saved_by_hand_is_found(run: Callable[..., hl.Fit], sampler: Counting, tmp_path: Path):
    run(file=None).save(tmp_path / "m.zarr")
    assert "loaded_from" in run().provenance
    assert sampler.calls == 1


def test_a_failed_fit_leaves_the_file(run: Callable[..., hl.Fit], sampler: Counting, tmp_path: Path):
    run()
    before = (tmp_path / "m.zarr").read_bytes()
    sampler.failure = hl.SamplingError("no finite start")
    with pytest.raises(hl.SamplingError):
        run(seed=2)
    assert (tmp_path / "m.zarr").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.zarr"]


def test_an_interrupted_fit_replaces_nothing(run: Callable[..., hl.Fit], sampler: Counting, tmp_path: Path):
    run()
    before = (tmp_path / "m.zarr").read_bytes()
    sampler.lost = 4
    with pytest.warns(hl.HierlmWarning):
        part = run(seed=2)
    assert part.draws["posterior"].sizes["draw"] == 6
    assert (tmp_path / "m.zarr").read_bytes() == before


def test_what_cannot_be_written_is_said_before_sampling(run: Callable[..., hl.Fit], sampler: Counting, tmp_path: Path):
    with pytest.raises(hl.StorageError, match="does not exist"):
        run(file=tmp_path / "no" / "m.zarr")
    with pytest.raises(hl.StorageError, match="is a folder"):
        run(file=tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(hl.StorageError, match="cannot be read"):
        run(file=tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sampler.calls == 0


def test_draws_are_those_of_the_file(run: Callable[..., hl.Fit], tmp_path: Path):
    first = run()
    loaded, from_file = run(), hl.load(tmp_path / "m.zarr")
    np.testing.assert_array_equal(loaded.predict().draws, first.predict().draws)
    assert from_file.draws.identical(loaded.draws)
