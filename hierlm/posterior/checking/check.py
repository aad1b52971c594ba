"""check: does some feature of the data occur in data drawn from the fit?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.posterior.checking.replicates import NewGroups, replicate
from hierlm.posterior.checking.statistics import Statistic, applied, chosen_statistics
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.layout import Table, bracket, html_lines, html_page, html_table, number, percent, text_table

__all__ = ["Checks", "check", "tail", "tested"]

Floats = NDArray[np.float64]
MOST_ROWS = 30
READS = "p: share of {drawn} with a larger value; near 0 or 1 the fit does not have it"


@final
class Checks(pd.DataFrame):
    """A data frame of checks that shows itself rounded; ``attrs`` say what was drawn.

    Columns: ``statistic`` (and ``level``, of a grouping), ``observed``, ``mean``, ``sd``, ``lower``, ``upper`` of the
    data sets drawn, and ``p``, the share of them in which the statistic is larger than observed, ties counted half.
    """

    @property
    def _constructor(self) -> type[Checks]:
        return Checks

    def _shown(self) -> bool:
        return {"observed", "mean", "sd", "lower", "upper", "p"} <= set(self.columns) and "drawn" in self.attrs

    def _table(self) -> tuple[Table, int]:
        words = [c for c in self.columns if c in ("statistic", "level", "test")]
        header = [*words, "observed", "drawn: mean", f"{percent(self.attrs['level'])} interval", "p", ""]
        rows = []
        for _, r in self.head(MOST_ROWS).iterrows():
            scale = r["sd"] or None
            cells = [number(r["observed"], scale), number(r["mean"], scale), bracket(r["lower"], r["upper"], scale)]
            rows.append((*(str(r[w]) for w in words), *cells, f"{r['p']:.3f}", _mark(r["p"])))
        return (header, rows), len(words)

    def _footer(self) -> list[str]:
        more = [f"… {len(self) - MOST_ROWS} more rows"] if len(self) > MOST_ROWS else []
        reads = str(self.attrs.get("reads", READS)).format(drawn=self.attrs["drawn"])
        return [*more, f"{reads}."]

    def __repr__(self) -> str:
        if not self._shown():
            return str(super().__repr__())
        table, left = self._table()
        return "\n".join([text_table(*table, left=left), *self._footer()])

    def _repr_html_(self) -> str:
        if not self._shown():
            return str(pd.DataFrame(self)._repr_html_())  # type: ignore[operator]
        table, left = self._table()
        return html_page(html_table(*table, left=left), html_lines(self._footer()))


def _mark(p: float) -> str:
    return "observed more" if p < 0.025 else "observed less" if p > 0.975 else ""


def check(
    fit: Fit,
    stat: str | Statistic | Sequence[str | Statistic] = ("mean", "sd", "min", "max"),
    *,
    by: str | None = None,
    new_groups: NewGroups = False,
    response: str | None = None,
    level: float = 0.95,
    draws: int | None = None,
    seed: int | None = None,
) -> Checks:
    """Does a statistic of the data lie among those of data drawn from the fit?  Posterior predictive checks as a table.

    p = P(T(y_rep) > T(y)) + ½ P(T(y_rep) = T(y)).  Since the data made the fit, p is nearer to ½ than a uniform number
    would be; it is a measure of surprise and no error rate.  With ``new_groups`` the data sets are of new groups, which
    the fit follows less closely.

    Parameters
    ----------
    fit : Fit
    stat : str, function, or several of them
        ``"mean"``, ``"sd"``, ``"min"``, ``"max"``, ``"median"``, ``"q05"``, ``"q95"``, ``"iqr"``, ``"skewness"``,
        ``"zeros"`` (their share), or a function of one data set, an array (n,), that returns a number.
    by : str, optional
        A grouping, or a factor column of the model: every statistic for the rows of each level.
    new_groups : bool, str or sequence of str
        Draw the effects of these groupings anew for each data set (True: of all), see
        :func:`hierlm.posterior.checking.replicates.replicate`.
    response : str, optional
        Which one, in a model of several.
    level : float
        Of the intervals.
    draws : int, optional
        How many data sets; one a draw unless given.
    seed : int, optional

    Returns
    -------
    Checks
        A data frame: ``statistic``, ``level`` (with ``by``), ``observed``, ``mean``, ``sd``, ``lower``, ``upper``,
        ``p``.

    Raises
    ------
    PosteriorError
        For an unknown statistic, grouping or column, or a function that gives no number.

    References
    ----------
    Gelman, Meng & Stern (1996), Statistica Sinica 6:733–807; Marshall & Spiegelhalter (2007), Bayesian Analysis
    2:409–444.

    Examples
    --------
    >>> fit.check(["sd", "max"], by="Subject", seed=1)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    statistics = chosen_statistics(stat)
    parts = None if by is None else rows_by(fit, by)
    made = replicate(fit, response, new_groups=new_groups, draws=draws, seed=seed)
    rows = []
    for name, function in statistics.items():
        for label, at in (parts or {"": np.arange(len(made.response.y))}).items():
            observed = applied(name, function, made.response.y[at])
            drawn = applied(name, function, made.drawn[:, at])
            rows.append(
                {"statistic": name} | ({"level": label} if parts else {}) | tested(float(observed), drawn, level)
            )
    return framed(rows, level, f"{len(made.drawn):,} data sets drawn for {made.words}")


def framed(rows: Sequence[dict[str, object]], level: float, drawn: str) -> Checks:
    """Rows of a table, with what its display says."""
    frame = Checks(list(rows))
    frame.attrs = {"level": float(level), "drawn": drawn}
    return frame


def tested(observed: float | Floats, drawn: Floats, level: float) -> dict[str, object]:
    """One row: what was observed, what was drawn, and p.

    Parameters
    ----------
    observed : number, or (S,) array
        Where the number depends on parameters too, that of each draw; its mean is shown.
    """
    lower, upper = interval(drawn, level)
    sd = float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0
    numbers = {"observed": float(np.mean(observed)), "mean": float(drawn.mean()), "sd": sd}
    return {**numbers, "lower": float(lower), "upper": float(upper), "p": tail(observed, drawn)}


def tail(observed: float | Floats, drawn: Floats) -> float:
    """P(T_rep > T) + ½ P(T_rep = T), equal up to rounding.

    Examples
    --------
    >>> tail(1.0, np.array([0.0, 1.0, 2.0, 3.0]))
    0.625
    """
    same = np.isclose(drawn, observed, rtol=1e-10, atol=1e-12)
    return float(np.mean((drawn > observed) & ~same) + 0.5 * np.mean(same))


def rows_by(fit: Fit, by: str) -> dict[str, NDArray[np.int64]]:
    """Rows of each level of a grouping, or of a factor column.

    Raises
    ------
    PosteriorError
    """
    model = fit.model
    if by in model.groups:
        block = model.groups[by][0]
        codes, levels = block.codes, block.levels
    else:
        columns = model.data.columns
        factors = [name for name, column in columns.items() if column.levels is not None]
        if by not in columns or columns[by].levels is None:
            what = "is a number" if by in columns else "is no grouping or column of this model"
            raise PosteriorError(f"'{by}' {what}.", hint=did_you_mean(str(by), [*model.groups, *factors]))
        codes, levels = columns[by].values, columns[by].levels
    if len(codes) != model.design.n:
        raise PosteriorError(f"'{by}' has rows that the model left out.", hint="Check by a grouping of the model.")
    return {str(level): np.flatnonzero(codes == j) for j, level in enumerate(levels) if np.any(codes == j)}
