"""group_variance: how do the rows of one group vary, and vary together?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm.design.column import labels_of_numbers
from hierlm.design.expressions import read_expression
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.posterior.checking.replicates import chosen_response
from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, text_table
from hierlm.posterior.row_covariance import residual_covariance, row_covariances

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["RESIDUAL", "GroupVariance", "group_variance"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESIDUAL = "(residual)"
MOST_ROWS, SHOWN = 300, 12
MOST_NUMBERS = 20_000_000
"""Of all draws of V, 160 MB: fewer draws are used where they would be more."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class GroupVariance:
    """The answer of :func:`group_variance`: V = Z G Zᵀ + R of the rows of one level.

    Parameters
    ----------
    group, level : str
    response : str
    rows : tuple of str
        Where each row was taken, or its position in the data.
    draws : DataArray
        V, dims ``chain``, ``draw``, ``row``, ``row2``; link scale.
    parts : mapping of str to (m, m) array
        Posterior mean of what every grouping adds to V, and ``"(residual)"``.
    frame : DataFrame
        A row per number: ``quantity`` (``"sd"``, ``"cov"``, ``"cor"``), ``row``, ``row2``, ``mean``, ``sd``, ``lower``,
        ``upper``.
    """

    group: str
    level: str
    response: str
    rows: tuple[str, ...]
    draws: xr.DataArray
    parts: Mapping[str, Floats]
    frame: pd.DataFrame

    def matrix(self, quantity: str = "cov") -> pd.DataFrame:
        """Posterior means of V (``"cov"``) or of its correlations (``"cor"``), row by row.

        Raises
        ------
        PosteriorError
        """
        if quantity not in ("cov", "cor"):
            raise PosteriorError(f"There is no matrix of {quantity!r}.", hint="Ask for 'cov' or 'cor'.")
        V = self.draws.to_numpy().reshape(-1, len(self.rows), len(self.rows))
        if quantity == "cor":
            sd = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
            V = V / (sd[:, :, None] * sd[:, None, :])
        return pd.DataFrame(V.mean(axis=0), index=list(self.rows), columns=list(self.rows))

    def _table(self) -> Table:
        m = min(len(self.rows), SHOWN)
        sds = self.frame[self.frame["quantity"] == "sd"]["mean"].to_numpy()
        R = self.matrix("cor").to_numpy()
        rows = [
            (self.rows[i], number(sds[i], sds[i] / 10), *(f"{R[i, j]:.2f}" if j < i else "" for j in range(m - 1)))
            for i in range(m)
        ]
        return ("", "sd", *self.rows[: m - 1]), rows

    def _notes(self) -> list[str]:
        more = [f"{len(self.rows) - SHOWN} more rows in .frame"] if len(self.rows) > SHOWN else []
        total = sum(np.trace(part) for part in self.parts.values())
        shares = ", ".join(f"{name} {np.trace(part) / total:.0%}" for name, part in self.parts.items())
        return [*more, f"Posterior means of standard deviations and correlations; of the variance {shares}."]

    def _title(self) -> str:
        return f"V of the rows of {self.level}" if not self.group else f"V of the rows of {self.group} {self.level}"

    def __repr__(self) -> str:
        return "\n".join([self._title(), text_table(*self._table()), *self._notes()])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._table(), caption=self._title()), html_lines(self._notes()))


