"""Pedigrees, phylogenies and known matrices: against the tabular method, dense inverses, and bad tables."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings, strategies as st

import hierlm as hl
from hierlm.covariances import COVARIANCES
from hierlm.covariances.handed import relations_of
from hierlm.covariances.inheritance import Inheritance
from hierlm.covariances.matrix import KnownMatrix
from hierlm.covariances.pedigree import _inbreeding
from hierlm.covariances.recursion import _raised, inherited
from hierlm.graph.evaluate import PYTHON
from tests.unit.graph.test_structured import tabular_relationship


def random_pedigree(n: int, founders: int, seed: int) -> dict[str, list]:
    """Sires even, dams odd; unknown parents here and there; rows shuffled."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(founders, n):
        sire, dam = rng.integers(0, i // 2 + i % 2) * 2, rng.integers(0, i // 2) * 2 + 1
        known = rng.uniform(size=2) > 0.15
        rows.append((f"a{i}", f"a{sire}" if known[0] else None, f"a{dam}" if known[1] else None))
    rng.shuffle(rows)
    animal, sire, dam = zip(*rows, strict=True)
    return {"animal": list(animal), "sire": list(sire), "dam": list(dam)}


@settings(max_examples=30, deadline=None)
@given(n=st.integers(4, 25), seed=st.integers(0, 10_000))
def test_pedigree_is_the_tabular_method(n, seed):
    """A with inbreeding, its sparse inverse, and its positive definiteness."""
    table = random_pedigree(n, 2, seed)
    A = hl.pedigree(pd.DataFrame(table))
    dense = A.dense(A.labels)
    np.testing.assert_allclose(dense, tabular_relationship(table, A.labels), atol=1e-12)
    np.testing.assert_allclose(A.inverse.toarray() @ dense, np.eye(A.size), atol=1e-8)
    np.testing.assert_allclose(A.diagonal(A.labels), np.diag(dense), atol=1e-12)
    assert np.linalg.eigvalsh(dense)[0] > 0
    again = Inheritance.from_arrays(A.labels, A.arrays())
    np.testing.assert_array_equal(again.dense(A.labels), dense)


def test_inverse_of_a_pedigree_is_sparse():
    A = hl.pedigree(random_pedigree(3000, 50, 1))
    assert A.inverse.nnz < 10 * A.size


def test_gradient_of_the_recursion_is_its_transpose():
    A = hl.pedigree(random_pedigree(20, 4, 3))
    z, weights = pt.dmatrix("z"), np.random.default_rng(0).normal(size=(5, 2))
    labels = [A.labels[i] for i in (3, 0, 7, 11, 19 if A.size > 19 else 5)]
    total = (A.correlate(z, labels) * weights).sum()
    function = pytensor.function([z], [total, pt.grad(total, z)], mode=PYTHON)
    at = np.random.default_rng(1).normal(size=(A.size, 2))
    _, gradient = function(at)
    for i, j in [(0, 0), (5, 1), (A.size - 1, 0)]:
        step = np.zeros_like(at)
        step[i, j] = 1e-6
        difference = (function(at + step)[0] - function(at - step)[0]) / 2e-6
        assert gradient[i, j] == pytest.approx(difference, abs=1e-7)


def test_compiled_recursion_is_the_interpreted_one():
    A = hl.pedigree(random_pedigree(30, 4, 4))
    z = pt.dmatrix("z")
    total = A.correlate(z, A.labels)
    answers = [total, pt.grad((total**2).sum(), z)]
    at = np.random.default_rng(1).normal(size=(A.size, 1))
    for mine, theirs in zip(
        pytensor.function([z], answers)(at), pytensor.function([z], answers, mode=PYTHON)(at), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"animal": ["a", "b"], "sire": ["b", None], "dam": [None, "a"]}, "loop: .*a"),
        ({"animal": ["a"], "sire": ["a"], "dam": [None]}, "'a' is its own parent"),
        ({"animal": ["a"], "sire": ["b"], "dam": ["b"]}, "'b' is both sire and dam of 'a'"),
        (
            {"animal": ["a", "c"], "sire": ["b", "d"], "dam": ["e", "b"]},
            "'b' is sire of some animals and dam of others",
        ),
        ({"animal": ["a", "a"], "sire": [None, None], "dam": [None, None]}, "'a' has two rows"),
        ({"animal": ["a", None], "sire": [None, None], "dam": [None, None]}, "Row 1 of the pedigree has no animal"),
        ({"animal": ["a"], "sire": [None]}, "no column 'dam'"),
        ({"animal": [], "sire": [], "dam": []}, "no or different rows"),
        (7, "is a table, not a int"),
    ],
)
def test_bad_pedigrees(table, message):
    with pytest.raises(hl.ModelError, match=message):
        hl.pedigree(table)


