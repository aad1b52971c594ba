"""The PyMC graph against an independent joint density: group effects that the grid of structures does not have.

Related levels, sub-populations, multi-membership, and standard deviations of groups with a formula.  20 points, 1e-8,
gradients 1e-6, as in the grid; every kind of relation that is registered has to be here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.covariances.handed import KINDS
from tests.trust.densities import needed
from tests.trust.graphs import check_model
from tests.trust.terms import ETA, LEVELS, SD, SLOPE, USUAL, Values, at, build, gaussian, table_of, two_effects

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


# -------------------------------------------------------------------------------------------------- related levels
def tabular(rows: Mapping[str, tuple[str | None, str | None]]) -> pd.DataFrame:
    """A by the tabular method, parents before their offspring."""
    A = pd.DataFrame(0.0, index=list(rows), columns=list(rows))
    for i, (animal, parents) in enumerate(rows.items()):
        known = [p for p in parents if p is not None]
        for other in list(rows)[:i]:
            A.loc[animal, other] = A.loc[other, animal] = sum(A.loc[other, p] for p in known) / 2
        A.loc[animal, animal] = 1 + (A.loc[known[0], known[1]] / 2 if len(known) == 2 else 0.0)
    return A


PARENTS = {
    "pa": (None, None),
    "ma": (None, None),
    "g0": ("pa", "ma"),
    "g1": ("pa", "ma"),
    "g2": ("g0", "g1"),
    "g3": ("g0", None),
    "g4": ("g3", "g2"),
}
SHARED = {"g0 g1": 1.0, "g3 g4": 2.0, "g2 g3": 0.5, "g2 g4": 0.5}
"""Path lengths from the root that two tips share in ((g0:2,g1:2)a:1,(g2:2.5,(g3:1,g4:1)b:1.5)c:0.5)."""


def path_lengths() -> pd.DataFrame:
    labels = ["a", "c", "b", *LEVELS]
    own = dict(zip(labels, (1.0, 0.5, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0), strict=True))
    K = pd.DataFrame(np.diag([*own.values()]), index=labels, columns=labels)
    inner = {"a g0": 1.0, "a g1": 1.0, "c g2": 0.5, "c g3": 0.5, "c g4": 0.5, "c b": 0.5, "b g2": 0.5}
    for pair, length in (SHARED | inner | {"b g3": 2.0, "b g4": 2.0}).items():
        one, other = pair.split()
        K.loc[one, other] = K.loc[other, one] = length
    return K / 3.0


def handed() -> pd.DataFrame:
    labels = ["g3", "unseen", "g0", "g4", "g2", "g1"]
    A = np.random.default_rng(6).normal(size=(6, 9))
    return pd.DataFrame(A @ A.T / 6, index=labels, columns=labels)


TREE = "((g0:2,g1:2)a:1,(g2:2.5,(g3:1,g4:1)b:1.5)c:0.5);"
RELATIONS: dict[str, tuple[str, Callable[[], Any], Callable[[], pd.DataFrame]]] = {
    "matrix": ("matrix", handed, handed),
    "pedigree": (
        "inheritance",
        lambda: hl.pedigree(
            {"animal": [*PARENTS], "sire": [s for s, _ in PARENTS.values()], "dam": [d for _, d in PARENTS.values()]},
            selfing=True,
        ),
        lambda: tabular(PARENTS),
    ),
    "phylogeny": ("inheritance", lambda: hl.phylogeny(TREE), path_lengths),
}
"""(kind, what is handed over, K with its labels)."""


def test_every_relation_has_an_independent_meaning() -> None:
    needed(KINDS, {kind: 1 for kind, *_ in RELATIONS.values()}, "meaning of the relation")


@pytest.mark.parametrize("name", RELATIONS)
def test_related_levels(name: str) -> None:
    """vec(r) ~ N(0, K ⊗ V), all labels of K being levels."""
    _, given, dense = RELATIONS[name]
    table, K = table_of(), dense()
    priors = USUAL | {"sd_g": SD, "cor_g": hl.LKJ(ETA)}
    model = build("y ~ x + known(1 + x | g, K)", table, priors, matrices={"K": given()})
    labels = list(model.blocks[0].levels)
    assert sorted(labels) == sorted(K.index)
    K, place = K.loc[labels, labels].to_numpy(), np.array([labels.index(level) for level in table["g"]])

    def theirs(values: Values) -> float:
        r, b = values["r_g"], values["b"]
        V, total = two_effects(values)
        total += stats.multivariate_normal(np.zeros(r.size), np.kron(K, V), allow_singular=False).logpdf(r.ravel())
        total += len(labels) * np.linalg.slogdet(V)[1] / 2  # of r = A z Lᵀ, up to |A|, which is known
        return total + gaussian(table, b[0] + r[place, 0] + (b[1] + r[place, 1]) * table["x"], values)

    check_model(model, theirs)


# -------------------------------------------------------------------- sub-populations, multi-membership, formulas of sds
@pytest.mark.parametrize("centring", ["centered", "noncentered"])
def test_sub_populations(centring: str) -> None:
    """A covariance for each level of trt; what a level would be in the other one is drawn too, and enters no row."""
    table = table_of()
    priors = USUAL | {"sd_g": SD, "cor_g": hl.LKJ(ETA)}
    model = build("y ~ x + (1 + x | gr(g, by=trt))", table, priors, parameterization=centring)
    first = 2 * (table["trt"] == "b")

    def theirs(values: Values) -> float:
        r, b, total = values["r_g"], values["b"], 0.0
        for own in (slice(0, 2), slice(2, 4)):
            V, prior = two_effects({"sd_g": values["sd_g"][own], "cor_g": values["cor_g"][own, own]})
            total += prior + stats.multivariate_normal(np.zeros(2), V).logpdf(r[:, own]).sum()
            total += len(r) * np.linalg.slogdet(V)[1] / 2 if centring == "noncentered" else 0.0
        np.testing.assert_array_equal(values["cor_g"][:2, 2:], 0.0)
        eta = b[0] + r[at(table), first] + (b[1] + r[at(table), first + 1]) * table["x"]
        return float(total + gaussian(table, eta, values))

    check_model(model, theirs)


def test_multi_membership() -> None:
    """Rows belong to two levels, with weights that sum to one."""
    table = table_of()
    model = build("y ~ x + (1 | mm(g, g2, weights=cbind(w1, w2)))", table, USUAL | {"sd_mm(g,g2)": SD})
    group, labels = model.blocks[0].group, list(model.blocks[0].levels)
    first, second = (np.array([labels.index(level) for level in table[c]]) for c in ("g", "g2"))
    share = table["w1"] / (table["w1"] + table["w2"])

    def theirs(values: Values) -> float:
        r, sd, b = values[f"r_{group}"][:, 0], values[f"sd_{group}"][0], values["b"]
        total = stats.norm.logpdf(r / sd).sum() + SD.log_density(sd)
        eta = b[0] + b[1] * table["x"] + share * r[first] + (1 - share) * r[second]
        return float(total + gaussian(table, eta, values))

    check_model(model, theirs)


@pytest.mark.parametrize("centring", ["centered", "noncentered"])
def test_a_formula_of_the_sds(centring: str) -> None:
    """V_j = exp(2 γ z_j) V for independent effects."""
    table = table_of()
    if centring == "centered":
        bar, priors = "(1 | g)", USUAL | {"sd_g": SD, "b_sd_g[z]": SLOPE}
    else:
        bar, priors = "(1 + x | g)", USUAL | {"sd_g": SD, "cor_g": hl.LKJ(ETA), "b_sd_g[z]": SLOPE}
    model = build([f"y ~ x + {bar}", "sd(g) ~ z"], table, priors, parameterization=centring)
    z = np.array([0.3 * j - 0.5 for j in range(len(LEVELS))])

    def theirs(values: Values) -> float:
        r, b, change = values["r_g"], values["b"], np.exp(values["b_sd_g"][0] * z)
        total = SLOPE.log_density(values["b_sd_g"][0])
        if centring == "centered":
            sd = values["sd_g"][0]
            total += stats.norm.logpdf(r[:, 0], 0, sd * change).sum() + SD.log_density(sd)
            return float(total + gaussian(table, b[0] + r[at(table), 0] + b[1] * table["x"], values))
        V, prior = two_effects(values)
        for j, factor in enumerate(change):
            own = stats.multivariate_normal(np.zeros(2), factor**2 * V)
            total += own.logpdf(r[j]) + np.linalg.slogdet(factor**2 * V)[1] / 2
        rows = r[at(table)]
        return float(total + prior + gaussian(table, b[0] + rows[:, 0] + (b[1] + rows[:, 1]) * table["x"], values))

    check_model(model, theirs)


def test_another_relation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kind, given, dense = RELATIONS["pedigree"]
    monkeypatch.setitem(RELATIONS, "pedigree", (kind, given, lambda: dense() + 1e-4 * np.eye(len(PARENTS))))
    with pytest.raises(AssertionError):
        test_related_levels("pedigree")
