"""save and load: the same model, the same draws bit by bit, the same predictions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.families import get_family
from hierlm.storage import load, save
from tests.synthetic import synthetic_fit
from tests.unit.posterior.test_predict import MODELS, asks, table

OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "MCMCglmm dialect": ("y ~ x", {"random": "us(1 + x):g + idh(f):h"}),
    "priors": (
        "y ~ x + (x | g)",
        {
            "priors": {
                "b": hl.Prior("StudentT", nu=4, sigma=1.5),
                "sd_g[x]": hl.Prior("Gamma", alpha=2, beta=1, on="precision"),
                "cor_g": hl.LKJ(3),
                "sigma": 0.1 + 0.2,
            }
        },
    ),
    "family object": ("c ~ x + (1 | g)", {"family": get_family("negbinomial")[0], "link": {"mu": "sqrt"}}),
    "a family a response": (["y ~ x + (1 | g)", "c ~ x + (1 | g)"], {"family": ["gaussian", "poisson"]}),
    "link in the family's name": ("s | trials(n) ~ x", {"family": "binomial(probit)"}),
    "parameterization": ("y ~ x + (1 | g) + (1 | h)", {"parameterization": {"g": "centered"}}),
    "nested by us": ("y ~ x + us(1 + x | g/h)", {}),
}
ALL = MODELS | OTHERS


def stored(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("zarr.json"))["attributes"]["hierlm"]


@pytest.mark.parametrize("name", ALL)
def test_round_trip(name: str, tmp_path: Path):
    formula, arguments = ALL[name]
    fit = synthetic_fit(hl.Model(formula, table(), **arguments), chains=2, draws=7)
    fit.save(tmp_path / "m.zarr")
    again = load(tmp_path / "m.zarr")
    assert again.draws.identical(fit.draws)
    assert again.model.priors().equals(fit.model.priors())
    assert again.model.equations() == fit.model.equations()
    for old, new in zip(fit.model.predictors, again.model.predictors, strict=True):
        np.testing.assert_array_equal(old.X, new.X)
    for ask in asks(fit):
        np.testing.assert_array_equal(again.predict(**ask).draws, fit.predict(**ask).draws)
        data = table().assign(g="unseen")
        np.testing.assert_array_equal(again.predict(data, seed=1, **ask).draws, fit.predict(data, seed=1, **ask).draws)
    save(again, tmp_path / "again.zarr")
    assert (tmp_path / "again.zarr").read_bytes() == (tmp_path / "m.zarr").read_bytes()


def test_strange_names_and_text(tmp_path: Path):
    data = table().rename(columns={"g": "größe /%2F", "x": "mu"})
    data["größe /%2F"] = [f"{'∕' if i % 2 else 'a b'}\n🦉{i % 5}" for i in range(len(data))]
    data = data.rename(columns={"größe /%2F": "größe_1"})
    fit = synthetic_fit(hl.Model("y ~ mu + (mu | größe_1)", data))
    fit.save(tmp_path / "m.zarr")
    assert load(tmp_path / "m.zarr").draws.identical(fit.draws)


def test_dropped_rows_and_categories(tmp_path: Path):
    data = table()
    data["f"] = pd.Categorical(data["f"], categories=["top", "unused", "low", "mid"], ordered=True)
    data["flag"] = data["x"] > 0
    data.loc[[1, 5], "x"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hl.DataWarning)
        fit = synthetic_fit(hl.Model("y ~ x * f + flag + (1 | g)", data, missing="drop"))
    fit.save(tmp_path / "m.zarr")
    again = load(tmp_path / "m.zarr")  # silent: a warning would be an error here
    assert again.predict().frame.index.tolist() == fit.predict().frame.index.tolist()
    np.testing.assert_array_equal(again.predict().draws, fit.predict().draws)


def test_further_groups_are_kept(tmp_path: Path):
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    tree = fit.draws.copy()
    more = fit.log_likelihood().assign_coords(label=("obs", np.array(list("ab") * 30)))
    tree["log_likelihood"] = xr.DataTree(more.assign_attrs(made="by hand"))
    tree["empty"] = xr.DataTree(xr.Dataset({"none": ("nothing", np.zeros(0)), "word": ((), "text")}))
    whole = hl.Fit(fit.model, tree, {"seed": 3, "nested": {"a": [1, None, "ü"]}})
    whole.save(tmp_path / "m.zarr")
    again = load(tmp_path / "m.zarr")
    assert again.draws.identical(tree)
    assert again.provenance == {**whole.provenance, "loaded_from": str(tmp_path / "m.zarr")}


def test_zarr_reads_it(tmp_path: Path):
    """The archive is plain zarr: xarray opens it without hierlm."""
    zarr = pytest.importorskip("zarr")
    fit = synthetic_fit(hl.Model("y ~ x + (x | g) + (1 | g:h)", table()))
    fit.save(tmp_path / "m.zarr")
    with zarr.storage.ZipStore(tmp_path / "m.zarr", mode="r") as store:
        tree = xr.open_datatree(store, engine="zarr", consolidated=False).load()
    for name, variable in fit.posterior.variables.items():
        assert tree["posterior"][name].dims == variable.dims
        assert np.array_equal(tree["posterior"][name].to_numpy().astype(variable.dtype), variable.to_numpy())
    assert tree["data"]["column_0"].attrs["name"] in table().columns


def test_the_users_functions_are_handed_in_again(tmp_path: Path):
    fit = synthetic_fit(hl.Model("y ~ double(x) + (1 | g)", table(), extra={"double": lambda x: 2 * x}))
    fit.save(tmp_path / "m.zarr")
    with pytest.raises(hl.StorageError, match="double") as caught:
        load(tmp_path / "m.zarr")
    assert "extra={'double'" in str(caught.value)
    again = load(tmp_path / "m.zarr", extra={"double": lambda x: 2 * x, "unused": abs})
    np.testing.assert_array_equal(again.predict().draws, fit.predict().draws)
    with pytest.raises(hl.StorageError, match="other parameters|another|rebuilt|labelled"):
        load(tmp_path / "m.zarr", extra={"double": lambda x: np.stack([x, x**2], axis=1)})


def test_a_fit_is_loaded_with_the_priors_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The default priors of a later version do not change a stored fit."""
    fit = synthetic_fit(hl.Model("y ~ x + (1 | g)", table()))
    fit.save(tmp_path / "m.zarr")
    monkeypatch.setattr("hierlm.model.assign.group_sd_prior", lambda rms, spread: hl.Prior("HalfNormal", sigma=123))
    assert "123" in str(hl.Model("y ~ x + (1 | g)", table()).priors())
    assert load(tmp_path / "m.zarr").model.priors()["prior"].equals(fit.model.priors()["prior"])


