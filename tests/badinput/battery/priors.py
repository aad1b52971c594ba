"""Priors that are none, or are of nothing that the model has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right
from tests.badinput.battery.frames import Frame

CATEGORY = "priors"
PE = hl.PriorError
P = hl.Prior


def given(name: str, says: tuple[str, ...], priors: Callable[[], Any], formula: Any = "y ~ x + (x | g)") -> Case:
    """Priors made when the case is tried, since a prior may be refused where it is written."""

    def ask(F: Frame) -> object:
        return hl.Model(formula, F.table(), priors=priors())

    return Case(CATEGORY, name, Refused(PE, says), ask)


def _kept(model: Any) -> None:
    shown = dict(zip(model.priors()["parameter"], model.priors()["prior"], strict=True))
    assert "3" in shown["b[x]"] and "Exponential" in shown["sd_g[x]"], shown


CASES = [
    # of what
    given("of a column that is not there", ("'b[Days]'", "b[x]"), lambda: {"b[Days]": 1.0}),
    given("of a column, not its coefficient", ("'x'", "'b[x]'"), lambda: {"x": P("Normal", sigma=1)}),
    given("of a misspelt grouping", ("'sd_G'", "'sd_g'"), lambda: {"sd_G": P("HalfNormal", sigma=1)}),
    given("of a misspelt parameter", ("'sgma'", "'sigma'"), lambda: {"sgma": P("HalfNormal", sigma=1)}),
    given("of group effects", ("'r_g'", "'sd_g'"), lambda: {"r_g": P("Normal", sigma=1)}),
    given("of one group effect", ("'r_g[a, x]'",), lambda: {"r_g[a, x]": 1.0}),
    given("of a correlation that there is not", ("no correlation",), lambda: {"cor_g": hl.LKJ(2)}, "y ~ x + (x || g)"),
    given("of a parameter with a formula", ("formula of its own", "'b_sigma'"), lambda: {"sigma": 1.0}, ["y ~ x", "sigma ~ x"]),
    given("of a parameter of another family", ("'shape'",), lambda: {"shape": P("Gamma", alpha=1, beta=1)}),
    given("of a number", ("not by 3",), lambda: {3: 1.0}),
    given("of a pair", ("('b', 'x')",), lambda: {("b", "x"): 1.0}),
    given("of slopes without any", ("there is none",), lambda: {"b": 1.0}, "y ~ 1 + (1 | g)"),
    # what
    given("as text", ("'Normal(0, 1)'", "hl.Prior("), lambda: {"b": "Normal(0, 1)"}),
    given("as an array", ("array",), lambda: {"b": np.array([1.0, 2.0])}),
    given("as a list", ("[0, 1]",), lambda: {"b": [0, 1]}),
    given("as None", ("None",), lambda: {"b": None}),
    given("as True", ("True",), lambda: {"b": True}),
    given("as NaN", ("nan",), lambda: {"b": float("nan")}),
    given("as a class", ("no prior",), lambda: {"b": P}),
    given("in a list", ("list, not a mapping",), lambda: [P("Normal", sigma=1)]),
    given("one, not a mapping", ("not a mapping",), lambda: P("Normal", sigma=1)),
    # which distribution
    given("a misspelt distribution", ("'Norml'", "Did you mean 'Normal'"), lambda: {"b": P("Norml", sigma=1)}),
    given("a distribution of counts", ("'Poisson'",), lambda: {"b": P("Poisson", mu=1)}),
    given("a distribution of matrices", ("'Wishart'",), lambda: {"b": P("Wishart", nu=3)}),
    given("brms's name of an argument", ("'sd'", "sigma"), lambda: {"b": P("Normal", sd=1)}),
    given("arguments by position", ("by name",), lambda: {"b": P("Normal", 0, 1)}),
    given("an argument too few", ("not defined by mu",), lambda: {"b": P("Normal", mu=0)}),
    given("an argument too many", ("not defined by sigma, tau",), lambda: {"b": P("Normal", sigma=1, tau=1)}),
    given("a negative scale", ("sigma must be greater than 0, not -1",), lambda: {"b": P("Normal", sigma=-1)}),
    given("a scale of zero", ("sigma must be greater than 0",), lambda: {"b": P("Normal", sigma=0)}),
    given("an infinite scale", ("finite number",), lambda: {"b": P("Normal", sigma=float("inf"))}),
    given("a scale that is text", ("sigma must be a number, not '1'",), lambda: {"b": P("Normal", sigma="1")}),
    given("a scale for each coefficient", ("sigma must be a number",), lambda: {"b": P("Normal", sigma=np.ones(2))}),
    given("bounds the wrong way round", ("lower < upper",), lambda: {"b": P("Uniform", lower=2, upper=1)}),
    given("on a scale that there is not", ("cannot be on 'sd'",), lambda: {"sd_g": P("Gamma", alpha=1, beta=1, on="sd")}),
    # what it may be of
    given("a standard deviation below zero", ("positive", "-1"), lambda: {"sd_g": -1.0}),
    given("a standard deviation of zero", ("leave the term out",), lambda: {"sd_g": 0}),
    given("a standard deviation around one", ("negative values", "TruncatedNormal"), lambda: {"sd_g": P("Normal", mu=1, sigma=1)}),
    given("a standard deviation of both signs", ("negative values",), lambda: {"sigma": P("Laplace", b=1)}),
    given("a correlation's prior for a coefficient", ("for correlations",), lambda: {"b": hl.LKJ(2)}),
    given("a fixed correlation", ("cannot be fixed", "'||'"), lambda: {"cor_g": 0.5}),
    given("a variance's prior for a coefficient", ("standard deviations",), lambda: {"b": P("Gamma", alpha=1, beta=1, on="variance")}),
    given("LKJ of zero", ("eta must be greater than 0",), lambda: {"cor_g": hl.LKJ(0)}),
    given("LKJ of text", ("eta must be a number",), lambda: {"cor_g": hl.LKJ("2")}),
    Case(CATEGORY, "priors that are right", Right(_kept), lambda F: hl.Model("y ~ x + (x | g)", F.table(), priors={"b[x]": P("Normal", sigma=3), "sd_g": P("Exponential", lam=2), "cor_g": hl.LKJ(4), "sigma": 2.0})),
]  # fmt: skip
