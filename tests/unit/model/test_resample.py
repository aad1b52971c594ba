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


def timed(family: str, residual: str, formula: str = "y ~ x + (1 | g)") -> tuple[hl.Model, pd.DataFrame]:
    """Levels of g with two of s in each, at some of the times 0 to 5."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat(list("abcd"), [6, 4, 5, 6])})
    data["t"] = np.concatenate([np.sort(rng.permutation(6)[:n]) for n in (6, 4, 5, 6)])
    data["s"], data["x"] = data["g"] + (data["t"] % 2).astype(str), rng.normal(size=21)
    data["y"] = rng.poisson(3, 21) if family == "poisson" else rng.normal(size=21)
    return hl.Model(formula, data, family, residual=residual, parameterization=FORM), data


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
@pytest.mark.parametrize(
    "residual", ["ar1(t | g)", "car1(t | s)", "cs(1 | s)", "exp(t | g, nugget=True)", "ar1(1 | g)"]
)
def test_blocks_of_residuals_are_copied(residual: str, family: str):
    """And values of a latent process."""
    model, data = timed(family, residual)
    picks = [2, 0, 2, 3]
    found, parts = resample(model, "g", np.array(picks)), []
    for j, pick in enumerate(picks):
        part = data[data.g == "abcd"[pick]].copy()
        part["g"], part["s"] = f"{j + 1}", f"{j + 1}:" + part["s"]
        parts.append(part)
    priors = {a.name: a.prior for a in model.assignments}
    table = pd.concat(parts, ignore_index=True)
    wanted = hl.Model("y ~ x + (1 | g)", table, family, residual=residual, priors=priors, parameterization=FORM)
    assert log_density(found) == pytest.approx(log_density(wanted), rel=1e-10)


@pytest.mark.parametrize(
    ("residual", "formula", "group", "rows", "message"),
    [
        ("ar1(t | g)", "y ~ x + (1 | g)", "g", 7, "more rows than any"),
        ("ar1(t | g)", "y ~ x + (1 | g)", "g", 6, "two rows at one position"),
        ("ar1(t | g)", "y ~ x + (1 | s)", "s", None, "reach across"),
    ],
)
def test_copies_that_mean_nothing(residual: str, formula: str, group: str, rows: int | None, message: str):
    with pytest.raises(ModelError, match=message) as caught:
        resample(timed("gaussian", residual, formula)[0], group, np.array([1, 1]), rows)
    assert caught.value.hint
    with pytest.raises(ModelError, match="two rows at one position"):
        resample(timed("poisson", "ar1(t | g)")[0], "g", np.array([1, 1]), 7)


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
