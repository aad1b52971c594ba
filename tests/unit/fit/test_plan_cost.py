"""What model.plan() says about cost is what comes: as many numbers as are sampled, as many columns as are factorised."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.reductions import Plan, plan
from hierlm.reductions.arrangement import arrange
from hierlm.reductions.frozen import Frozen
from hierlm.reductions.reduction import Verdict

CBPP = "cbind(incidence, size - incidence) ~ period"
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "one": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}),
    "us": ("Reaction ~ Days + (Days | Subject)", "sleepstudy", {}),
    "idh": ("Reaction ~ Days + (Days || Subject)", "sleepstudy", {}),
    "corv": ("Reaction ~ Days + corv(1 + Days | Subject)", "sleepstudy", {}),
    "cor": ("Reaction ~ Days + cor(1 + Days | Subject)", "sleepstudy", {}),
    "fixed": ("Reaction ~ Days + (Days || Subject)", "sleepstudy", {"priors": {"sigma": 25.0, "b[Days]": 10.0}}),
    "crossed": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", {}),
    "binomial": (f"{CBPP} + (1 | herd)", "cbpp", {"family": "binomial"}),
    "no groups": (CBPP, "cbpp", {"family": "binomial"}),
    "negbinomial": ("count ~ zAge + (1 | patient)", "epilepsy", {"family": "negbinomial"}),
    "a level a row": ("count ~ zAge + (1 | patient) + (1 | obs)", "epilepsy", {"family": "poisson"}),
}


def model(name: str) -> hl.Model:
    formula, table, options = CASES[name]
    return hl.Model(formula, hl.load_data(table), **options)


def numbers(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


@pytest.mark.parametrize("name", CASES)
def test_after_a_reduction(name: str):
    way = plan(model(name))
    assert way.chosen is not None
    problem = way.chosen.apply(model(name))
    sampled, columns = numbers(way.cost)[:2]
    assert sampled == problem.dimension
    assert columns == problem.place.columns
    assert numbers(way.cost)[2] == pytest.approx(problem.place.work, rel=0.06)


@pytest.mark.parametrize("name", ["one", "us", "crossed", "binomial"])
def test_on_the_graph(name: str):
    way = plan(model(name), reduce=False)
    sampled, rows = numbers(way.cost)[:2]
    assert sampled == sum(np.size(v) for v in model(name).pymc.initial_point().values())
    assert rows == model(name).design.n


def test_large_covariances_on_the_graph_are_named():
    place = np.arange(60.0)
    data = pd.DataFrame({"y": np.sin(place), "at": place, "f": "a", "g": place // 5})
    for m in (
        hl.Model("y ~ 1", data, residual="exp(at)"),
        hl.Model("y ~ 1 + exp(at | f)", data),
    ):
        assert "each step takes 60 rows and a covariance matrix of 60 × 60;" in plan(m, reduce=False).cost
    for m in (hl.Model("y ~ 1", data, residual="exp(at | g)"), hl.Model("y ~ 1", data, residual="car1(at)")):
        assert "matrix" not in plan(m, reduce=False).cost


def test_whitened_at_the_mode():
    m = model("crossed")
    problem = Frozen().apply(m)
    assert numbers(Plan(Frozen(), (), m).cost)[:3] == [
        problem.dimension, problem.place.columns, pytest.approx(problem.place.work, rel=0.06),
    ]  # fmt: skip


def test_it_is_a_line_of_the_display():
    way = plan(model("a level a row"))
    assert repr(way).splitlines()[-1] == f"  cost: {way.cost}"
    assert "obs is integrated out where quadrature is exact enough" in way.cost
    assert f"<li>cost: {way.cost}</li>" in way._repr_html_()
    assert repr(Plan(None, (("x", Verdict(False, "y")),))).splitlines()[1:] == ["  x: no, y"]


def test_a_smooth_beside_many_levels_costs_what_its_columns_cost() -> None:
    """Its block of 18 columns is eliminated once; that does not make every level cost 18 times as much.

    By hand: a level with one column couples with the 18 of the smooth and 2 coefficients, 20 · 21/2 pairs; the smooth with
    the coefficients, 18 columns times 3 pairs; the coefficients are the root.
    """
    rng = np.random.default_rng(0)
    data = {"y": rng.normal(size=900), "x": rng.uniform(size=900), "g": np.arange(900) % 300}
    place = arrange(hl.Model("y ~ s(x, k=20) + (1 | g)", data))
    assert place.groups == ("g", "s(x)") and place.work == 300 * 210 + 18 * 3 + 2**3 // 6
