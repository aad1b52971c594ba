"""Pictures of calibration, power, covariances of cells and priors; panels that stay empty; what has no picture."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.replicates.calibration import Calibration, judged
from hierlm.replicates.curve import Power
from hierlm.replicates.runner import Records
from tests.synthetic import synthetic_fit
from tests.unit.plots.test_plots import axes_of, drawn, fitted, table, words

plt = pytest.importorskip("matplotlib.pyplot")
pytest.importorskip("arviz_plots")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def titles(picture: Any) -> list[str]:
    return [" ".join((a.get_title() or a.get_title(loc="left")).split()) for a in axes_of(picture)]


# ----------------------------------------------------------------------------------------- calibration and power
def calibrated(quantities: int, wrong: int = 0) -> Calibration:
    """Ranks of so many quantities; the first ``wrong`` are of posteriors that are too high."""
    rng = np.random.default_rng(1)
    ranks = {f"q{i}": rng.integers(0, 100 if i >= wrong else 60, 200) for i in range(quantities)}
    frame = pd.DataFrame(ranks)
    model = hl.Model("y ~ x", {"y": [1.0, 2.0, 4.0], "x": [0.0, 1.0, 3.0]})
    good = tuple({"ess": 500, "divergences": 0} for _ in range(200))
    return Calibration(model, judged(frame), frame, Records(200, good, ()), 1)


def test_calibration_draws_the_ranks_of_every_quantity(tmp_path: Any) -> None:
    found = calibrated(5, wrong=1)
    picture = found.plot()
    assert titles(picture)[:5] == ["q0: posteriors are too high", "q1", "q2", "q3", "q4"]
    assert len(picture.axes) == 5
    assert not any(axes.get_visible() for axes in axes_of(picture)[5:])
    for name, axes in zip(found.ranks, picture.axes, strict=True):
        (line,) = [a for a in axes.lines if len(a.get_xdata()) == 99]
        below = [(found.ranks[name] < k).mean() - k / 100 for k in range(1, 100)]
        np.testing.assert_allclose(line.get_ydata(), below, atol=1e-12)
    drawn(picture, tmp_path)


def test_calibration_of_many_quantities_shows_the_worst() -> None:
    found = calibrated(30, wrong=2)
    picture = found.plot()
    assert {"q0: posteriors are too high", "q1: posteriors are too high"} <= set(titles(picture))
    assert f"{30 - len(picture.axes)} more quantities are not drawn" in words(picture)
    assert titles(found.plot("q7")) == ["q7"]
    assert titles(found.plot(["q7", "q3"])) == ["q7", "q3"]
    with pytest.raises(PosteriorError, match="'q31' was not ranked") as caught:
        found.plot("q31")
    assert "q3" in str(caught.value.hint)


@pytest.mark.parametrize("rows", [[np.nan], [4.0, 8.0]])
def test_power_has_a_line_for_every_number_of_rows(rows: list[float], tmp_path: Any) -> None:
    model = fitted("y ~ x + (1 | g)").model
    groups = [5, 10, 20]
    each = [(g, r) for r in rows for g in groups]
    found = pd.DataFrame(each, columns=["groups", "rows"])
    found["power"] = np.linspace(0.2, 0.9, len(each))
    found["lower"], found["upper"] = found["power"] - 0.05, found["power"] + 0.05
    found["error"], found["n"], found["failed"] = 0.025, 98, 2
    target = SimpleNamespace(text="b[x] > 0", words="its interval excludes 0")
    picture = Power(model, target, found, Records(100, (), ()), "g", "values=", 1).plot()
    (axes,) = axes_of(picture)
    points = [c.lines[0] for c in axes.containers]
    assert len(points) == len(rows)
    for line, r in zip(points, rows, strict=True):
        own = found[found["rows"].fillna(0) == (0 if np.isnan(r) else r)]
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), own["power"])
        np.testing.assert_allclose(np.asarray(line.get_xdata(), float), own["groups"], atol=0.2)
    labels = [] if axes.get_legend() is None else [t.get_text() for t in axes.get_legend().get_texts()]
    assert labels == ([] if len(rows) == 1 else ["4 rows each", "8 rows each"])
    assert "100 studies a point" in words(picture)
    drawn(picture, tmp_path)


# ---------------------------------------------------------------------------------------- covariances and priors
@pytest.mark.parametrize("cells", [4, 16])
def test_correlations_of_a_members_rows(cells: int, tmp_path: Any) -> None:
    """Written into the cells where these are few."""
    fit = fitted("y ~ x + (x | g)", levels=5, each=cells)
    picture = fit.plot.group_variance("g")
    left, right = axes_of(picture)[:2]
    R = fit.group_variance("g").matrix("cor").to_numpy()
    np.testing.assert_allclose(np.asarray(left.images[0].get_array()), R)
    written = [t.get_text() for t in left.texts]
    assert len(written) == (cells * (cells - 1) if cells == 4 else 0)
    assert all(abs(float(text)) <= 1 for text in written)
    assert right.get_xlim()[0] == 0
    drawn(picture, tmp_path)


def test_priors_beside_posteriors(tmp_path: Any) -> None:
    fit = fitted("y ~ x + f + (x | g)")
    picture = fit.plot.prior_overlap(seed=1)
    assert len(picture.axes) == len(fit.prior_overlap(seed=1).frame)
    assert "What the data added to the priors" in words(picture)
    drawn(picture, tmp_path)
    assert len(fit.plot.prior_overlap("sigma", seed=1).axes) == 1


# ------------------------------------------------------------------------------------------------- further panels
def test_hypotheses_leave_no_empty_axes() -> None:
    picture = fitted("y ~ x + f + (1 | g)").plot.hypothesis(["b[x] > 0", "b[x] > 1", "b[x] < 2"])
    assert [a.axison for a in axes_of(picture)] == [True, True, True, False]


def test_marginal_means_of_three_factors_have_colours_and_panels() -> None:
    fit = fitted("y ~ f + yes + ok + (1 | g)")
    picture = fit.plot.marginal_means(["f", "yes", "ok"])
    assert sorted(titles(picture)) == ["ok: False", "ok: True"]
    (legend,) = [a.get_legend() for a in axes_of(picture) if a.get_legend()] or picture.figure.legends
    assert {t.get_text() for t in legend.get_texts()} == {"no", "yes"}
    whole = fit.plot.marginal_means("f")
    assert "Marginal means of f" in words(whole)


@pytest.mark.parametrize(("family", "y"), [("cumulative", "k"), ("bernoulli", "yes")])
def test_categories_stand_on_the_axis_by_name(family: str, y: str) -> None:
    data = table().assign(k=lambda d: d["k"] + 1)
    picture = synthetic_fit(hl.Model(f"{y} ~ x + (1 | g)", data, family)).plot.ppc("bars")
    labels = [t.get_text() for t in axes_of(picture)[0].get_xticklabels()]
    assert labels == (["1", "2", "3", "4", "5", "6"] if family == "cumulative" else ["no", "yes"])


def test_ranks_of_many_levels_leave_out_who_is_first() -> None:
    few = fitted("y ~ 1 + (1 | g)", levels=6).plot.ranks("g")
    many = fitted("y ~ 1 + (1 | g)", levels=60, each=3).plot.ranks("g")
    assert "At the right" in words(few)
    assert axes_of(few)[0].texts
    assert "At the right" not in words(many)
    assert not axes_of(many)[0].texts


def test_residuals_in_the_order_of_the_rows() -> None:
    fit = fitted("y ~ x + (1 | g)")
    (axes,) = axes_of(fit.plot.residuals("order", seed=1))[:1]
    x = np.concatenate([np.asarray(c.get_offsets())[:, 0] for c in axes.collections if len(c.get_offsets()) > 1] or
                       [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 60])  # fmt: skip
    assert sorted(set(x)) == list(range(60))


def test_quantiles_of_four_effects_hide_what_is_over() -> None:
    picture = fitted("y ~ f + x + (0 + f + x | g)").plot.qq("g")
    assert [a.get_visible() for a in axes_of(picture)] == [True] * 4 + [False] * 2


def test_shrinkage_of_independent_effects_has_no_slanted_ellipses() -> None:
    """Blocks of their own have no covariance."""
    picture = fitted("y ~ x + (1 | g) + (0 + x | g)").plot.shrinkage("g", ["Intercept", "x"])
    curves = [line for line in axes_of(picture)[0].lines if len(line.get_xdata()) > 50]
    assert curves
    for line in curves:
        u, v = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert abs(np.corrcoef(u[:-1], v[:-1])[0, 1]) < 1e-2


# ------------------------------------------------------------------------------------------------ what is refused
SEVERAL = ["y ~ x + (1 | p | g)", "y2 ~ x + (1 | p | g)"]
REFUSED: dict[str, tuple[Any, dict[str, Any], Any, str]] = {
    "a panel for every level": (
        "y ~ x + (1 | g)", {"levels": 30, "each": 4}, lambda f: f.plot.ppc("ecdf", by="g", seed=1), "more than",
    ),
    "several statistics by level": (
        "y ~ x + (1 | g)", {}, lambda f: f.plot.ppc("stat", stat=["mean", "sd"], by="g", seed=1), "Several statistics",
    ),
    "shrinkage of three effects": (
        "y ~ x + f + (0 + f | g)", {}, lambda f: f.plot.shrinkage("g", ["f[a]", "f[b]", "f[c]"]), "one or two effects",
    ),
    "shrinkage of sigma alone": (
        ["y ~ x", "sigma ~ 1 + (1 | g)"], {}, lambda f: f.plot.shrinkage("g"), "no effect on the mean",
    ),
    "an answer without the column": (
        "y ~ f + (1 | g)", {}, lambda f: f.plot.effects(f.marginal_means("f"), colour="x"), "no column of this answer",
    ),
    "one of several responses": (SEVERAL, {}, lambda f: f.plot.ppc(), "several responses"),
}  # fmt: skip


def test_no_one_line_of_categories() -> None:
    data = table().assign(k=lambda d: d["k"] + 1)
    with pytest.raises(PosteriorError, match="has categories") as caught:
        synthetic_fit(hl.Model("k ~ x + (1 | g)", data, "cumulative")).plot.lines()
    assert "every category" in caught.value.hint


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    formula, options, ask, message = REFUSED[case]
    with pytest.raises(hl.HierlmError, match=message) as caught:
        ask(fitted(formula, **options))
    assert caught.value.hint
    assert plt.get_fignums() == []
