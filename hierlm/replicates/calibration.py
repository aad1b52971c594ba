"""Calibration: what ranks of true values say about the posteriors of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
from scipy import stats

from hierlm.model import Model
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, percent, records, text_table
from hierlm.posterior.native import given_back
from hierlm.replicates.judge import DRAWS, judge
from hierlm.replicates.runner import Records

if TYPE_CHECKING:
    from hierlm.plots import Picture

__all__ = ["Calibration", "judged"]

ERROR = 0.01
"""Probability that a calibrated model is said not to be, over all its quantities."""

FEW = 0.05
"""Share of fits with too few effective draws that is worth a sentence."""

HEAD = ("quantity", "p", "mean z", "variance z", "in 50%", "in 90%", "")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """The answer of :func:`hierlm.replicates.calibrate`.

    Parameters
    ----------
    model : Model
    table : DataFrame
        A row per quantity: ``quantity``, ``n``, ``p`` (twice the smaller of the next two), ``p_ecdf`` (the empirical
        distribution of ranks), ``p_z`` (the variance of z), ``mean_z``, ``variance_z`` (0 and 1 if all is well; a
        variance above 1 means posteriors that are too narrow), ``inside_50``, ``inside_90`` (shares of truths inside
        these central intervals), ``finding`` (``"ok"`` or what is wrong).
    ranks : DataFrame
        Rank 0 … 99 of every truth, a row per replicate and a column per quantity.
    records : Records
        What came of the replicates, failed ones among them.
    seed : int
    """

    model: Model
    table: pd.DataFrame
    ranks: pd.DataFrame
    records: Records
    seed: int

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.model, self.table)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong as far as these replicates can tell, and none failed."""
        return bool((self.table["finding"] == "ok").all()) and not self.records.failed

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        wrong = self.table[self.table["finding"] != "ok"]
        n, many = len(self.ranks), len(self.table)
        if len(wrong):
            said = "; ".join(
                f"{q}: {f}" for q, f in zip(wrong["quantity"].head(4), wrong["finding"].head(4), strict=True)
            )
            more = f" and {len(wrong) - 4} more" if len(wrong) > 4 else ""
            return f"Not calibrated: {said}{more} ({n} replicates)."
        return (
            f"Calibrated, as far as {n} replicates can tell: no departure in {many} quantities "
            f"(smallest p {self.table['p'].min():.2g}). Posterior sds wrong by {noticed(n, many):.0%} or more would "
            "mostly have been noticed."
        )

    def plot(self, quantities: Any = None, **options: Any) -> Picture:
        """The empirical distribution of every quantity's ranks; see :func:`hierlm.plots.calibration.calibration`."""
        from hierlm.plots.calibration import calibration

        return calibration(self, quantities, **options)

    def _notes(self) -> list[str]:
        said = [f"{text}." for text in self.records.sentences()]
        if self.records.failed:
            said.append("If fits fail for some truths rather than others, the ranks of the rest need not be uniform.")
        few = np.array([r["ess"] < DRAWS for r in self.records.good])
        if few.mean() > FEW:
            said.append(
                f"{few.sum()} of {len(few)} fits have fewer than {DRAWS} effective draws of some quantity, so that "
                "ranks are not exact: write draws=1000."
            )
        diverging = sum(r["divergences"] > 0 for r in self.records.good)
        if diverging:
            said.append(f"{diverging} of {len(few)} fits have divergences.")
        if any(a.source == "default" for a in self.model.assignments):
            said.append(
                "Default priors, which the scale of the response has set, are held as model.priors() shows them."
            )
        return said

    def _shown(self) -> Table:
        rows = [
            (
                r.quantity, f"{r.p:.2g}", f"{r.mean_z:.2f}", f"{r.variance_z:.2f}", percent(round(r.inside_50, 3)),
                percent(round(r.inside_90, 3)), "" if r.finding == "ok" else r.finding,
            )
            for r in records(self.table)
        ]  # fmt: skip
        return HEAD, rows

    def __repr__(self) -> str:
        return "\n".join([self.verdict, "", text_table(*self._shown()), *self._notes()])

    def _repr_html_(self) -> str:
        return html_page(html_lines([self.verdict], bold=1), html_table(*self._shown()), html_lines(self._notes()))


def judged(ranks: pd.DataFrame) -> pd.DataFrame:
    """A row per quantity, see :attr:`Calibration.table`.

    A quantity is said to be wrong where its p-value times their number is below 1%.
    """
    found = []
    for name in ranks.columns:
        j = judge(ranks[name].tolist())
        found.append({
            "quantity": name, "n": j.n, "p": j.p, "p_ecdf": j.p_ecdf, "p_z": j.p_z, "mean_z": j.mean_z,
            "variance_z": j.variance_z, "inside_50": j.inside[50] / j.n, "inside_90": j.inside[90] / j.n,
            "finding": "ok",
        })  # fmt: skip
    table = pd.DataFrame(found)
    table["finding"] = [_finding(row) if row.p * len(table) < ERROR else "ok" for row in records(table)]
    return table


def _finding(row: Any) -> str:
    """What is wrong, by which of the two departs more from what its standard error allows."""
    shift, spread = row.mean_z * np.sqrt(row.n), np.log(row.variance_z) * np.sqrt(row.n / 2)
    if abs(shift) >= abs(spread):
        return "posteriors are too low" if shift > 0 else "posteriors are too high"
    return "posteriors are too narrow" if spread > 0 else "posteriors are too wide"


def noticed(n: int, quantities: int) -> float:
    """The relative error of posterior sds that n replicates notice in nine of ten cases, beside so many quantities."""
    limit = stats.norm.isf(ERROR / quantities / 4) + stats.norm.isf(0.1)  # two tests with two tails each
    return float(np.expm1(limit * np.sqrt(2 / n) / 2))
