"""Sufficient statistics of a Gaussian model, and where everything lies in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hierlm import names
from hierlm.kernels.correlations import EXCHANGEABLE, UNSTRUCTURED
from hierlm.kernels.density import GaussianData
from hierlm.kernels.priors import CODES
from hierlm.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior

__all__ = ["Arrangement", "arrange", "gaussian_data"]

Floats = NDArray[np.float64]
KINDS = {"exchangeable": EXCHANGEABLE, "unstructured": UNSTRUCTURED}


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Where effects and coefficients lie: the grouping with most effects first (it is eliminated level by level).

    Parameters
    ----------
    groups : tuple of str
    levels, sizes : tuple of int
        Levels and effects a level of every grouping.
    starts : tuple of int
        First column among the rest (0 for the eliminated one, which has none there).
    owner : tuple of tuple of int
        The sd parameter of every effect of every grouping, −1 for one.
    free : (p,) int array
        Coefficients that are not fixed: the last columns of the rest.
    means, scales : arrays
        Prior mean (or fixed value) of every coefficient; prior sd of the free ones.
    rest : int
        Columns of the rest.
    """

    groups: tuple[str, ...]
    levels: tuple[int, ...]
    sizes: tuple[int, ...]
    starts: tuple[int, ...]
    owner: tuple[tuple[int, ...], ...]
    free: NDArray[np.int64]
    means: Floats
    scales: Floats
    rest: int

    @property
    def size(self) -> int:
        """Effects and coefficients altogether."""
        return (self.levels[0] * self.sizes[0] if self.groups else 0) + self.rest


def arrange(model: Model) -> Arrangement:
    """The arrangement of a model of one response with Normal (or fixed) coefficients."""
    width = {g: sum(len(b.effects) for b in blocks) for g, blocks in model.groups.items()}
    count = {g: len(blocks[0].levels) for g, blocks in model.groups.items()}
    groups = tuple(sorted(model.groups, key=lambda g: -width[g] * count[g]))
    starts, column = [], 0
    for g, group in enumerate(groups):
        starts.append(0 if g == 0 else column)
        column += 0 if g == 0 else count[group] * width[group]
    priors = [a.prior for a in model.assignments if a.variable == names.common(names.MEAN)]
    free = np.array([j for j, p in enumerate(priors) if not isinstance(p, Fixed)], dtype=np.int64)
    means = np.array([p.value if isinstance(p, Fixed) else p.arguments.get("mu", 0.0) for p in priors])  # type: ignore[union-attr]
    scales = np.array([priors[j].arguments.get("sigma", 1.0) for j in free])
    owner, number = {}, 0
    for group in model.groups:  # sd parameters are numbered in the order of the assignments
        mine = [-1] * width[group]
        for block in model.groups[group]:
            for shared in block.covariance.sd_groups(len(block.effects)):
                for i in shared:
                    mine[block.columns[i]] = number
                number += 1
        owner[group] = tuple(mine)
    return Arrangement(
        groups=groups,
        levels=tuple(count[g] for g in groups),
        sizes=tuple(width[g] for g in groups),
        starts=tuple(starts),
        owner=tuple(owner[g] for g in groups),
        free=free,
        means=means,
        scales=scales,
        rest=column + len(free),
    )


def gaussian_data(model: Model) -> GaussianData:
    """One pass over the rows: everything that the marginal density needs."""
    place = arrange(model)
    (response,), predictor = model.responses, model.predictors[0]
    weights = response.additions.get("weights", np.ones(len(response.y)))
    errors = response.additions.get("se", np.ones(len(response.y)))
    omega = weights / errors**2
    y = response.y - predictor.offset - predictor.X @ place.means
    W_E, W_R = _columns(model, place)
    OW = sparse.diags_array(omega) @ W_R
    J, k = (place.levels[0], place.sizes[0]) if place.groups else (0, 1)
    ptr, idx, val = _couplings(W_E, OW, J, k, place.rest)
    squares = np.zeros((J, k, k))
    for a in range(k if J else 0):
        for b in range(k):
            product = (W_E[:, a::k].multiply(W_E[:, b::k])).T @ omega
            squares[:, a, b] = product
    sds, cors, dimension = _parameters(model, place)
    sigma = _sigma(model, dimension)
    return GaussianData(
        dimension=dimension + int(sigma[0] >= 0),
        N=float(weights.sum()),
        half_log_w=float(-(weights * np.log(errors)).sum()),
        yy=float(omega @ y**2),
        S_EE=squares,
        r_E=(W_E.T @ (omega * y)).reshape(J, k),
        ptr=ptr,
        idx=idx,
        val=val,
        S_RR=(W_R.T @ OW).toarray(),
        r_R=W_R.T @ (omega * y),
        layout=np.array(
            [(s, j, z) for s, j, z in zip(place.starts[1:], place.levels[1:], place.sizes[1:], strict=True)],
            dtype=float,
        ).reshape(-1, 3),
        scales=place.scales,
        sizes=np.array(place.sizes, dtype=float),
        owner=_padded(place),
        sds=sds,
        cors=cors,
        sigma=sigma,
    )