def test_in_another_process(tmp_path: Path):
    data = table().assign(u=lambda d: np.linspace(0, 1, len(d)))
    fit = synthetic_fit(hl.Model("y ~ poly(x, 2) + bs(u, df=4) + (x | g)", data))
    fit.save(tmp_path / "m.zarr")
    program = (
        "import sys, hierlm as hl, numpy as np; fit = hl.load(sys.argv[1]);"
        "np.save(sys.argv[2], fit.predict({'x': [0.1, 2.0], 'u': [0.5, 0.2], 'g': ['a', 'new']}, seed=1).draws)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(hl.__file__).parents[1])}
    subprocess.run(
        [sys.executable, "-c", program, tmp_path / "m.zarr", tmp_path / "p.npy"],
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    here = fit.predict({"x": [0.1, 2.0], "u": [0.5, 0.2], "g": ["a", "new"]}, seed=1).draws
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), here)


def test_nothing_machine_specific_is_stored(tmp_path: Path):
    synthetic_fit(hl.Model("y ~ x + (1 | g)", table())).save(tmp_path / "m.zarr")
    save(load(tmp_path / "m.zarr"), tmp_path / "n.zarr")
    assert "loaded_from" not in stored(tmp_path / "n.zarr")["provenance"]
    assert str(tmp_path) not in (tmp_path / "n.zarr").read_bytes().decode("latin-1")


def test_only_used_columns_are_stored(tmp_path: Path):
    synthetic_fit(hl.Model("y ~ x + (1 | g)", table())).save(tmp_path / "m.zarr")
    assert b'"name": "e"' not in (tmp_path / "m.zarr").read_bytes()
