"""Variance functions and residual correlation in equations."""

from __future__ import annotations

from inspect import getdoc
from typing import TYPE_CHECKING

import numpy as np

from hierlm import names
from hierlm.correlations import get_correlation
from hierlm.model.describe.notation import Notation, Statement

if TYPE_CHECKING:
    from hierlm.model.model import Model
    from hierlm.model.values import GroupBlock, ModelPredictor, VariancePart

__all__ = ["correlation_lines", "in_words", "residual_fact", "variance_terms"]


def variance_terms(predictor: ModelPredictor, n: Notation, mean: str) -> list[str]:
    """log g of every variance function: ``varfun[varPower(x)] · log|xᵢ|``; with strata the parameter is that of row i.

    Parameters
    ----------
    mean : str
        Markup of the mean of row i.
    """
    return [_term(part, n, mean) for part in predictor.variances]


def correlation_lines(model: Model, n: Notation) -> list[Statement]:
    """How residuals are correlated: ``rows of one Subject are multivariate normal: R_st = φ^|s − t|``."""
    residual = model.residual
    if residual is None:
        return []
    response = next(r for r in model.responses if r.name == residual.response)
    assert response.family.errors is not None
    rows = f"rows of one {residual.group} are" if residual.group else "all rows are"
    own = _first_line(residual.correlation)
    first = f"with correlated residuals, {residual.label}: {rows} {response.family.errors.written}, with"
    return [Statement(note=n.words(first)), Statement(note=n.words(own))]


def in_words(block: GroupBlock) -> str:
    """What V of a block is, in the words of its structure."""
    if block.process is None:
        return _first_line(block.covariance)
    own = _first_line(get_correlation(block.process.function, **block.process.options))
    return f"a latent residual process, on the link scale: V = σ² R, {own}"


def _first_line(structure: object) -> str:
    return (getdoc(type(structure)) or "").partition("\n")[0].replace("``", "").rstrip(".")


def residual_fact(model: Model) -> list[str]:
    """``residuals correlated within 27 Subject of 4 rows``; nothing where they are independent."""
    residual = model.residual or next((b for b in model.blocks if b.process is not None), None)
    if residual is None:
        return []
    counts = np.bincount(residual.codes)
    low, high = int(counts.min()), int(counts.max())
    size = f"{low:,}" if low == high else f"{low:,}–{high:,}"
    one = residual.group in ("", names.EVERYTHING)
    where = "over all rows" if one else f"within {residual.group} ({len(counts):,} of {size} rows)"
    latent = model.residual is None
    return [f"a latent residual process, on the link scale, {where}" if latent else f"residuals correlated {where}"]


def _term(part: VariancePart, n: Notation, mean: str) -> str:
    v = mean if part.covariate == "fitted" else n.column(part.covariate) if part.covariate else ""
    values = {}
    for parameter, labels in part.labels.items():
        if part.codes is None:
            values[parameter] = n.element(names.VARIANCE, labels[0])
        else:
            own = ":".join([part.label, *([parameter] if len(part.labels) > 1 else [])])
            values[parameter] = n.row(n.element(names.VARIANCE, own))
    return part.function.written.format(v=v, times=n.times, log=n.words("log"), **values)
