"""The tables that come with hierlm are those of the literature, typed for modelling."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hierlm.datasets import citation, list_data, load_data
from hierlm.errors import DataError

NAMES = [
    "BodyWeight", "Contraception", "Dialyzer", "Dyestuff", "Dyestuff2", "InstEval", "Oats", "Orthodont", "Ovary",
    "Pastes", "Penicillin", "Salamanders", "VerbAgg", "Wheat2", "cbpp", "epilepsy", "grouseticks", "sleepstudy",
]  # fmt: skip


def test_all_tables_are_listed():
    listed = list_data()
    assert sorted(listed["name"]) == NAMES
    assert listed["title"].str.len().gt(10).all()
    assert listed["citation"].str.contains(r"\(\d{4}\)").all()


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_complete_and_described(name):
    table = load_data(name)
    assert len(table) == list_data().set_index("name").loc[name, "rows"]
    assert not table.isna().any(axis=None)
    assert list(table.attrs["columns"]) == list(table.columns)
    assert table.attrs["citation"] == citation(name)
    for column in table:
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            levels = table[column].cat.categories
            assert set(levels) == set(table[column])
            assert all(isinstance(level, str) for level in levels)
        else:
            assert pd.api.types.is_numeric_dtype(table[column])
            assert np.isfinite(table[column]).all()


@pytest.mark.parametrize("name", NAMES)
def test_tables_equal_the_shared_ones(name, shared: Path):
    files = [f for f in (shared / "data").glob(f"{name}.csv*") if f.name.split(".")[0] == name]
    raw = files[0].read_bytes()
    original = pd.read_csv(io.BytesIO(gzip.decompress(raw) if files[0].suffix == ".gz" else raw), dtype=str)
    table = load_data(name)
    assert list(table.columns) == list(original.columns)
    for column in table:
        if isinstance(table[column].dtype, pd.CategoricalDtype):
            assert table[column].tolist() == original[column].tolist()
        else:
            np.testing.assert_array_equal(table[column], original[column].astype(float))


def test_figures_that_are_printed_everywhere():
    sleep = load_data("sleepstudy")
    assert sleep["Reaction"].mean() == pytest.approx(298.5079, abs=1e-4)
    assert sleep["Subject"].nunique() == 18
    cbpp = load_data("cbpp")
    assert (cbpp["incidence"].sum(), cbpp["size"].sum()) == (99, 842)
    assert load_data("InstEval")[["s", "d", "dept"]].nunique().tolist() == [2972, 1128, 14]


@pytest.mark.parametrize(
    ("name", "column", "levels"),
    [
        ("sleepstudy", "Subject", ["308", "309", "310", "330"]),
        ("cbpp", "herd", ["1", "2", "3", "4"]),
        ("InstEval", "dept", ["1", "2", "3", "4"]),
        ("epilepsy", "obs", ["1", "2", "3", "4"]),
        ("Orthodont", "Sex", ["Male", "Female"]),
        ("Salamanders", "mined", ["yes", "no"]),
        ("Contraception", "livch", ["0", "1", "2", "3+"]),
        ("Pastes", "sample", ["A:a", "A:b", "A:c", "B:a"]),
    ],
)
def test_levels_come_in_their_natural_order(name, column, levels):
    assert load_data(name)[column].cat.categories.tolist()[: len(levels)] == levels


def test_every_call_gives_a_new_table():
    first = load_data("Oats")
    first.loc[0, "yield"] = -1
    first.attrs["columns"]["yield"] = "nonsense"
    second = load_data("Oats")
    assert second.loc[0, "yield"] == 111
    assert second.attrs["columns"]["yield"] != "nonsense"


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(DataError, match=r"no table 'sleepstudi'\.\nDid you mean 'sleepstudy'"):
        load_data("sleepstudi")
    with pytest.raises(DataError, match="Did you mean 'Oats'"):
        citation("oats")
