"""Columns that the standard deviations of a grouping depend on: one row a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hierlm.design.common import Terms, columns_of, read_terms
from hierlm.design.evaluate import Evaluator
from hierlm.design.rank import warn_rank
from hierlm.design.values import Floats, Groups, Ints, LevelScale
from hierlm.errors import DataError, warn_data
from hierlm.formula.values import ScaleTerm
from hierlm.names import INTERCEPT

__all__ = ["ScaleCoding", "fit_scale"]

NAMED = 3
FAR = 2.0
"""How many ranges of the data zero may lie beyond them before that is said."""


@dataclass(frozen=True, eq=False)
class ScaleCoding:
    """What ``sd(g) ~ z`` learnt from the training data.

    Parameters
    ----------
    term : ScaleTerm
    terms : Terms
    scale : LevelScale
    """

    term: ScaleTerm
    terms: Terms
    scale: LevelScale

    def apply(self, groups: Groups, on: Evaluator) -> Groups:
        """Groups of new data, with the columns of their new levels.

        Raises
        ------
        DataError
            Where rows of a new level disagree.

        Warns
        -----
        DataWarning
            Where a level that training had comes with other values: its effects were learnt with the old ones.
        """
        X = _columns(self.terms, on)[0]
        known = groups.codes >= 0
        moved = known & ~_same(X, self.scale.X[np.where(known, groups.codes, 0)])
        if moved.any():
            rows = f"{moved.sum()} rows have" if moved.sum() > 1 else "1 row has"
            warn_data(
                f"{rows} other values of {', '.join(self.scale.labels)} than the level of {groups.bar.group!r} had "
                "when the model was fitted. That changes nothing: its effects are known."
            )
        if not groups.unseen or groups.unseen_codes is None:
            return groups
        new = np.flatnonzero(~known)
        W = by_level(X[new], groups.unseen_codes[new], groups.unseen, self.term, self.scale.labels, on.table.rows[new])
        return replace(groups, unseen_scale=W)


def fit_scale(term: ScaleTerm, groups: Groups, on: Evaluator) -> ScaleCoding:
    """``sd(g) ~ z`` on the training data.

    Raises
    ------
    DataError
        Where z is not constant within a level, naming levels and rows.

    Warns
    -----
    DataWarning
        Redundant columns; zero far from the data.
    """
    terms = read_terms(term.common)
    X, labels = _columns(terms, on)
    W = by_level(X, groups.codes, groups.levels, term, labels, on.table.rows)
    warn_rank(np.column_stack([np.ones(len(W)), W]), (INTERCEPT, *labels), f"In sd({term.group})")
    for label, w in zip(labels, W.T, strict=True):
        if min(abs(w.min()), abs(w.max())) > FAR * np.ptp(w) > 0 and np.sign(w.min()) == np.sign(w.max()):
            warn_data(
                f"'sd_{term.group}' is the standard deviation where {label!r} is 0, far from all levels "
                f"({w.min():.4g} to {w.max():.4g}): use center({label}) in sd({term.group}) ~ …."
            )
    return ScaleCoding(term, terms, LevelScale(W, labels))


def _columns(terms: Terms, on: Evaluator) -> tuple[Floats, tuple[str, ...]]:
    """Columns and labels without the intercept, which is the standard deviation itself."""
    X, labels = columns_of(terms, on)
    return X[:, 1:], labels[1:]


def by_level(
    X: Floats, codes: Ints, levels: Sequence[str], term: ScaleTerm, labels: Sequence[str], rows: Ints
) -> Floats:
    """(J, q): the columns of every level, from its first row.

    Raises
    ------
    DataError
        Where its other rows disagree.
    """
    used, first = np.unique(codes, return_index=True)
    W = np.zeros((len(levels), X.shape[1]))
    W[used] = X[first]
    differ = ~_same(X, W[codes])
    if differ.any():
        column = int(np.flatnonzero(~np.isclose(X, W[codes], rtol=1e-9, atol=1e-12).all(axis=0))[0])
        names = [levels[c] for c in dict.fromkeys(codes[differ].tolist())]
        shown = ", ".join(map(repr, names[:NAMED])) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        raise DataError(
            f"{labels[column]!r} differs between rows of one level of {term.group!r}: of {shown}",
            column=labels[column],
            rows=rows[differ].tolist(),
            hint=f"sd({term.group}) ~ … takes columns that are constant within levels, such as a level's mean.",
        )
    W.setflags(write=False)
    return W


def _same(X: Floats, Y: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(np.isclose(X, Y, rtol=1e-9, atol=1e-12).all(axis=1))
