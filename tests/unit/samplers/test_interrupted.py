"""What is kept of a run that was stopped, or that went wrong: finite draws, and a warning that says how many."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.fit import fit
from hierlm.samplers import Sampler, Settings
from hierlm.storage import fit_or_load
from tests.synthetic import synthetic_fit

DRAWS = 20


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": rng.normal(size=24), "x": rng.normal(size=24), "g": np.resize(list("abcd"), 24)})


class Stopped(Sampler):
    """Made-up draws, each chain padded with NaN after as many as it is told, as nutpie does."""

    name = "stopped"

    def __init__(self, model: hl.Model, lengths: list[int], width: int = DRAWS) -> None:
        self.model, self.lengths, self.width = model, lengths, width
        self.change = lambda posterior: posterior

    def sample(self, graph: Any, settings: Settings) -> xr.DataTree:
        made = synthetic_fit(self.model, settings.seed, len(self.lengths), max(self.width, 1)).draws
        there = xr.DataArray(np.arange(self.width)[None, :] < np.array(self.lengths)[:, None], dims=("chain", "draw"))
        posterior = made["posterior"].to_dataset().isel(draw=slice(self.width))
        stats = made["sample_stats"].to_dataset().isel(draw=slice(self.width))
        posterior = self.change(posterior.where(there))
        stats = stats.assign(energy=stats["energy"].where(there))  # flags are padded with False
        return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(lengths: list[int], **options: Any) -> Stopped:
        sampler = Stopped(hl.Model("y ~ x + (x | g)", table()), lengths, **options)
        monkeypatch.setattr("hierlm.fit.sampling.get_sampler", lambda name: sampler)
        return sampler

    return make


@pytest.mark.parametrize(
    ("lengths", "chains", "kept"),
    [
        ([20, 20, 20, 19], [0, 1, 2, 3], 19),
        ([18, 15, 17, 16], [0, 1, 2, 3], 15),
        ([20, 20, 4, 0], [0, 1], 20),
        ([20, 20, 3, 2], [0, 1], 20),
        ([0, 6, 0, 0], [1], 6),
        ([1, 1, 1, 1], [0, 1, 2, 3], 1),
        ([10, 5], [0, 1], 5),  # ties go to more chains
        ([20, 20, 20], [0, 1, 2], 20),  # a chain never started
    ],
)
def test_the_largest_finite_block_is_kept(stopped: Any, lengths: list[int], chains: list[int], kept: int) -> None:
    sampler = stopped(lengths)
    with pytest.warns(
        hl.InterruptedWarning, match=rf"stopped early: {kept} of {DRAWS} draws of {len(chains)}"
    ) as caught:
        made = fit(sampler.model, draws=DRAWS, chains=4, seed=1)
    assert Path(caught[0].filename) == Path(__file__)  # the user's line
    assert made.provenance["complete"] is False
    assert made.posterior["chain"].to_numpy().tolist() == [*range(len(chains))]
    whole = synthetic_fit(sampler.model, 1, len(lengths), DRAWS).draws
    for group in ("posterior", "sample_stats"):
        expected = whole[group].to_dataset().isel(chain=chains, draw=slice(kept))
        for name in made.draws[group].data_vars:
            np.testing.assert_array_equal(made.draws[group][name], expected[name], err_msg=str(name))
    assert all(np.isfinite(v).all() for v in made.draws["sample_stats"].data_vars.values())
    made.summary(), made.diagnose(), made.predict()  # all can be asked


@pytest.mark.parametrize(("lengths", "width"), [([0, 0, 0, 0], DRAWS), ([0, 0], 0), ([0, 0, 0, 0], 0)])
def test_nothing_to_keep(stopped: Any, lengths: list[int], width: int) -> None:
    sampler = stopped(lengths, width=width)
    with pytest.raises(hl.SamplingError, match="No chain made a finite draw"):
        fit(sampler.model, draws=DRAWS, chains=4, seed=1)


def test_a_whole_run_says_nothing(stopped: Any) -> None:
    made = fit(stopped([DRAWS] * 4).model, draws=DRAWS, chains=4, seed=1)
    assert made.provenance["complete"] is True
    assert made.posterior.sizes["draw"] == DRAWS


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_another_matter(stopped: Any, value: float) -> None:
    sampler = stopped([DRAWS] * 4)
    sampler.change = lambda p: p.assign(b=p["b"].where((p["draw"] != 12) | (p["chain"] != 2), value))
    with pytest.warns(
        hl.ConvergenceWarning, match="Some draws are not finite: 20 of 20 draws of 3 of 4 chains .* had 12"
    ):
        made = fit(sampler.model, draws=DRAWS, chains=4, seed=1)
    assert made.provenance["complete"] is False
    assert np.isfinite(made.posterior["b"]).all()


def test_an_interrupted_fit_replaces_no_file(stopped: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.zarr"
    fit_or_load(stopped([DRAWS] * 4).model, draws=DRAWS, chains=4, seed=1, file=path)
    before = path.read_bytes()
    sampler = stopped([9, 9, 9, 9])
    with pytest.warns(hl.InterruptedWarning):
        fit_or_load(sampler.model, draws=DRAWS, chains=4, seed=2, file=path)
    assert path.read_bytes() == before


SCRIPT = """
import os, signal, sys, threading, warnings
import numpy as np
import nutpie
import hierlm as hl
from hierlm.storage import fit_or_load

path, reduce = sys.argv[1], sys.argv[2] == 'True'
model = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
fit_or_load(model, draws=50, tune=50, chains=2, cores=1, seed=1, reduce=reduce, file=path)
before = open(path, "rb").read()
sample = nutpie.sample

def interrupted(*args, **options):
    threading.Timer(2.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    return sample(*args, **options)

nutpie.sample = interrupted
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    fit = fit_or_load(model, draws=10**6, tune=100, chains=2, cores=2, seed=2, reduce=reduce, file=path)
print([w.category.__name__ for w in caught], [str(w.message) for w in caught])
assert [w.category for w in caught] == [hl.InterruptedWarning]
assert fit.provenance["complete"] is False
assert 0 < fit.posterior.sizes["draw"] < 10**6
assert all(np.isfinite(v).all() for v in fit.posterior.data_vars.values())
try:
    fit_or_load(model, draws=10, tune=10**7, chains=2, cores=2, seed=2, reduce=reduce, file=path)
except hl.SamplingError as error:
    print(error)
else:
    raise AssertionError("no error")
assert open(path, "rb").read() == before
assert np.isfinite(fit.summary().frame["mean"]).all()
print("all is well")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
@pytest.mark.parametrize("reduce", [True, False])
def test_ctrl_c(reduce: bool, tmp_path: Path) -> None:
    """nutpie hands over what it has, in a real run."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "m.zarr"), str(reduce)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("all is well")
