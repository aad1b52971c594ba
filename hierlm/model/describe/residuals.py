"""Variance functions and residual correlation in equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hierlm import names
from hierlm.model.describe.notation import Notation

if TYPE_CHECKING:
    from hierlm.model.values import ModelPredictor, VariancePart

__all__ = ["variance_terms"]


def variance_terms(predictor: ModelPredictor, n: Notation, mean: str) -> list[str]:
    """log g of every variance function: ``varfun[varPower(x)] · log|xᵢ|``; with strata the parameter is that of row i.

    Parameters
    ----------
    mean : str
        Markup of the mean of row i.
    """
    return [_term(part, n, mean) for part in predictor.variances]


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
