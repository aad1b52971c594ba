"""influence: which rows or groups move the fit?"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.posterior.comparison.loo import foreseen
from hierlm.posterior.comparison.psis import good_k, joined, psis, verdicts, weights_of
from hierlm.posterior.linear import Draws

__all__ = ["influence"]

Floats = NDArray[np.float64]


def influence(
    fit: Fit,
    by: Literal["row", "group"] = "row",
    *,
    group: str | None = None,
    draws: int | None = None,
) -> pd.DataFrame:
    """Which rows, or which levels of a grouping, move the fit, and by how much?

    The draws are weighed as if the unit had not been there, by Pareto smoothed importance weights 1/p(y_u | draw); the
    effects of ``group`` are integrated out of p where one is named.  No model is fitted again, so numbers of units with
    a bad k̂ are too small, if anything: such units are the most influential ones.

    Parameters
    ----------
    fit : Fit
    by : {"row", "group"}
    group : str, optional
        The grouping whose levels are left out; for rows, the grouping whose effects are integrated out.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.

    Returns
    -------
    DataFrame
        A row per unit, the most influential first: ``unit``, ``rows``, ``khat``, ``verdict``, ``elpd``
        (log p(y_u | the others)), ``surprise`` (log p(y_u | all) − elpd: what its own presence gains), ``shift`` (the
        largest of the following in size), and for every common effect ``b[…]``, how far its posterior mean moves when
        the unit leaves, in posterior standard deviations.

    Raises
    ------
    PosteriorError
        For an unknown choice, or groups that the model does not have.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry (2024), Journal of Machine Learning Research 25(72); Millar (2018),
    Statistics and Computing 28:375–385.

    Examples
    --------
    >>> fit.influence("group", group="Subject").head(3)  # doctest: +SKIP
    """
    if by not in ("row", "group"):
        hint = f'Write by="group", group={by!r}.' if by in fit.model.groups else did_you_mean(str(by), ("row", "group"))
        raise PosteriorError(f"by={by!r} is unknown.", hint=hint)
    target = "new_group" if by == "group" else "row" if group is None else "row_in_known_group"
    found = foreseen(fit, target, group, draws)
    b, labels = _common(fit, found.draws)
    parts = [
        (psis(log_p, found.draws.chains, found.efficiency), _shifts(b, log_p, found.efficiency))
        for log_p in found.parts()
    ]
    smoothed = joined([part for part, _ in parts])
    shifts = pd.DataFrame(np.concatenate([moved for _, moved in parts]), columns=labels)
    columns = {
        "unit": list(found.labels),
        "rows": found.counts,
        "khat": smoothed.khat,
        "verdict": verdicts(smoothed.khat, good_k(found.draws.size)),
        "elpd": smoothed.elpd,
        "surprise": smoothed.p,
        "shift": np.abs(shifts.to_numpy()).max(axis=1, initial=0.0),
    }
    table = pd.concat([pd.DataFrame(columns), shifts], axis=1)
    return table.sort_values("shift", ascending=False, ignore_index=True, kind="stable")


def _common(fit: Fit, used: Draws) -> tuple[Floats, list[str]]:
    """Draws (S, coefficients) of all common effects, with their names."""
    values, labels = [np.zeros((used.size, 0))], []
    for p in dict.fromkeys(predictor.parameter for predictor in fit.model.predictors):
        own = [label for q in fit.model.predictors if q.parameter == p for label in q.labels]
        if own:
            values.append(used.labelled(names.common(p), **{names.common_dim(p): own}))
            labels += [names.element(names.common(p), label) for label in own]
    return np.concatenate(values, axis=1), labels


def _shifts(b: Floats, log_p: Floats, efficiency: float) -> Floats:
    """How far posterior means of common effects move without each unit, in standard deviations, (U, coefficients)."""
    sd = b.std(axis=0, ddof=1)
    weights = np.stack([weights_of(-log_p[:, u], efficiency)[0] for u in range(log_p.shape[1])])
    return np.asarray((weights @ b - b.mean(axis=0)) / np.where(sd > 0, sd, 1.0))