def test_unknown_parents_numbers_and_selfing():
    A = hl.pedigree(pd.DataFrame({"animal": [3.0, 4.0], "sire": [1.0, np.nan], "dam": [0, 2]}))
    assert set(A.labels) == {"1", "2", "3", "4"}
    B = hl.pedigree({"animal": ["kid"], "sire": ["ma"], "dam": ["ma"]}, selfing=True)
    np.testing.assert_allclose(B.dense(["ma", "kid"]), [[1, 1], [1, 1.5]])


TREE = "((human:6,chimp:6)ape:1,(gorilla:5,orang:2)0.98:2);"


def test_phylogeny_is_the_shared_path():
    """Covariance of two tips: the length of the path that they share from the root."""
    tree = hl.phylogeny(TREE, scale=False)
    tips = ["human", "chimp", "gorilla", "orang"]
    expected = np.array([[7.0, 1, 0, 0], [1, 7, 0, 0], [0, 0, 7, 2], [0, 0, 2, 4]])
    np.testing.assert_allclose(tree.dense(tips), expected)
    np.testing.assert_allclose(hl.phylogeny(TREE).dense(tips), expected / 7)
    assert set(tree.labels) == {*tips, "ape", "node1"}
    whole = tree.dense(tree.labels)
    np.testing.assert_allclose(tree.inverse.toarray() @ whole, np.eye(6), atol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((a:1,b):1,c:2);", "'b' has no length"),
        ("((a:1,b:-1):1,c:2);", "'b' has the length -1"),
        ("((a:1,b:1:1,c:2);", "no tree in the newick format"),
        ("((a:1,a:1)x:1,c:2);", "a"),
        ("no such file", "cannot be read"),
    ],
)
def test_bad_trees(text, message):
    with pytest.raises(hl.ModelError, match=message):
        hl.phylogeny(text)


@pytest.mark.parametrize(
    ("K", "message"),
    [
        (np.eye(2), "has no labels to match"),
        (pd.DataFrame([[1, 0.5], [0.4, 1]], index=list("ab"), columns=list("ab")), r"not symmetric: 0\.5 at \(a, b\)"),
        (pd.DataFrame([[1, 2.0], [2, 1]], index=list("ab"), columns=list("ab")), "smallest eigenvalue is -1"),
        (pd.DataFrame([[1, np.nan], [np.nan, 1]], index=list("ab"), columns=list("ab")), r"holds nan at \(a, b\)"),
        (pd.DataFrame(np.eye(2), index=list("ab"), columns=list("ac")), "different labels"),
        (pd.DataFrame(np.eye(2), index=list("aa"), columns=list("aa")), "more than one row 'a'"),
        (pd.DataFrame([["x", "y"], ["y", "x"]], index=list("ab"), columns=list("ab")), "does not hold numbers"),
    ],
)
def test_bad_matrices(K, message):
    with pytest.raises(hl.ModelError, match=message):
        relations_of({"K": K})


def test_rows_are_matched_with_columns_and_levels_by_name():
    frame = pd.DataFrame([[0.5, 2.0], [3.0, 0.5]], index=["a", "b"], columns=["b", "a"])
    K = KnownMatrix.of_frame(frame)
    np.testing.assert_array_equal(K.dense(["a", "b"]), [[2.0, 0.5], [0.5, 3.0]])
    np.testing.assert_array_equal(K.dense(["b", "a"]), [[3.0, 0.5], [0.5, 2.0]])


DATA = pd.DataFrame(
    {
        "y": np.random.default_rng(0).normal(size=12),
        "g": np.repeat(list("abcd"), 3),
        "t": np.tile(["t1", "t2", "t10"], 4),
        "when": np.tile([0.0, 1.0, 4.0], 4),
        "n": np.tile([1, 2, 4], 4),
        "m": np.tile([1, 2, 3], 4),
        "trt": np.tile(["u", "v", "u"], 4),
        "w": np.tile([1.0, -1.0, 1.0], 4),
        "h": np.repeat(list("badc"), 3),
    }
)
K = pd.DataFrame(np.eye(4), index=list("abcd"), columns=list("abcd"))


