"""A data frame of estimates that shows itself rounded, with the level of its intervals."""

from __future__ import annotations

from typing import Any, final

import pandas as pd

from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, percent, records, text_table

__all__ = ["IN_WORDS", "Estimates"]

NUMBERS = ("mean", "sd", "lower", "upper")
MOST_ROWS = 40
IN_WORDS = {"eti": "equal-tailed", "hdi": "shortest"}
"""Kinds of intervals."""


@final
class Estimates(pd.DataFrame):
    """A pandas data frame with columns ``mean``, ``sd``, ``lower``, ``upper``; only its display differs.

    The numbers are not rounded, and every method of a data frame is there.  The display rounds each to two digits of
    its sd and says what the interval is.  A frame derived from it shows itself the same way as long as it has these
    columns and ``attrs["level"]``.

    Examples
    --------
    >>> frame = Estimates({"term": ["a"], "mean": [1.23456], "sd": [0.1], "lower": [1.04], "upper": [1.43]})
    >>> frame.attrs = {"level": 0.95, "kind": "eti"}
    >>> frame
    term  mean    sd  lower  upper
    a     1.23  0.10   1.04   1.43
    lower, upper: 95% equal-tailed interval
    >>> frame.drop(columns="sd")
      term     mean  lower  upper
    0    a  1.23456   1.04   1.43
    """

    @property
    def _constructor(self) -> type[Estimates]:
        return Estimates

    def _is_shown(self) -> bool:
        """Whether there is what the display needs; else it is pandas' own."""
        named = self.columns.nlevels == 1 and not self.columns.has_duplicates and {*NUMBERS} <= {*self.columns}
        return named and "level" in self.attrs and all(pd.api.types.is_numeric_dtype(self[c]) for c in NUMBERS)

    def _table(self) -> tuple[Table, int]:
        """The rows that are shown, and how many columns of labels come first; a numbered index is left out."""
        words = [c for c in self.columns if c not in NUMBERS and not pd.api.types.is_numeric_dtype(self[c])]
        others = [c for c in self.columns if c not in NUMBERS and c not in words]
        named = self.index.nlevels if not pd.api.types.is_integer_dtype(self.index) else 0
        rows = []
        shown = self.head(MOST_ROWS)
        for (label, row), r in zip(shown.iterrows(), records(shown[[*NUMBERS]]), strict=True):
            labels = label if isinstance(label, tuple) else (label,)
            texts = [*map(str, labels[:named]), *(_label(row[c]) for c in (*words, *others))]
            rows.append((*texts, *(number(v, r.sd) for v in r)))
        header = [*(str(n or "") for n in self.index.names[:named]), *map(str, (*words, *others)), *NUMBERS]
        return (header, rows), len(words) + named

    def _footer(self) -> list[str]:
        hidden = len(self) - MOST_ROWS
        kind = IN_WORDS[self.attrs.get("kind", "eti")]
        scale = f"; {self.attrs['scale']} scale" if "scale" in self.attrs else ""
        lines = [f"… {hidden:,} more rows"] if hidden > 0 else [] if len(self) else ["no rows"]
        return [*lines, f"lower, upper: {percent(self.attrs['level'])} {kind} interval{scale}"]

    def __repr__(self) -> str:
        if not self._is_shown():
            return str(super().__repr__())
        table, left = self._table()
        return "\n".join([text_table(*table, left=left), *self._footer()])

    def _repr_html_(self) -> Any:
        if not self._is_shown():
            return pd.DataFrame(self)._repr_html_()  # type: ignore[operator]
        table, left = self._table()
        return html_page(html_table(*table, left=left), html_lines(self._footer()))


def _label(value: Any) -> str:
    """A cell that is no estimate: a number to six digits, anything else as it is."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
