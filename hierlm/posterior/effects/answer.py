"""Effects: an answer on the scale of the outcome, with the target it holds for and every draw behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.posterior.estimates import IN_WORDS
from hierlm.posterior.intervals import describe
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, percent, text_table
from hierlm.posterior.native import given_back

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior.effects.asking import Question

__all__ = ["Effects", "answer"]

Floats = NDArray[np.float64]
SHOWN = 30
NUMBERS = ("mean", "sd", "lower", "upper")
DIRECTION = "p_direction"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Effects:
    """Predictions, comparisons, slopes or marginal means.

    Parameters
    ----------
    fit : Fit
    table : DataFrame
        A row per answer: the columns that say what it is about, then ``mean``, ``sd``, and the ends ``lower``,
        ``upper`` of the interval; where there is a value of no effect (``null``) also ``p_direction``, the larger of
        the probabilities to lie above and below it.  Always pandas.
    draws : DataArray
        Every draw, dims ``chain``, ``draw``, ``effect``; the columns of ``table`` that say what it is about are
        coordinates of ``effect``.
    quantity : str
        What was asked, on which scale.
    header : tuple of str
        Rows and target, and what was averaged.
    level : float
    kind : {"eti", "hdi"}
    null : float or None
        The value of no effect: 0 for differences, 1 for ratios.
    elsewhere : str
        Of a grid: where the columns are that were not asked for, ``"x = 0.3, f = a"``.
    numerics : tuple of str
        How groups were averaged over, and with what error.
    """

    fit: Fit
    table: pd.DataFrame
    draws: xr.DataArray
    quantity: str
    header: tuple[str, ...]
    level: float
    kind: str
    null: float | None = None
    elsewhere: str = ""
    numerics: tuple[str, ...] = ()

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.fit.model, self.table)

    @property
    def labels(self) -> list[str]:
        """The columns that say what a row is about."""
        return [str(c) for c in self.table.columns if c not in (*NUMBERS, DIRECTION)]

    def _lines(self) -> list[str]:
        sizes = self.draws.sizes
        draws = f"{sizes['chain']} × {sizes['draw']:,} draws, {percent(self.level)} {IN_WORDS[self.kind]} interval"
        title = self.quantity[:1].upper() + self.quantity[1:]
        return [title, *self.header, *self.numerics, draws]

    def _shown(self) -> Table:
        numbers = [*NUMBERS, *([DIRECTION] if DIRECTION in self.table else [])]
        head = self.table.head(SHOWN)
        rows = []
        for place in range(len(head)):
            sd = float(head["sd"].iloc[place])
            words = [_word(head[c].iloc[place]) for c in self.labels]
            values = [number(float(head[c].iloc[place]), sd) for c in NUMBERS]
            more = [f"{float(head[c].iloc[place]):.3f}" for c in numbers[len(NUMBERS) :]]
            rows.append((*words, *values, *more))
        return (*self.labels, *numbers), rows

    def _footer(self) -> list[str]:
        hidden = len(self.table) - SHOWN
        return [f"… {hidden:,} more rows in .frame"] if hidden > 0 else []

    def __repr__(self) -> str:
        table = text_table(*self._shown(), left=len(self.labels))
        return "\n".join([*self._lines(), table, *self._footer()])

    def _repr_html_(self) -> str:
        table = html_table(*self._shown(), left=len(self.labels))
        return html_page(html_lines(self._lines(), bold=1), table, html_lines(self._footer()))


def _word(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def answer(
    question: Question,
    values: Floats,
    labels: Mapping[str, Sequence[Any]],
    quantity: str,
    null: float | None = None,
    also: Sequence[str] = (),
) -> Effects:
    """An answer from draws (S, rows) or (S, rows, K) and what its rows are about.

    With K > 1 categories every row becomes K of them.
    """
    found, columns = question.expectation, dict(labels)
    if values.ndim == 3:
        K = values.shape[2]
        if K > 1:
            columns = {name: [v for v in column for _ in range(K)] for name, column in columns.items()}
            columns[names.CATEGORY] = list(found.categories) * values.shape[1]
        values = values.reshape(len(values), -1)
    described = describe(values, question.level, question.kind)
    if null is not None:
        above, below = (values > null).mean(axis=0), (values < null).mean(axis=0)
        described[DIRECTION] = np.maximum(above, below)
    table = pd.DataFrame({**columns, **described})
    table.attrs = {"level": question.level, "kind": question.kind}
    draws = xr.DataArray(
        values.reshape(found.draws.chains, found.draws.draws, -1),
        dims=("chain", "draw", "effect"),
        coords={**found.draws.coords, **{name: ("effect", list(column)) for name, column in columns.items()}},
        name=quantity,
    )
    header = (*question.header, *also)
    return Effects(
        question.fit, table, draws, quantity, header, question.level, question.kind, null, question.elsewhere,
        question.numerics,
    )  # fmt: skip
