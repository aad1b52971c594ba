"""Partial autocorrelations: every vector in (−1, 1)^p is one stationary process, and the other way round.

Sources: Barndorff-Nielsen & Schou (1973), Journal of Multivariate Analysis 3:408–419; Monahan (1984), Biometrika
71:403–404.
"""

from __future__ import annotations

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor

__all__ = ["ar_coefficients", "autocorrelations", "ma_coefficients"]


def ar_coefficients(partial: Tensor, p: int) -> Tensor:
    """φ of the stationary z_t = Σ φᵢ z_{t−i} + ε_t with the given partial autocorrelations, (p,).

    Durbin's recursion: φ_k = (φ_{k−1} − π_k · reversed φ_{k−1}, π_k).
    """
    phi = partial[:1]
    for k in range(1, p):
        phi = pt.concatenate([phi - partial[k] * phi[::-1], partial[k : k + 1]])
    return phi


def ma_coefficients(partial: Tensor, q: int) -> Tensor:
    """θ of an invertible z_t = ε_t + Σ θᵢ ε_{t−i}, (q,): 1 + θ₁B + … is the AR polynomial of −partial."""
    return -ar_coefficients(-partial, q)


def autocorrelations(partial: Tensor, longest: int) -> Tensor:
    """ρ(0), …, ρ(longest) of as many partial autocorrelations.

    ρ(k) = Σ_{i<k} φ_{k−1,i} ρ(k − i) + π_k Π_{j<k}(1 − π_j²).
    """
    rho = [pt.constant(1.0, dtype="float64")]
    phi, rest = None, pt.constant(1.0, dtype="float64")
    for k in range(longest):
        new = partial[k] * rest
        if phi is not None:
            new = new + (phi * pt.stack(rho[:0:-1])).sum()
            phi = pt.concatenate([phi - partial[k] * phi[::-1], partial[k : k + 1]])
        else:
            phi = partial[:1]
        rho.append(new)
        rest = rest * (1 - partial[k]) * (1 + partial[k])
    return pt.stack(rho)