@pytest.mark.parametrize(
    ("formula", "matrices", "error", "message"),
    [
        ("y ~ ar1(0 + when | g)", None, hl.DataError, r"needs the levels of one factor(.|\n)*C\(when\)"),
        ("y ~ ar1(t | g)", None, hl.DataError, "needs the levels of one factor"),
        (
            "y ~ ar1(0 + t | g)",
            None,
            hl.DataError,
            r"order, which is that of their letters: t1, t10, t2(.|\n)*Categorical",
        ),
        ("y ~ ar1(0 + C(m) | g, p=2)", None, hl.FormulaError, "no option 'p'"),
        ("y ~ ante(0 + C(n) | g, p=2)", None, hl.FormulaError, "order 1, not p=2"),
        ("y ~ rr(0 + C(n) | g, d=4)", None, hl.FormulaError, "rank d from 1 to 3, not 4"),
        ("y ~ rr(0 + C(n) | g, rank=1)", None, hl.FormulaError, "no option 'rank'"),
        ("y ~ mat(when | g, nu=2)", None, hl.FormulaError, "nu=2"),
        ("y ~ car1(when + n | g)", None, hl.FormulaError, "one time, not 2 coordinates"),
        ("y ~ car1(1 + when | g)", None, hl.FormulaError, "coordinates on its left side"),
        ("y ~ car1(t | g)", None, hl.DataError, "levels of 't' are not numbers"),
        ("y ~ exp(when:n | g)", None, hl.FormulaError, "coordinates on its left side"),
        ("y ~ ar1(0 + C(m) | p | g) + ar1(0 + C(m) | p | g)", None, hl.FormulaError, "shared id"),
        ("y ~ known(1 | g, K)", None, hl.FormulaError, "There is no matrix 'K'"),
        ("y ~ known(1 | g, k)", {"K": K}, hl.FormulaError, "Did you mean 'K'"),
        ("y ~ (1 | g)", {"K": K}, hl.ModelError, "does not name the matrix 'K'"),
        ("y ~ known(1 | t, K)", {"K": K}, hl.DataError, "lacks 3 levels of 't'"),
        ("y ~ propto(0 + t | g, K)", {"K": K}, hl.FormulaError, "no row for 't1', 't10', 't2'"),
        (
            "y ~ known(1 | g, K) + (0 + when | g)",
            {"K": K},
            hl.ModelError,
            r"related by 'K' in one term(.|\n)*Copy the column",
        ),
        ("y ~ (1 | gr(g, by=trt))", None, hl.DataError, "rows of several levels of 'trt'"),
        (
            "y ~ (1 | mm(g, h, weights=cbind(w, n)))",
            None,
            hl.DataError,
            r"weight 'w' of mm\(g,h\) is negative \(rows 1, 4",
        ),
        ("y ~ (1 | mm(g, n))", None, hl.DataError, "some hold numbers and others text"),
    ],
)
def test_refused_in_words(formula, matrices, error, message):
    with pytest.raises(error, match=message):
        hl.Model(formula, DATA, matrices=matrices)


def test_positions_that_are_labels_of_a_factor():
    """glmmTMB's numFactor: levels that read as coordinates."""
    data = DATA.assign(pos=[f"({a},{b})" for a, b in zip(DATA["when"], DATA["n"], strict=True)])
    text, numbers = hl.Model("y ~ exp(0 + pos | g)", data), hl.Model("y ~ exp(when + n | g)", data)
    mine, theirs = (m.blocks[0].covariance.setting.positions for m in (text, numbers))
    np.testing.assert_array_equal(mine, theirs)


def test_unequally_spaced_occasions_are_warned_of():
    with pytest.warns(hl.DataWarning, match=r"not equally spaced \(1, 2, 4\), and ar1\(\) counts"):
        hl.Model("y ~ ar1(0 + C(n) | g)", DATA)


def test_a_prior_is_cut_off_at_the_bounds():
    model = hl.Model("y ~ car1(when | g)", DATA, priors={"phi_g": hl.Prior("Normal", mu=0.5, sigma=1)})
    assert np.isfinite(model.pymc.compile_logp(mode="FAST_COMPILE")(model.pymc.initial_point()))
    with pytest.raises(hl.PriorError, match="excludes every value of 'phi_g'"):
        hl.Model("y ~ car1(when | g)", DATA, priors={"phi_g": hl.Prior("Uniform", lower=2, upper=3)})
    with pytest.raises(hl.PriorError, match="between 0 and 1, so it cannot be fixed at 2"):
        hl.Model("y ~ car1(when | g)", DATA, priors={"phi_g": 2.0})


