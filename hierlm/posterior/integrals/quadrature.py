"""One batch's integrals: exact, by quadrature, or by importance sampling, with the error that was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hierlm.posterior.integrals.batch import Batch
from hierlm.posterior.integrals.mode import Mode, find_mode
from hierlm.posterior.integrals.rules import Rule, hermite, scattered
from hierlm.posterior.linear import CHUNK

__all__ = ["Answer", "integral"]

Floats = NDArray[np.float64]

MOST_DIRECTIONS = 2
"""Effects of a unit up to which nodes are placed in a grid."""
ORDERS = (3, 5, 7, 11, 17, 25, 39)
RATIO_ORDERS = ORDERS[:5]
FEW_ROWS = 8
"""Rows of a unit up to which each is left out by an integral of its own."""
CLOSE = 1e-4
"""Two orders of quadrature that differ by less, in log p, agree."""
POINTS, REPEATS = (32, 128, 512), 4
NEAR = 0.05
"""Relative standard error of p by importance sampling that is small enough."""
LOOKED_AT = 24
"""Draws at which orders are compared."""
EXACT = 1e-9


@dataclass(frozen=True, eq=False)
class Answer:
    """log p of units, (S, J), and of rows given the others, (S, J, n) or None; the error seen, (J,).

    ``rows`` is None too where each row must be left out by an integral of its own.
    """

    units: Floats
    rows: Floats | None
    error: Floats
    exact: bool
    method: str


def integral(batch: Batch, *, leave_one: bool = False) -> Answer:
    """log ∫ Π p(y_i | w) φ(w) dw for every draw and unit of a batch."""
    S, J = batch.shape
    leave_one = leave_one and batch.separable
    if not batch.d:
        alone = np.concatenate([b.rows(np.zeros((*b.shape, 0))).sum(axis=-1) for b in _slices(batch)])
        return Answer(alone, None, np.zeros(J), True, "closed form")
    few = batch.draws(np.unique(np.linspace(0, S - 1, min(S, LOOKED_AT)).round().astype(np.int64)))
    seen = find_mode(few)
    if _normal(few, seen):
        found = [_exactly(find_mode(b), leave_one) for b in _slices(batch)]
        return Answer(*_joined(found), np.zeros(batch.shape[1]), True, "closed form")
    if batch.d > MOST_DIRECTIONS:
        (rules, error), ratio = _cloud(few, seen), False
    else:
        ratio = leave_one and batch.at.shape[1] > FEW_ROWS
        rules, error = _grid(few, seen, ratio)
        if ratio and error.max() >= CLOSE:  # without some row the integrand is too wide for the same nodes
            ratio, (rules, error) = False, _grid(few, seen, False)
    found = [_averaged(b, find_mode(b), rules, ratio) for b in _slices(batch)]
    name = rules[0].name if len(rules) == 1 else f"{rules[0].name} in {len(rules)} sets"
    return Answer(*_joined(found), error, False, name)


def _slices(batch: Batch) -> Iterator[Batch]:
    """The batch itself, or its draws in parts where a single unit is large."""
    S, _ = batch.shape
    step = max(1, CHUNK // max(batch.width, 1))
    return (batch.draws(np.arange(i, min(i + step, S))) for i in range(0, S, step))


def _joined(found: list[tuple[Floats, Floats | None]]) -> tuple[Floats, Floats | None]:
    rows = [r for _, r in found if r is not None]
    return np.concatenate([u for u, _ in found]), np.concatenate(rows) if rows else None


def _normal(batch: Batch, mode: Mode) -> bool:
    """Whether the integrand is a normal density: h(w) + ½ z'z is the same at points around the mode."""
    for z in scattered(4, batch.d, 1).nodes * 2.0:
        w = mode.w + np.matmul(mode.spread, z)
        h = batch.rows(w).sum(axis=-1) - 0.5 * (w**2).sum(axis=-1) + 0.5 * float(z @ z)
        if not np.all(np.abs(h - mode.h) <= EXACT * (1 + np.abs(mode.h) + batch.at.shape[1])):
            return False
    return True


