"""Linearly dependent columns and wild scales: warnings that name the columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import warn_data
from hierlm.names import INTERCEPT

__all__ = ["aliased", "warn_rank", "warn_scales"]

TOLERANCE = 1e-7  # R's lm: a column whose part beyond the columns before it is smaller has no coefficient
WILD = 1e4

Floats = NDArray[np.float64]


def aliased(X: Floats, *, tolerance: float = TOLERANCE) -> dict[int, tuple[int, ...]]:
    """Columns that are linear combinations of columns before them, and of which.

    Gram–Schmidt with reorthogonalization (Giraud et al. 2005) in the order of the columns, on columns of norm 1.

    Examples
    --------
    >>> aliased(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 1.0]]))
    {1: (0,)}
    """
    peaks = np.abs(X).max(axis=0, initial=0.0)
    X = X / np.where(peaks > 0, peaks, 1.0)  # so that no square overflows or vanishes
    norms = np.linalg.norm(X, axis=0)
    units = X / np.where(norms > 0, norms, 1.0)
    if len(X) > X.shape[1]:
        units = np.linalg.qr(units, mode="r")  # the same angles between columns, in fewer rows
    n, p = units.shape
    Q, kept = np.empty((n, min(n, p)), order="F"), list[int]()
    found: dict[int, tuple[int, ...]] = {}
    for j in range(p):
        basis = Q[:, : len(kept)]
        rest = units[:, j] - basis @ (basis.T @ units[:, j])
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if norms[j] > 0 and size > tolerance and len(kept) < n:
            Q[:, len(kept)] = rest / size
            kept.append(j)
        else:
            found[j] = _combination(units[:, kept], units[:, j], kept)
    return found


def warn_rank(X: Floats, labels: tuple[str, ...], where: str) -> None:
    """Warn of dependent columns, by name.

    Warns
    -----
    DataWarning
    """
    dependent = aliased(X)
    if not dependent:
        return
    reasons = []
    for j, others in list(dependent.items())[:5]:
        if not X[:, j].any():
            reasons.append(f"{labels[j]!r} is 0 in every row")
        elif np.ptp(X[:, j]) == 0 and INTERCEPT in labels:
            reasons.append(f"{labels[j]!r} is constant, like the intercept")
        else:
            shown = ", ".join(repr(labels[k]) for k in others[:5]) + (", …" if len(others) > 5 else "")
            reasons.append(f"{labels[j]!r} is a combination of {shown}")
    more = f"; and {len(dependent) - 5} more" if len(dependent) > 5 else ""
    warn_data(
        f"{where}: {len(dependent)} of {len(labels)} columns are redundant: {'; '.join(reasons)}{more}. "
        "Only the priors tell such coefficients apart; leave out the redundant columns."
    )


def warn_scales(X: Floats, labels: tuple[str, ...]) -> None:
    """Warn of columns on wildly different scales: standard deviations more than 10⁴ apart, or 10⁶ from 1.

    Warns
    -----
    DataWarning
    """
    sd = X.std(axis=0) if len(X) else np.zeros(X.shape[1])
    varying = np.flatnonzero(sd > 0)
    if len(varying) == 0:
        return
    large, small = varying[np.argmax(sd[varying])], varying[np.argmin(sd[varying])]
    odd = large if sd[large] > WILD**1.5 else small
    if sd[large] > WILD * sd[small]:
        both = f"{sd[large]:.2g} and {sd[small]:.2g}"
        what = f"The standard deviations of {labels[large]!r} and {labels[small]!r} are {both}"
    elif sd[large] > WILD**1.5 or sd[small] < WILD**-1.5:
        what = f"The standard deviation of {labels[odd]!r} is {sd[odd]:.2g}"
    else:
        return
    warn_data(f"{what}; sampling may be slow. Use other units, or scale() as in scale({labels[odd]}).")


def _combination(kept: Floats, unit: Floats, columns: list[int]) -> tuple[int, ...]:
    weights = np.linalg.lstsq(kept, unit, rcond=None)[0] if columns else np.zeros(0)
    return tuple(columns[k] for k in np.flatnonzero(np.abs(weights) > 1e-6))
