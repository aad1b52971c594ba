"""Maximum and restricted likelihood of a normal mixed model, as a frequentist fits it: no priors.

y = X β + Z Λ u + e, u ~ N(0, σ² I), e ~ N(0, σ² I); Λ(θ) is block diagonal with a k × k factor per level.  With
B = ΛᵀZᵀZΛ + I = L Lᵀ, β and σ profiled out, and r² the penalised residual sum of squares,

    −2 log ML = 2 Σ log L_ii + n (1 + log 2π r²/n),
    −2 log REML = 2 Σ log L_ii + 2 Σ log R_ii + (n − p) (1 + log 2π r²/(n − p)),   RᵀR = XᵀV⁻¹X σ².

Source: Bates, Mächler, Bolker & Walker (2015), Journal of Statistical Software 67(1), section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

__all__ = ["LARGE", "SMALL", "Estimate", "Part", "Profiled", "left_parts"]

Floats = NDArray[np.float64]
LARGE, LARGEST = 1e10, 1e4
"""A deviance that is none; the largest standard deviation in units of σ."""
SMALL = 1e-3
"""Below, an element of θ may be zero."""


@cache
def _triangle(k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.tril_indices(k)


@dataclass(frozen=True, eq=False)
class Part:
    """Effects of one grouping that share a factor.

    Parameters
    ----------
    Z : (n, levels · k) array
        Effects of one level side by side.
    k : int
    shared : tuple of tuple of int
        Effects that have one standard deviation.
    correlated : bool
        Whether the factor is any lower triangle, else diagonal.
    """

    Z: Floats
    k: int
    shared: tuple[tuple[int, ...], ...]
    correlated: bool

    @property
    def size(self) -> int:
        """How many elements of θ it has."""
        return self.k * (self.k + 1) // 2 if self.correlated else len(self.shared)

    @property
    def diagonal(self) -> NDArray[np.bool_]:
        """Which elements of θ lie on the diagonal, and so are not negative."""
        if not self.correlated:
            return np.ones(self.size, dtype=bool)
        i, j = _triangle(self.k)
        return np.asarray(i == j)

    def gradient(self, by_factor: Floats) -> Floats:
        """The derivative by θ from that by the elements of the factor, (k, k)."""
        if self.correlated:
            return np.asarray(by_factor[_triangle(self.k)])
        return np.array([by_factor[own, own].sum() for own in map(list, self.shared)])

    def factor(self, theta: Floats) -> Floats:
        """The lower triangle of one level."""
        L = np.zeros((self.k, self.k))
        if self.correlated:
            L[_triangle(self.k)] = theta
        else:
            for value, own in zip(theta, self.shared, strict=True):
                L[own, own] = value
        return L


@dataclass(frozen=True, eq=False)
class Estimate:
    """Where the likelihood is largest.

    Parameters
    ----------
    deviance : float
        −2 log-likelihood there.
    theta : array
    beta : (p,) array
    sigma : float
        The residual standard deviation; 1 where there is none.
    free : mapping of str to float
        Further parameters of the family.
    """

    deviance: float
    theta: Floats
    beta: Floats
    sigma: float
    free: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Profiled:
    """The design of a normal mixed model, ready for any response.

    Parameters
    ----------
    X : (n, p) array
    parts : tuple of Part
    restricted : bool
        REML rather than ML.
    """

    X: Floats
    parts: tuple[Part, ...]
    restricted: bool
    Z: Floats
    ZZ: Floats
    ZX: Floats
    XX: Floats

    @classmethod
    def of(cls, X: Floats, parts: Sequence[Part], *, restricted: bool) -> Profiled:
        """From the matrices; products are made once."""
        Z = np.hstack([np.zeros((len(X), 0)), *(p.Z for p in parts)])
        return cls(X, tuple(parts), restricted, Z, Z.T @ Z, Z.T @ X, X.T @ X)

    def estimate(self, y: Floats) -> Estimate:
        """The optimum for a response, from θ = 1 on the diagonal; where that ends at zero, from θ small too."""
        given = self.Z.T @ y, self.X.T @ y, float(y @ y)
        diagonal = np.concatenate([np.zeros(0, dtype=bool), *(p.diagonal for p in self.parts)])
        if not len(diagonal):
            return self._at(np.zeros(0), given)
        bounds = [(0.0 if d else -LARGEST, LARGEST) for d in diagonal]
        found: list[Estimate] = []
        for start in (1.0, 0.1):
            made = minimize(
                self._deviance,
                np.where(diagonal, start, 0.0),
                (given,),
                method="L-BFGS-B",
                bounds=bounds,
                options={"ftol": 1e-10, "gtol": 1e-5, "maxiter": 200},
            )
            found.append(self._at(np.asarray(made.x), given))
            if (found[-1].theta[diagonal] > SMALL).all():  # inside: no second look
                break
        found += [self._at(np.where(np.abs(e.theta) < SMALL, 0.0, e.theta), given) for e in found]
        return min(found, key=lambda e: e.deviance)

    def simulate(self, at: Estimate, rng: np.random.Generator) -> Floats:
        """A response drawn at an estimate."""
        u, e = rng.standard_normal((self.Z.shape[1], 1)), rng.standard_normal((len(self.X),))
        effects: Floats = self._each(self.factors(at.theta), u)[:, 0]
        return np.asarray(self.X @ at.beta + at.sigma * (self.Z @ effects + e))

    def _deviance(self, theta: Floats, given: tuple[Floats, Floats, float]) -> float:
        """−2 log-likelihood, large where θ is too large to tell the common effects from those of groups."""
        try:
            return self._at(theta, given).deviance
        except np.linalg.LinAlgError:
            return LARGE

    def _at(self, theta: Floats, given: tuple[Floats, Floats, float]) -> Estimate:
        """Deviance at θ, with β and σ there."""
        Zy, Xy, yy = given
        n, p = self.X.shape
        transposed = [F.T for F in self.factors(theta)]
        B = self._each(transposed, self._each(transposed, self.ZZ).T)
        B.flat[:: len(B) + 1] += 1.0
        columns = self._each(transposed, np.column_stack([self.ZX, Zy]))
        L = cholesky(B, lower=True, overwrite_a=True, check_finite=False) if len(B) else B
        solved = solve_triangular(L, columns, lower=True, check_finite=False) if len(B) else columns
        RZX, c = solved[:, :p], solved[:, p]
        R = cholesky(self.XX - RZX.T @ RZX, check_finite=False) if p else np.zeros((0, 0))
        right = Xy - RZX.T @ c
        d = solve_triangular(R, right, trans="T", check_finite=False) if p else right
        squares = max(float(yy - c @ c - d @ d), 1e-300)
        beta = solve_triangular(R, d, check_finite=False) if p else right
        left = n - p if self.restricted else n
        deviance = 2 * np.log(np.diag(L)).sum() + left * (1 + np.log(2 * np.pi * squares / left))
        if self.restricted:
            deviance += 2 * np.log(np.diag(R)).sum()
        return Estimate(float(deviance), theta, beta, float(np.sqrt(squares / left)))

    def factors(self, theta: Floats) -> list[Floats]:
        """The factor of one level of every part."""
        ends = np.cumsum([p.size for p in self.parts])
        return [p.factor(theta[end - p.size : end]) for p, end in zip(self.parts, ends, strict=True)]

    def _each(self, factors: Sequence[Floats], M: Floats) -> Floats:
        """A factor of every part, times the rows of each of its levels."""
        out, start = np.empty_like(M), 0
        for part, F in zip(self.parts, factors, strict=True):
            stop = start + part.Z.shape[1]
            levels = M[start:stop].reshape(-1, part.k, M.shape[1])
            out[start:stop] = np.matmul(F, levels).reshape(stop - start, -1)
            start = stop
        return out

    def without(self, drop: Sequence[tuple[int, tuple[int, ...]]]) -> Profiled:
        """The same without some effects, (part, effects) each."""
        return Profiled.of(self.X, left_parts(self.parts, drop), restricted=self.restricted)


def left_parts(parts: Sequence[Part], drop: Sequence[tuple[int, tuple[int, ...]]]) -> list[Part]:
    """The parts without some effects, (part, effects) each; a part of which nothing is left is gone."""
    left, found = dict(drop), []
    for i, part in enumerate(parts):
        gone = left.get(i, ())
        keep = [e for e in range(part.k) if e not in gone]
        if not keep:
            continue
        n = len(part.Z)
        Z = part.Z.reshape(n, -1, part.k)[:, :, keep].reshape(n, -1)
        shared = tuple(s for s in (tuple(keep.index(e) for e in own if e in keep) for own in part.shared) if s)
        found.append(replace(part, Z=Z, k=len(keep), shared=shared))
    return found
