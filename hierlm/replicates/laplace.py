"""Maximum likelihood of a mixed model whose response is not normal, by Laplace's approximation: no priors.

η = offset + X β + Z Λ w, w ~ N(0, I); Λ(θ) is block diagonal with a k × k factor per level.  With ŵ the mode of
h(w) = Σ log p(y_i | η_i) − ½ w'w, Ω = −diag(∂² log p/∂η²) there and H = I + ΛᵀZᵀΩZΛ,

    log p(y | θ, β, φ) ≈ h(ŵ) − ½ log |H|,

which is maximised over θ, β and log φ, φ the family's further parameters.  It is exact without effects, and where the
response is normal.

Source: Bates, Mächler, Bolker & Walker (2015), Journal of Statistical Software 67(1), section 1; Kristensen, Nielsen,
Berg, Skaug & Bell (2016), Journal of Statistical Software 70(5), for the gradient by the implicit function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve, qr
from scipy.optimize import minimize

from hierlm import names
from hierlm.graph.evaluate import kept, kept_sample
from hierlm.kernels.responses import RESPONSES
from hierlm.kernels.rowwise import rows_at
from hierlm.model.values import ModelResponse
from hierlm.posterior.family_values import family_values
from hierlm.replicates.profiled import LARGE, SMALL, Estimate, Part, left_parts

__all__ = ["Laplace"]

Floats = NDArray[np.float64]
STEPS, HALVINGS, STEP = 60, 20, 1e-4
"""Of Newton's method at most; of one of its steps; of differences in η and log φ."""
LARGEST = 30.0
"""Standard deviations of effects on the scale of a linear predictor beyond this are none."""
DENSE = 40_000
"""Elements of Z that are kept as they are, zeros too."""


class Rows(NamedTuple):
    """Log-densities of the rows together, with their derivatives.

    Parameters
    ----------
    value : float
    slopes, weights : (n,) arrays
        ∂/∂η and −∂²/∂η².
    bars : (3,) array
        ∂/∂log φ of ``value``.
    """

    value: float
    slopes: Floats
    weights: Floats
    bars: Floats


