"""Examples of docstrings whose output depends on draws are no doctests (``+SKIP``); here they run, on fits made without sampling."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from tests.synthetic import synthetic_fit

SAMPLES = re.compile(
    r"\.(fit|power|bootstrap|reloo|kfold|evidence|repeatability|recover|calibrate)\(|(bayes_factor|check_sampler)\("
)
FEW = {"draws": 30, "tune": 30, "chains": 2, "cores": 1, "progress": False}
SLEEP = "Reaction ~ Days + (Days | Subject)"
KNOWN = {"b[Intercept]": 250, "b[Days]": 10, "sd_Subject[Intercept]": 40, "sigma": 30}


def objects() -> Iterator[Any]:
    """Modules of the package, and what each defines: functions, classes, their methods and properties."""
    for info in pkgutil.walk_packages(hl.__path__, "hierlm."):
        if info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        own = [v for v in vars(module).values() if getattr(v, "__module__", None) == info.name]
        yield module
        for thing in own:
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield thing
            if inspect.isclass(thing):
                yield from (
                    v.fget if isinstance(v, property) else v
                    for v in vars(thing).values()
                    if inspect.isfunction(v) or isinstance(v, property)
                )
    yield hl


def examples() -> list[Any]:
    """A parameter for each docstring that has an example which is no doctest."""
    found = {}
    for thing in objects():
        text = inspect.getdoc(thing) or ""
        if "+SKIP" not in text:
            continue
        name = thing.__name__ if inspect.ismodule(thing) else f"{thing.__module__}.{thing.__qualname__}"
        lines = [example.source for example in doctest.DocTestParser().get_examples(text)]
        marks = [pytest.mark.slow] if any(SAMPLES.search(line) for line in lines) else []
        found[name] = pytest.param(name, lines, id=name, marks=marks)
    return list(found.values())


EXAMPLES = examples()


@cache
def sleep(formula: str = SLEEP) -> hl.Fit:
    return synthetic_fit(hl.Model(formula, hl.load_data("sleepstudy")), draws=100, chains=2, values={"sigma": 30.0})


@cache
def sampled() -> hl.Fit:
    """Draws that know the data."""
    return hl.Model(SLEEP, hl.load_data("sleepstudy")).fit(draws=500, chains=2, seed=1, progress=False)


@cache
def cbpp() -> hl.Fit:
    data = hl.load_data("cbpp")
    data["herd_size"] = np.where(data["herd"].astype(int) % 2, "large", "small")
    model = hl.Model("incidence | trials(size) ~ period * herd_size + (1 | herd)", data, "binomial")
    return synthetic_fit(model, draws=20, values={"sd_herd": 0.5})


@cache
def epilepsy() -> hl.Fit:
    model = hl.Model("count ~ zAge + zBase * Trt + (1 | patient)", hl.load_data("epilepsy"), "poisson")
    return synthetic_fit(model, draws=20, values={"sd_patient": 0.3})


@cache
def factors() -> hl.Fit:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "y": rng.normal(size=120),
            "x": rng.normal(size=120),
            "sex": list("fm") * 60,
            "dose": list("lllhhh") * 20,
            "f": list("pqr") * 40,
            "g": np.repeat(list("abcdef"), 20),
        }
    )
    return synthetic_fit(hl.Model("y ~ s(x) + sex * dose + f + (1 | g)", table), draws=20)


FITS = {
    "comparisons": cbpp, "marginal_means": cbpp, "effects": cbpp, "slopes": epilepsy, "smooths": factors, "reloo": sampled,
}  # fmt: skip


def names(name: str, lines: list[str]) -> dict[str, Any]:
    """What the examples of a docstring take for granted."""
    fit = FITS.get(f"hierlm.{name}".split(".")[-2], sleep)()
    if any('"sex"' in line for line in lines):
        fit = factors()
    module = importlib.import_module(name if name in ("hierlm",) else name.rpartition(".")[0].removesuffix(".Fit"))
    known = KNOWN if fit is sleep() else {}
    simple = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
    return {
        **vars(module), "hl": hl, "fit": fit, "model": simple, "known": known, "other": sleep("Reaction ~ Days + (1 | Subject)"),
        "simple": sleep("Reaction ~ Days + (1 | Subject)"),
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "lines"), EXAMPLES)
def test_it_runs(name: str, lines: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs the extra plots")
    fit, power, calibrate, bootstrap = hl.Model.fit, hl.Model.power, hl.Model.calibrate, hl.Fit.bootstrap
    monkeypatch.chdir(tmp_path)
    known = names(name, lines)
    monkeypatch.setattr(hl, "load", lambda path: cbpp() if "cbpp" in str(path) else sleep())
    monkeypatch.setattr(hl.Model, "fit", lambda self, **options: fit(self, **(options | FEW)))
    monkeypatch.setattr(hl.Model, "power", lambda self, aim, **options: power(self, aim, **(options | {"n": 2})))
    monkeypatch.setattr(hl.Model, "calibrate", lambda self, n, **options: calibrate(self, 20, **options))
    monkeypatch.setattr(hl.Fit, "bootstrap", lambda self, n, *args, **options: bootstrap(self, 2, *args, **options))
    try:
        for line in lines:
            exec(compile(line, name, "single"), known)
    finally:
        pyplot.close("all")


def test_there_are_some():
    assert len(EXAMPLES) > 50
