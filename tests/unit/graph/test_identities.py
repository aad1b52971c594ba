"""Grammar identities are equalities of graphs: same variables, same density everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl

MODE = "FAST_COMPILE"

IDENTITIES = [
    [("Reaction ~ Days", "Subject"), ("Reaction ~ Days", "us(1):Subject"), ("Reaction ~ Days", "idh(1):Subject"),
     ("Reaction ~ Days + (1 | Subject)", None)],
    [("Reaction ~ Days", "us(1 + Days):Subject"), ("Reaction ~ Days + (1 + Days | Subject)", None),
     ("Reaction ~ Days + (Days | Subject)", None), ("Reaction ~ Days + us(1 + Days | Subject)", None)],
    [("Reaction ~ Days", "idh(1 + Days):Subject"), ("Reaction ~ Days + (Days || Subject)", None),
     ("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)", None)],
]  # fmt: skip


@pytest.mark.parametrize("forms", IDENTITIES)
def test_equal_texts_are_equal_densities(forms: list[tuple[str, str | None]], data: Callable[[str], Any]) -> None:
    graphs = [hl.Model(f, data("sleepstudy"), random=r).pymc for f, r in forms]
    rng = np.random.default_rng(1)
    point = {k: v + rng.normal(0, 0.2, np.shape(v)) for k, v in graphs[0].initial_point().items()}
    values = []
    for graph in graphs:
        assert graph.initial_point().keys() == point.keys()
        values.append(float(graph.compile_logp(mode=MODE)(point)))
    assert len(set(values)) == 1


def test_uncorrelated_is_another_model_than_correlated(data: Callable[[str], Any]) -> None:
    us = hl.Model("Reaction ~ Days + (Days | Subject)", data("sleepstudy")).pymc
    idh = hl.Model("Reaction ~ Days + (Days || Subject)", data("sleepstudy")).pymc
    assert [len([v for v in g.free_RVs if v.name.startswith("cor_")]) for g in (us, idh)] == [1, 0]


HADFIELD = {
    "(1 | dam)": 1,
    "us(0 + sex | dam)": 6,
    "(1 | sex:dam)": 1,
    "(1 | dam) + (1 | sex:dam)": 2,
    "idh(0 + sex | dam)": 3,
    "corh(0 + sex | dam)": 4,
    "cor(0 + sex | dam)": 3,
}


@pytest.mark.parametrize("term", HADFIELD)
def test_number_of_covariance_parameters(term: str) -> None:
    """Hadfield (2010), table of structures for a factor with three levels."""
    rng = np.random.default_rng(0)
    n = 90
    frame = {
        "y": rng.normal(size=n),
        "sex": np.array(["F", "M", "U"])[np.arange(n) % 3],
        "dam": np.array([f"d{i}" for i in range(10)])[rng.integers(0, 10, n)],
    }
    graph = hl.Model(f"y ~ 1 + {term}", frame).pymc
    p = 0
    for rv in graph.free_RVs:
        if rv.name.startswith(("sd_", "cor_")):
            size = int(np.prod(rv.shape.eval(mode=MODE)))
            k = int(round(np.sqrt(size)))
            p += k * (k - 1) // 2 if rv.name.startswith("cor_") and rv.ndim == 2 else size
    assert p == HADFIELD[term]
    assert p == sum(b.covariance.n_parameters(len(b.effects)) for b in hl.Model(f"y ~ 1 + {term}", frame).blocks)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_density_does_not_depend_on_row_order(order: int, data: Callable[[str], Any]) -> None:
    frame = data("cbpp")
    shuffled = frame.sample(frac=1.0, random_state=order).reset_index(drop=True)
    text = "incidence | trials(size) ~ period + (1 | herd)"
    graphs = [hl.Model(text, f, family="binomial").pymc for f in (frame, shuffled)]
    point = graphs[0].initial_point()
    a, b = (float(g.compile_logp(mode=MODE)(point)) for g in graphs)
    assert a == pytest.approx(b, rel=1e-12)
