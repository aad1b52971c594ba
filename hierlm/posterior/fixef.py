"""fixef: common effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hierlm import names
from hierlm.posterior.draws import flat, labelled
from hierlm.posterior.intervals import Kind, check_interval, describe_into

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["fixef"]


def fixef(fit: Fit, *, level: float = 0.95, kind: Kind = "eti") -> pd.DataFrame:
    """What are the common effects?  On the link scale of their parameter.

    Parameters
    ----------
    fit : Fit
    level : float, default 0.95
        Probability inside the intervals; kept in ``.attrs["level"]``.
    kind : {"eti", "hdi"}
        Equal-tailed or shortest intervals.

    Returns
    -------
    DataFrame
        A row per effect: ``parameter`` (``"mu"``, ``"sigma"``), ``effect``, ``mean``, ``sd``, ``lower``, ``upper``;
        the index is the name, ``b[Days]``.  In a model of several responses the effect carries the response.

    Raises
    ------
    PosteriorError
        For a level that is no probability.

    Examples
    --------
    >>> fixef(fit).loc["b[Days]", "mean"]  # doctest: +SKIP
    10.4
    """
    check_interval(level, kind)
    parameters: list[str] = []
    effects: list[str] = []
    parts = [np.zeros((fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"], 0))]
    for parameter in dict.fromkeys(p.parameter for p in fit.model.predictors if p.labels):
        labels, values = labelled(fit, names.common(parameter))
        parameters += [parameter] * len(labels)
        effects += labels
        parts.append(flat(values))
    frame = describe_into({"parameter": parameters, "effect": effects}, np.concatenate(parts, axis=1), level, kind)
    frame.index = pd.Index([names.element(names.common(p), e) for p, e in zip(parameters, effects, strict=True)])
    return frame
