"""Smooths, relations and formulas of standard deviations come back from an archive as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import StorageError
from hierlm.storage import load
from hierlm.storage.arrays import MOST_JSON, decode_json
from hierlm.storage.spec import check_draws
from tests.synthetic import synthetic_fit

N = 32
DATA = pd.DataFrame(
    {
        "y": np.sin(np.arange(N)),
        "x": np.linspace(0.5, 3.0, N),
        "g": np.resize(list("abcd"), N),
        "z": np.resize([0.0, 1.0, 2.0, 4.0], N),
    }
)
K = pd.DataFrame(np.eye(4) / 2 + 0.5, index=list("abcd"), columns=list("abcd"))

MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a smooth": ("y ~ s(x, k=5) + (1 | g)", {}),
    "a relation": ("y ~ x + known(1 | g, K)", {"matrices": {"K": K}}),
}


@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name: str, tmp_path: Path) -> None:
    formula, arguments = MODELS[name]
    fit = synthetic_fit(hl.Model(formula, DATA, **arguments), chains=2, draws=7)
    fit.save(tmp_path / "m.zarr")
    again = load(tmp_path / "m.zarr")
    assert again.draws.identical(fit.draws)
    assert again.model.priors().equals(fit.model.priors())
    new = {"x": [1.0, 2.0], "g": ["a", "d"]}
    np.testing.assert_array_equal(again.predict(new).draws, fit.predict(new).draws)


@pytest.mark.slow
def test_round_trip_of_a_fit_whose_standard_deviation_has_a_formula(tmp_path: Path) -> None:
    fit = hl.Model(["y ~ 1 + (1 | g)", "sd(g) ~ z"], DATA).fit(draws=20, tune=20, chains=2, seed=1, progress=False)
    fit.save(tmp_path / "m.zarr")
    again = load(tmp_path / "m.zarr")
    assert again.draws.identical(fit.draws)
    new = {"g": ["new"], "z": [3.0]}
    np.testing.assert_array_equal(again.predict(new, seed=1).draws, fit.predict(new, seed=1).draws)


def test_draws_of_another_model_are_refused() -> None:
    """Each by what is wrong: none at all, a variable that lacks, another shape, other labels, no finite number."""
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", DATA), chains=2, draws=7)
    check_draws(fit.model, fit.draws)
    posterior = fit.posterior
    spoiled = posterior["b"].copy(data=np.where(np.arange(2) == 0, np.nan, posterior["b"].to_numpy()))
    wrong: dict[str, Any] = {
        "no posterior draws": None,
        "no draws of 'sigma'": posterior.drop_vars("sigma"),
        "draws of 'sigma' have the dimensions": posterior.assign(sigma=posterior["b"].rename(coef="other")),
        "labelled for another model": posterior.assign_coords({posterior["b"].dims[-1]: ["p", "q"]}),
        "not all finite numbers": posterior.assign(b=spoiled),
    }
    for says, dataset in wrong.items():
        tree = xr.DataTree() if dataset is None else xr.DataTree.from_dict({"posterior": dataset})
        with pytest.raises(StorageError, match=says):
            check_draws(fit.model, tree)


def test_a_description_is_no_longer_than_a_description_can_be() -> None:
    with pytest.raises(StorageError, match="unlikely length"):
        decode_json(b" " * (MOST_JSON + 1))
