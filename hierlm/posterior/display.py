"""What a fit looks like in a terminal and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierlm import names
from hierlm.posterior.diagnose import diagnose
from hierlm.posterior.draws import Elements, elements, flat
from hierlm.posterior.header import header_lines
from hierlm.posterior.intervals import describe
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, percent, text_table
from hierlm.posterior.summary import estimate_rows

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["html", "text"]

LEVEL = 0.95
MOST_ROWS = 40


def text(fit: Fit) -> str:
    """A fit in a terminal: model, verdict on convergence, common effects, variance components, family parameters.

    Examples
    --------
    >>> print(text(fit))  # doctest: +SKIP
    """
    tables = [f"{title}\n{text_table(*table)}" for title, table in _tables(fit)]
    return "\n\n".join(["\n".join([*header_lines(fit), *diagnose(fit).brief]), *tables])


def html(fit: Fit) -> str:
    """The same in a notebook; every text is escaped, and there are no colours of its own.

    Examples
    --------
    >>> html(fit)  # doctest: +SKIP
    """
    tables = [html_table(*table, caption=title) for title, table in _tables(fit)]
    return html_page(html_lines([*header_lines(fit), *diagnose(fit).brief], bold=1), *tables)


def _tables(fit: Fit) -> list[tuple[str, Table]]:
    """Every table that is not empty, with its title."""
    common = {names.common(p.parameter) for p in fit.model.predictors}
    groups = {name(g) for g in fit.model.groups for name in (names.sd, names.cor, names.scale)}
    smooths = {names.sd(b.group) for b in fit.model.smooths}
    parts: dict[str, list[Elements]] = {"Common effects": [], "Smooths": [], "Group effects": [], "Family": []}
    for e in elements(fit):
        title = "Smooths" if e.variable in smooths else "Group effects" if e.variable in groups else "Family"
        title = "Common effects" if e.variable in common else title
        parts[title].append(e)
    header = ("", "mean", "sd", f"{percent(LEVEL)} interval")
    tables: list[tuple[str, Table]] = []
    for title, found in parts.items():
        if not found:
            continue
        values = np.concatenate([flat(e.values) for e in found], axis=1)
        frame = pd.DataFrame(describe(values, LEVEL), index=pd.Index([n for e in found for n in e.names], dtype=object))
        hidden = len(frame) - MOST_ROWS
        rows = estimate_rows(frame.head(MOST_ROWS))
        more = [(f"… {hidden} more: fit.summary()", "", "", "")] if hidden > 0 else []
        tables.append((title, (header, [*rows, *more])))
    return tables
