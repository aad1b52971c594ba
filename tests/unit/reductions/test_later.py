"""Effects that are drawn when somebody looks at them: the same numbers in whatever way, and only what was asked for."""

from __future__ import annotations

import copy
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.reductions import chunks
from hierlm.reductions.later import Later

SHAPE = (2, 5, 6, 2)
VALUES = np.random.default_rng(1).normal(size=(10, 12))


class Counted:
    """Draws that count how often they are made, and of how many columns."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, columns: np.ndarray | None) -> np.ndarray:
        found = VALUES if columns is None else VALUES[:, columns]
        self.asked.append(found.shape[1])
        return found

    def dataset(self) -> xr.Dataset:
        held = (("chain", "draw", "level", "effect"), Later(SHAPE, self).lazily())
        return xr.Dataset({"r": held}, coords={"chain": [0, 1], "level": list("abcdef"), "effect": ["I", "x"]})


@pytest.mark.parametrize(
    "key",
    [
        {"level": 2},
        {"level": [4, 1], "effect": 1},
        {"chain": 0, "draw": slice(1, 4), "level": slice(0, 2)},
        {"draw": [3, 3, 0], "effect": [1, 0], "level": slice(None, None, -1)},
        {"chain": -1, "draw": -1, "level": -1, "effect": -1},
        {"level": []},
        {},
    ],
    ids=str,
)
def test_any_part_is_that_of_the_whole(key: dict[str, object]):
    counted = Counted()
    whole = xr.DataArray(VALUES.reshape(SHAPE), dims=("chain", "draw", "level", "effect"))
    np.testing.assert_array_equal(counted.dataset()["r"].isel(key).to_numpy(), whole.isel(key).to_numpy())
    assert len(counted.asked) == 1


def test_made_once_and_only_as_asked():
    counted = Counted()
    held = xr.DataTree.from_dict({"posterior": counted.dataset()})
    assert counted.asked == []
    repr(held), held["posterior"]["r"].transpose("chain", "draw", "level", "effect")
    assert counted.asked == []
    held["posterior"]["r"].sel(level="c").to_numpy()
    assert counted.asked == [2]
    held["posterior"].to_dataset()["r"].to_numpy()
    held["posterior"]["r"].isel(level=0).to_numpy()
    held["posterior"]["r"].transpose("level", "effect", "draw", "chain").to_numpy()
    assert counted.asked == [2, 12]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))], ids=["deepcopy", "pickle"])
def test_copies_hold_the_same(copied):
    held = copied(Counted().dataset())["r"]
    np.testing.assert_array_equal(held.isel(level=3).to_numpy(), VALUES.reshape(SHAPE)[:, :, 3])
    np.testing.assert_array_equal(held.to_numpy(), VALUES.reshape(SHAPE))


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_a_fit_draws_effects_when_asked_and_always_the_same(family: str, monkeypatch: pytest.MonkeyPatch):
    """One effect a row of counts, or the groups of a normal response: 1,000 levels × 400 draws are 3.2 MB."""
    monkeypatch.setattr(chunks, "CHUNK", 20_000)
    rng = np.random.default_rng(2)
    mean = np.exp(1.0 + 0.5 * rng.normal(size=2000))
    y = rng.poisson(mean) if family == "poisson" else mean + rng.normal(size=2000)
    group = np.arange(2000) if family == "poisson" else np.arange(2000) % 1000
    order = rng.permutation(2000)
    model = hl.Model("y ~ 1 + (1 | g)", pd.DataFrame({"y": y[order], "g": group[order]}), family=family)
    one, other, first = (model.fit(draws=200, chains=2, cores=1, seed=3, progress=False) for _ in range(3))
    first.posterior["r_g"].isel(level_g=0).to_numpy()  # what is compiled or read the first time is not counted
    tracemalloc.start()
    label = str(group[5])
    alone = one.posterior["r_g"].sel(level_g=label).to_numpy()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    every = other.posterior["r_g"]
    assert peak < every.nbytes / 2
    np.testing.assert_array_equal(every.sel(level_g=label).to_numpy(), alone)
    np.testing.assert_array_equal(one.ranef()["mean"], other.ranef()["mean"])
