"""A categorical value inside a formula, and its contrasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import BOOLEAN, Column, labels_of_numbers
from hierlm.errors import DataError, did_you_mean

__all__ = ["FACTORS", "INDICATORS", "Contrast", "Factor", "as_factor"]


@dataclass(frozen=True)
class Contrast:
    """``Treatment``, ``Treatment('b')``, ``Sum``, ``Sum('b')``: how a factor is coded."""

    kind: Literal["treatment", "sum"]
    level: Any = None


@dataclass(frozen=True, eq=False)
class Factor:
    """Codes, levels and contrasts of a factor.

    Parameters
    ----------
    name : str
        As the user wrote it.
    codes : (n,) int array
    levels : tuple of str
    contrast : {"treatment", "sum"}
        Treatment: indicators of all levels but the base (R's ``contr.treatment``).  Sum: the same with −1 in the
        rows of the base (R's ``contr.sum``, labelled by level).
    base : int
        The level without a column.
    """

    name: str
    codes: NDArray[np.int64]
    levels: tuple[str, ...]
    contrast: Literal["treatment", "sum"] = "treatment"
    base: int = 0

    def columns(self, *, full: bool) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """((n, q) columns, labels): indicators of every level if ``full``, else the contrasts."""
        coding = np.eye(len(self.levels))
        kept = list(range(len(self.levels)))
        if not full:
            kept.remove(self.base)
            if self.contrast == "sum":
                coding[self.base] = -1.0
        labels = tuple(f"{self.name}[{self.levels[k]}]" for k in kept)
        return np.ascontiguousarray(coding[:, kept][self.codes]), labels

    def like(self, trained: Factor, *, further: bool = False) -> Factor:
        """The same values coded as in training.

        Parameters
        ----------
        trained : Factor
        further : bool
            Whether further levels are put behind those of training, in their order here.

        Raises
        ------
        DataError
            For a level that training did not have.
        """
        levels = trained.levels
        if further:
            levels = (*levels, *(level for level in self.levels if level not in levels))
        place = {level: i for i, level in enumerate(levels)}
        recode = np.array([place.get(level, -1) for level in self.levels], dtype=np.int64)
        codes = recode[self.codes]
        if (codes < 0).any():
            rows = np.flatnonzero(codes < 0)
            unseen = sorted({self.levels[c] for c in self.codes[rows]})
            raise DataError(
                f"{self.name!r} has {_listed(unseen)} that the model was not fitted with",
                column=self.name,
                rows=rows.tolist(),
                hint=f"Its levels are {', '.join(trained.levels[:12])}{', …' if len(trained.levels) > 12 else ''}.",
            )
        return replace(trained, codes=codes, levels=levels)

    def index(self, level: Any) -> int:
        """Position of a level.

        Raises
        ------
        DataError
            When there is no such level.
        """
        text = _label(level)
        if text not in self.levels:
            raise DataError(
                f"{self.name!r} has no level {text!r}.", column=self.name, hint=did_you_mean(text, self.levels)
            )
        return self.levels.index(text)

    @property
    def numbers(self) -> NDArray[np.float64] | None:
        """0/1 for a boolean column, else None."""
        return self.codes.astype(np.float64) if self.levels == BOOLEAN else None


def as_factor(name: str, value: Any, levels: Sequence[Any] | None = None) -> Factor:
    """Numbers or a column as a factor; numbers are sorted numerically.

    Parameters
    ----------
    levels : sequence, optional
        Their order, where it is not to be the natural one; every observed level must be listed.
    """
    if isinstance(value, Column):
        assert value.levels is not None
        factor = Factor(name, value.values, value.levels)
    elif isinstance(value, Factor):
        factor = replace(value, name=name)
    else:
        found, codes = np.unique(np.asarray(value, dtype=np.float64), return_inverse=True)
        factor = Factor(name, codes.astype(np.int64), labels_of_numbers(found))
    if levels is None:
        return factor
    order = tuple(_label(level) for level in levels)
    if len(set(order)) < len(order):
        raise DataError(f"The levels given for {name!r} repeat themselves.", column=name, hint="List each level once.")
    blank = Factor(name, np.zeros(0, dtype=np.int64), order)
    return replace(factor.like(blank), contrast=factor.contrast, base=0)


def _c(text: str, value: Any, contrast: Contrast | None = None, levels: Sequence[Any] | None = None) -> Factor:
    """``C(x)``, ``C(x, Sum)``, ``C(x, Treatment('b'))``."""
    factor = as_factor(text, value, levels)
    if contrast is None:
        return factor
    if not isinstance(contrast, Contrast):
        raise TypeError("the second argument of C() is Treatment, Treatment('level') or Sum")
    default = len(factor.levels) - 1 if contrast.kind == "sum" else 0
    base = default if contrast.level is None else factor.index(contrast.level)
    return replace(factor, contrast=contrast.kind, base=base)


def _t(text: str, value: Any, ref: Any = None, levels: Sequence[Any] | None = None) -> Factor:
    """``T(x, ref='b')``."""
    return _c(text, value, Contrast("treatment", ref), levels)


def _s(text: str, value: Any, omit: Any = None, levels: Sequence[Any] | None = None) -> Factor:
    """``S(x)``, ``S(x, omit='b')``."""
    return _c(text, value, Contrast("sum", omit), levels)


def _binary(text: str, value: Any, success: Any) -> Factor:
    """``binary(x, 'yes')``: the base is the level that counts as 1."""
    factor = as_factor(text, value)
    return replace(factor, base=factor.index(success))


FACTORS: Mapping[str, Callable[..., Factor]] = {"C": _c, "T": _t, "S": _s}
"""Functions that make a factor of a column: (text, column, options) → factor."""

INDICATORS: Mapping[str, Callable[..., Factor]] = {"binary": _binary}
"""Functions that are 1 where the factor has its base level and 0 elsewhere."""


def _label(level: Any) -> str:
    number = isinstance(level, (int, float)) and not isinstance(level, bool)
    return labels_of_numbers(np.array([level], dtype=np.float64))[0] if number else str(level)


def _listed(levels: Sequence[str]) -> str:
    shown = ", ".join(repr(level) for level in levels[:5]) + (f" and {len(levels) - 5} more" if len(levels) > 5 else "")
    return f"level{'s' if len(levels) > 1 else ''} {shown}"
