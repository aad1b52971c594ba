"""The log-likelihood of each level's rows as a function of the mean's linear predictor, all else at posterior means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from scipy import sparse

from hierlm import names
from hierlm.families.family import Predicted
from hierlm.graph.evaluate import PYTHON
from hierlm.links import get_link
from hierlm.posterior.draws import effect_draws, select
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, chunks, linear_predictor
from hierlm.posterior.whitening import Whitening, whitener

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.values import GroupBlock, ModelResponse

__all__ = ["BlockLikelihood", "LevelLikelihood", "RowLikelihood", "by_level", "level_likelihood", "mean_predictor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Derivatives = tuple[Floats, Floats, Floats]
"""Of every level: ℓ (J,), its gradient (J, K), and minus its second derivatives (J, K, K)."""


class LevelLikelihood(ABC):
    """What rows say about effects of their levels."""

    @abstractmethod
    def derivatives(self, eta: Floats, Z: Floats, codes: Ints, J: int) -> Derivatives:
        """ℓ_j as a function of c_j, η = … + Σ_k Z[:, k] c[codes, k], at a value of η."""

    @abstractmethod
    def information(self, eta: Floats) -> Floats | sparse.csr_array:
        """What the rows say about η: a number for each row, or a matrix, (n, n)."""


@final
class RowLikelihood(LevelLikelihood):
    """Rows that are independent given η."""

    def __init__(self, fit: Fit, response: ModelResponse) -> None:
        eta = pt.dvector("eta")
        additions: dict[str, Any] = {a: pt.constant(v) for a, v in response.additions.items()}
        y = response.y.astype(np.int64) if response.family.discrete else response.y
        predicted = predicted_at(fit, response, eta)
        density = pm.logp(response.family.distribution(additions, **predicted), pt.constant(y))
        if "weights" in additions:
            density = additions["weights"] * density
        density = density + pt.zeros_like(eta)
        slope = pt.grad(density.sum(), eta)
        curvature = -pt.grad(slope.sum(), eta, disconnected_inputs="ignore")
        self._compiled = pytensor.function([eta], [density, slope, curvature], mode=PYTHON)

    def derivatives(self, eta: Floats, Z: Floats, codes: Ints, J: int) -> Derivatives:
        """See :meth:`LevelLikelihood.derivatives`."""
        density, slope, curvature = (np.asarray(v) for v in self._compiled(eta))
        gradient = np.stack([np.bincount(codes, slope * z, J) for z in Z.T], axis=1)
        return np.bincount(codes, density, J), gradient, by_level(Z, codes, J, curvature)

    def information(self, eta: Floats) -> Floats:
        """Minus the second derivative of each row's log density, where that is positive."""
        return np.maximum(np.asarray(self._compiled(eta)[2]), 0.0)


@final
class BlockLikelihood(LevelLikelihood):
    """Rows whose residuals are correlated within blocks, each inside one level.

    Of a block e = (T(y) − μ)/σ, z = L⁻¹ e with L Lᵀ = R, and ℓ = log g(q), q = |z|².  With Y = ∂z/∂c the derivatives
    are ∇ℓ = 2 g₁ Yᵀz and −∇²ℓ = −2 g₁ YᵀY − 4 g₂ (Yᵀz)(Yᵀz)ᵀ, g₁ and g₂ those of log g; the curvature of a link other
    than the identity is left out (Gauss–Newton).
    """

    def __init__(self, fit: Fit, response: ModelResponse) -> None:
        residual, law = fit.model.residual, response.family.errors
        assert residual is not None
        assert law is not None
        self.codes, self.sizes = residual.codes, np.bincount(residual.codes, minlength=len(residual.levels))
        rescor = select(fit, names.RESIDUAL, residual.labels).mean(axis=0)
        self.whiten: Whitening = whitener(residual)(rescor[None])
        eta = pt.dvector("eta")
        predicted = predicted_at(fit, response, eta)
        mean, scale = predicted[names.MEAN].value, predicted[str(response.family.residual_scale)].value
        e = (law.scale_of(pt.constant(response.y)) - mean) / scale + pt.zeros_like(eta)
        self._errors = pytensor.function([eta], [e, pt.grad(e.sum(), eta)], mode=PYTHON)
        q = pt.dvector("q")
        parameters = {p: pt.constant(float(select(fit, p, [response.label or ""]).mean())) for p in law.parameters}
        value = law.log_density(q, pt.constant(self.sizes.astype(np.float64)), parameters)
        first = pt.grad(value.sum(), q)
        second = pt.grad(first.sum(), q, disconnected_inputs="ignore")
        self._law = pytensor.function([q], [value, first + 0 * q, second + 0 * q], mode=PYTHON)
        self._share = np.asarray(
            law.information(self.sizes.astype(np.float64), {p: v.eval() for p, v in parameters.items()})
        )

    def derivatives(self, eta: Floats, Z: Floats, codes: Ints, J: int) -> Derivatives:
        """See :meth:`LevelLikelihood.derivatives`."""
        e, slope = (np.asarray(v) for v in self._errors(eta))
        z, Y = self.whiten(e[None])[0], self.whiten((slope[:, None] * Z)[None])[0]
        B, home = len(self.sizes), np.zeros(len(self.sizes), dtype=np.int64)
        home[self.codes] = codes
        density, first, second = (np.asarray(v) for v in self._law(np.bincount(self.codes, z**2, B)))
        s = np.stack([np.bincount(self.codes, z * y, B) for y in Y.T], axis=1)
        H = by_level(Y, self.codes, B, np.ones(len(Y)))
        bent = -2 * first[:, None, None] * H - 4 * second[:, None, None] * s[:, :, None] * s[:, None, :]
        gradient, hessian = np.zeros((J, Z.shape[1])), np.zeros((J, Z.shape[1], Z.shape[1]))
        np.add.at(gradient, home, 2 * first[:, None] * s)
        np.add.at(hessian, home, bent)
        return np.bincount(home, density, J), gradient, hessian

    def information(self, eta: Floats) -> sparse.csr_array:
        """What is expected of every block, (∂μ/∂η /σ) R⁻¹ (∂μ/∂η /σ) times the share that its law says."""
        slope = np.asarray(self._errors(eta)[1])
        W = self._inverse_root() @ sparse.diags_array(slope)
        return sparse.csr_array(W.T @ sparse.diags_array(self._share[self.codes]) @ W)

    def _inverse_root(self) -> sparse.csr_array:
        """L⁻¹ of all rows."""
        n, whiten = len(self.codes), self.whiten
        if whiten.steps is not None or not whiten.factors:
            root = sparse.lil_array((n, n))
            root.setdiag(1.0)
            if whiten.steps is not None:
                own, a, v = whiten.steps
                root[own.later, own.later] = 1 / np.sqrt(v[0])
                root[own.later, own.before] = -a[0] / np.sqrt(v[0])
            return root.tocsr()
        order = np.argsort(self.codes, kind="stable")
        rank = np.empty(n, dtype=np.int64)
        rank[order] = np.arange(n) - np.repeat(np.cumsum(self.sizes) - self.sizes, self.sizes)
        units = np.zeros((n, int(self.sizes.max())))
        units[np.arange(n), rank] = 1.0
        found = self.whiten(units[None])[0]  # row i: L⁻¹ of its block, whose columns are the block's rows by rank
        i, k = np.nonzero(np.arange(units.shape[1]) < self.sizes[self.codes][:, None])
        first = np.cumsum(self.sizes) - self.sizes
        columns = order[first[self.codes[i]] + k]
        return sparse.csr_array((found[i, k], (i, columns)), shape=(n, n))


