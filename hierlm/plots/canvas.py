"""What all plots share: the libraries (imported when something is drawn), the style, titles and labels."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from hierlm.errors import PosteriorError

__all__ = [
    "AMBER",
    "BLUE",
    "FAINT",
    "INK",
    "MUTED",
    "PALE",
    "SERIES",
    "arviz_plots",
    "heading",
    "label_rows",
    "percent",
    "plain",
    "pyplot",
    "style",
]

# Blue and vermilion of Okabe & Ito (2008), told apart by everyone and in grey print; the rest is grey.
BLUE, AMBER = "#0072B2", "#D55E00"
SERIES = (BLUE, AMBER, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
"""Of the same, for as many as can be told apart."""
INK, MUTED, FAINT, PALE = "#222222", "#6b6b6b", "#b5b5b5", "#e9e9e9"

POINTS = 72.0
LABEL_SPACE = 9.5
"""Points of height that one row label needs."""


def pyplot() -> Any:
    """``matplotlib.pyplot``.

    Raises
    ------
    PosteriorError
        When matplotlib is not installed.
    """
    return _library("matplotlib.pyplot")


def arviz_plots() -> Any:
    """``arviz_plots``, likewise."""
    pyplot()
    return _library("arviz_plots")


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise PosteriorError(
            f"Plots need the package '{error.name}', which is not installed.", hint='pip install "hierlm[plots]"'
        ) from error


@contextmanager
def style() -> Iterator[None]:
    """The look of all figures, as a context around drawing; nothing outside it changes.

    Only these settings are put back afterwards.  ``rc_context`` would put back all, also what a backend sets when the
    first figure makes it start: notebooks would show no figure but the first.
    """
    settings = {
        "figure.dpi": 120,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.labelsize": 9,
        "axes.labelcolor": INK,
        "axes.edgecolor": FAINT,
        "axes.facecolor": "white",
        "axes.grid": False,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "lines.solid_capstyle": "butt",
    }
    current = pyplot().rcParams
    before = {key: current[key] for key in settings}
    current.update(settings)
    try:
        yield
    finally:
        current.update(before)


def plain(text: str) -> str:
    """A user's text with dollar signs that matplotlib will not read as mathematics, on one line."""
    return " ".join(text.split()).replace("$", r"\$")


def percent(level: float) -> str:
    """``95%``."""
    return f"{100 * level:.4g}%"


def heading(figure: Any, title: str, subtitle: str) -> None:
    """Title and explanation above all panels, which get the space that is left."""
    width, height = figure.get_size_inches()
    above = textwrap.wrap(plain(title), max(20, int(width / 0.094)))
    below = textwrap.wrap(plain(subtitle), max(20, int(width / 0.070)))
    y = 0.10
    for text, size, weight, colour, step in (
        ("\n".join(above), 12, "bold", INK, 0.21 * len(above) + 0.05),
        ("\n".join(below), 8.5, "normal", MUTED, 0.155 * len(below)),
    ):
        figure.text(
            0.10 / width, 1 - y / height, text, size=size, weight=weight, color=colour, va="top", linespacing=1.25
        )
        y += step
    figure.set_layout_engine("constrained", rect=(0.01, 0.01, 0.98, 0.99 - (y + 0.10) / height))


def label_rows(axes: Any, labels: Sequence[str], room: float) -> int:
    """Name the rows 0, 1, … of an axes as far as ``room`` inches allow: every first, second, fifth … of them.

    Returns
    -------
    int
        Every how many-th row is named.
    """
    most = max(2, int(room * POINTS / LABEL_SPACE))
    steps = (s * 10**e for e in range(8) for s in (1, 2, 5))
    step = next(s for s in steps if -(-len(labels) // s) <= most)
    shown = list(range(len(labels) - 1, -1, -step))  # the top row is always named
    axes.set_yticks(shown, [plain(_short(labels[i])) for i in shown])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.8, len(labels) - 0.2)
    return step


def _short(label: str, most: int = 28) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