def group_variance(
    fit: Fit,
    group: str | None = None,
    member: object = None,
    *,
    response: str | None = None,
    level: float = 0.95,
    kind: Kind = "eti",
) -> GroupVariance:
    """How do the rows of one group vary, and vary together?  V = Z G Zᵀ + R, draw by draw.

    Z G Zᵀ is what the effects of all groupings give the rows in common, R = D C D what their residuals do: D the
    residual standard deviations, of any variance function, C their correlations.  Link scale; where the response is not
    made of residuals, D² is the distribution-specific variance at each row's own mean.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        A grouping, or that of the residuals' blocks; need not be given where there is one only.
    member : label, optional
        The level; the one with the most rows unless given.
    response : str, optional
        Which one, in a model of several.
    level : float
        Of the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    GroupVariance
        ``.draws`` has every draw of V, ``.frame`` standard deviations, covariances and correlations, ``.matrix("cor")``
        their posterior means; ``fit.plot.group_variance()`` is the picture.

    Raises
    ------
    PosteriorError
        For an unknown grouping or level, too many rows, or a link without a latent variance.

    Examples
    --------
    >>> fit.group_variance("Subject", "308").matrix("cor")  # doctest: +SKIP
    """
    check_interval(level, kind)
    model, chosen = fit.model, chosen_response(fit.model, response)
    name, label, at = _rows(model, group, member)
    used = _thinned(fit, len(at))
    labels = _labels(model, at)
    parts = {**row_covariances(used, chosen, at), RESIDUAL: residual_covariance(used, chosen, at)}
    V = np.sum(list(parts.values()), axis=0)
    sd = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
    columns: dict[str, list[str]] = {"quantity": [], "row": [], "row2": []}
    values: list[Floats] = []
    for quantity in ("sd", "cov", "cor"):
        for i, j in combinations_with_replacement(range(len(at)), 2):
            if (i == j) != (quantity == "sd"):
                continue
            for column, value in zip(columns.values(), (quantity, labels[i], labels[j]), strict=True):
                column.append(value)
            values.append(
                sd[:, i] if i == j else V[:, i, j] / (sd[:, i] * sd[:, j] if quantity == "cor" else np.ones(len(V)))
            )
    frame = describe_into(columns, np.stack(values, axis=1), level, kind)
    sizes = used.posterior.sizes
    draws = xr.DataArray(
        V.reshape(sizes["chain"], sizes["draw"], *V.shape[1:]),
        dims=("chain", "draw", "row", "row2"),
        coords={"chain": used.posterior["chain"], "draw": used.posterior["draw"], "row": labels, "row2": labels},
        name="V",
    )
    means = {source: part.mean(axis=0) for source, part in parts.items()}
    return GroupVariance(name, label, chosen.name, tuple(labels), draws, means, frame)


def _rows(model: Model, group: str | None, member: object) -> tuple[str, str, Ints]:
    """The grouping, its level, and the rows of that level."""
    codes = {g: (blocks[0].codes, blocks[0].levels) for g, blocks in model.groups.items()}
    if model.residual is not None:
        codes.setdefault(model.residual.group, (model.residual.codes, model.residual.levels))
    if not codes:
        raise PosteriorError(
            "The model has neither groupings nor correlated residuals: its rows are independent.",
            hint="fit.varcorr() has the residual variance.",
        )
    if group is None and len(codes) > 1:
        raise PosteriorError("The model has several groupings.", hint=f"Name one of: {', '.join(filter(None, codes))}.")
    name = next(iter(codes)) if group is None else group
    if name not in codes:
        raise PosteriorError(f"The model has no grouping {name!r}.", hint=did_you_mean(str(name), list(codes)))
    of, levels = codes[name]
    j = int(np.bincount(of).argmax()) if member is None else _place(name, str(member), levels)
    members = model.groups[name][0].members if name in model.groups else None
    at = np.flatnonzero(of == j if members is None else (members.codes == j).any(axis=1))
    if not len(at) or len(at) > MOST_ROWS:
        what = "no rows" if not len(at) else f"{len(at):,} rows, more than {MOST_ROWS}"
        raise PosteriorError(f"{levels[j]!r} of {name or 'the data'} has {what}.", hint="Name another level.")
    if model.residual is not None:
        at = at[np.lexsort((*model.residual.positions[at].T[::-1], model.residual.codes[at]))]
    return name, levels[j], at


def _place(name: str, member: str, levels: tuple[str, ...]) -> int:
    if member not in levels:
        raise PosteriorError(f"{name!r} has no level {member!r}.", hint=did_you_mean(member, levels))
    return levels.index(member)


def _labels(model: Model, at: Ints) -> list[str]:
    """Where each row was taken, if that tells them apart; else its position in the data."""
    plain = [str(row) for row in np.asarray(model.design.rows)[at]]
    found = model.design.correlated
    if found is None or not found.term.positions:
        return plain
    parts = []
    for text, values in zip(found.term.positions, found.positions[at].T, strict=True):
        columns = read_expression(text).columns
        levels = model.data.columns[columns[0]].levels if len(columns) == 1 else None
        known = levels is not None and values.max() < len(levels)
        parts.append([levels[int(v)] for v in values] if levels is not None and known else labels_of_numbers(values))
    shown = [":".join(p) for p in zip(*parts, strict=True)]
    return shown if len(set(shown)) == len(shown) else plain


def _thinned(fit: Fit, m: int) -> Fit:
    """The fit with as many draws as fit into memory."""
    from hierlm.fit.value import Fit as Made

    sizes = fit.posterior.sizes
    most = max(1, MOST_NUMBERS // (m * m * sizes["chain"]))
    if sizes["draw"] <= most:
        return fit
    keep = np.linspace(0, sizes["draw"] - 1, most).round().astype(int)
    return Made(fit.model, xr.DataTree.from_dict({"posterior": fit.posterior.isel(draw=keep)}), fit.provenance)