def level_likelihood(fit: Fit, response: ModelResponse) -> LevelLikelihood:
    """The likelihood of the rows of each level, whether residuals are correlated or not."""
    return RowLikelihood(fit, response) if fit.model.residual is None else BlockLikelihood(fit, response)


def predicted_at(fit: Fit, response: ModelResponse, eta: Any) -> dict[str, Predicted]:
    """All parameters of a response: the mean's linear predictor given, the others at posterior means."""
    predicted = {names.MEAN: Predicted(eta, response.links[names.MEAN])}
    for parameter, link in response.links.items():
        if parameter != names.MEAN:
            predicted[parameter] = Predicted(pt.constant(mean_predictor(fit, response, parameter)), link)
    for parameter in response.free:
        value = select(fit, parameter, [response.label or ""]).mean()
        predicted[parameter] = Predicted(pt.constant(float(value)), get_link("identity"))
    for parameter, labels in response.elements.items():
        elements = select(fit, parameter, labels).mean(axis=0)
        predicted[parameter] = Predicted(pt.constant(elements), get_link("identity"))
    return predicted


def mean_predictor(fit: Fit, response: ModelResponse, parameter: str) -> Floats:
    """The posterior mean of η of every row, variance functions included, (n,)."""
    predictor = next(p for p in fit.model.predictors if (p.response, p.parameter) == (response.name, parameter))
    if predictor.variances:
        return _mean_of_draws(fit, response, parameter)
    eta = predictor.offset + predictor.X @ select(fit, names.common(parameter), predictor.labels).mean(axis=0)
    for smooth in fit.model.smooths:
        (piece,) = smooth.pieces
        if (piece.response, piece.parameter) == (response.name, parameter):
            eta = eta + piece.Z @ select(fit, names.effects(smooth.group), smooth.effects).mean(axis=0)
    for group, blocks in fit.model.groups.items():
        _, effects, r = effect_draws(fit, group)
        mean = r.mean(axis=0)
        for block in blocks:
            for piece in block.pieces:
                if (piece.response, piece.parameter) == (response.name, parameter):
                    own = [effects.index(block.effects[e]) for e in piece.effects]
                    eta = eta + np.einsum("ik,ik->i", piece.Z, _at_rows(block, mean[:, own]))
    return eta


def _mean_of_draws(fit: Fit, response: ModelResponse, parameter: str) -> Floats:
    """The same by averaging draws, some rows at a time: variance functions are not linear in their parameters."""
    draws, rows, groups = Draws(fit.model, fit.posterior), at_rows(fit.model), tuple(fit.model.groups)
    none, eta = NewLevels(fit.model, draws, 0, zero=True), np.empty(rows.n)
    for at in chunks(draws.size, rows.n):
        eta[at] = linear_predictor(rows, draws, response.name, parameter, at, groups, none).mean(axis=0)
    return eta


def _at_rows(block: GroupBlock, effects: Floats) -> Floats:
    """(levels, k) → (n, k); of a multi-membership the weighted sums."""
    if block.members is None:
        return effects[block.codes]
    return np.einsum("im,imk->ik", block.members.weights, effects[block.members.codes])


def by_level(Z: Floats, codes: Ints, J: int, weights: Floats) -> Floats:
    """Σ over a level's rows of w z z', (J, K, K)."""
    K = Z.shape[1]
    out = np.empty((J, K, K))
    for a in range(K):
        for b in range(a + 1):
            out[:, a, b] = out[:, b, a] = np.bincount(codes, weights * Z[:, a] * Z[:, b], J)
    return out
