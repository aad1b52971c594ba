"""Power: how often studies of each design reach a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd

from hierlm.model import Model
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, records, text_table
from hierlm.posterior.native import given_back
from hierlm.replicates.runner import Records
from hierlm.replicates.target import Target

if TYPE_CHECKING:
    from hierlm.plots import Picture

__all__ = ["Power"]

WANTED = 0.8


@final
@dataclass(frozen=True, eq=False, repr=False)
class Power:
    """The answer of :func:`hierlm.replicates.power`.

    Parameters
    ----------
    model : Model
    target : Target
        What was counted.
    table : DataFrame
        A row per design: ``groups``, ``rows`` (of each group; missing where groups keep theirs), ``n`` (replicates that
        succeeded), ``failed``, ``power`` (share in which the target was reached), its Monte-Carlo error ``error`` and
        95% interval ``lower``, ``upper``; for quantities also ``mean`` and ``width``, means of estimates and of
        interval widths.
    records : Records
    group : str
        The grouping whose levels are varied.
    source : str
        Where the values came from.
    seed : int
    """

    model: Model
    target: Target
    table: pd.DataFrame
    records: Records
    group: str
    source: str
    seed: int

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.model, self.table)

    @property
    def verdict(self) -> str:
        """The smallest design that reaches 80%, if any does."""
        reached = self.table[self.table["power"] >= WANTED]
        if not len(reached):
            best = self.table.iloc[int(self.table["power"].argmax())]
            said = f"{best['power']:.2f} ± {best['error']:.2f}"
            return f"No design reaches {WANTED:.0%}; the best has {self._design(best)}: {said}."
        rows = reached["rows"].fillna(1)
        first = reached.iloc[int((reached["groups"] * rows).argmin())]
        sure = "" if first["lower"] >= WANTED else " (not surely: more replicates would tell)"
        return f"{self._design(first)} reach {WANTED:.0%}: {first['power']:.2f} ± {first['error']:.2f}{sure}."

    def plot(self) -> Picture:
        """Power over numbers of groups; see :func:`hierlm.plots.power.power`."""
        from hierlm.plots.power import power

        return power(self)

    def _design(self, row: Any) -> str:
        each = "" if pd.isna(row["rows"]) else f" with {int(row['rows'])} rows each"
        return f"{int(row['groups'])} levels of {self.group}{each}"

    def _notes(self) -> list[str]:
        said = [f"Target: {self.target.words}. Values: {self.source}. ±: Monte-Carlo error."]
        failed = int(self.table["failed"].sum())
        if failed:
            said.append("Failed replicates count as not reaching the target.")
        return [*said, *(f"{text}." for text in self.records.sentences())]

    def _shown(self) -> Table:
        quantity = "width" in self.table
        header = [
            "groups",
            "rows each",
            "power",
            "95%",
            *(["mean estimate", "mean width"] if quantity else []),
            "failed",
        ]
        rows = []
        for r in records(self.table):
            more = [number(r.mean, r.width / 4), number(r.width)] if quantity else []
            each = "as they are" if np.isnan(r.rows) else f"{r.rows:.0f}"
            bounds = f"[{r.lower:.2f}, {r.upper:.2f}]"
            rows.append([f"{r.groups}", each, f"{r.power:.2f} ± {r.error:.2f}", bounds, *more, f"{r.failed}"])
        return header, rows

    def __repr__(self) -> str:
        return "\n".join([self.verdict, "", text_table(*self._shown()), *self._notes()])

    def _repr_html_(self) -> str:
        return html_page(html_lines([self.verdict], bold=1), html_table(*self._shown()), html_lines(self._notes()))
