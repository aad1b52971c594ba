"""What both the plain and the HTML display of a model say, as rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hierlm.model.describe.residuals import residual_fact

if TYPE_CHECKING:
    from hierlm.model.model import Model
    from hierlm.model.values import GroupBlock

__all__ = [
    "GroupFact",
    "PriorFact",
    "SmoothFact",
    "group_facts",
    "header",
    "prior_facts",
    "response_facts",
    "smooth_facts",
]


@dataclass(frozen=True)
class GroupFact:
    """One block: its grouping, sizes, structure and how it is sampled."""

    group: str
    levels: str
    rows: str
    effects: tuple[str, ...]
    structure: str
    parameterization: str


@dataclass(frozen=True)
class SmoothFact:
    """One smooth term: its splines, and how many free and penalised coefficients it has."""

    smooth: str
    parameter: str
    spline: str
    curves: str
    free: str
    penalised: str


@dataclass(frozen=True)
class PriorFact:
    """One parameter and its prior."""

    parameter: str
    prior: str
    source: str


def header(model: Model) -> list[str]:
    """The formulas as typed, the other dialect's arguments, one a line."""
    lines = [line.strip() for line in model.formula.text.splitlines() if line.strip()]
    for name in ("random", "residual"):
        value = getattr(model.formula, name)
        if value is not None:
            lines.append(f"{name}: {value}")
    return lines


def response_facts(model: Model) -> list[str]:
    """Family and links of every response: ``gaussian, link mu: identity; 180 rows``."""
    facts = []
    for r in model.responses:
        links = ", ".join(f"{parameter}: {link.name}" for parameter, link in r.links.items())
        start = "" if r.label is None else f"{r.label}: "
        success = f"; modelled is {r.name} = {r.success}" if r.success is not None else ""
        facts.append(f"{start}{r.family.name} (link {links}){success}")
    return [*facts, f"{model.design.n:,} rows", *residual_fact(model)]


def group_facts(model: Model) -> list[GroupFact]:
    """Every block of every grouping, in the order typed."""
    return [
        GroupFact(
            group=b.group,
            levels=f"{len(b.levels):,}",
            rows=_rows(b),
            effects=b.effects,
            structure=_structure(b),
            parameterization="centred" if b.centred else "non-centred",
        )
        for b in model.blocks
    ]


def smooth_facts(model: Model) -> list[SmoothFact]:
    """Every smooth term of every predictor, in the order typed."""
    facts = []
    for predictor in model.predictors:
        for coding in model.design.schema.smooths.get((predictor.response, predictor.parameter), ()):
            margins = zip(coding.term.bases, coding.pieces[0].margins, strict=True)
            facts.append(
                SmoothFact(
                    smooth=coding.term.label,
                    parameter=predictor.parameter,
                    spline=" × ".join(f"{basis}, k = {margin.size}" for basis, margin in margins),
                    curves=f"{len(coding.pieces):,}",
                    free=f"{sum(len(coding.free_labels(piece)) for piece in coding.pieces):,}",
                    penalised=f"{sum(C.shape[1] for piece in coding.pieces for C in piece.projections):,}",
                )
            )
    return facts


def _structure(block: GroupBlock) -> str:
    """``us (3 parameters)``; of one effect there is nothing to say."""
    k = len(block.effects)
    p = block.covariance.n_parameters(k)
    across = "" if block.related_by is None else f", levels by {block.related_by}"
    return (f"{block.structure} ({p} parameter{'s' if p != 1 else ''})" if k > 1 else "one variance") + across


def _rows(block: GroupBlock) -> str:
    """Rows a level: ``10``, or ``1–12``."""
    codes = block.codes if block.members is None else block.members.codes.ravel()
    counts = np.bincount(codes[codes >= 0], minlength=len(block.levels))
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def prior_facts(model: Model) -> list[PriorFact]:
    """Every parameter with its prior."""
    return [
        PriorFact(" = ".join(a.keys), str(a.prior), "default" if a.source == "default" else "yours")
        for a in model.assignments
    ]
