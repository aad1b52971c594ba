"""A model in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent
from typing import TYPE_CHECKING

from hierlm.model.describe.equations import equations
from hierlm.model.describe.facts import group_facts, header, prior_facts, response_facts, smooth_facts

if TYPE_CHECKING:
    from hierlm.model.model import Model

__all__ = ["MOST_PRIORS", "text"]

MOST_PRIORS = 24
"""More rows than these are counted, not shown."""
MOST_LETTERS = 70
"""A longer list of effects is shown by its ends."""


def text(model: Model) -> str:
    """Formula, family, sizes, groups, equations, priors: what ``print(model)`` shows.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
    """
    parts = ["\n".join([*header(model), "  " + "; ".join(response_facts(model))])]
    groups = group_facts(model)
    if groups:
        rows = [(g.group, g.levels, g.rows, _short(g.effects), g.structure, g.parameterization) for g in groups]
        head = ("group", "levels", "rows/level", "effects", "structure", "graph form")
        parts.append(_table([head, *rows], right=(1, 2)))
    smooths = [(s.smooth, s.parameter, s.spline, s.curves, s.free, s.penalised) for s in smooth_facts(model)]
    if smooths:
        parts.append(_table([("smooth", "of", "spline", "curves", "free", "penalised"), *smooths], right=(3, 4, 5)))
    parts.append(indent(equations(model, priors=False), "  "))
    priors = prior_facts(model)
    shown = [(p.parameter, p.prior, p.source) for p in priors[:MOST_PRIORS]]
    more = f"\n  … and {len(priors) - MOST_PRIORS} more: model.priors()" if len(priors) > MOST_PRIORS else ""
    parts.append(_table([("parameter", "prior", "source"), *shown]) + more)
    return "\n\n".join(parts)


def _short(effects: Sequence[str]) -> str:
    whole = ", ".join(effects)
    return whole if len(whole) <= MOST_LETTERS else f"{effects[0]}, …, {effects[-1]} ({len(effects)} effects)"


def _table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = [
        "  ".join(c.rjust(w) if j in right else c.ljust(w) for j, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    return "\n".join("  " + line.rstrip() for line in lines)
