"""Strings that would run code elsewhere are refused or taken for what they are: names, levels, nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit import fit as sample
from tests.badinput.test_formula_text import ATTACKS
from tests.safety.attacks import FORMULAS, PAYLOADS, hostile_data
from tests.safety.audit import watch
from tests.synthetic import synthetic_fit

LONGEST = 2.0
"""Seconds of processor time: refusing takes milliseconds, a million characters a little more."""

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

DATA = hostile_data()
TEXTS = {**FORMULAS, **{f"reader: {text}": text for text in ATTACKS}}
READABLE = {"NumPy by a column's name", "power of a power", "product of sums"}
"""Attacks that are formulas: ``np``, ``os`` and ``eval`` are columns of the table there, and the expansions are finite."""


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """What hierlm imports when it is first used is imported before anything is watched."""
    for formula, family in (
        ("y ~ x*f + poly(x, 2) + bs(z, df=4) + C(f, Sum) + (x | g)", "gaussian"),
        ("s ~ x", "gamma"),
    ):
        model = hl.Model(formula, DATA, family, priors={"b": hl.Prior("Normal", sigma=1)})
        synthetic_fit(model, chains=1, draws=2).predict(DATA)
    for name in ("data", "data set", "file to load", "sampler"):
        with pytest.raises(hl.HierlmError):
            PLACES[name]("nothing of that name")
    for wrong in ("y ~ q", "y ~ x +", "y ~ lgo(x)", "y ~ log(f)"):
        with pytest.raises(hl.HierlmError):
            hl.Model(wrong, DATA)


def tried(action: Callable[[], object]) -> tuple[object, list[str]]:
    """What came of an action within the time, an error of hierlm included, and the forbidden events."""
    start = time.process_time()
    with watch(trees=True) as events:
        try:
            result: object = action()
        except hl.HierlmError as problem:
            result = problem
        seen = list(events)
    assert time.process_time() - start < LONGEST
    return result, seen


def test_there_are_enough():
    assert len(FORMULAS) >= 60
    assert len(set(TEXTS.values())) >= 150


def test_the_watch_sees_through_a_model():
    """A function of the user's own that opens a file is seen: the watch is on while formulas are evaluated."""

    def opens(v: Any) -> Any:
        open(__file__).close()
        return v

    _, events = tried(lambda: hl.Model("y ~ f2(x)", DATA, extra={"f2": opens}))
    assert any(event.startswith("open") for event in events)


@pytest.mark.parametrize("name", TEXTS)
def test_formulas(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    result, events = tried(lambda: hl.Model(TEXTS[name], DATA))
    assert not events
    if name in READABLE:
        assert isinstance(result, hl.Model)
    else:
        assert isinstance(result, hl.HierlmError), repr(result)
        assert len(str(result)) < 2_000
    assert list(tmp_path.iterdir()) == []


PLACES: dict[str, Callable[[str], object]] = {
    "family": lambda text: hl.Model("y ~ x", DATA, text),
    "family with a link": lambda text: hl.Model("y ~ x", DATA, f"gaussian({text})"),
    "link": lambda text: hl.Model("y ~ x", DATA, link=text),
    "link of a parameter": lambda text: hl.Model("y ~ x", DATA, link={text: "log"}),
    "random": lambda text: hl.Model("y ~ x", DATA, random=text),
    "residual": lambda text: hl.Model("y ~ x", DATA, residual=text),
    "missing": lambda text: hl.Model("y ~ x", DATA, missing=text),
    "parameterization": lambda text: hl.Model("y ~ x + (1 | g)", DATA, parameterization=text),
    "parameter of a prior": lambda text: hl.Model("y ~ x", DATA, priors={text: 1.0}),
    "prior": lambda text: hl.Model("y ~ x", DATA, priors={"b": text}),
    "distribution": lambda text: hl.Prior(text, sigma=1),
    "argument of a distribution": lambda text: hl.Prior("Normal", **{text: 1}),
    "value of an argument": lambda text: hl.Prior("Normal", sigma=text),
    "scale of a distribution": lambda text: hl.Prior("Gamma", alpha=1, beta=1, on=text),
    "name of a function": lambda text: hl.Model("y ~ x", DATA, extra={text: abs}),
    "sampler": lambda text: sample(hl.Model("y ~ x", DATA), sampler=text),
    "file to load": lambda text: hl.load(f"no such folder/{text}"),
    "data": lambda text: hl.Model("y ~ x", text),
    "data set": lambda text: hl.load_data(text),
    "prior in JSON": lambda text: hl.priors.prior_from_json({"prior": text, "arguments": {}, "on": "value"}),
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", PLACES)
def test_other_strings(place: str, payload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    result, events = tried(lambda: PLACES[place](payload))
    assert not events
    assert isinstance(result, hl.HierlmError), repr(result)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if p.isprintable() and "`" not in p])
def test_a_column_of_that_name_is_a_column(payload: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Quoted, it is the column that the data have; its model is that of any other name."""
    monkeypatch.chdir(tmp_path)
    data = DATA.rename(columns={"x": payload, "g": f"g {payload}"})
    formula = f"y ~ `{payload}` + (1 | `g {payload}`)"
    result, events = tried(lambda: hl.Model(formula, data))
    assert not events
    assert isinstance(result, hl.Model)
    np.testing.assert_array_equal(result.predictors[0].X[:, 1], DATA["x"])
    assert list(tmp_path.iterdir()) == []


def test_levels_are_text():
    """Levels that are attacks reach labels, tables and new data as they are."""
    model, events = tried(lambda: hl.Model("y ~ f + (1 | g)", DATA))
    assert not events
    assert isinstance(model, hl.Model)
    assert set(model.blocks[0].levels) == set(PAYLOADS[:4])
    fit = synthetic_fit(model, chains=1, draws=3)
    new = pd.DataFrame({"f": DATA["f"][:3], "g": PAYLOADS[-3:]})
    _, events = tried(lambda: fit.predict(new, seed=1))
    assert not events
