"""The answer of loo and kfold: expected log predictive density, unit by unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.utils import ELPDDataLOO
from numpy.typing import NDArray

from hierlm.model import Model
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, text_table

__all__ = ["Data", "Elpd", "data_of", "known_of"]


@final
@dataclass(frozen=True, eq=False)
class Data:
    """What a model was judged on, so that two models can be seen to have seen the same.

    Parameters
    ----------
    rows : (n,) int array
        Positions in the user's data.
    responses : mapping name → (n,) array
    discrete : mapping name → bool
        Whether its density is a probability.
    trials, weights : mapping name → (n,) array
    """

    rows: NDArray[np.int64]
    responses: Mapping[str, NDArray[np.float64]]
    discrete: Mapping[str, bool]
    additions: Mapping[str, NDArray[np.float64]]


def known_of(model: Model) -> str:
    """What a new row shares with the rows that are there, in words; empty where it shares nothing."""
    groups = " of groups in the data" if model.groups else ""
    residual = model.residual
    if residual is None:
        return groups
    return f"{groups}, given the others of its {residual.group or 'series'}"


def data_of(model: Model) -> Data:
    """The rows and responses of a model."""
    return Data(
        np.asarray(model.design.rows),
        {r.name: r.y for r in model.responses},
        {r.name: r.family.discrete or bool(r.family.atoms) for r in model.responses},
        {f"{a} of {r.name}": v for r in model.responses for a, v in r.additions.items() if a in ("trials", "weights")},
    )


@final
@dataclass(frozen=True, eq=False, repr=False)
class Elpd:
    """Expected log predictive density for a stated target: Σ over units of log p(y_unit | the other data).

    Parameters
    ----------
    target : {"row", "row_in_known_group", "new_group"}
    group : str or None
        The grouping whose effects are integrated out, or whose levels are left out.
    units : DataFrame
        A row per unit (a row of the data, or a level): ``unit``, ``rows`` (how many), ``elpd``, ``p`` (log p(y | all
        data) − elpd, the unit's effective number of parameters), ``khat`` (Pareto k̂ of its importance weights; NaN
        where the model was refitted), ``verdict``.
    method : str
        How: importance sampling, refits, how group effects were integrated out.
    good_k : float
        k̂ up to which importance sampling is reliable, min(1 − 1/log₁₀ S, 0.7) (Vehtari et al. 2024).
    draws : int
        S.
    data : Data
    error : float
        The largest error seen of the integrals over group effects, in log p.
    doubts : tuple of str
        Refits whose draws failed a check.
    known : str
        What is known of the groups of a new row, in words.

    Examples
    --------
    >>> fit.loo(target="new_group", group="Subject").units  # doctest: +SKIP
    """

    target: str
    group: str | None
    units: pd.DataFrame
    method: str
    good_k: float
    draws: int
    data: Data
    error: float = 0.0
    doubts: tuple[str, ...] = field(default=())
    known: str = ""

    @property
    def elpd(self) -> float:
        """Σ over units."""
        return float(self.units["elpd"].sum())

    @property
    def se(self) -> float:
        """Standard error over units, √(U · Var(elpd_u)); NaN for a single unit."""
        values = self.units["elpd"].to_numpy()
        return float(np.sqrt(len(values) * values.var(ddof=1))) if len(values) > 1 else float("nan")

    @property
    def p(self) -> float:
        """Effective number of parameters."""
        return float(self.units["p"].sum(skipna=False))

    @property
    def unreliable(self) -> pd.DataFrame:
        """The units whose importance weights are not reliable."""
        return self.units[self.units["verdict"].isin(["bad", "very bad"])]

    def to_arviz(self) -> ELPDDataLOO:
        """As ArviZ keeps such a result, for its own functions and plots."""
        labels = self.units["unit"].to_numpy(dtype=object).astype(str)
        arrays = {
            c: xr.DataArray(self.units[c].to_numpy(), dims="unit", coords={"unit": labels}) for c in ("elpd", "khat")
        }
        return ELPDDataLOO(
            elpd=self.elpd, se=self.se, p=self.p, n_samples=self.draws, n_data_points=len(self.units), scale="log",
            warning=len(self.unreliable) > 0, good_k=self.good_k, elpd_i=arrays["elpd"],
            pareto_k=arrays["khat"].fillna(0.0),
        )  # fmt: skip

    @property
    def headline(self) -> str:
        """The target in words."""
        what = {
            "row": f"a new row{self.known}",
            "row_in_known_group": f"a new row of a level of {self.group} in the data",
            "new_group": f"a new level of {self.group}, all its rows together",
        }[self.target]
        return f"Target: {what}"

    def _header(self) -> list[str]:
        return [self.headline, f"By {self.method}; {len(self.units):,} units, {self.draws:,} draws"]

    def _table(self) -> Table:
        rows = [("elpd", number(self.elpd, self.se), number(self.se))]
        if np.isfinite(self.p):
            rows.append(("p", number(self.p, 1.0), ""))
        return ("", "estimate", "se"), rows

    def _footer(self) -> list[str]:
        k = self.units["khat"].to_numpy()
        lines = []
        if np.isfinite(k).any():
            bad = self.unreliable
            lines.append(f"Pareto k̂: largest {np.nanmax(k):.2f}, good up to {self.good_k:.2f}")
            if len(bad):
                shown = ", ".join(f"{u} ({v:.2f})" for u, v in zip(bad["unit"][:4], bad["khat"][:4], strict=True))
                more = ", …" if len(bad) > 4 else ""
                lines.append(f"Not reliable for {len(bad)} of {len(k):,} units: {shown}{more}. {self._remedy()}")
            else:
                lines.append("Importance sampling is reliable for all units.")
        if self.error > 0.02:
            lines.append(f"Integrals over group effects have errors up to {self.error:.2g} in log p.")
        if self.doubts:
            lines.append(f"{len(self.doubts)} refits failed a check, {self.doubts[0]}")
        return lines

    def _remedy(self) -> str:
        exact = "fit.reloo(…) refits the model without each of them."
        better = 'target="row_in_known_group" asks the same with the effects of a group integrated out; '
        return f"{better}{exact}" if self.target == "row" else exact

    def __repr__(self) -> str:
        return "\n".join([*self._header(), text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_lines(self._header(), bold=1), html_table(*self._table()), html_lines(self._footer()))
