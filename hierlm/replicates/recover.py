"""recover: does the model find values that are known?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pandas as pd

from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.posterior.draws import elements
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.layout import (
    Table,
    bracket,
    html_lines,
    html_page,
    html_table,
    number,
    percent,
    records,
    text_table,
)
from hierlm.posterior.native import given_back
from hierlm.posterior.options import checked_seed
from hierlm.replicates.quantities import check_possible, quantities
from hierlm.replicates.refit import refit, settings_of
from hierlm.replicates.simulate import check_simulable, from_prior, seeds, simulate
from hierlm.replicates.values import known_values

__all__ = ["Recovery", "recover"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Recovery:
    """The answer of :func:`recover`.

    Parameters
    ----------
    fit : Fit
        Of the simulated data; ``fit.model`` has them as its response.
    truth : Fit
        One draw: the known values, group effects among them.
    table : DataFrame
        A row per parameter and group effect: ``parameter``, ``true``, ``mean``, ``sd``, ``lower``, ``upper``,
        ``covered``, ``z`` = (mean − true)/sd, and whether it is an ``effect``.
    level : float
    seed : int
    """

    fit: Fit
    truth: Fit
    table: pd.DataFrame
    level: float
    seed: int

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.fit.model, self.table)

    @property
    def verdict(self) -> str:
        """How many intervals hold the truth."""
        said = []
        for effect, what in ((False, "parameters"), (True, "group effects")):
            own = self.table[self.table["effect"] == effect]
            if len(own):
                inside = percent(self.level)
                said.append(f"{own['covered'].sum()} of {len(own)} {what} are inside their {inside} intervals")
        return f"{'; '.join(said)}. One data set shows no more than gross errors: calibrate() tests the model."

    def _shown(self) -> Table:
        own = self.table[~self.table["effect"]]
        rows = [
            (r.parameter, number(r.true, r.sd), number(r.mean, r.sd), number(r.sd), bracket(r.lower, r.upper, r.sd),
             "" if r.covered else "outside", f"{r.z:.2f}")
            for r in records(own)
        ]  # fmt: skip
        return ("parameter", "true", "mean", "sd", percent(self.level), "", "z"), rows

    def __repr__(self) -> str:
        return "\n".join([text_table(*self._shown()), self.verdict])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._shown()), html_lines([self.verdict]))


def recover(
    model: Model,
    *,
    values: Mapping[str, float] | None = None,
    seed: int | None = None,
    level: float = 0.95,
    progress: bool | None = None,
    **options: Any,
) -> Recovery:
    """Does the model find values that are known?  Simulate at them, fit, compare.

    Group effects are drawn anew, responses given them, for the rows, columns and groups that the model has; priors are
    held as they are.

    Parameters
    ----------
    model : Model
    values : mapping of str to float, optional
        Every free parameter by its name in :meth:`~hierlm.Model.priors`; a draw from the prior unless given.
    seed : int, optional
    level : float
        Of the intervals.
    progress : bool, optional
        Of the fit, see :func:`hierlm.fit.fit`.
    **options
        Of :func:`hierlm.fit.fit`; 4 chains of 1,000 draws unless given.

    Returns
    -------
    Recovery

    Raises
    ------
    PosteriorError
        When values are missing, unknown or impossible.
    PriorError
        When values are to come from an improper prior, or one so wide that data are beyond what can be computed.
    ModelError
        When the model has weights.
    SamplingError
        For an option that ``fit`` does not have.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
    >>> known = {"b[Intercept]": 250, "b[Days]": 10, "sd_Subject[Intercept]": 40, "sigma": 30}
    >>> model.recover(values=known, seed=1).frame[["parameter", "true", "covered"]].head(4)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    check_simulable(model, prior=values is None)
    settings = settings_of(options, draws=1000, chains=4)
    root = checked_seed(seed)
    prior_seed, data_seed, fit_seed = seeds(root, 0, 3)
    known = from_prior(model, prior_seed) if values is None else known_values(model, values)
    made = simulate(model, known, data_seed)
    check_possible(quantities(made.truth, 0))
    fit = refit(made.model, settings, fit_seed, progress=progress)
    return Recovery(fit, made.truth, compared(fit, made.truth, level), level, root)


def compared(fit: Fit, truth: Fit, level: float) -> pd.DataFrame:
    """Truth beside posterior, see :attr:`Recovery.table`."""
    found = []
    parameters = {e.variable for e in elements(fit)}
    for e, t in zip(elements(fit, groups=True), elements(truth, groups=True), strict=True):
        free = ~e.constant
        draws, true = e.values.reshape(-1, len(e.names))[:, free], t.values.reshape(len(e.names))[free]
        lower, upper = interval(draws, level)
        mean, sd = draws.mean(axis=0), draws.std(axis=0, ddof=1)
        found.append(
            pd.DataFrame(
                {
                    "parameter": np.array(e.names, dtype=object)[free],
                    "true": true,
                    "mean": mean,
                    "sd": sd,
                    "lower": lower,
                    "upper": upper,
                    "covered": (lower <= true) & (true <= upper),
                    "z": (mean - true) / np.where(sd > 0, sd, np.nan),
                    "effect": e.variable not in parameters,
                }
            )
        )
    return pd.concat(found, ignore_index=True)
