"""Partial autocorrelations: every vector in (−1, 1)^p is one stationary process, and the other way round.

Sources: Barndorff-Nielsen & Schou (1973), Journal of Multivariate Analysis 3:408–419; Monahan (1984), Biometrika
71:403–404.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor

__all__ = ["ar_coefficients", "autocorrelations", "ma_coefficients", "predictions"]


def predictions(partial: Tensor, n: int) -> Iterator[tuple[Tensor, Tensor]]:
    """How a value is predicted from the k before it, k = 1, …, n: (φ_k, rest_k).

    z_t = Σ_{i≤k} φ_ki z_{t−i} + e with Var(e) = rest_k Var(z), by Durbin's recursion
    φ_k = (φ_{k−1} − π_k · reversed φ_{k−1}, π_k), rest_k = rest_{k−1} (1 − π_k²).

    Parameters
    ----------
    partial : (n,) tensor
        π, partial autocorrelations in (−1, 1).
    """
    phi, rest = partial[:0], pt.constant(1.0, dtype="float64")
    for k in range(n):
        new = partial[k : k + 1]
        phi = pt.concatenate([phi - partial[k] * phi[::-1], new]) if k else new
        rest = rest * (1 - partial[k]) * (1 + partial[k])
        yield phi, rest


def ar_coefficients(partial: Tensor, p: int) -> Tensor:
    """φ of the stationary z_t = Σ φᵢ z_{t−i} + ε_t with the given partial autocorrelations, (p,)."""
    return list(predictions(partial, p))[-1][0]


def ma_coefficients(partial: Tensor, q: int) -> Tensor:
    """θ of an invertible z_t = ε_t + Σ θᵢ ε_{t−i}, (q,): 1 + θ₁B + … is the AR polynomial of −partial."""
    return -ar_coefficients(-partial, q)


def autocorrelations(partial: Tensor, longest: int) -> Tensor:
    """ρ(0), …, ρ(longest) of as many partial autocorrelations: ρ(k) = Σ_{i≤k} φ_ki ρ(k − i)."""
    rho = [pt.constant(1.0, dtype="float64")]
    for phi, _ in predictions(partial, longest):
        rho.append((phi * pt.stack(rho[::-1])).sum())
    return pt.stack(rho)