@pytest.mark.slow
def test_ten_thousand_animals_are_no_burden():
    """Building, and one gradient, of a model with a pedigree of 10,000 animals."""
    table = random_pedigree(10_000, 300, 2)
    rng = np.random.default_rng(0)
    start = time.process_time()
    A = hl.pedigree(table)
    data = pd.DataFrame({"animal": table["animal"], "y": rng.normal(size=len(table["animal"]))})
    model = hl.Model("y ~ known(1 | animal, A)", data, matrices={"A": A})
    graph = model.pymc
    assert time.process_time() - start < 20
    gradient = graph.compile_dlogp()
    point = graph.initial_point()
    gradient(point)
    start = time.process_time()
    for _ in range(20):
        assert np.isfinite(gradient(point)).all()
    assert (time.process_time() - start) / 20 < 0.05


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        ([K], "matrices is a list, not a mapping"),
        ({1: K}, "by its name in the formula, not by 1"),
        ({"": K}, "by its name in the formula, not by ''"),
        ({"K": pd.DataFrame(np.zeros((0, 0)))}, r"matrices\['K'\]: It is 0 × 0 with 0 labels"),
    ],
)
def test_what_is_handed_over_is_a_mapping_of_names(matrices, message):
    with pytest.raises(hl.ModelError, match=message):
        relations_of(matrices)


def test_a_relation_is_handed_over_as_it_is():
    A = hl.pedigree({"animal": ["kid"], "sire": ["pa"], "dam": [None]})
    assert relations_of({"A": A})["A"] is A
    assert relations_of(None) == {}


@pytest.mark.parametrize(
    ("labels", "parents", "weights", "variances"),
    [
        ("ab", [[-1, -1], [1, -1]], [[0, 0], [0.5, 0]], [1, 1]),  # its own parent
        ("ab", [[1, -1], [-1, -1]], [[0.5, 0], [0, 0]], [1, 1]),  # a parent that comes later
        ("ab", [[-2, -1], [-1, -1]], [[0, 0], [0, 0]], [1, 1]),
        ("ab", [[-1, -1], [0, -1]], [[0, 0], [np.inf, 0]], [1, 1]),
        ("ab", [[-1, -1], [0, -1]], [[0, 0], [0.5, 0]], [1, np.nan]),
        ("ab", [[-1, -1], [0, -1]], [[0, 0], [0.5, 0]], [1, -1]),
        ("aa", [[-1, -1], [0, -1]], [[0, 0], [0.5, 0]], [1, 1]),
    ],
)
def test_numbers_that_describe_no_inheritance_are_refused(labels, parents, weights, variances):
    """An archive that was changed: nothing else makes such arrays."""
    with pytest.raises(hl.ModelError, match="describe no inheritance"):
        Inheritance(labels, np.array(parents), np.array(weights), np.array(variances, dtype=float))


def test_a_copy_of_its_parent_has_no_inverse():
    with pytest.raises(hl.ModelError, match="'b' is equal to its parent"):
        hl.phylogeny("((a:1,b:0)x:1,c:2);").inverse  # noqa: B018


@pytest.mark.parametrize(
    ("tree", "options", "message"),
    [
        ("(a:1,b:1);", {"schema": "phyloxml"}, "format 'phyloxml' is not read"),
        (7, {}, "A tree is text or a file, not a int"),
        ("(a:1);", {}, "fewer than two branches"),
        ("((a:1,b:1)x:1,(c:1,d:1)x:1);", {}, "more than one node 'x'"),
        ("((a:1,b:1):-2,c:3);", {}, "'an inner node' has the length -2"),
        ("((a:1,b:1)x,c:3);", {}, "'x' has no length"),
    ],
)
def test_other_trees_that_are_none(tree, options, message):
    with pytest.raises(hl.ModelError, match=message):
        hl.phylogeny(tree, **options)


def test_labels_that_are_whole_numbers_are_written_without_a_point():
    K = KnownMatrix.of_frame(pd.DataFrame(np.eye(2), index=[308.0, 9.5], columns=[308.0, 9.5]))
    assert set(K.labels) == {"308", "9.5"}


def test_a_structure_that_has_not_seen_its_effects_says_so():
    with pytest.raises(hl.ModelError, match=r"ar1\(\) has not been told its effects"):
        COVARIANCES["ar1"]().setting  # noqa: B018


def test_the_recursion_without_a_compiler_gives_the_same_numbers():
    A = hl.pedigree(random_pedigree(30, 4, 4))
    z = np.random.default_rng(2).normal(size=(A.size, 2))
    arguments = (A.parents, A.weights, np.sqrt(A.variances))
    for function in (inherited, _raised):
        np.testing.assert_allclose(function(z, *arguments), function.py_func(z, *arguments), rtol=1e-14)
    for compiled, plain in zip(_inbreeding(A.parents), _inbreeding.py_func(A.parents), strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-14)
