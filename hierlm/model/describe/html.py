"""A model in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from hierlm.model.describe.equations import equations
from hierlm.model.describe.facts import group_facts, header, prior_facts, response_facts, smooth_facts

if TYPE_CHECKING:
    from hierlm.model.model import Model

__all__ = ["html"]

# No colours: text, lines and backgrounds are the notebook's own, so that dark and light themes both work.
CELL = "padding:0.15em 1em 0.15em 0;text-align:left;vertical-align:top;background:none"
RULE = "border-bottom:1px solid currentColor"
CODE = (
    "margin:0.3em 0;font-family:monospace;line-height:1.25;white-space:pre;overflow-x:auto;"
    "background:none;color:inherit"
)


def html(model: Model) -> str:
    """Formula, family, sizes, equations, groups and priors; whatever a user typed is escaped.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        An HTML fragment without scripts, style sheets or colours.
    """
    parts = [
        f'<pre style="{CODE};font-weight:bold">{escape(chr(10).join(header(model)))}</pre>',
        f"<p>{escape('; '.join(response_facts(model)))}</p>",
    ]
    groups = [
        (g.group, g.levels, g.rows, ", ".join(g.effects), g.structure, g.parameterization) for g in group_facts(model)
    ]
    if groups:
        parts.append(_table(("group", "levels", "rows per level", "effects", "structure", "graph form"), groups))
    smooths = [(s.smooth, s.parameter, s.spline, s.curves, s.free, s.penalised) for s in smooth_facts(model)]
    if smooths:
        parts.append(_table(("smooth", "of", "spline", "curves", "free", "penalised"), smooths))
    priors = [(p.parameter, p.prior, p.source) for p in prior_facts(model)]
    parts.append(
        _folded("Equations", f'<pre style="{CODE}">{escape(equations(model, priors=False))}</pre>', opened=True)
    )
    parts.append(_folded(f"Priors ({len(priors)})", _table(("parameter", "prior", "source"), priors)))
    return f'<div class="hierlm-model">{"".join(parts)}</div>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f'<th style="{CELL};{RULE}">{escape(h)}</th>' for h in head)
    body = "".join("<tr>" + "".join(f'<td style="{CELL}">{escape(c)}</td>' for c in row) + "</tr>" for row in rows)
    return f'<table style="border-collapse:collapse"><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>'


def _folded(title: str, content: str, *, opened: bool = False) -> str:
    return f"<details{' open' if opened else ''}><summary>{escape(title)}</summary>{content}</details>"
