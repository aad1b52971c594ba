"""Covariances of smooth curves by SciPy's splines: what the penalised part of every kind means, said once more.

One entry a kind, by the names of the registry.  A kind that is registered and has no entry here fails its tests with a
sentence that says so.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import BSpline, CubicSpline

Floats = np.ndarray


def _interpolating(ends: str) -> Callable[[Floats, int], tuple[Floats, Floats]]:
    """(curves that are 1 at one knot and 0 at the others, ∫ of products of their second derivatives)."""

    def basis(x: Floats, k: int) -> tuple[Floats, Floats]:
        knots = np.quantile(np.unique(x), np.linspace(0, 1, k))
        values = np.eye(k) if ends == "natural" else np.vstack([np.eye(k - 1), np.eye(k - 1)[:1]])
        curves = CubicSpline(knots, values, bc_type=ends)
        nodes, weights = np.polynomial.legendre.leggauss(2)  # exact for products of straight lines
        S = np.zeros((values.shape[1],) * 2)
        for low, high in zip(knots[:-1], knots[1:], strict=True):
            for node, weight in zip(nodes, weights, strict=True):
                bend = curves((low + high) / 2 + (high - low) / 2 * node, 2)
                S += (high - low) / 2 * weight * np.outer(bend, bend)
        return curves(x), S

    return basis


def _b_splines(x: Floats, k: int) -> tuple[Floats, Floats]:
    """(k cubic B-splines on equal intervals, squares of second differences)."""
    step = np.ptp(x) / (k - 3)
    knots = x.min() + step * np.arange(-3, k + 1)
    D = np.diff(np.eye(k), 2, axis=0)
    curves = [BSpline(knots, column, 3, extrapolate=True)(x) for column in np.eye(k)]
    return np.column_stack(curves), D.T @ D


BASES: dict[str, Callable[[Floats, int], tuple[Floats, Floats]]] = {
    "tp": _interpolating("natural"),
    "cr": _interpolating("natural"),
    "ps": _b_splines,
    "cc": _interpolating("periodic"),
}
"""By the name of the kind: (B, S) of f = B β with penalty β′Sβ."""

CYCLIC = ("cc",)
"""Kinds that have no straight line."""


def straight(kind: str, x: Floats) -> Floats:
    """What the penalty does not see: one, and x in standard deviations."""
    ones = np.ones((len(x), 1))
    return ones if kind in CYCLIC else np.column_stack([ones, (x - x.mean()) / x.std()])


def without(N: Floats, K: Floats) -> Floats:
    """K of curves less their least-squares fit on N, so that the mean of the variances is one."""
    M = np.eye(len(N)) - N @ np.linalg.pinv(N)
    K = M @ K @ M
    return np.asarray(K / np.diag(K).mean())


def curve(kind: str, x: Floats, k: int, rows: Floats | None = None) -> Floats:
    """Cov f(xᵢ), f(xⱼ) of the deviations from a straight line, knots from all x; of some rows, where they are given.

    f = B β with β ~ N(0, S⁻): what S does not see is a straight line, and goes.
    """
    B, S = BASES[kind](x, k)
    rows = np.ones(len(x), bool) if rows is None else rows
    K = B[rows] @ np.linalg.pinv(S, rcond=1e-11, hermitian=True) @ B[rows].T
    return without(straight(kind, x[rows]), K)


def surface(kinds: tuple[str, str], x: Floats, z: Floats, k: tuple[int, int]) -> list[Floats]:
    """The covariances of the three parts of a surface: bent along x, along z, and along both."""
    Kx, Kz = curve(kinds[0], x, k[0]), curve(kinds[1], z, k[1])
    Nx, Nz = straight(kinds[0], x), straight(kinds[1], z)
    free = (Nx[:, :, None] * Nz[:, None, :]).reshape(len(x), -1)
    return [without(free, K) for K in (Kx * (Nz @ Nz.T), (Nx @ Nx.T) * Kz, Kx * Kz)]
