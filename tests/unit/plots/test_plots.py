"""Pictures: every level and term is drawn once, where its numbers are; labels say what is shown."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.plots import Picture, Plots, caterpillar, components, lines, ppc, shrinkage
from hierlm.plots.canvas import style
from hierlm.posterior.shrinkage import shrinkage as estimates
from tests.synthetic import synthetic_fit

pytest.importorskip("arviz_plots")
plt = pytest.importorskip("matplotlib.pyplot")

WEIRD = "my $x^2$ & {g}_%"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def table(levels: int = 6, each: int = 10, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = levels * each
    g = np.repeat([f"level {i}" for i in range(levels)], each)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "y2": rng.normal(size=n),
            "count": rng.poisson(3, size=n),
            "big": rng.poisson(60, size=n),
            "huge": rng.integers(0, 100_000, size=n),
            "k": rng.integers(0, 6, size=n),
            "size": np.full(n, 5),
            "yes": rng.choice(["no", "yes"], size=n),
            "x": np.tile(np.arange(each, dtype=float), levels),
            "f": rng.choice(list("abc"), size=n),
            "ok": rng.choice([True, False], size=n),
            "g": g,
            "h": rng.choice(list("uvwxyz"), size=n),
            "site": np.where(np.char.find(g.astype(str), "0") >= 0, "north", "south"),
            WEIRD: [f"{name} $a$_%^" for name in g],
        }
    )


def fitted(formula: Any, levels: int = 6, each: int = 10, seed: int = 0, **options: Any) -> Fit:
    return synthetic_fit(hl.Model(formula, table(levels, each), **options), seed=seed)


def figure_of(picture: Any) -> Any:
    return picture.figure if isinstance(picture, Picture) else picture.viz["figure"].item()


def axes_of(picture: Any) -> list[Any]:
    return figure_of(picture).axes


def words(picture: Any) -> str:
    """All text outside the panels, wrapped lines joined."""
    return " ".join(" ".join(t.get_text().split()) for t in figure_of(picture).texts)


def drawn(picture: Any, tmp_path: Path) -> None:
    """It can be saved, and is not blank."""
    path = tmp_path / "picture.png"
    picture.savefig(path)
    assert np.ptp(plt.imread(path)[..., :3]) > 0.5


# ---------------------------------------------------------------------------------------------------- caterpillar


@pytest.mark.parametrize("levels", [2, 5, 40, 500])
def test_caterpillar_draws_every_level(levels: int, tmp_path: Path):
    fit = fitted("y ~ x + (1 | g)", levels=levels, each=2)
    picture = caterpillar(fit, "g")
    (axes,) = axes_of(picture)
    means = fit.posterior["r_g"].mean(("chain", "draw")).to_numpy()[:, 0]
    assert np.allclose(axes.lines[-1].get_xdata(), np.sort(means))
    assert [len(c.get_segments()) for c in axes.collections] == [levels, levels]
    assert f"{levels} levels" in words(picture)
    ticks = len(axes.get_yticks())
    assert ticks == levels if levels <= 40 else 20 <= ticks <= 60
    drawn(picture, tmp_path)


def test_caterpillar_intervals_are_those_of_the_draws():
    fit = fitted("y ~ x + (x | g)")
    picture = caterpillar(fit, effect="x", level=0.8, sort=False)
    (axes,) = axes_of(picture)
    draws = fit.posterior["r_g"].sel(effect_g="x").to_numpy().reshape(-1, 6)
    for lines_, level in zip(axes.collections, (0.8, 0.5), strict=True):
        ends = np.array([s[:, 0] for s in lines_.get_segments()])
        rows = np.array([s[0, 1] for s in lines_.get_segments()]).astype(int)
        expected = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0).T[::-1]
        assert np.allclose(ends, expected[rows])
    assert "80%" in words(picture)
    assert [t.get_text() for t in axes.get_yticklabels()][0] == "level 0"  # the data's order, from the top
    assert axes.get_ylim()[0] < axes.get_yticks()[-1] < axes.get_yticks()[0] < axes.get_ylim()[1]


def test_caterpillar_labels_belong_to_their_rows():
    fit = fitted("y ~ x + (1 | g)")
    means = fit.posterior["r_g"].mean(("chain", "draw"))[:, 0].to_series()
    (axes,) = axes_of(caterpillar(fit, "g"))
    x, rows = axes.lines[-1].get_data()
    for row, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert np.isclose(x[list(rows).index(row)], means[label.get_text()])


def test_caterpillar_has_a_panel_for_every_effect_and_shares_rows(tmp_path: Path):
    picture = caterpillar(fitted("y ~ x + (x + f | g)"))
    panels = [a for a in axes_of(picture) if a.get_title(loc="left")]
    assert [a.get_title(loc="left") for a in panels] == ["Intercept", "x", "f[b]", "f[c]"]
    assert all("units of y" in a.get_xlabel() for a in panels)
    drawn(picture, tmp_path)


@pytest.mark.parametrize(
    ("formula", "options", "scale"),
    [
        ("k | trials(size) ~ x + (1 | g)", {"family": "binomial"}, "logit scale"),
        ("count ~ x + (1 | g)", {"family": "poisson"}, "log scale"),
        (["y ~ x + (1 | h)", "sigma ~ x + (1 | g)"], {}, "log scale of sigma"),
    ],
)
def test_caterpillar_names_the_scale(formula: Any, options: dict[str, Any], scale: str):
    (axes,) = axes_of(caterpillar(fitted(formula, **options), "g"))
    assert f"({scale})" in axes.get_xlabel()


# ---------------------------------------------------------------------------------------------------- shrinkage


def test_shrinkage_of_one_effect_draws_all_three_estimates(tmp_path: Path):
    fit = fitted("y ~ x + (1 | g)")
    picture = shrinkage(fit, "g")
    table_ = estimates(fit, "g").levels.sort_values("no_pooling")
    (axes,) = picture.axes
    by_label = {line.get_label(): line for line in axes.lines}
    assert np.allclose(by_label["no pooling"].get_xdata(), table_["no_pooling"])
    assert np.allclose(by_label["partial pooling"].get_xdata(), table_["partial_pooling"])
    assert np.allclose(by_label["complete pooling"].get_xdata(), table_["complete_pooling"].iloc[0])
    assert [t.get_text() for t in axes.get_yticklabels()][::-1] == list(table_["level"])
    drawn(picture, tmp_path)


def test_shrinkage_of_two_effects_is_the_plane(tmp_path: Path):
    fit = fitted("y ~ x + (x | g)")
    picture = shrinkage(fit)
    table_ = estimates(fit, "g").levels
    own = table_.pivot(index="level", columns="effect", values="no_pooling")
    (axes,) = picture.axes
    points = next(line for line in axes.lines if line.get_label() == "no pooling")
    assert np.allclose(points.get_xydata(), own[["Intercept", "x"]].to_numpy())
    assert axes.get_xlabel().startswith("Intercept")
    assert axes.get_ylabel().startswith("Slope of x")
    assert {t.get_text() for t in axes.texts} == set(own.index)
    drawn(picture, tmp_path)


def test_shrinkage_ellipses_hold_the_levels_that_they_promise():
    r"""A point of N(m, V) lies within the p-ellipse with probability p, checked on the drawn curve itself."""
    fit = fitted("y ~ x + (x | g)")
    (axes,) = shrinkage(fit).axes
    rings = [line.get_xydata() for line in axes.lines if len(line.get_xdata()) == 200]
    sd = fit.posterior["sd_g"].to_numpy().reshape(-1, 2)
    rho = fit.posterior["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    V = np.mean(
        [[[s[0] ** 2, r * s[0] * s[1]], [r * s[0] * s[1], s[1] ** 2]] for s, r in zip(sd, rho, strict=True)], axis=0
    )
    centre = fit.posterior["b"].mean(("chain", "draw")).to_numpy()
    for ring, p in zip(rings, (0.5, 0.95), strict=True):
        distance = np.einsum("ni,ij,nj->n", ring - centre, np.linalg.inv(V), ring - centre)
        assert np.allclose(distance, -2 * np.log(1 - p))


def test_shrinkage_of_many_levels_and_one_chosen_effect(tmp_path: Path):
    fit = fitted("y ~ x + (x || g)", levels=80, each=4)
    plane, rows = shrinkage(fit, "g"), shrinkage(fit, "g", "x")
    assert not plane.axes[0].texts  # too many to name
    assert len(rows.axes[0].collections[0].get_segments()) == 80
    drawn(plane, tmp_path)


def test_shrinkage_says_where_a_level_has_no_estimate_of_its_own():
    data = table()
    data.loc[data["g"] == "level 0", "k"] = 0
    fit = synthetic_fit(hl.Model("k | trials(size) ~ x + (1 | g)", data, family="binomial"))
    assert "1 without a finite estimate" in words(shrinkage(fit, "g"))


# ---------------------------------------------------------------------------------------------------- components


def test_components_draws_every_standard_deviation_once(tmp_path: Path):
    fit = fitted("y ~ x + (x | g) + (1 | h)")
    picture = components(fit)
    (axes,) = axes_of(picture)
    labels = [t.get_text() for t in axes.get_yticklabels()][::-1]
    assert labels == ["sd_g[Intercept]", "sd_g[x]", "sd_h[Intercept]", "sigma"]
    points = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1][::-1]
    expected = [*fit.posterior["sd_g"].mean(("chain", "draw")).to_numpy(), float(fit.posterior["sd_h"].mean())]
    assert np.allclose(points, [*expected, float(fit.posterior["sigma"].mean())])
    assert axes.get_xlim()[0] == 0
    drawn(picture, tmp_path)


def test_components_keeps_scales_apart(tmp_path: Path):
    picture = components(fitted(["y ~ x + (1 | g)", "sigma ~ x + (1 | g)"]))
    titles = [a.get_xlabel() for a in axes_of(picture)]
    assert titles == ["Standard deviation (units of y)", "Standard deviation (log scale of sigma)"]
    drawn(picture, tmp_path)


def test_components_of_several_responses_and_fixed_values(tmp_path: Path):
    picture = components(fitted(["y ~ x + (1 | p | g)", "y2 ~ 1 + (1 | p | g)"]))
    assert [a.get_xlabel() for a in axes_of(picture)] == [f"Standard deviation (units of {y})" for y in ("y", "y2")]
    fixed = components(fitted("y ~ x + (1 | g)", priors={"sigma": 2.0}))
    assert "2.00" in " ".join(t.get_text() for t in axes_of(fixed)[0].texts)
    drawn(fixed, tmp_path)


def test_components_counts_have_no_residual():
    (axes,) = axes_of(components(fitted("count ~ x + (1 | g)", family="poisson")))
    assert [t.get_text() for t in axes.get_yticklabels()] == ["sd_g[Intercept]"]


# ---------------------------------------------------------------------------------------------------- ppc


PPC = {
    "density": ("y ~ x + (1 | g)", {}),
    "bars": ("count ~ x + (1 | g)", {"family": "poisson"}),
    "bars of successes": ("k | trials(size) ~ x + (1 | g)", {"family": "binomial"}),
    "bars of yes": ("yes ~ x + (1 | g)", {"family": "bernoulli"}),
    "rootogram": ("big ~ x + (1 | g)", {"family": "poisson"}),
    "density of many": ("huge ~ x + (1 | g)", {"family": "negbinomial"}),
}


@pytest.mark.parametrize("kind", PPC)
def test_ppc_suits_the_response(kind: str, tmp_path: Path):
    formula, options = PPC[kind]
    picture = ppc(fitted(formula, **options), seed=1)
    (axes,) = axes_of(picture)
    visuals = set(picture.viz.children)
    expected = {"density": "observed_dist", "bars": "bars", "rootogram": "observed_markers"}[kind.split()[0]]
    assert expected in visuals
    assert axes.get_xlabel() in {"y", "count", "k", "yes", "big", "huge"}
    assert axes.get_ylabel()
    if kind.split()[0] != "density":
        assert "95%" in words(picture)
    drawn(picture, tmp_path)


def test_ppc_bars_are_the_counts_of_the_data():
    fit = fitted("count ~ x + (1 | g)", family="poisson")
    (axes,) = axes_of(ppc(fit, "bars", seed=1))
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[: int(fit.model.responses[0].y.max()) + 1] == list(np.bincount(fit.model.responses[0].y.astype(int)))
    assert sum(heights) == 60


def test_ppc_names_the_outcomes_of_yes_and_no():
    (axes,) = axes_of(ppc(fitted("yes ~ x + (1 | g)", family="bernoulli"), seed=1))
    assert [t.get_text() for t in axes.get_xticklabels()] == ["no", "yes"]
    observed = table()["yes"].value_counts()
    assert [bar.get_height() for bar in axes.patches] == [observed["no"], observed["yes"]]


def test_ppc_draws_as_many_data_sets_as_asked_and_repeats_with_the_seed():
    fit = fitted("y ~ x + (1 | g)")
    first, again, other = (ppc(fit, draws=7, seed=s) for s in (1, 1, 2))
    curves = [[line.get_ydata() for line in axes_of(p)[0].lines] for p in (first, again, other)]
    assert len(curves[0]) == 7 + 1
    assert all(np.array_equal(a, b) for a, b in zip(curves[0], curves[1], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(curves[0], curves[2], strict=True))


# ---------------------------------------------------------------------------------------------------- lines


LINES = {
    "slope": ("y ~ x + (x | g)", {}),
    "no common slope": ("y ~ 1 + (0 + x | g)", {}),
    "factor": ("k | trials(size) ~ f + (1 | g)", {"family": "binomial"}),
    "boolean": ("yes ~ ok + (1 | g)", {"family": "bernoulli"}),
    "counts": ("count ~ x + f + (1 | g) + (1 | units)", {"family": "poisson"}),
    "transformed": ("y ~ scale(x) + I(x**2) + (1 | g)", {}),
    "cells": ("y ~ x + (1 | g:site)", {}),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_have_a_panel_for_every_level(name: str, tmp_path: Path):
    formula, options = LINES[name]
    fit = fitted(formula, **options)
    picture = lines(fit)
    group = next(iter(fit.model.groups))
    assert [a.get_title(loc="left") for a in picture.axes] == list(fit.model.groups[group][0].levels)
    assert sum(len(a.lines[0].get_xdata()) for a in picture.axes) == 60  # every observation once
    assert "95%" in words(picture)
    drawn(picture, tmp_path)


def test_lines_are_the_predicted_means():
    fit = fitted("y ~ x + (x | g)")
    picture = lines(fit, "x", "g")
    b = fit.posterior["b"].mean(("chain", "draw")).to_numpy()
    r = fit.posterior["r_g"].mean(("chain", "draw")).to_numpy()
    for j, axes in enumerate(picture.axes):
        data, common, own = axes.lines
        x = own.get_xdata()
        assert np.allclose(common.get_ydata(), b[0] + b[1] * x)
        assert np.allclose(own.get_ydata(), b[0] + r[j, 0] + (b[1] + r[j, 1]) * x)
        assert np.allclose(data.get_ydata(), table()["y"][table()["g"] == f"level {j}"])


def test_lines_show_shares_where_there_are_trials():
    picture = lines(fitted("k | trials(size) ~ x + (1 | g)", family="binomial"))
    assert np.allclose(np.concatenate([a.lines[0].get_ydata() for a in picture.axes]), table()["k"] / 5)
    assert all(0 < y < 1 for a in picture.axes for y in a.lines[2].get_ydata())
    assert figure_of(picture).get_supylabel() == "share of k"


def test_lines_of_many_levels_are_an_even_choice_that_says_so():
    fit = fitted("y ~ x + (1 | g)", levels=60, each=3)
    picture = lines(fit)
    assert len(picture.axes) == 24
    assert "24 of 60 levels" in words(picture)
    means = fit.posterior["r_g"].mean(("chain", "draw"))[:, 0].to_series()
    shown = means[[a.get_title(loc="left") for a in picture.axes]]
    assert shown.is_monotonic_increasing
    assert {shown.iloc[0], shown.iloc[-1]} == {means.min(), means.max()}


def test_lines_keep_the_effects_of_what_surrounds_a_level_and_name_what_rests():
    picture = lines(fitted("y ~ x + f + (1 | g) + (1 | site) + (1 | h)"), "x", "g")
    assert "each g in its site" in words(picture)
    assert "Elsewhere f = " in words(picture)
    assert "Effects of h are zero" in words(picture)


def test_lines_choose_their_axis_from_the_terms_not_from_parts_of_names():
    data = table().rename(columns={"size": "e", "f": "t"})  # letters of "Intercept"
    fit = synthetic_fit(hl.Model("k | trials(e) ~ x + t + (1 | g)", data, family="binomial"))
    assert figure_of(lines(fit)).get_supxlabel() == "x"
    assert "e = " not in words(lines(fit))
    assert figure_of(lines(fit, "t")).get_supxlabel() == "t"


# ---------------------------------------------------------------------------------------------------- all of them


def test_names_that_look_like_mathematics_are_drawn_as_they_are(tmp_path: Path):
    fit = fitted(f"y ~ x + (x | `{WEIRD}`)")
    pictures = [f(fit, WEIRD) for f in (caterpillar, shrinkage)] + [components(fit), lines(fit, group=WEIRD)]
    for number, picture in enumerate(pictures):
        drawn(picture, tmp_path)
        texts = [t for a in axes_of(picture) for t in (*a.get_yticklabels(), a.title, a._left_title, *a.texts)]
        if number in (0, 3):
            assert any(t.get_text().replace(r"\$", "$").startswith("level 0 $a$_%^") for t in texts)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (lambda fit: caterpillar(fit, "G"), "Did you mean 'g'"),
        (lambda fit: caterpillar(fit), "several groupings"),
        (lambda fit: caterpillar(fit, "g", "intercept"), "Did you mean 'Intercept'"),
        (lambda fit: caterpillar(fit, "g", level=1.0), "between 0 and 1"),
        (lambda fit: shrinkage(fit, "hh"), "Did you mean 'h'"),
        (lambda fit: shrinkage(fit, "g", "z"), "Known: Intercept, x"),
        (lambda fit: shrinkage(fit, "g", ()), "No effect is named"),
        (lambda fit: components(fit, level=95), "between 0 and 1"),
        (lambda fit: ppc(fit, "histogram"), "rootogram"),
        (lambda fit: ppc(fit, "bars"), "is continuous"),
        (lambda fit: ppc(fit, draws=0), "positive whole number"),
        (lambda fit: ppc(fit, response="Y"), "Did you mean 'y'"),
        (lambda fit: lines(fit, "X"), "Did you mean 'x'"),
        (lambda fit: lines(fit, levels=25), "from 1 to 24"),
        (lambda fit: lines(fit, group="k"), "no grouping 'k'"),
        (lambda fit: lines(fit, response="Y"), "Did you mean 'y'"),
    ],
)
def test_bad_questions_are_refused_with_a_hint(question: Any, told: str):
    fit = fitted("y ~ x + (x | g) + (1 | h)")
    with pytest.raises(PosteriorError, match=told.replace("(", r"\(")):
        question(fit)
    assert plt.get_fignums() == []


def test_models_without_what_is_asked_for():
    plain = fitted("count ~ x", family="poisson")
    for question in (caterpillar, shrinkage, components, lines):
        with pytest.raises(PosteriorError, match="group terms"):
            question(plain)
    with pytest.raises(PosteriorError, match="no predictor to draw"):
        lines(fitted("y ~ 1 + (1 | g)"))
    with pytest.raises(PosteriorError, match="Every row is a level"):
        lines(fitted("count ~ x + (1 | units)", family="poisson"))


def test_methods_are_the_functions(tmp_path: Path):
    fit = fitted("y ~ x + (x | g)")
    assert isinstance(fit.plot, Plots)
    for picture in (fit.plot.caterpillar("g"), fit.plot.shrinkage("g"), fit.plot.components(), fit.plot.ppc(seed=1)):
        drawn(picture, tmp_path)
    drawn(fit.plot.lines("x"), tmp_path)
    assert "caterpillar" in repr(fit.plot)


def test_nothing_outside_the_picture_changes():
    before = dict(plt.rcParams)
    caterpillar(fitted("y ~ x + (1 | g)"))
    assert dict(plt.rcParams) == before


def test_a_missing_library_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch):
    def absent(name: str, *args: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(PosteriorError, match=r'pip install "hierlm\[plots\]"'):
        caterpillar(fitted("y ~ x + (1 | g)"))


def test_the_library_is_imported_only_when_drawing():
    """Read from the source: no import of matplotlib or arviz-plots at the top of a module."""
    import ast

    import hierlm.plots as package

    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            )
            assert not any(n.startswith(("matplotlib", "arviz")) for n in names), path


def test_what_a_backend_sets_while_it_starts_stays():
    matplotlib = importlib.import_module("matplotlib")
    before = matplotlib.is_interactive()
    size = matplotlib.rcParams["font.size"]
    try:
        with style():
            assert matplotlib.rcParams["font.size"] != size
            matplotlib.interactive(not before)  # a notebook's backend does so at the first figure
        assert matplotlib.is_interactive() is not before
        assert matplotlib.rcParams["font.size"] == size
    finally:
        matplotlib.interactive(before)