def _columns(model: Model, place: Arrangement) -> tuple[sparse.csr_array, sparse.csr_array]:
    """(W_E (n, J k), W_R (n, q)), sparse: level-major columns of every grouping, then the free columns of X."""
    n, blocks = len(model.responses[0].y), []
    for group, J, k in zip(place.groups, place.levels, place.sizes, strict=True):
        Z = np.zeros((n, k))
        for block in model.groups[group]:
            for piece in block.pieces:
                for c, effect in enumerate(piece.effects):
                    Z[:, block.columns[effect]] = piece.Z[:, c]
        codes = model.groups[group][0].codes
        columns = codes[:, None] * k + np.arange(k)
        blocks.append(sparse.csr_array((Z.ravel(), columns.ravel(), np.arange(0, n * k + 1, k)), shape=(n, J * k)))
    X = sparse.csr_array(model.predictors[0].X[:, place.free])
    rest = sparse.hstack([*blocks[1:], X], format="csr") if len(blocks) > 1 else X
    return (blocks[0] if blocks else sparse.csr_array((n, 0))), rest


def _couplings(W_E: sparse.csr_array, OW: sparse.csr_array, J: int, k: int, q: int) -> tuple[Floats, Floats, Floats]:
    """WᵀΩW between the eliminated levels and the rest: (ptr, idx, val), the columns of each level in order."""
    product = (W_E.T @ OW).tocoo()
    level, effect = np.divmod(product.row, k)
    keys, position = np.unique(level.astype(np.int64) * max(q, 1) + product.col, return_inverse=True)
    val = np.zeros((len(keys), k))
    np.add.at(val, (position, effect), product.data)
    at, idx = np.divmod(keys, max(q, 1))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=J)[:J])])
    return ptr.astype(float), idx.astype(float), val


def _padded(place: Arrangement) -> Floats:
    width = max(place.sizes, default=1)
    owner = np.full((len(place.groups), width), -1.0)
    for g, mine in enumerate(place.owner):
        owner[g, : len(mine)] = mine
    return owner


def _row(prior: Prior | Fixed, place: int) -> list[float]:
    """(place in θ, value, unit, prior code, its arguments) of a positive parameter."""
    if isinstance(prior, Fixed):
        return [-1.0, prior.value, 1.0, 0.0, 0.0, 0.0]
    code, arguments = CODES[prior.name]
    values = [prior.arguments[a] for a in arguments] + [0.0, 0.0]
    typical = prior.typical()
    return [float(place), typical, typical / 2.5, float(code), *values[:2]]


def _parameters(model: Model, place: Arrangement) -> tuple[Floats, Floats, int]:
    """(rows of the sds, rows of the correlations, how many of θ they take)."""
    sds, cors, dimension = [], [], 0
    for group in model.groups:
        for a in model.assignments:
            if a.variable == names.sd(group):
                sds.append(_row(a.prior, dimension))  # type: ignore[arg-type]
                dimension += int(sds[-1][0] >= 0)
    for g, group in enumerate(place.groups):
        for block in model.groups[group]:
            k = len(block.effects)
            if block.covariance.correlated(k):
                label = ", ".join(block.effects)
                prior = next(a.prior for a in model.assignments if a.variable == names.cor(group) and a.label == label)
                kind = KINDS[block.covariance.correlation_kernel(k)]  # type: ignore[index]
                cors.append([g, block.columns[0], k, kind, prior.eta, dimension])  # type: ignore[union-attr]
                dimension += 1 if kind == EXCHANGEABLE else k * (k - 1) // 2
    return np.array(sds, dtype=float).reshape(-1, 6), np.array(cors, dtype=float).reshape(-1, 6), dimension


def _sigma(model: Model, place: int) -> Floats:
    """The row of σ; fixed at one where standard errors are known."""
    (response,) = model.responses
    if not response.free:
        return np.array([-1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    prior = next(a.prior for a in model.assignments if a.variable == response.free[0])
    return np.array(_row(prior, place))  # type: ignore[arg-type]
