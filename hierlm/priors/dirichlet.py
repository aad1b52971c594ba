"""Dirichlet: the prior of shares that add up to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["Dirichlet"]


@dataclass(frozen=True)
class Dirichlet:
    """p(φ) ∝ Π φ_k^(α − 1) over shares that add up to one; α = 1 is uniform, smaller α favours few large ones.

    It comes with joint priors, and cannot be given by itself.

    Parameters
    ----------
    concentration : float
        α, the same for every share.
    size : int
        K.
    """

    concentration: float
    size: int

    def shares(self, name: str, *, dims: str) -> Any:
        """Add the shares to the PyMC model on the context stack."""
        return pm.Dirichlet(name, np.full(self.size, self.concentration), dims=dims)

    def log_density(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """log p of shares (…, K)."""
        a, K = self.concentration, self.size
        with np.errstate(divide="ignore"):
            return np.asarray(gammaln(K * a) - K * gammaln(a) + (a - 1.0) * np.log(shares).sum(axis=-1))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"dirichlet": {"concentration": self.concentration, "size": self.size}}

    def __str__(self) -> str:
        return f"Dirichlet({self.concentration:.4g} × {self.size})"