def _exactly(mode: Mode, leave_one: bool) -> tuple[Floats, Floats | None]:
    """Laplace's method, which is exact for a normal integrand; rows are taken out of M one at a time.

    With slope s and curvature U D U' of a row's log density ℓ at the mode, and M₋ = M − U D U', the integral without
    that row is h − ℓ + ½ s' M₋⁻¹ s − ½ log|M₋|, by the formulas of Woodbury and of the matrix determinant.
    """
    if not leave_one:
        return mode.laplace, None
    spread = mode.spread[:, :, None]
    half = np.swapaxes(spread, -1, -2)
    s = np.matmul(half, mode.at.slopes[..., None])
    U = np.matmul(half, mode.at.columns)
    root = np.sqrt(np.maximum(mode.at.curvatures, 0.0))
    scaled = U * root[..., None, :]
    inner = np.eye(root.shape[-1]) - np.matmul(np.swapaxes(scaled, -1, -2), scaled)
    along = np.matmul(np.swapaxes(scaled, -1, -2), s)
    rise = (s * s).sum(axis=(-1, -2)) + (along * np.linalg.solve(inner, along)).sum(axis=(-1, -2))
    return mode.laplace, mode.at.rows - 0.5 * rise + 0.5 * np.linalg.slogdet(inner)[1]


def _averaged(batch: Batch, mode: Mode, rules: list[Rule], leave_one: bool) -> tuple[Floats, Floats | None]:
    """Σ_q w_q exp(h(w_q) + ½ z_q'z_q) / |L| over all nodes of all rules, equally weighted; logs."""
    units = np.full(batch.shape, -np.inf)
    rows = np.full((*batch.shape, batch.at.shape[1]), -np.inf) if leave_one else None
    for rule in rules:
        for z, log_weight in zip(rule.nodes, rule.log_weights - np.log(len(rules)), strict=True):
            w = mode.w + np.matmul(mode.spread, z)
            each = batch.rows(w)
            h = each.sum(axis=-1) - 0.5 * (w**2).sum(axis=-1) + 0.5 * float(z @ z) + log_weight
            units = np.logaddexp(units, h)
            if rows is not None:
                rows = np.logaddexp(rows, h[..., None] - each)
    size = np.log(np.diagonal(mode.root, axis1=-2, axis2=-1)).sum(axis=-1)
    return units - size, None if rows is None else units[..., None] - rows


def _grid(few: Batch, seen: Mode, ratio: bool) -> tuple[list[Rule], Floats]:
    """The lowest order that agrees with the next one at the draws looked at, and by how much each unit differs.

    Parameters
    ----------
    ratio : bool
        Whether the densities of rows given the others are to agree too.
    """
    before = _averaged(few, seen, [hermite(ORDERS[0], few.d)], ratio)
    error = np.full(few.shape[1], np.inf)
    for order, following in pairwise(ORDERS if not ratio else RATIO_ORDERS):
        now = _averaged(few, seen, [hermite(following, few.d)], ratio)
        error = np.abs(now[0] - before[0]).max(axis=0)
        if now[1] is not None and before[1] is not None:
            error = np.maximum(error, np.abs(now[1] - before[1]).max(axis=(0, 2)))
        if error.max() < CLOSE:
            return [hermite(order, few.d)], error
        before = now
    return [hermite(following, few.d)], error


def _cloud(few: Batch, seen: Mode) -> tuple[list[Rule], Floats]:
    """As many scattered points as four independent sets of them need to agree at the draws looked at."""
    for points in POINTS:
        rules = [scattered(points, few.d, seed) for seed in range(REPEATS)]
        each = np.stack([_averaged(few, seen, [r], False)[0] for r in rules])
        relative = np.exp(each - each.max(axis=0))
        error = (relative.std(axis=0, ddof=1) / relative.mean(axis=0) / np.sqrt(REPEATS)).max(axis=0)
        if error.max() < NEAR:
            break
    return rules, error
