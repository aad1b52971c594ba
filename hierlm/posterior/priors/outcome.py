"""prior_check: what do the priors say about data, before any fit?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hierlm.errors import PredictionError, PriorError
from hierlm.fit import Fit
from hierlm.posterior.checking.check import Checks, check
from hierlm.posterior.checking.replicates import PRIOR
from hierlm.posterior.checking.statistics import Statistic
from hierlm.posterior.options import checked_seed
from hierlm.posterior.predictive import TOO_WIDE, prior_draws

if TYPE_CHECKING:
    from hierlm.model import Model

__all__ = ["prior_check", "prior_fit"]

READS = (
    "p: share of {drawn} with a larger value; near 0 or 1 the priors hardly allow these data; an interval far wider "
    "than anything that could happen means that they are too wide"
)


def prior_check(
    model: Model,
    stat: str | Statistic | Sequence[str | Statistic] = ("mean", "sd", "min", "max"),
    *,
    by: str | None = None,
    response: str | None = None,
    level: float = 0.95,
    draws: int = 500,
    seed: int | None = None,
) -> Checks:
    """What do the priors say about data, on the scale of the response?  Statistics of data sets drawn from them.

    Parameters
    ----------
    model : Model
    stat : str, function, or several of them
        As for :func:`hierlm.posterior.check`.
    by : str, optional
        A grouping, or a factor column: every statistic for the rows of each level.
    response : str, optional
        Which one, in a model of several.
    level : float
        Of the intervals.
    draws : int
        How many data sets.
    seed : int, optional
        The same seed gives the same numbers.

    Returns
    -------
    Checks
        A data frame: ``statistic``, ``level`` (with ``by``), ``observed``, ``mean``, ``sd``, ``lower``, ``upper``,
        ``p``; the numbers of the data sets are those of the prior.

    Raises
    ------
    PriorError
        When a prior is improper, or so wide that data cannot be computed.
    PosteriorError
        For an unknown statistic, grouping or column.

    References
    ----------
    Gabry, Simpson, Vehtari, Betancourt & Gelman (2019), Journal of the Royal Statistical Society A 182:389–402.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> model.prior_check(["mean", "sd"], seed=1)  # doctest: +SKIP
    """
    root = checked_seed(seed)
    try:
        found = check(prior_fit(model, draws, root), stat, by=by, response=response, level=level, seed=root)
    except PredictionError as error:
        raise PriorError(
            f"A data set drawn from the prior cannot be computed: {error.message}", hint=TOO_WIDE
        ) from error
    found.attrs |= {"drawn": f"{draws:,} data sets drawn from the prior", "reads": READS}
    return found


def prior_fit(model: Model, draws: int, seed: int | None) -> Fit:
    """Draws from the prior, effects of the groups among them, as if they were those of a fit.

    Raises
    ------
    PriorError
        When a prior is improper.
    PredictionError
        When ``draws`` or ``seed`` is out of range.
    """
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise PredictionError(f"draws={draws!r} is not a whole number of at least 1.", hint="Write draws=500.")
    return Fit(model, prior_draws(model, int(draws), seed=checked_seed(seed), effects=True), {"sampler": PRIOR})
