"""Groupings nested inside another one: for its levels their effects are noise, not something known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

if TYPE_CHECKING:
    from hierlm.model import Model

__all__ = ["Inner", "information_beside", "nested_groups"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Inner:
    """The effects of one nested grouping on a predictor.

    Parameters
    ----------
    codes : (n,) int array
        Row → level of the nested grouping.
    Z : (n, k) array
    V : (k, k) array
        Their covariance.
    levels : int
    """

    codes: NDArray[np.int64]
    Z: Floats
    V: Floats
    levels: int


def nested_groups(model: Model, group: str) -> tuple[str, ...]:
    """The groupings each of whose levels lies in one level of ``group``: casks of a batch, one level per row.

    A grouping with the same levels under another name is not nested.
    """
    outer = model.groups[group][0]
    found = []
    for name, blocks in model.groups.items():
        inner = blocks[0]
        if inner.members is not None:
            continue
        pairs = np.unique(inner.codes * len(outer.levels) + outer.codes)
        if name != group and len(inner.levels) > len(outer.levels) and len(pairs) == len(np.unique(inner.codes)):
            found.append(name)
    return tuple(found)


def information_beside(
    Z: Floats, codes: NDArray[np.int64], J: int, weights: Floats | sparse.csr_array, inner: Sequence[Inner]
) -> Floats:
    """What a level's rows say about its effects when the nested effects are unknown, (J, K, K).

    I_j = Z'WZ − Z'WF (1 + D F'WF)⁻¹ D F'WZ over the rows of level j, F the columns and D the covariance of the nested
    effects: the inverse of (W⁻¹ + F D F') in Z's columns (Woodbury).

    Parameters
    ----------
    Z : (n, K) array
    codes : (n,) int array
        Row → one of J levels.
    weights : (n,) array, or (n, n) sparse array
        W: information of each row about its linear predictor; of rows that depend on others a matrix, zero between
        those of different levels.
    inner : sequence of Inner
    """
    K = Z.shape[1]
    W = sparse.diags_array(weights) if isinstance(weights, np.ndarray) else weights
    WZ = np.asarray(W @ Z)
    products = np.stack([np.bincount(codes, WZ[:, a] * Z[:, b], J) for a in range(K) for b in range(K)], axis=1)
    information = products.reshape(J, K, K)
    if not inner:
        return information
    F = sparse.hstack([_columns(part) for part in inner], format="csr")
    D = sparse.block_diag([sparse.kron(sparse.eye_array(part.levels), part.V) for part in inner], format="csr")
    FWZ = F.T @ WZ
    system = sparse.eye_array(F.shape[1]) + D @ (F.T @ (W @ F))
    solved = splu(sparse.csc_array(system)).solve(np.asarray(D @ FWZ))
    home = np.concatenate([np.repeat(_outer_level(part, codes), part.Z.shape[1]) for part in inner])
    lost = np.stack([np.bincount(home, FWZ[:, a] * solved[:, b], J) for a in range(K) for b in range(K)], axis=1)
    return information - lost.reshape(J, K, K)


def _columns(part: Inner) -> sparse.csr_array:
    """(n, levels k), level-major."""
    n, k = part.Z.shape
    at = part.codes[:, None] * k + np.arange(k)
    return sparse.csr_array((part.Z.ravel(), at.ravel(), np.arange(0, n * k + 1, k)), shape=(n, part.levels * k))


def _outer_level(part: Inner, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Level of the nested grouping → the level of the outer one that holds it."""
    home = np.zeros(part.levels, dtype=np.int64)
    home[part.codes] = codes
    return home
