"""Causes are named where they are made, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.posterior.causes import causes, cautions
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import fit, frame, model

Values = dict[str, np.ndarray]


def made(found: hl.Model, change: Callable[[Values], None] = lambda v: None, **provenance: Any) -> hl.Fit:
    """Independent draws, changed in place, with a record of how they were made."""
    f = synthetic_fit(found, draws=400)
    posterior = f.posterior.copy(deep=True)
    change({str(k): v.values for k, v in posterior.data_vars.items()})
    stats = f.draws["sample_stats"].to_dataset()
    draws = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats})
    return replace(f, draws=draws, provenance={**f.provenance, **provenance})


def test_nothing_is_said_where_nothing_is_seen() -> None:
    for name in ("us", "idh", "us3", "corh", "idv", "cells", "none", "sigma", "several", "bernoulli"):
        found = [s for s in causes(fit(name, draws=400), ()) if "levels of" not in s]
        assert found == [], name


def test_two_that_are_one() -> None:
    def tie(v: Values) -> None:
        v["b"][..., 1] = 3 - 2 * v["b"][..., 0] + 1e-4 * v["b"][..., 1]

    f = made(model("none"), tie)
    [sentence] = causes(f, ["b[x]", "b[Intercept]"])
    assert sentence.startswith(
        "'b[Intercept]' and 'b[x]' cannot be told apart (their draws have a correlation of -1.0000)"
    )
    assert causes(f, ["b[x]"]) == ()  # the other one is fine


@pytest.mark.parametrize(("shift", "said"), [(3.0, True), (1.0, False)])
def test_chains_in_different_places(shift: float, said: bool) -> None:
    def move(v: Values) -> None:
        v["b"][:2, :, 1] += shift

    found = causes(made(model("us"), move), ["b[x]"])
    assert any("'b[x]' near 0." in s and "near 3." in s and "one-sided prior" in s for s in found) is said


def test_a_residual_of_zero_is_said_alone() -> None:
    def vanish(v: Values) -> None:
        v["sigma"] *= 1e-6
        v["b"][:2, :, 1] += 9.0

    [sentence] = causes(made(model("us"), vanish), ["sigma", "b[x]"])
    assert "'sigma' runs to zero" in sentence and "describe 'y' without error" in sentence


def test_priors_that_do_not_hold() -> None:
    flat = hl.Model("y ~ x + (1 | g)", frame(), priors={"b[x]": hl.Prior("Flat"), "sd_g": hl.Prior("HalfFlat")})
    [sentence] = [s for s in causes(made(flat), ["b[x]", "sd_g[Intercept]"]) if "improper" in s]
    assert "'b[x]', 'sd_g[Intercept]' have improper priors (Flat()" in sentence
    assert not any("improper" in s for s in causes(made(flat), ["sigma"]))


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        (hl.Prior("HalfCauchy", beta=7), 'hl.Prior("HalfNormal", sigma=7)'),
        (hl.Prior("HalfStudentT", nu=2, sigma=4), 'hl.Prior("HalfNormal", sigma=4)'),
        (hl.Prior("HalfStudentT", nu=3, sigma=4), ""),
        (hl.Prior("HalfNormal", sigma=4), ""),
    ],
)
def test_heavy_tails(prior: hl.Prior, words: str) -> None:
    found = causes(made(hl.Model("y ~ x + (1 | g)", frame(), priors={"sd_g": prior})), ["sd_g[Intercept]"])
    assert any("heavy tails" in s and words in s for s in found) is bool(words)


@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
def test_separation() -> None:
    data = frame().assign(s=lambda d: (d["x"] > 0).astype(int))
    found = causes(made(hl.Model("s ~ x + (1 | g)", data, "bernoulli")), ["b[x]"])
    assert any(s.startswith("Separation") and "priors={'b[x]': hl.Prior(" in s for s in found)


def few() -> pd.DataFrame:
    return frame().assign(h=lambda d: np.where(d["h"] < "c", "low", "high"))


def test_few_levels() -> None:
    [sentence] = cautions(hl.Model("y ~ x + (1 | g) + (1 | h)", few()))
    assert sentence.startswith("2 levels of 'h' say little about 'sd_h'")
    assert "common effect" in sentence
    assert cautions(hl.Model("y ~ x + (1 | g)", few())) == ()
    mine = {"sd_h": hl.Prior("HalfNormal", sigma=1)}
    assert cautions(hl.Model("y ~ x + (1 | h)", few(), priors=mine)) == ()  # whoever gives a prior has thought of it
    assert cautions(hl.Model("y ~ x + (1 | h)", few(), priors={"sd_h": 0.5})) == ()


def test_a_caution_is_shown_though_all_is_well() -> None:
    f = synthetic_fit(hl.Model("y ~ x + (1 | h)", few()), draws=800)
    diagnosis = f.diagnose()
    assert diagnosis.ok and diagnosis.advice == () and len(diagnosis.cautions) == 1
    for shown in (repr(f), repr(diagnosis), repr(f.summary())):
        assert diagnosis.cautions[0] in shown


GRAPH = "joint NUTS on the PyMC graph"


def test_coordinates_matter_on_the_graph_only() -> None:
    def said(formula: Any, failing: list[str], plan: str = GRAPH, **options: Any) -> str:
        return " ".join(causes(made(hl.Model(formula, frame(), **options), plan=plan), failing))

    assert "has a reduction, gaussian marginal" in said("y ~ x + (1 | g)", ["sd_g[Intercept]"])
    assert said("y ~ x + (1 | g)", ["b[x]"]) == ""
    assert said("y ~ x + (1 | g)", ["sd_g[Intercept]"], plan="gaussian marginal") == ""
    two = ["y ~ x + (1 | g)", "sigma ~ x"]
    for now, other in (("centered", "noncentered"), ("noncentered", "centered")):
        text = said(two, ["r_g[s1, Intercept]"], parameterization=now)
        assert f"'g' is sampled {now}: try hl.Model(…, parameterization={{'g': '{other}'}})" in text


def test_more_draws_are_no_advice_for_chains_apart() -> None:
    def move(v: Values) -> None:
        v["b"][:2, :, 1] += 9.0

    advice = made(model("us"), move).diagnose().advice
    assert "several modes" in advice[0]
    assert not any("Sample longer" in a for a in advice)
