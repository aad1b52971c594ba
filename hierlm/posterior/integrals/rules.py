"""Points and weights for integrals against a standard normal density."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

__all__ = ["Rule", "even", "hermite", "scattered"]

REACH = 9.0
"""Of evenly spaced nodes: beyond, the normal density holds 2·10⁻¹⁹."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rule:
    """∫ f(z) φ(z) dz ≈ Σ_q w_q f(z_q).

    Parameters
    ----------
    nodes : (Q, d) array
    log_weights : (Q,) array
    name : str
    """

    nodes: Floats
    log_weights: Floats
    name: str


def hermite(order: int, d: int) -> Rule:
    """Gauss–Hermite nodes in every direction, order^d of them.

    Examples
    --------
    >>> rule = hermite(3, 1)
    >>> round(float(np.exp(rule.log_weights) @ rule.nodes[:, 0] ** 2), 12)  # the variance of N(0, 1)
    1.0
    """
    z, w = np.polynomial.hermite_e.hermegauss(order)
    log_w = np.log(w) - np.log(w.sum())
    nodes = np.array(list(product(z, repeat=d)))
    weights = np.array([sum(c) for c in product(log_w, repeat=d)])
    return Rule(nodes, weights, f"Gauss–Hermite quadrature, {order} nodes" + (" a direction" if d > 1 else ""))


def even(nodes: int) -> Rule:
    """The trapezoidal rule in one direction: for functions that are nearly steps, which polynomials follow badly.

    Its error falls exponentially with the number of nodes (Trefethen & Weideman 2014, SIAM Review 56:385–458).

    Examples
    --------
    >>> rule = even(41)
    >>> round(float(np.exp(rule.log_weights) @ rule.nodes[:, 0] ** 2), 12)  # the variance of N(0, 1)
    1.0
    """
    z = np.linspace(-REACH, REACH, nodes)
    log_w = -0.5 * z**2
    return Rule(z[:, None], log_w - np.log(np.exp(log_w).sum()), f"trapezoidal rule, {nodes} nodes")


def scattered(points: int, d: int, seed: int) -> Rule:
    """Equally weighted normal points: a scrambled Sobol sequence (Owen 1998, Journal of Complexity 14:466–489)."""
    uniform = qmc.Sobol(d, scramble=True, rng=np.random.default_rng(seed)).random(points)
    nodes = ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))
    return Rule(nodes, np.full(points, -np.log(points)), f"importance sampling, {points} points")
