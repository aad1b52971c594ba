"""Bars: which row belongs to which level, in which order the levels come, and what new data may bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierlm.design import build
from hierlm.errors import PredictionError
from hierlm.formula import parse

RNG = np.random.default_rng(2)
N = 80
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=N),
        "x": RNG.normal(size=N),
        "sex": RNG.choice(["Male", "Female"], size=N),
        "id": RNG.choice([308, 9, 10, 335], size=N),
        "batch": pd.Categorical(RNG.choice(["B", "A", "C"], size=N), categories=["C", "A", "B", "never"]),
        "cask": RNG.choice(["b", "a"], size=N),
    }
)


def groups(formula, data=DATA):
    return build(parse(formula), data).predictors["y", "mu"].groups


def test_numbers_are_sorted_as_numbers_and_written_without_a_point():
    (g,) = groups("y ~ 1 + (1 | id)", DATA.astype({"id": float}))
    assert g.levels == ("9", "10", "308", "335")
    assert [g.levels[c] for c in g.codes] == [str(i) for i in DATA["id"]]


def test_categories_keep_their_order_and_unused_ones_go():
    design = build(parse("y ~ 1 + (1 | batch)"), DATA)
    g = design.predictors["y", "mu"].groups[0]
    assert g.levels == ("C", "A", "B")
    assert [g.levels[c] for c in g.codes] == DATA["batch"].tolist()
    assert "never" in design.schema.notes[0]


def test_cells_are_the_observed_combinations():
    d = DATA[~((DATA["batch"] == "A") & (DATA["cask"] == "b"))]
    (g,) = groups("y ~ 1 + (1 | batch:cask)", d)
    assert g.levels == ("C:a", "C:b", "A:a", "B:a", "B:b")
    assert [g.levels[c] for c in g.codes] == [f"{b}:{c}" for b, c in zip(d["batch"], d["cask"], strict=True)]
    nested = groups("y ~ 1 + (1 | batch/cask)", d)
    assert [n.bar.group for n in nested] == ["batch", "batch:cask"]
    np.testing.assert_array_equal(nested[1].codes, g.codes)


def test_the_order_of_factors_only_changes_labels():
    first, second = groups("y ~ 1 + (1 | batch:cask:id)"), groups("y ~ 1 + (1 | id:cask:batch)")
    rows = [[":".join(reversed(first[0].levels[c].split(":"))) for c in first[0].codes]]
    assert rows[0] == [second[0].levels[c] for c in second[0].codes]


@pytest.mark.parametrize(
    ("left", "effects"),
    [
        ("1", ("Intercept",)),
        ("x", ("Intercept", "x")),
        ("0 + x", ("x",)),
        ("sex", ("Intercept", "sex[Male]")),
        ("0 + sex", ("sex[Female]", "sex[Male]")),
        ("x*sex", ("Intercept", "x", "sex[Male]", "x:sex[Male]")),
        ("poly(x, 2)", ("Intercept", "poly(x, 2)[1]", "poly(x, 2)[2]")),
    ],
)
def test_effects_are_coded_like_common_ones(left, effects):
    (g,) = groups(f"y ~ 1 + ({left} | id)")
    common = build(parse(f"y ~ {left}"), DATA).predictors["y", "mu"].common
    assert g.effects == effects == common.labels
    np.testing.assert_array_equal(g.Z, common.X)


def test_units_have_one_level_a_row():
    d = DATA.copy()
    d.loc[3, "x"] = np.nan
    with pytest.warns(UserWarning, match=r"Dropped 1 of 80 rows .*x \(1 missing\)"):
        design = build(parse("y ~ x + (1 | units)"), d, missing="drop")
    g = design.predictors["y", "mu"].groups[0]
    np.testing.assert_array_equal(g.codes, np.arange(79))
    assert g.levels[2:4] == ("2", "4")
    np.testing.assert_array_equal(design.rows, np.delete(np.arange(80), 3))


def test_a_real_column_called_units_takes_precedence():
    (g,) = groups("y ~ 1 + (1 | units)", DATA.assign(units=DATA["cask"]))
    assert g.levels == ("a", "b")


def test_rows_of_new_data_are_new_units_unless_they_are_the_old_ones():
    schema = build(parse("y ~ x + (1 | units) + (1 | units:cask)"), DATA).schema
    same = schema.apply(DATA).predictors["y", "mu"].groups
    for g, t in zip(same, build(schema.formula, DATA).predictors["y", "mu"].groups, strict=True):
        np.testing.assert_array_equal(g.codes, t.codes)
    for g in schema.apply(DATA[:5]).predictors["y", "mu"].groups:
        np.testing.assert_array_equal(g.codes, [-1] * 5)
        np.testing.assert_array_equal(g.unseen_codes, range(5))
        assert len(set(g.unseen)) == 5


def test_unseen_levels_are_marked_and_listed_once():
    schema = build(parse("y ~ 1 + (x | batch:cask)"), DATA).schema
    new = pd.DataFrame({"x": [0.0, 1, 2, 3], "batch": ["A", "Z", "Z", "B"], "cask": ["a", "a", "a", "q"]})
    g = schema.apply(new).predictors["y", "mu"].groups[0]
    assert g.levels[g.codes[0]] == "A:a"
    np.testing.assert_array_equal(g.codes[1:], -1)
    assert set(g.unseen) == {"Z:a", "B:q"}
    assert [g.unseen[u] for u in g.unseen_codes[1:]] == ["Z:a", "Z:a", "B:q"]
    assert g.unseen_codes[0] == -1
    with pytest.raises(PredictionError, match=r"'batch:cask' in the new data: .*'Z:a'"):
        schema.apply(new, new_levels_ok=False)


def test_a_skipped_grouping_needs_no_column_and_adds_nothing():
    schema = build(parse("y ~ x + (x | id) + (1 | cask)"), DATA).schema
    got = schema.apply(DATA[["x", "cask"]], skip_groups=["id"]).predictors["y", "mu"].groups
    assert (got[0].codes == -1).all()
    assert not got[0].Z.any()
    assert got[0].effects == ("Intercept", "x")
    assert (got[1].codes >= 0).all()
    with pytest.raises(PredictionError, match="no grouping 'ids'"):
        schema.apply(DATA, skip_groups=["ids"])


def test_codes_always_lie_inside_the_levels():
    for g in groups("y ~ 1 + (1 | id) + (1 | batch/cask/sex) + (1 | units)"):
        assert g.codes.dtype == np.int64
        assert g.codes.min() >= 0
        assert set(g.codes) == set(range(len(g.levels)))
        assert not g.codes.flags.writeable
