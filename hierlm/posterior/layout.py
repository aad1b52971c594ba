"""Tables and numbers as text and as HTML; the only place that knows how a posterior table looks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any
from unicodedata import combining

import pandas as pd

__all__ = [
    "Table",
    "bracket",
    "html_lines",
    "html_page",
    "html_table",
    "number",
    "percent",
    "plain",
    "records",
    "text_table",
]

ABSENT = "–"
Rows = Sequence[Sequence[str]]
Table = tuple[Sequence[str], Rows]
"""Header and rows of a display."""


def records(frame: pd.DataFrame, *, index: bool = False) -> Iterator[Any]:
    """Rows of a frame, columns as attributes (and ``Index``)."""
    return iter(frame.itertuples(index=index))


def plain(text: object) -> str:
    """A user's text on one line."""
    return " ".join(str(text).split())


def number(value: float, scale: float | None = None) -> str:
    """A number to two significant digits of its uncertainty ``scale``, or to three of its own.

    Examples
    --------
    >>> number(251.4051, 6.8), number(0.012345), number(float("nan"))
    ('251.4', '0.0123', '–')
    """
    if not math.isfinite(value):
        return ABSENT if math.isnan(value) else str(value)
    known = scale is not None and math.isfinite(scale) and scale > 1e-12 * abs(value)  # less is rounding error
    size = scale if scale is not None and known else abs(value) / 10
    if size == 0:
        return "0"
    if abs(value) >= 1e7 or 0 < abs(value) < 1e-5:
        return f"{value:.3g}"
    text = f"{value:.{min(8, max(0, 1 - math.floor(math.log10(size))))}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text  # no −0.0


def bracket(lower: float, upper: float, scale: float | None = None) -> str:
    """An interval: ``[1.2, 3.4]``.

    Examples
    --------
    >>> bracket(-1.2345, 3.4567, 1.0)
    '[-1.2, 3.5]'
    """
    size = scale or abs(upper - lower) / 4
    return f"[{number(lower, size)}, {number(upper, size)}]"


def percent(level: float) -> str:
    """``0.95`` → ``"95%"``."""
    return f"{100 * level:.6g}%"


def text_table(header: Sequence[str], rows: Rows, *, left: int = 1) -> str:
    """Columns aligned with spaces, the first ``left`` to the left.

    Examples
    --------
    >>> print(text_table(("", "mean"), [("b[Days]", "10.4")]))
             mean
    b[Days]  10.4
    """
    lines = [[plain(c) for c in row] for row in (header, *rows)]
    widths = [max(_width(row[j]) for row in lines) for j in range(len(header))]

    def cell(text: str, j: int) -> str:
        gap = " " * (widths[j] - _width(text))
        return text + gap if j < left else gap + text

    return "\n".join("  ".join(cell(c, j) for j, c in enumerate(row)).rstrip() for row in lines)


def _width(text: str) -> int:
    """Characters that take up room: the hat of R̂ does not."""
    return sum(not combining(c) for c in text)


def html_table(header: Sequence[str], rows: Rows, *, left: int = 1, caption: str = "") -> str:
    """A table without colours of its own, readable on light and on dark pages; every text is escaped."""
    align = ["left" if j < left else "right" for j in range(len(header))]

    def row(cells: Sequence[str], tag: str) -> str:
        return (
            "<tr>"
            + "".join(
                f'<{tag} style="text-align:{a};padding:0.15em 0.6em;white-space:nowrap">{escape(plain(c))}</{tag}>'
                for c, a in zip(cells, align, strict=True)
            )
            + "</tr>"
        )

    style = "text-align:left;caption-side:top;font-weight:bold;color:inherit"
    title = f'<caption style="{style}">{escape(plain(caption))}</caption>'
    return (
        '<table style="border-collapse:collapse;margin:0.4em 0 0.8em 0">'
        + (title if caption else "")
        + f'<thead style="border-bottom:1px solid currentColor">{row(header, "th")}</thead>'
        + f"<tbody>{''.join(row(r, 'td') for r in rows)}</tbody></table>"
    )


def html_lines(lines: Sequence[str], *, bold: int = 0) -> str:
    """Lines of text, escaped, the first ``bold`` of them in bold."""
    styles = ["margin:0.1em 0" + (";font-weight:bold" if i < bold else "") for i in range(len(lines))]
    return "".join(f'<div style="{s}">{escape(plain(t))}</div>' for s, t in zip(styles, lines, strict=True))


def html_page(*parts: str) -> str:
    """The parts of one display."""
    return f'<div class="hierlm" style="overflow-x:auto">{"".join(parts)}</div>'
