"""Models of copied groups, against models made from copied tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import ModelError
from hierlm.model.resample import drawn_levels, resample, rows_of_level

FORM = "noncentered"  # which form is chosen depends on the rows, and does not matter here


def by_hand(model: hl.Model, data: pd.DataFrame, formula: object, group: str, picks: list) -> hl.Model:
    """The same from a table: copies of the rows of each level, levels renamed, priors as they were."""
    levels = sorted(data[group].astype(str).unique())
    parts = []
    for j, pick in enumerate(picks):
        part = data[data[group].astype(str) == levels[pick]].copy()
        part[group] = f"{j + 1:03d}"
        parts.append(part)
    priors = {a.name: a.prior for a in model.assignments}
    return hl.Model(formula, pd.concat(parts, ignore_index=True), priors=priors, parameterization=FORM)


def log_density(model: hl.Model) -> float:
    rng = np.random.default_rng(9)
    start = model.pymc.initial_point()
    point = {name: value + 0.3 * rng.normal(size=np.shape(value)) for name, value in start.items()}
    return float(model.pymc.compile_logp(mode="FAST_COMPILE")(point))


def same(one: hl.Model, other: hl.Model) -> None:
    assert one.design.n == other.design.n
    for p, q in zip(one.predictors, other.predictors, strict=True):
        assert p.labels == q.labels
        np.testing.assert_array_equal(p.X, q.X)
    assert log_density(one) == pytest.approx(log_density(other), rel=1e-12)


def test_groups_are_copied_with_their_rows():
    data = hl.load_data("sleepstudy")
    formula = "Reaction ~ Days + (Days | Subject)"
    model = hl.Model(formula, data, parameterization=FORM)
    picks = [3, 0, 3, 17, 5]
    found = resample(model, "Subject", np.array(picks))
    same(found, by_hand(model, data, formula, "Subject", picks))
    assert found.blocks[0].levels == ("1", "2", "3", "4", "5")
    assert found.blocks[0].pieces[0].source.levels == found.blocks[0].levels
    assert found.design.predictors["Reaction", "mu"].groups[0].levels == found.blocks[0].levels
    assert model.design.n == 180


def test_levels_within_are_copied_too():
    data = hl.load_data("Pastes")
    formula = "strength ~ 1 + (1 | batch) + (1 | batch:cask)"
    model = hl.Model(formula, data, parameterization=FORM)
    picks = [1, 1, 4]
    found = resample(model, "batch", np.array(picks))
    same(found, by_hand(model, data, formula, "batch", picks))
    inner = next(b for b in found.blocks if b.group == "batch:cask")
    assert len(inner.levels) == 9
    assert np.array_equal(np.bincount(inner.codes), np.full(9, 2))


def test_crossed_levels_stay_as_they_are():
    data = hl.load_data("Penicillin")
    model = hl.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", data)
    found = resample(model, "plate", np.arange(48) % 24)
    plate, sample = found.blocks
    assert len(plate.levels) == 48
    assert sample.levels == model.blocks[1].levels
    assert np.array_equal(np.bincount(sample.codes), np.full(6, 48))


def test_every_row_is_a_unit_of_its_own():
    data = hl.load_data("grouseticks").rename(columns=str.lower)
    model = hl.Model("ticks ~ 1 + (1 | brood) + (1 | index)", data, "poisson")
    picks = np.array([0, 0, 1])
    rows = max(2 * int((model.blocks[0].codes == 0).sum()), 4)
    found = resample(model, "brood", picks, rows=rows)
    unit = next(b for b in found.blocks if b.group == "index")
    assert len(unit.levels) == found.design.n == 3 * rows
    assert len(set(unit.levels)) == len(unit.levels)


def test_sds_with_a_formula_go_along():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"y": rng.normal(size=40), "g": np.repeat(list("abcdefgh"), 5), "z": np.repeat(np.arange(8.0), 5)}
    )
    formula = ["y ~ 1 + (1 | g)", "sd(g) ~ z"]
    model = hl.Model(formula, data, parameterization=FORM)
    found = resample(model, "g", np.array([7, 2, 7]))
    same(found, by_hand(model, data, formula, "g", [7, 2, 7]))
    assert found.scales["g"].X.shape == (3, 1)


def test_related_levels_cannot_be_copied():
    A = pd.DataFrame(np.eye(3), index=list("abc"), columns=list("abc"))
    data = {"y": np.arange(9.0), "a": np.repeat(list("abc"), 3)}
    model = hl.Model("y ~ 1 + known(1 | a, A)", data, matrices={"A": A})
    with pytest.raises(ModelError, match="'a' cannot be copied"):
        resample(model, "a", np.array([0, 1]))
    timed = hl.Model("y ~ 1 + (1 | a)", data | {"t": np.tile(np.arange(3), 3)}, residual="ar1(t | a)")
    with pytest.raises(ModelError, match="residuals are correlated: ar1"):
        resample(timed, "a", np.array([0, 1]))


def test_levels_are_drawn_evenly_and_rows_spaced():
    rng = np.random.default_rng(0)
    for wanted in (2, 5, 11, 40):
        counts = np.bincount(drawn_levels(5, wanted, rng), minlength=5)
        assert counts.sum() == wanted
        assert np.ptp(counts) <= 1
    own = np.arange(100, 110)
    assert rows_of_level(own, None).tolist() == own.tolist()
    assert rows_of_level(own, 3).tolist() == [100, 104, 109]
    assert rows_of_level(own, 1).tolist() == [100]
    assert rows_of_level(own, 12).tolist() == [*own.tolist(), 100, 109]
    assert np.bincount(rows_of_level(own, 20) - 100).tolist() == [2] * 10
