"""summary: the table of all parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import pandas as pd

from hierlm.posterior.convergence import convergence
from hierlm.posterior.diagnose import diagnose
from hierlm.posterior.draws import Elements, Wanted, elements, flat
from hierlm.posterior.header import header_lines
from hierlm.posterior.intervals import Kind, check_interval, describe
from hierlm.posterior.layout import bracket, html_lines, html_page, html_table, number, percent, records, text_table

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["Summary", "estimate_rows", "summary"]

COLUMNS = ("mean", "sd", "lower", "upper", "ess_bulk", "ess_tail", "r_hat", "mcse_mean")
MOST_ROWS = 60


@final
@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """The answer of :func:`summary`; :attr:`frame` is the table.

    Parameters
    ----------
    frame : DataFrame
        Index: names such as ``b[Days]``; columns ``mean``, ``sd``, ``lower``, ``upper``, ``ess_bulk``, ``ess_tail``,
        ``r_hat``, ``mcse_mean``, not rounded; the diagnostics of a fixed parameter are missing.
    level : float
        Probability inside the intervals.
    kind : {"eti", "hdi"}
    header : tuple of str
        Model, family, data and draws.
    verdict : tuple of str
        Of :func:`~hierlm.posterior.diagnose`: one sentence; where a check failed also the worst and what to do next.
    """

    frame: pd.DataFrame
    level: float
    kind: str
    header: tuple[str, ...]
    verdict: tuple[str, ...]

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        head = ("", "mean", "sd", f"{percent(self.level)} {self.kind}", "ESS bulk", "ESS tail", "R̂")
        return head, estimate_rows(self.frame.head(MOST_ROWS), diagnostics=True)

    def _footer(self) -> str:
        hidden = len(self.frame) - MOST_ROWS
        return f"{hidden:,} more rows in .frame" if hidden > 0 else ""

    def __repr__(self) -> str:
        head, rows = self._table()
        above = ["ESS" if h.startswith("ESS ") else "" for h in head]  # two lines of header: 80 columns are enough
        table = text_table(above, [[h.removeprefix("ESS ") for h in head], *rows])
        parts = ["\n".join([*self.header, *self.verdict]), table, self._footer()]
        return "\n\n".join(p for p in parts if p)

    def _repr_html_(self) -> str:
        footer = [self._footer()] if self._footer() else []
        return html_page(
            html_lines([*self.header, *self.verdict], bold=1), html_table(*self._table()), html_lines(footer)
        )


def estimate_rows(frame: pd.DataFrame, *, diagnostics: bool = False) -> list[tuple[str, ...]]:
    """Rows of a display: name, mean, sd, interval, and the diagnostics if asked for."""
    rows = []
    for r in records(frame, index=True):
        row = [str(r.Index), number(r.mean, r.sd), number(r.sd, r.sd), bracket(r.lower, r.upper, r.sd)]
        if diagnostics:
            whole = [number(float(np.round(e)), 10.0) for e in (r.ess_bulk, r.ess_tail)]
            row += [*whole, number(r.r_hat, 0.01)]
        rows.append(tuple(row))
    return rows


def summary(
    fit: Fit,
    *,
    parameters: Wanted | None = None,
    groups: bool = False,
    level: float = 0.95,
    kind: Kind = "eti",
) -> Summary:
    """What does the posterior say about every parameter, and can it be trusted?

    Coefficients are on the link scale of their parameter, standard deviations of group effects too; a family's
    parameters without a formula (``sigma``) on their natural scale.

    Parameters
    ----------
    fit : Fit
    parameters : str, compiled pattern, or sequence of these, optional
        Variables (``"b"``, ``"r_Subject"``) or rows (``"sd_Subject[Days]"``) to show, or all rows in whose names a
        pattern is found, ``re.compile("^sd_")``.
    groups : bool, default False
        Whether to add every group effect, ``r_Subject[308, Days]``.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}
        Equal-tailed or shortest intervals.

    Returns
    -------
    Summary

    Raises
    ------
    PosteriorError
        For a name that means nothing, a pattern that is found nowhere, or a level that is no probability.

    Examples
    --------
    >>> summary(fit).frame.loc["sd_Subject[Days]", "mean"]  # doctest: +SKIP
    6.6
    """
    check_interval(level, kind)
    found = elements(fit, parameters, groups=groups)
    most = float(fit.provenance.get("importance", {}).get("ess", np.inf))
    rows = [_rows(e, level, kind, most) for e in found]
    frame = pd.concat(rows or [pd.DataFrame(columns=list(COLUMNS), dtype=float)])
    frame.attrs = {"level": float(level), "kind": kind}
    return Summary(frame, float(level), kind, header_lines(fit), diagnose(fit).brief)


def _rows(e: Elements, level: float, kind: str, most: float) -> pd.DataFrame:
    diagnostics = convergence(e.values, most)
    columns = describe(flat(e.values), level, kind) | {c: getattr(diagnostics, c) for c in COLUMNS[4:]}
    return pd.DataFrame(columns, index=pd.Index(e.names, dtype=object))
