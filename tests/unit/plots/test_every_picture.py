"""Every picture: the same on dark and light notebooks, with a title, words on its axes, and the level of its bands."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hierlm.plots.model_plots import ModelPlots
from hierlm.plots.plots import Plots
from tests.unit.plots.pictures import LATER, PICTURES, STYLES, figure_of, fits

pytest.importorskip("arviz_plots")
plt = pytest.importorskip("matplotlib.pyplot")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::hierlm.errors.ConvergenceWarning")]

NO_BANDS = {"ppc density", "ppc ecdf", "ppc stat", "residuals fitted", "residuals group", "prior check", "sensitivity"}
NO_BANDS |= {"prior overlap", "shrinkage one"}
HAIR = 0.1
UNNAMED = {"prior overlap": "y", "hypothesis": "y"}
"""Axes of densities, whose height is of no interest."""


def test_none_is_missing():
    """Each method of ``fit.plot`` and ``model.plot`` has a picture here."""
    source = Path(__file__).with_name("pictures.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"\.plot\.(\w+)\(", source))
    assert set(dir(Plots(None))) | set(dir(ModelPlots(None))) == asked  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*PICTURES, *LATER])
def test_picture(name: str):
    drawn: list[Any] = []
    for look in STYLES:
        out = io.BytesIO()
        with plt.style.context(look):
            figure = figure_of({**PICTURES, **LATER}[name](fits()))
            figure.savefig(out, dpi=60, metadata={"Software": None})
        out.seek(0)
        drawn.append(plt.imread(out, format="png"))
    _same(*drawn)
    title, explanation = (text.get_text() for text in figure.texts[-2:])
    assert title and explanation.rstrip().endswith(".")
    if name not in NO_BANDS:
        assert re.search(r"\d ?%", explanation.replace("\n", " ")), explanation
    _inside(figure)
    panels = [axes for axes in figure.axes if axes.axison]
    assert any(axes.get_xlabel() for axes in panels) or figure._supxlabel is not None or UNNAMED.get(name)
    plt.close("all")


def _same(light: Any, dark: Any) -> None:
    """No pixel differs but in the last digits of its smoothing.

    Twice in whole runs, and never in 105 drawings made to find out, the panels of ``lines`` were a rounding apart.  What a style
    changes is a colour: more than a tenth, and of many pixels.
    """
    assert light.shape == dark.shape
    apart = np.abs(light - dark).max(axis=2)
    assert apart.max() < HAIR and (apart > 0).mean() < 1e-3, (float(apart.max()), int((apart > 0).sum()))


def _inside(figure: Any) -> None:
    """Title and explanation end within the figure."""
    width = figure.bbox.width
    for text in figure.texts:
        assert text.get_window_extent(figure.canvas.get_renderer()).x1 <= width, text.get_text()
