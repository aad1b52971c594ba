"""Groupings whose standard deviations have a formula, ``sd(g) ~ z``: which can, and how they are sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace

import numpy as np

from hierlm import names
from hierlm.design.values import Design
from hierlm.errors import FormulaError, ModelError
from hierlm.formula.values import Bar, ScaleTerm
from hierlm.model.assign import Assignment
from hierlm.model.values import GroupBlock
from hierlm.names import INTERCEPT
from hierlm.priors.defaults import PARAMETER_SPREAD, coefficient_priors

__all__ = ["scale_rows", "scaled_blocks"]

STRUCTURES = ("us", "idh", "idv", "corh", "corv", "cor")
"""Structures of the effects of one level whose standard deviations a factor multiplies."""

PLAIN = ("effects", "factors", "structure", "options", "id", "text", "start", "stop")
"""What is known of a group term here; one that says more is refused."""


def scaled_blocks(
    design: Design, blocks: Sequence[GroupBlock], parameterization: str | Mapping[str, str]
) -> tuple[GroupBlock, ...]:
    """The blocks, those of several effects of groupings with such a formula non-centred: r_j = exp(X_j γ) L z_j.

    Raises
    ------
    FormulaError
        For a structure that couples levels, or that is not known to be one of a single level's effects.
    ModelError
        When such a block is asked to be centred.
    """
    terms = {term.group: term for term in design.formula.scales}
    for block in blocks:
        if block.group in terms:
            _check(block, terms[block.group], design.formula.source)
            asked = parameterization if isinstance(parameterization, str) else parameterization.get(block.group, "")
            if len(block.effects) > 1 and asked.replace("centred", "centered") == "centered":
                raise ModelError(
                    f"Effects of '{block.group}' that are correlated cannot be centred: their sds have a formula.",
                    hint=f"Leave parameterization= out, or name other groupings than '{block.group}' only.",
                )
    return tuple(replace(b, centred=False) if b.group in terms and len(b.effects) > 1 else b for b in blocks)


def _check(block: GroupBlock, term: ScaleTerm, source: str) -> None:
    bar = block.pieces[0].source.bar
    if block.structure in STRUCTURES and not _says_more(bar):
        return
    raise FormulaError(
        f"The standard deviation of '{term.group}' cannot have a formula beside {bar.text}.",
        text=source,
        start=term.start,
        stop=term.stop,
        hint=f"It can with {', '.join(STRUCTURES)}; leave sd({term.group}) ~ … out.",
    )


def _says_more(bar: Bar) -> bool:
    """Whether a group term has options, or parts that this file does not know."""
    others = [f for f in fields(bar) if f.name not in PLAIN]
    return bool(bar.options) or any(getattr(bar, f.name) not in (None, f.default, MISSING, False, ()) for f in others)


def scale_rows(design: Design) -> list[Assignment]:
    """The coefficients with their default priors: those of slopes on a logarithm, over levels instead of rows."""
    rows = []
    for group, scale in design.scales.items():
        X = np.column_stack([np.ones(len(scale.X)), scale.X])
        priors = coefficient_priors(X, (INTERCEPT, *scale.labels), 0, 0.0, PARAMETER_SPREAD)[1:]
        rows += [Assignment(names.scale(group), x, p) for x, p in zip(scale.labels, priors, strict=True)]
    return rows
