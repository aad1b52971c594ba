"""Exact draws of all effects given θ, without a factorisation for each: conjugate gradients, many draws at once.

The rest w_L of the effects has precision C and mean C⁻¹Φ_Lᵀ(r_L − S_Ls G r_s)/σ.  With a reference Φ₀ that bounds the
Φ of all draws,

    η = Φ_Lᵀ (Φ₀⁻ᵀL₀ z₁ + S_Ls (G₀ − G)^½ z₂) + (I − Φ_Lᵀ(Φ₀Φ₀ᵀ)⁻¹Φ_L)^½ z₃,    z standard normal,

has exactly the covariance C, so that w_L = C⁻¹(Φ_Lᵀ(r_L − S_Ls G r_s)/σ + η) is a draw.  The system is solved to
rounding by conjugate gradients: C₀⁻¹, scaled to the diagonal of C, is so near C⁻¹ that about ten products with S are
enough.  Levels of the largest grouping follow, each from its own conditional distribution.

Source: Papandreou & Yuille (2010), NIPS 23, for draws by a perturbed system; Hestenes & Stiefel (1952).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.reductions.large.blocks import applied, factor, prior_times, products
from hierlm.reductions.large.system import Reference, System, times

__all__ = ["draw_effects"]

Floats = NDArray[np.float64]
TOLERANCE = 1e-11
"""Of the residual, beside that of the start."""

MOST = 200
"""Products with C."""


@dataclass(frozen=True, eq=False)
class _Conditional:
    """C of some draws, and its approximate inverse: that of the reference but for its small part, which is each draw's.

    Parameters
    ----------
    G : (k, k, J, m) array
    rest : list of (slice, (k, k, 1, m) array)
        Φ_L.
    nearness : (a, m) array
        Square roots of the diagonal of C₀,aa by that of C_aa, about.
    small : list of (slice, (k, k, 1, m) array)
        Φ_e.
    inverse : (m, e, e) array
        Of I + Φ_eᵀ left Φ_e.
    """

    system: System
    reference: Reference
    G: Floats
    rest: list[tuple[slice, Floats]]
    nearness: Floats
    small: list[tuple[slice, Floats]]
    inverse: Floats

    def times(self, w: Floats) -> Floats:
        """C w."""
        t = prior_times(self.rest, w)
        inner = times(self.system.rest, t) - times(self.system.across, applied(self.G, times(self.system.along, t)))
        return w + prior_times(self.rest, inner, transposed=True)

    def nearly_divided(self, w: Floats) -> Floats:
        """About C⁻¹ w, symmetric and positive definite."""
        a, out = self.reference.large, np.empty_like(w)
        scaled = self.nearness * w[:a]
        lost = prior_times(self.small, self.reference.coupling.T @ scaled, transposed=True)
        out[a:] = np.einsum("dij,jd->id", self.inverse, w[a:] - lost)
        out[:a] = self.reference.inverse @ scaled - self.reference.coupling @ prior_times(self.small, out[a:])
        out[:a] *= self.nearness
        return out


def _conditional(system: System, reference: Reference, G: Floats, rest: list[tuple[slice, Floats]]) -> _Conditional:
    a = reference.large
    large = [(some, phi) for some, phi in rest if some.start < a]
    small = [(slice(some.start - a, some.stop - a), phi) for some, phi in rest if some.start >= a]
    spread = np.vstack([np.tile((phi[:, :, 0] ** 2).sum(axis=0), (_length(s) // len(phi), 1)) for s, phi in large])
    nearness = np.sqrt(reference.diagonal[:, None] / (1.0 + spread * reference.information[:, None]))
    e = len(reference.left)
    phi = _dense(small, e, G.shape[-1])
    inverse = np.linalg.inv(np.eye(e) + phi.transpose(0, 2, 1) @ reference.left @ phi)
    return _Conditional(system, reference, G, rest, nearness, small, inverse)


def _dense(parts: list[tuple[slice, Floats]], columns: int, m: int) -> Floats:
    """Φ as matrices (m, columns, columns)."""
    found = np.zeros((m, columns, columns))
    for some, phi in parts:
        k = len(phi)
        for first in range(some.start, some.stop, k):
            found[:, first : first + k, first : first + k] = np.moveaxis(phi[:, :, 0], -1, 0)
    return found


def draw_effects(
    system: System, reference: Reference, F: Floats, sigma: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Floats]:
    """(whether it worked, all effects and coefficients (m, columns)) of m draws.

    Parameters
    ----------
    F : (m, G + p, K, K) array
        Λ of a level of every grouping, and of each coefficient.
    sigma : (m,) array
    """
    phi, rest = system.factors(F, sigma)
    Y, G = products(system.own, phi)
    first, (q, m) = system.first, (len(system.r) - system.first, len(sigma))
    conditional = _conditional(system, reference, G, rest)
    scores = system.r[:, None] / sigma
    lost = applied(factor(reference.G - G), rng.standard_normal((first, m)))
    inner = scores[first:] - times(system.across, applied(G, scores[:first]) - lost)
    inner += reference.root @ rng.standard_normal((q, m))
    right = prior_times(rest, inner, transposed=True)
    right += prior_times(_remainders(reference, rest), rng.standard_normal((q, m)))
    worked, w = _solved(conditional, right)

    t = prior_times(rest, w)
    u = np.empty((first + q, m))
    u[first:] = t * sigma
    u[:first] = applied(G, scores[:first] - times(system.along, t))
    u[:first] += applied(Y, rng.standard_normal((first, m)), transposed=True)
    u[:first] *= sigma
    return worked & np.isfinite(u).all(axis=0), u.T


def _length(some: slice) -> int:
    return int(some.stop - some.start)


def _remainders(reference: Reference, rest: list[tuple[slice, Floats]]) -> list[tuple[slice, Floats]]:
    """(I − Φᵀ(Φ₀Φ₀ᵀ)⁻¹Φ)^½ of every part."""
    found = []
    for (some, phi), (_, inverse) in zip(rest, reference.inverses, strict=True):
        k = len(phi)
        each = np.moveaxis(phi[:, :, 0], -1, 0)
        left = np.eye(k) - each.transpose(0, 2, 1) @ inverse[:, :, 0, 0] @ each
        found.append((some, factor(np.moveaxis(left, 0, -1)[:, :, None])))
    return found


def _solved(conditional: _Conditional, right: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """(where the residual became small enough, w with C w = right), column by column at once."""
    w, residual = np.zeros_like(right), right.copy()
    near = conditional.nearly_divided(residual)
    direction, size = near.copy(), np.einsum("ij,ij->j", residual, near)
    enough = TOLERANCE**2 * size
    for _ in range(MOST):
        if not (size > enough).any():
            break
        image = conditional.times(direction)
        curvature = np.einsum("ij,ij->j", direction, image)
        step = np.divide(size, curvature, out=np.zeros_like(size), where=curvature > 0.0)
        w += step * direction
        residual -= step * image
        near = conditional.nearly_divided(residual)
        before, size = size, np.einsum("ij,ij->j", residual, near)
        direction *= np.divide(size, before, out=np.zeros_like(size), where=before > 0.0)
        direction += near
    return size <= enough, w
