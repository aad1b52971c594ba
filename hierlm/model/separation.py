"""Separation: coefficients of a discrete response that the likelihood drives to infinity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from hierlm.model.values import ModelPredictor, ModelResponse

__all__ = ["separated", "separating"]

Floats = NDArray[np.float64]

MOST_ROWS = 20_000
"""Different rows of X for which separation is looked for; the linear programme takes well under a second."""


def separated(response: ModelResponse, mean: ModelPredictor) -> tuple[str, ...]:
    """Labels of common effects that the likelihood drives to infinity (Albert & Anderson 1984, Biometrika 71:1–10).

    Parameters
    ----------
    response : ModelResponse
    mean : ModelPredictor
        Of its mean.
    """
    if not response.family.discrete or np.ptp(response.y) == 0:
        return ()
    return tuple(mean.labels[j] for j in separating(mean.X, _sides(response)))


def _sides(response: ModelResponse) -> NDArray[np.int64]:
    """−1 for a response of 0, 1 for one at its upper end, 0 between."""
    upper = response.additions.get("trials", np.asarray(response.family.support[1]))
    return (response.y == upper).astype(np.int64) - (response.y == 0)


def separating(X: Floats, sides: NDArray[np.int64]) -> tuple[int, ...]:
    """The columns of a direction β with x β ≥ 0 at side 1, ≤ 0 at side −1 and = 0 between, if there is one.

    A linear programme decides (Konis 2007, *Linear programming algorithms for detecting separated data in binary
    logistic regression models*, Oxford).

    Parameters
    ----------
    X : (n, p) array
    sides : (n,) int array

    Returns
    -------
    tuple of int
        Without the constant column, unless it is alone; empty when nothing is separated, or for too many rows.

    Examples
    --------
    >>> X = np.column_stack([np.ones(4), [1.0, 2.0, 3.0, 4.0]])
    >>> separating(X, np.array([-1, -1, 1, 1])), separating(X, np.array([-1, 1, -1, 1]))
    ((1,), ())
    """
    if X.shape[1] == 0:
        return ()
    sd = X.std(axis=0)
    scaled = (X - np.where(sd > 0, X.mean(axis=0), 0.0) * _has_constant(X)) / np.where(sd > 0, sd, 1.0)
    rows = np.unique(np.column_stack([scaled, sides]).round(12), axis=0)
    if len(rows) > MOST_ROWS:
        return ()
    inside = rows[rows[:, -1] == 0, :-1]
    sizes, vectors = np.linalg.eigh(inside.T @ inside)
    free = vectors[:, sizes < 1e-9 * max(sizes.max(), 1.0)]  # directions that leave the rows between alone
    outer = rows[rows[:, -1] != 0]
    if free.shape[1] == 0 or len(outer) == 0:
        return ()
    A = outer[:, -1:] * (outer[:, :-1] @ free)
    A = np.where(np.abs(A) < 1e-10, 0.0, A)
    found = linprog(-A.sum(axis=0), A_ub=-A, b_ub=np.zeros(len(A)), bounds=(-1, 1), method="highs")
    if found.status != 0 or found.fun is None or -found.fun < 1e-6:
        return ()
    direction = free @ found.x
    columns = np.flatnonzero(np.abs(direction) > 1e-6 * np.abs(direction).max())
    varying = [int(j) for j in columns if sd[j] > 0]
    return tuple(varying or (int(j) for j in columns))


def _has_constant(X: Floats) -> bool:
    return bool(np.any((np.ptp(X, axis=0) == 0) & (X[0] != 0))) if len(X) else False
