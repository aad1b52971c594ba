"""Pictures of effects: what is drawn is what the answers say; words tell target, interval and what was held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from tests.synthetic import synthetic_fit
from tests.unit.posterior.effects.test_targets import fit, table

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def words(picture: Any) -> str:
    return " ".join(" ".join(t.get_text().split()) for t in picture.figure.texts)


def curves(axes: Any) -> list[Any]:
    return [line for line in axes.get_lines() if len(line.get_xdata()) == 60]


def dots(axes: Any) -> list[Any]:
    return [line for line in axes.get_lines() if line.get_marker() == "o"]


def saved(picture: Any, tmp_path: Any) -> None:
    picture.savefig(tmp_path / "picture.png")
    assert np.ptp(plt.imread(tmp_path / "picture.png")[..., :3]) > 0.5


def test_predictions_along_a_number(tmp_path: Any) -> None:
    made = fit("c ~ x * f + (1 | g)", family="poisson")
    picture = made.plot.predictions("x", "f", target="typical")
    (axes,) = picture.axes
    at = list(np.linspace(table()["x"].min(), table()["x"].max(), 60))
    for line, f in zip(curves(axes), "abc", strict=True):
        known = made.predictions(grid={"x": at, "f": [f]}, target="typical").table["mean"]
        np.testing.assert_allclose(line.get_ydata(), known)
        assert line.get_label() == f
    assert axes.get_xlabel() == "x" and "E[c]" in axes.get_ylabel()
    shown = sum(len(line.get_xdata()) for line in dots(axes))
    assert shown == len(table())
    said = words(picture)
    assert "95% equal-tailed interval" in said and "Target: typical" in said and said.startswith("c by x and f")
    saved(picture, tmp_path)


def test_rows_of_data_at_a_level_that_is_held() -> None:
    picture = fit("y ~ x + f + (1 | g)").plot.predictions("x", at={"g": "g3", "f": "b"})
    (axes,) = picture.axes
    rows = table()[(table()["g"] == "g3") & (table()["f"] == "b")]
    assert sum(len(line.get_xdata()) for line in dots(axes)) == len(rows)
    assert "At g = g3, f = b." in words(picture) and "Target: given" in words(picture)


def test_trials_and_numbers_told_apart(tmp_path: Any) -> None:
    made = fit("s | trials(n) ~ x + c + (1 | g)", family="binomial")
    picture = made.plot.predictions("x", panel="c", target="population")
    mean, sd = table()["c"].mean(), table()["c"].std()
    titles = [axes.get_title(loc="left") for axes in picture.axes]
    assert titles == [f"c: {float(f'{v:.3g}'):g}" for v in (mean - sd, mean, mean + sd)]
    assert max(line.get_ydata().max() for line in dots(picture.axes[0])) <= 1.0
    saved(picture, tmp_path)


def test_factors_and_marginal_means_have_rows() -> None:
    made = fit("c ~ x + f * h + (1 | g)", family="poisson")
    (axes,) = made.plot.marginal_means(["f", "h"], target="typical").axes
    known = made.marginal_means(["f", "h"], target="typical").table
    assert [t.get_text() for t in axes.get_yticklabels()] == ["c", "b", "a"]
    for line in dots(axes):
        own = known[known["h"] == line.get_label()]
        np.testing.assert_allclose(line.get_xdata(), own["mean"])
        assert np.all(np.diff(line.get_ydata()) < 0)  # the first level is on top
    (axes,) = made.plot.predictions("f", at={"h": "p"}, target="typical").axes
    np.testing.assert_allclose(
        dots(axes)[0].get_xdata(), made.predictions(grid={"f": list("abc"), "h": ["p"]}, target="typical").table["mean"]
    )


def test_comparisons_and_contrasts(tmp_path: Any) -> None:
    made = fit("b ~ x * f + (1 | g)", family="bernoulli")
    picture = made.plot.comparisons({"f": "pairwise"}, measure="odds_ratio", target="typical")
    (axes,) = picture.axes
    assert axes.get_xscale() == "log" and "Odds ratio" in axes.get_xlabel()
    assert [t.get_text() for t in axes.get_yticklabels()] == ["c vs b", "c vs a", "b vs a"]
    saved(picture, tmp_path)
    picture = made.plot.comparisons({"f": ("a", "b")}, "x", target="typical")
    at = list(np.linspace(table()["x"].min(), table()["x"].max(), 60))
    known = made.comparisons({"f": ("a", "b")}, grid={"x": at}, target="typical").table["mean"]
    np.testing.assert_allclose(curves(picture.axes[0])[0].get_ydata(), known)
    assert "What changes with f: b − a, along x" in words(picture) and "Elsewhere" not in words(picture)
    several = made.plot.comparisons({"f": "reference"}, "x", target="typical")
    assert [line.get_label() for line in curves(several.axes[0])] == ["b − a", "c − a"]
    answer = hl.contrasts(made.marginal_means("f"), measure="ratio")
    np.testing.assert_allclose(dots(made.plot.effects(answer).axes[0])[0].get_xdata(), answer.table["mean"])


def test_slopes() -> None:
    made = fit("c ~ x * f + (x | g)", family="poisson")
    picture = made.plot.slopes("x", "x", colour="f", target="typical")
    assert len(curves(picture.axes[0])) == 3 and "Slope in x, along x" in words(picture)
    (axes,) = made.plot.slopes("x", by="g").axes
    np.testing.assert_allclose(dots(axes)[0].get_xdata(), made.slopes("x", by="g").table["mean"])
    assert "Target: given" in " ".join(t.get_text() for t in axes.figure.texts).replace("\n", " ")


def test_categories_have_colours() -> None:
    frame = table().assign(o=pd.Categorical(np.resize(["u", "v", "w"], 48), ["u", "v", "w"], ordered=True))
    made = synthetic_fit(hl.Model("o ~ x + f + (1 | g)", frame, "cumulative"), draws=10)
    picture = made.plot.predictions("x", target="typical")
    assert [line.get_label() for line in curves(picture.axes[0])] == ["u", "v", "w"] and not dots(picture.axes[0])
    assert len(made.plot.predictions("x", "f", target="typical").axes) == 3
    assert len(dots(made.plot.marginal_means("f").axes[0])) == 3


def test_hypotheses(tmp_path: Any) -> None:
    made = synthetic_fit(hl.Model("y ~ x + (x | g)", table()), draws=200)
    picture = made.plot.hypothesis(["b[x] > 0", "-0.3 < b[x] < 0.3", "b[x] = 0"])
    titles = [" ".join(axes.get_title(loc="left").split()) for axes in picture.axes]
    known = made.hypothesis(["b[x] > 0", "-0.3 < b[x] < 0.3", "b[x] = 0"]).table
    share = known["probability"]
    assert titles[0] == f"b[x] > 0 P = {share[0]:.3f}"
    assert titles[1].startswith("-0.3 < b[x] P = ") and titles[2].startswith("b[x] < 0.3 P = ")
    assert titles[2].endswith(f"with all parts {share[1]:.3f}") and titles[3].startswith("b[x] = 0 BF = ")
    saved(picture, tmp_path)
    assert words(made.plot.hypothesis("b[x] > 0")).startswith("b[x] > 0")


BAD = {
    "no such column": (lambda f: f.plot.predictions("z"), "'z' is no column"),
    "twice": (lambda f: f.plot.predictions("x", "x"), "named twice"),
    "held and drawn": (lambda f: f.plot.predictions("x", at={"x": 1}), "drawn along and held"),
    "held at two": (lambda f: f.plot.predictions("x", at={"f": ["a", "b"]}), "at one value"),
    "too many colours": (lambda f: f.plot.predictions("x", "g"), "8 values, more than 7 colours"),
    "curves along a factor": (lambda f: f.plot.comparisons("x", "f"), "no numbers to draw curves along"),
    "held without curves": (lambda f: f.plot.comparisons("x", at={"f": "a"}), "there are none"),
    "a grid": (lambda f: f.plot.predictions("x", grid={"f": ["a"]}), "grid= chooses rows"),
    "cells of curves": (lambda f: f.plot.slopes("x", "x", by="f"), "by= chooses rows"),
    "no such option": (lambda f: f.plot.predictions("x", levl=0.9), "predictions has no option 'levl'"),
    "no such option of a change": (lambda f: f.plot.slopes("x", measure="ratio"), "slopes has no option 'measure'"),
    "no such option of means": (lambda f: f.plot.marginal_means("f", by="f"), "marginal_means has no option 'by'"),
    "no such colour": (lambda f: f.plot.effects(f.marginal_means("f"), colour="h"), "no column of this answer"),
    "several at one x": (
        lambda f: f.plot.effects(f.predictions(grid={"x": [0, 1], "f": ["a", "b"]}), "x"), "at the same 'x'",
    ),
    "too many rows": (lambda f: f.plot.effects(f.predictions(grid={"x": np.linspace(-1, 1, 70)})), "70 rows are too many"),
    "thirteen statements": (lambda f: f.plot.hypothesis([f"b[x] > {i}" for i in range(13)]), "13 comparisons"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    ask, message = BAD[case]
    with pytest.raises(hl.HierlmError, match=message) as caught:
        ask(fit("c ~ x + f + (x | g)", family="poisson"))
    assert caught.value.hint