@dataclass(frozen=True, eq=False)
class Laplace:
    """The design of a mixed model, ready for any response.

    Parameters
    ----------
    X : (n, p) array
    parts : tuple of Part
    response : ModelResponse
        Of one family with a kernel that is log-concave in η.
    offset, trials : (n,) arrays
    """

    X: Floats
    parts: tuple[Part, ...]
    response: ModelResponse
    offset: Floats
    trials: Floats
    Z: Any
    Q: Floats
    """Columns that span those of X, of length √n."""

    @classmethod
    def of(cls, X: Floats, parts: Sequence[Part], response: ModelResponse, offset: Floats) -> Laplace:
        """From the matrices."""
        n = len(X)
        Z: Any = np.hstack([np.zeros((n, 0)), *(p.Z for p in parts)])
        Z = sparse.csr_array(Z) if Z.size > DENSE else Z
        trials = np.asarray(response.additions.get("trials", np.ones(n)), dtype=np.float64)
        return cls(X, tuple(parts), response, offset, trials, Z, qr(X, mode="economic")[0] * np.sqrt(n))

    def estimate(self, y: Floats) -> Estimate:
        """The optimum for a response, from θ = 1 on the diagonal; where that ends at zero, from θ small too."""
        diagonal = np.concatenate([np.zeros(0, dtype=bool), *(p.diagonal for p in self.parts)])
        k, p, a = len(diagonal), self.X.shape[1], len(self.response.free)
        bounds = [(0.0 if d else -LARGEST, LARGEST) for d in diagonal] + [(-np.inf, np.inf)] * p + [(-15.0, 15.0)] * a
        first, found = self._first(y), []
        for start in (1.0, 0.1):
            w = np.zeros(self.Z.shape[1])
            begin = np.concatenate([np.where(diagonal, start, 0.0), first, np.zeros(a)])
            made = minimize(
                self._deviance,
                begin,
                (y, w),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"ftol": 1e-11, "gtol": 1e-5, "maxiter": 300},
            )
            found.append(np.asarray(made.x))
            if (made.x[:k][diagonal] > SMALL).all():  # inside: no second look
                break
        found += [np.concatenate([np.where(np.abs(x[:k]) < SMALL, 0.0, x[:k]), x[k:]]) for x in found]
        deviances = [self._deviance(x, y, np.zeros(self.Z.shape[1]))[0] for x in found]
        best = found[int(np.argmin(deviances))]
        beta = np.linalg.lstsq(self.X, self.Q @ best[k : k + p], rcond=None)[0]
        free = dict(zip(self.response.free, np.exp(best[k + p :]), strict=True))
        return Estimate(min(deviances), best[:k], beta, 1.0, free)

    def simulate(self, at: Estimate, rng: np.random.Generator) -> Floats:
        """A response drawn at an estimate, by the family's own distribution."""
        eta = self.offset + self.X @ at.beta + self.Z @ (self._factor(at.theta) @ rng.standard_normal(self.Z.shape[1]))
        free = {name: np.array([[value]]) for name, value in at.free.items()}
        drawn = family_values(
            lambda given, parameters: self.response.family.distribution(given, **parameters),
            self.response,
            self.response.additions,
            {names.MEAN: eta[None]},
            free,
            compute=partial(_drawn(self._key), seed=rng),
        )
        return np.asarray(drawn, dtype=np.float64).reshape(-1)

    def factors(self, theta: Floats) -> list[Floats]:
        """The factor of one level of every part."""
        ends = np.cumsum([p.size for p in self.parts])
        return [p.factor(theta[end - p.size : end]) for p, end in zip(self.parts, ends, strict=True)]

    def without(self, drop: Sequence[tuple[int, tuple[int, ...]]]) -> Laplace:
        """The same without some effects, (part, effects) each."""
        return Laplace.of(self.X, left_parts(self.parts, drop), self.response, self.offset)

    @property
    def _key(self) -> str:
        return f"{self.response.family.name}:{self.response.links[names.MEAN].name}"

    def _first(self, y: Floats) -> Floats:
        """Coefficients of Q by least squares on the scale of the link, responses drawn half way to their mean."""
        shares = y / self.trials
        link = self.response.links[names.MEAN]
        eta = _asked(link.name)(link.link, mu=(shares + shares.mean()) / 2.0)
        eta = np.where(np.isfinite(eta), eta, self.offset) - self.offset
        return np.asarray(self.Q.T @ eta / len(y))

    def _factor(self, theta: Floats) -> Any:
        """Λ, (q, q)."""
        each = [
            np.kron(np.eye(p.Z.shape[1] // p.k), F)
            if isinstance(self.Z, np.ndarray)
            else sparse.kron(sparse.eye_array(p.Z.shape[1] // p.k), F)
            for p, F in zip(self.parts, self.factors(theta), strict=True)
        ]
        if isinstance(self.Z, np.ndarray):
            out, at = np.zeros((self.Z.shape[1], self.Z.shape[1])), 0
            for block in each:
                out[at : at + len(block), at : at + len(block)] = block
                at += len(block)
            return out
        return sparse.csr_array(sparse.block_diag(each))

    def _rows(self, y: Floats, eta: Floats, log_aux: Floats) -> Rows:
        slopes, weights, bars = np.empty(len(y)), np.empty(len(y)), np.zeros(3)
        value = rows_at(RESPONSES[self._key].rows.address, y, self.trials, eta, log_aux, slopes, weights, bars)
        return Rows(value, slopes, weights, bars)

    def _mode(self, y: Floats, fixed: Floats, V: Any, log_aux: Floats, w: Floats) -> tuple[Floats, Rows, Any]:
        """(η, rows, the Cholesky factor of H) at ŵ, which is left in ``w``; by Newton's method from there or zero."""
        if not np.isfinite(w).all():
            w[:] = 0.0
        eta = fixed + V @ w
        now = self._rows(y, eta, log_aux)
        if not np.isfinite(now.value):
            w[:], eta = 0.0, fixed
            now = self._rows(y, eta, log_aux)
        for _ in range(STEPS):
            root = _root(V, now.weights)
            gradient = V.T @ now.slopes - w
            move = cho_solve(root, gradient)
            if not gradient @ move > 1e-12:
                break
            h, length = now.value - 0.5 * w @ w, 1.0
            for _ in range(HALVINGS):
                trial = w + length * move
                other = self._rows(y, fixed + V @ trial, log_aux)
                if other.value - 0.5 * trial @ trial > h - 1e-12 * abs(h):
                    break
                length /= 2.0
            else:
                break
            w[:], eta, now = trial, fixed + V @ trial, other
        return eta, now, _root(V, now.weights)

    def _deviance(self, x: Floats, y: Floats, w: Floats) -> tuple[float, Floats]:
        """−2 log-likelihood at (θ, coefficients of Q, log φ), up to a constant of y, and its gradient."""
        k, p = sum(part.size for part in self.parts), self.Q.shape[1]
        log_aux = np.zeros(2)
        log_aux[: len(x) - k - p] = x[k + p :]
        fixed, factor = self.offset + self.Q @ x[k : k + p], self._factor(x[:k])
        V = self.Z @ factor
        try:
            eta, now, root = self._mode(y, fixed, V, log_aux, w)
        except (LinAlgError, ValueError):
            return LARGE, np.zeros_like(x)
        value = now.value - 0.5 * w @ w - np.log(np.diag(root[0])).sum()
        if not np.isfinite(value):
            return LARGE, np.zeros_like(x)
        gradient = self._gradient(y, w, eta, now, root, V, factor, log_aux, len(x) - k - p)
        return float(-2.0 * value), -2.0 * np.where(np.isfinite(gradient), gradient, 0.0)

    def _gradient(
        self, y: Floats, w: Floats, eta: Floats, now: Rows, root: Any, V: Any, factor: Any, log_aux: Floats, a: int
    ) -> Floats:
        """Of the approximate log-likelihood; ŵ moves with the parameters, ∂ŵ = H⁻¹ ∂(∇h)."""
        inverse = cho_solve(root, np.eye(len(w)))
        VH = V @ inverse
        leverage = np.asarray((V * VH).sum(axis=1)).reshape(-1)
        up, down = self._rows(y, eta + STEP, log_aux), self._rows(y, eta - STEP, log_aux)
        c = -0.5 * leverage * (up.weights - down.weights) / (2 * STEP)
        v = inverse @ (V.T @ c)
        moved = now.weights * (V @ v)
        by_beta = self.Q.T @ (now.slopes + c - moved)
        s, c_, m = (self.Z.T @ column for column in (now.slopes, c, moved))
        determinant = self.Z.T @ (now.weights[:, None] * VH)  # ZᵀΩZΛH⁻¹
        by_theta, start = [], 0
        for part in self.parts:
            at = slice(start, start + part.Z.shape[1])
            left, right = (
                np.stack([s[at], c_[at] - m[at]]).reshape(2, -1, part.k),
                np.stack([(w + v)[at], w[at]]).reshape(2, -1, part.k),
            )
            levels = determinant[at, at].reshape(len(left[0]), part.k, -1, part.k)
            own = np.einsum("lalb->ab", levels)
            by_theta.append(part.gradient(np.einsum("tla,tlb->ab", left, right) - own))
            start += part.Z.shape[1]
        by_aux = []
        for j in range(a):
            step = STEP * (np.arange(2) == j)
            up, down = self._rows(y, eta, log_aux + step), self._rows(y, eta, log_aux - step)
            bent = -0.5 * leverage @ (up.weights - down.weights) + v @ (V.T @ (up.slopes - down.slopes))
            by_aux.append(now.bars[j] + bent / (2 * STEP))
        return np.concatenate([*by_theta, by_beta, by_aux])


@cache
def _asked(link: str) -> Any:
    """What computes a link: set up once, for links of the registry only."""
    return kept()


@cache
def _drawn(key: str) -> Any:
    """What draws from a family, likewise."""
    return kept_sample()


def _root(V: Any, weights: Floats) -> Any:
    """The Cholesky factor of H = I + VᵀΩV."""
    H = V.T @ (V * weights[:, None])
    H = np.array(H if isinstance(H, np.ndarray) else H.toarray())
    H.flat[:: len(H) + 1] += 1.0
    return cho_factor(H, lower=True)
