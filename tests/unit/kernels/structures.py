"""Random designs for the elimination: their structure, and their matrices dense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import block_diag

from hierlm.kernels.structure import Structure, accumulate, make_structure

# name → (effects a level, levels, how many groupings are eliminated, coefficients)
DESIGNS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int]] = {
    "k = 1": ((1,), (9,), 1, 2),
    "k = 2": ((2,), (8,), 1, 1),
    "k = 3": ((3,), (6,), 1, 0),
    "k = 4": ((4,), (5,), 1, 3),
    "nested": ((2, 1, 3), (12, 5, 2), 3, 2),
    "crossed": ((1, 1), (11, 5), 1, 2),
    "crossed slopes": ((3, 2, 1), (9, 4, 3), 1, 1),
    "nested and crossed": ((1, 4, 2, 1), (14, 4, 3, 2), 2, 2),
    "two nested in one": ((2, 2, 1), (9, 4, 3), 2, 0),
    "LAPACK": ((1, 1), (40, 55), 1, 2),
    "LAPACK slopes": ((2, 3), (25, 20), 1, 1),
    "dense": ((1, 1), (15, 14), 1, 2),
    "dense slopes": ((3, 2), (12, 7), 1, 3),
    "dense after nested": ((1, 2, 1), (20, 8, 13), 2, 1),
    "dense and LAPACK": ((2, 1), (10, 56), 1, 2),
    "only coefficients": ((), (), 0, 4),
    "nothing eliminated": ((2, 1), (4, 3), 0, 1),
    "empty": ((), (), 0, 0),
}
DENSE = tuple(name for name in DESIGNS if name.startswith("dense"))


@dataclass(frozen=True)
class Design:
    """Everything about one design; ``W`` is dense, ``F`` the prior factors by block kind, ``M`` dense."""

    structure: Structure
    S: np.ndarray
    r: np.ndarray
    W: np.ndarray
    weights: np.ndarray
    scores: np.ndarray
    F: np.ndarray
    M: np.ndarray


def make(name: str, seed: int = 0) -> Design:
    sizes, levels, eliminated, p = DESIGNS[name]
    rng = np.random.default_rng([seed, len(name)])
    n = 400 if name.startswith("dense") else 90
    codes = _codes(rng, levels, eliminated, n)
    structure = make_structure(sizes, levels, eliminated, p, codes)
    firsts = np.cumsum([0, *(k * j for k, j in zip(sizes, levels, strict=True))])
    columns = [f + c[:, None] * k + np.arange(k) for f, c, k in zip(firsts, codes, sizes, strict=False)]
    columns = np.hstack([np.zeros((n, 0), np.int64), *columns]).astype(np.int64)
    Z, X = rng.normal(size=columns.shape), rng.normal(size=(n, p))
    Z[rng.random(Z.shape) < 0.1] = 0.0
    weights, scores = rng.uniform(0.2, 2.0, n), rng.normal(size=n)
    S, r = np.zeros(structure.values), np.zeros(structure.columns)
    block_of = np.repeat(np.arange(structure.blocks), structure.size)
    accumulate(structure, block_of, columns, Z, X, weights, scores, S, r)
    W = np.zeros((n, structure.columns))
    np.put_along_axis(W, columns, Z, axis=1)
    W[:, structure.columns - p :] = X
    F = np.tril(rng.normal(size=(len(sizes) + p, max([*sizes, 1]), max([*sizes, 1]))))
    return Design(structure, S, r, W, weights, scores, F, prior_factor(structure, F))


def _codes(rng: np.random.Generator, levels: tuple[int, ...], eliminated: int, n: int) -> list[np.ndarray]:
    """Random levels; each grouping that is eliminated lies inside the ones eliminated after it."""
    codes: list[np.ndarray] = [np.zeros(0)] * len(levels)
    for g in reversed(range(len(levels))):
        if g >= eliminated - 1:
            codes[g] = rng.integers(0, levels[g], n)
        else:  # parents in turn, so that each has children
            parent = rng.permutation(np.arange(levels[g]) % levels[g + 1])
            codes[g] = np.array([rng.choice(np.flatnonzero(parent == c)) for c in codes[g + 1]])
    return codes


def prior_factor(st: Structure, F: np.ndarray) -> np.ndarray:
    """M, dense."""
    blocks = [F[f, :k, :k] for f, k in zip(st.factor, st.size, strict=True)]
    return block_diag(*blocks) if blocks else np.zeros((0, 0))


def stored(st: Structure) -> np.ndarray:
    """Which values belong to the lower triangle."""
    mask = np.ones(st.values, dtype=bool)
    for n in range(st.nodes + 1):
        k, o = (st.size[n] if n < st.nodes else st.root), st.start[n]
        mask[o : o + k * k] = np.tril(np.ones((k, k), dtype=bool)).ravel()
    return mask
