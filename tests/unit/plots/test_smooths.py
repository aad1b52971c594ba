"""Curves and surfaces as drawn: the numbers of ``fit.smooths``, named, on one axis a term."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from tests.synthetic import synthetic_fit

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def fitted(formula: Any, family: str = "gaussian") -> Fit:
    rng = np.random.default_rng(0)
    n = 80
    data = {
        "y": rng.gamma(2.0, size=n),
        "x": rng.uniform(0, 5, n),
        "z": rng.normal(size=n),
        "w": rng.uniform(0, 24, n),
        "f": np.array(["a $1", "b", "c_%"])[rng.integers(0, 3, n)],
        "g": np.array(list("pqrst"))[rng.integers(0, 5, n)],
    }
    return synthetic_fit(hl.Model(formula, data, family), draws=20)


def test_a_curve_is_what_the_table_says(tmp_path: Any) -> None:
    fit = fitted("y ~ s(x, k=6) + (1 | g)")
    picture = fit.plot.smooths()
    (axes,) = picture.axes
    (line,) = [drawn for drawn in axes.get_lines() if len(drawn.get_xdata()) == 100]
    np.testing.assert_allclose(line.get_ydata(), fit.smooths()["mean"])
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left")) == ("x", "units of y", "")
    assert picture.figure.texts[0].get_text() == "The smooth term s(x)"
    picture.savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 10_000


def test_curves_of_levels_share_their_axis_and_surfaces_have_theirs(tmp_path: Any) -> None:
    fit = fitted(["y ~ f + s(x, k=5, by=f) + t2(z, w, k=4)", "shape ~ s(w, bs='cc', k=6)"], "gamma(log)")
    picture = fit.plot.smooths()
    titles = [axes.get_title(loc="left") for axes in picture.axes]
    assert titles == [r"s(x, by=f): a \$1", "s(x, by=f): b", "s(x, by=f): c_%", "t2(z, w)", "shape:s(w)"]
    assert len({axes.get_ylim() for axes in picture.axes[:3]}) == 1
    assert [axes.get_ylabel() for axes in picture.axes[2:]] == ["log scale", "w", "log scale of shape"]
    picture.savefig(tmp_path / "all.png")
    assert len(fit.plot.smooths("shape:s(w)").axes) == 1


def test_lines_run_along_a_smooth() -> None:
    fit = fitted("y ~ s(x, k=6) + (1 | g)")
    picture = fit.plot.lines()
    blue = [d for d in picture.axes[0].get_lines() if len(d.get_xdata()) > 2 and d.get_linestyle() == "-"][0]
    assert np.ptp(np.diff(blue.get_ydata())) > 1e-6, "a curve, no straight line"


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(PosteriorError, match="three variables"):
        fitted("y ~ t2(x, z, w, k=4)").plot.smooths()
    with pytest.raises(PosteriorError, match="no smooth terms"):
        fitted("y ~ x").plot.smooths()
