"""Related levels: the order of elimination, the precision, and fits that are those of the graph."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.reductions.arrangement import arrange
from hierlm.reductions.relations import level_relation

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def herd(n: int = 60, founders: int = 20, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(pedigree with inbreeding, two records of most animals)."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        sire, dam = (f"m{rng.integers(i // 2)}", f"f{rng.integers(i // 2)}") if i >= founders else (None, None)
        rows.append((f"{'mf'[i % 2]}{i // 2}", sire, dam))
    pedigree = pd.DataFrame(rows, columns=["animal", "sire", "dam"])
    animals = rng.choice(pedigree["animal"], 90)
    effects = dict(zip(pedigree["animal"], rng.normal(size=n), strict=True))
    x = rng.normal(size=90)
    y = 1 + 0.5 * x + np.array([effects[a] for a in animals]) + rng.normal(size=90)
    return pedigree, pd.DataFrame({"animal": animals, "x": x, "y": y, "k": rng.poisson(np.exp(0.3 * y))})


def test_the_precision_is_that_of_the_levels_in_order():
    """order and beyond give K⁻¹ back, and entries and log|K| are those of dense algebra."""
    pedigree, data = herd()
    A = hl.pedigree(pedigree)
    model = hl.Model("y ~ x + known(1 | animal, A)", data, matrices={"A": A})
    found, K = level_relation(model.blocks[0]), A.dense(model.blocks[0].levels)
    first = np.argsort(found.order)
    precision = found.beyond.toarray()
    precision = precision + np.tril(precision, -1).T + np.eye(len(K))
    np.testing.assert_allclose(precision, np.linalg.inv(K)[np.ix_(first, first)], atol=1e-10)
    assert found.log_determinant == pytest.approx(np.linalg.slogdet(K)[1])
    assert found.sparse
    assert np.count_nonzero(np.abs(np.linalg.cholesky(precision)) > 1e-12) <= found.entries


def test_a_tree_fills_nothing():
    """Each branch is coupled with the one before it, the coefficients and nothing else."""
    tree = "(" + ",".join(f"(a{i}:1,b{i}:1):1" for i in range(50)) + ");"
    data = {"s": [f"{c}{i}" for i in range(50) for c in "ab"], "y": np.random.default_rng(0).normal(size=100)}
    model = hl.Model("y ~ 1 + known(1 | s, T)", data, matrices={"T": hl.phylogeny(tree)})
    place = arrange(model)
    assert place.structure.nodes == 150
    assert np.diff(place.structure.rows).max() == 2
    assert place.work < 150 * 4


@pytest.mark.parametrize(("response", "family"), [("y", "gaussian"), ("k", "poisson")])
def test_the_constant_of_the_density(response, family):
    """A multiple of the relation with the sd divided accordingly is the same model: so are densities with constants.

    log p(y, ζ) of K and of 4K at half the standard deviation agree but for the Jacobian of the sd.
    """
    pedigree, data = herd(20, 10)
    A = hl.pedigree(pedigree).dense(sorted(pedigree["animal"]))
    labels = sorted(pedigree["animal"])
    found = []
    for factor in (1.0, 4.0):
        K = pd.DataFrame(factor * A, labels, labels)
        sd = 0.8 / np.sqrt(factor)
        model = hl.Model(
            f"{response} ~ x + known(1 | animal, K)",
            data[data["animal"].isin(labels)],
            family,
            matrices={"K": K},
            priors={"sd_animal": sd},
        )
        reduction = model.plan().chosen
        problem = reduction.apply(model)
        at = np.zeros(problem.dimension)
        found.append(problem.density(at, problem.data, at.copy()) + reduction.log_constant(model, problem))
    assert found[0] == pytest.approx(found[1], abs=1e-4)


@pytest.mark.parametrize(
    ("response", "family"), [pytest.param("y", "gaussian", marks=pytest.mark.slow), ("k", "poisson")]
)
def test_a_fit_is_that_of_the_graph(response, family):
    """Means within 5 Monte-Carlo errors of joint NUTS, of parameters and of effects; also those without records."""
    pedigree, data = herd()
    model = hl.Model(f"{response} ~ x + known(1 | animal, A)", data, family, matrices={"A": hl.pedigree(pedigree)})
    fast, plain = (model.fit(seed=3, progress=False, reduce=reduce) for reduce in (True, False))
    assert "marginal" in model.plan().name or "whitened" in model.plan().name
    for name in ["b", "sd_animal", "r_animal"]:
        a, b = (f.posterior[name].stack(sample=("chain", "draw")).to_numpy() for f in (fast, plain))
        error = np.sqrt(a.var(axis=-1) / 1000 + b.var(axis=-1) / 300)
        assert np.all(np.abs(a.mean(axis=-1) - b.mean(axis=-1)) < 5 * error), name
        np.testing.assert_allclose(a.std(axis=-1), b.std(axis=-1), rtol=0.25, err_msg=name)


def test_what_has_no_inverse_stays_on_the_graph():
    """A branch of length zero makes two levels equal: the plan says so."""
    tree = "((a:1,b:0):1,(c:1,d:1):1);"
    data = {"s": list("abcd") * 3, "y": np.random.default_rng(0).normal(size=12)}
    model = hl.Model("y ~ 1 + known(1 | s, T)", data, matrices={"T": hl.phylogeny(tree)})
    plan = model.plan()
    assert plan.chosen is None
    assert "the covariance T of the levels of s has no inverse: 'b' is equal to its parent" in str(plan)


def test_one_record_an_animal_is_not_integrated_as_unrelated():
    """One level a row looks like an observation-level effect, and is none."""
    pedigree, _ = herd(40, 10)
    rng = np.random.default_rng(2)
    data = {"animal": pedigree["animal"], "k": rng.poisson(3.0, 40)}
    A = hl.pedigree(pedigree)
    model = hl.Model("k ~ 1 + known(1 | animal, A)", data, "poisson", matrices={"A": A})
    problem = model.plan().chosen.apply(model)
    assert problem.place.groups == ("animal",)
