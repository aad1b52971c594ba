"""Packed problems read without the kernels: parameters, matrices and effects by plain NumPy, and points of the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pymc.model.transform.conditioning import remove_value_transforms
from scipy.linalg import block_diag
from scipy.special import expit

import hierlm as hl
from hierlm import names
from hierlm.kernels.parameters import Parameters, parameters
from hierlm.kernels.structure import Structure
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed
from hierlm.reductions.arrangement import Arrangement

MODE = "FAST_COMPILE"
EXCHANGEABLE = 1
Floats = np.ndarray


@dataclass(frozen=True)
class Natural:
    """What θ means: sds (positive), correlation factors without signs, Λ of every grouping with them, log |∂/∂θ|."""

    sds: Floats
    factors: tuple[Floats, ...]
    scaled: tuple[Floats, ...]
    positives: Floats
    log_jacobian: float


def natural(buffer: Floats, zeta: Floats) -> Natural:
    """θ = centre + axes ζ on the scales of the user, by formulas of its own."""
    p = parameters(buffer)
    theta = p.centre + p.axes @ zeta
    signed, total = np.zeros(len(p.sds)), 0.0
    for s, (place, value, unit, *_) in enumerate(p.sds):
        if place < 0:
            signed[s] = value
        elif unit < 0:
            signed[s], total = -unit * theta[int(place)], total + np.log(-unit)
        else:
            v = theta[int(place)]
            signed[s], total = unit * np.logaddexp(0.0, v), total + np.log(unit) - np.logaddexp(0.0, -v)
    positives = np.array([row[1] if row[0] < 0 else np.exp(theta[int(row[0])]) for row in p.positives])
    total += sum(theta[int(row[0])] for row in p.positives if row[0] >= 0)
    factors, scaled = [], []
    for g, k in enumerate(p.sizes):
        C, jacobian = _correlation(p, theta, g, int(k))
        sd = np.array([1.0 if p.owner[g, i] < 0 else signed[p.owner[g, i]] for i in range(k)])
        flip = np.sign(sd)
        scaled.append(sd[:, None] * C)
        factors.append(flip[:, None] * C * flip)
        total += jacobian
    return Natural(np.abs(signed), tuple(factors), tuple(scaled), positives, float(total))


def _correlation(p: Parameters, theta: Floats, g: int, k: int) -> tuple[Floats, float]:
    """(C, log Jacobian) in the graph's variables: u of exchangeable correlations, C below its diagonal of others."""
    C, total = np.eye(k), 0.0
    for row in p.cors:
        own, first, size, kind, _, place = row
        if int(own) != g:
            continue
        at, size, v = slice(int(first), int(first + size)), int(size), theta[int(place) :]
        if kind == EXCHANGEABLE:
            u = expit(v[0])
            r = (size * u - 1) / (size - 1)
            C[at, at] = np.linalg.cholesky(np.full((size, size), r) + (1 - r) * np.eye(size))
            total += np.log(u * (1 - u))
            continue
        part, n = np.eye(size), 0
        for i in range(1, size):
            z = np.tanh(v[n : n + i])
            left = np.sqrt(np.cumprod(np.append(1.0, 1 - z * z)))  # what the row's earlier elements leave
            part[i, : i + 1] = np.append(z, 1.0) * left
            total += np.log((1 - z * z) * left[:-1]).sum()
            n += i
        C[at, at] = part
    return C, total


def dense_design(model: hl.Model, place: Arrangement) -> tuple[Floats, Floats]:
    """(W, y less everything known): columns grouping by grouping, then the free coefficients."""
    response, predictor = model.responses[0], model.predictors[0]
    n, columns = len(response.y), []
    for g, group in enumerate(place.groups):
        W = np.zeros((n, place.levels[g], place.sizes[g]))
        for block in model.batches[group]:
            for piece in block.pieces:
                for c, effect in enumerate(piece.effects):
                    W[np.arange(n), block.codes, block.columns[effect]] += piece.Z[:, c]
        columns.append(W.reshape(n, -1))
    columns.append(predictor.X[:, place.free])
    return np.hstack(columns), response.y - predictor.offset - predictor.X @ place.means


def prior_factor(model: hl.Model, place: Arrangement, n: Natural) -> Floats:
    """Λ, dense, of columns in the order of the model's levels."""
    across = [np.linalg.cholesky(_relation(model.batches[group][0])) for group in place.groups]
    blocks = [np.kron(root, part) for root, part in zip(across, n.scaled, strict=True)]
    return block_diag(*[b for b in blocks if b.size], np.diag(place.scales)) if place.columns else np.zeros((0, 0))


def unrelated_factor(place: Arrangement, n: Natural) -> Floats:
    """Λ without relations, dense, of columns in any order of the levels."""
    blocks = [np.kron(np.eye(j), part) for j, part in zip(place.levels, n.scaled, strict=True)]
    return block_diag(*[b for b in blocks if b.size], np.diag(place.scales)) if place.columns else np.zeros((0, 0))


def relations(model: hl.Model, place: Arrangement) -> Floats:
    """The covariance of standardised effects, dense, columns in the order of elimination."""
    every = []
    for group, k, order in zip(place.groups, place.sizes, place.orders, strict=True):
        first = np.argsort(order)
        every.append(np.kron(_relation(model.batches[group][0])[np.ix_(first, first)], np.eye(k)))
    return block_diag(*[b for b in every if b.size], np.eye(len(place.free))) if place.columns else np.zeros((0, 0))


def _relation(block: GroupBlock) -> Floats:
    """The covariance across levels, in their order."""
    return np.eye(len(block.levels)) if block.relation is None else block.relation.dense(block.levels)


def unpacked(st: Structure, V: Floats, *, symmetric: bool = True) -> Floats:
    """A matrix of the structure's pattern, dense; its lower triangle or all of it."""
    A = np.zeros((st.columns, st.columns))
    for n in range(st.nodes):
        k, o, c = st.size[n], st.start[n], st.column[n]
        A[c : c + k, c : c + k] = V[o : o + k * k].reshape(k, k)
        rows = st.coupled[st.rows[n] : st.rows[n + 1]]
        A[rows, c : c + k] = V[o + k * k : o + k * k + len(rows) * k].reshape(len(rows), k)
    o, f = st.start[st.nodes], st.first_root
    A[f:, f:] = V[o : o + st.root**2].reshape(st.root, st.root)
    A = np.tril(A)
    return A + np.tril(A, -1).T if symmetric else A


def split(model: hl.Model, place: Arrangement, u: Floats) -> dict[str, Floats]:
    """``r_g`` of every grouping and ``b``, from columns in the order of elimination."""
    found = {}
    for group, j, k, start, order in zip(
        place.groups, place.levels, place.sizes, place.starts, place.orders, strict=True
    ):
        own = u[start : start + j * k].reshape(j, k)[order]
        found[names.effects(group)] = own[0] if group not in model.groups else own
    b = place.means.copy()
    b[place.free] += u[place.columns - len(place.free) :]
    return found | {"b": b}


def point(
    model: hl.Model, place: Arrangement, n: Natural, effects: Mapping[str, Floats], also: Mapping[str, Any]
) -> dict[str, Floats]:
    """The graph's free variables at these values.

    Parameters
    ----------
    effects
        As :func:`split` returns them.
    also : mapping of variable to value
        Variables of the graph that are not in the packed problem, or that it names otherwise.
    """
    known: dict[str, Any] = {"b": effects["b"], **dict(zip(model.responses[0].free, n.positives, strict=False))}
    number = 0
    for group, blocks in model.batches.items():
        count = sum(len(b.covariance.sd_groups(len(b.effects))) for b in blocks)
        if group in place.groups:
            known[names.sd(group)] = n.sds[number : number + count]
            number += count
            g = place.groups.index(group)
            if group not in model.groups:  # a smooth: one number, and a vector
                known[names.sd(group)] = known[names.sd(group)][0]
                known[names.offset_effects(group, 0)] = effects[names.effects(group)] / known[names.sd(group)]
                continue
            sd = np.array([1.0 if o < 0 else n.sds[o] for o in place.owner[g]])
            alike = np.linalg.solve(sd[:, None] * n.factors[g], effects[names.effects(group)].T).T
            known[names.offset_effects(group, 0)] = _unrelated(blocks[0], alike)
            for part, block in enumerate(blocks):
                known[names.internal(names.cor(group), part)] = _correlations(block, n.factors[g])
    return _of_the_graph(model, known | dict(also))


def _unrelated(block: GroupBlock, alike: Floats) -> Floats:
    """The graph's independent numbers."""
    if block.relation is None:
        return alike
    root = block.relation.correlate(pt.constant(np.eye(block.relation.size)), block.levels).eval()
    return np.linalg.solve(root, alike)


def _correlations(block: Any, C: Floats) -> Floats:
    """What the graph samples of one block's correlations."""
    k, first = len(block.effects), block.columns[0]
    factor = C[first : first + k, first : first + k]
    if k > 1 and block.covariance.correlation_kernel(k) == "exchangeable":
        return np.asarray((1 + (k - 1) * (factor @ factor.T)[0, 1]) / k)
    return factor


def _of_the_graph(model: hl.Model, known: dict[str, Any]) -> dict[str, Floats]:
    """The free variables; vectors in pieces are cut as the graph cuts them."""
    for variable in {a.variable for a in model.assignments if a.variable in known}:
        priors = [a.prior for a in model.assignments if a.variable == variable]
        kinds = [("fixed",) if isinstance(p, Fixed) else (p.name, tuple(p.arguments)) for p in priors]
        for number, kind in enumerate(dict.fromkeys(kinds)):
            own = [i for i, k in enumerate(kinds) if k == kind]
            known.setdefault(names.internal(variable, number), np.atleast_1d(known[variable])[own])
    return {rv.name: np.asarray(known[rv.name], dtype=float) for rv in model.pymc.free_RVs}


def graph_density(model: hl.Model) -> Callable[[dict[str, Floats]], float]:
    """log p(everything) of the PyMC graph on the scales of the user."""
    plain = remove_value_transforms(model.pymc)
    logp = plain.compile_logp(jacobian=False, mode=MODE)
    names_of_values = {rv.name: plain.rvs_to_values[rv].name for rv in plain.free_RVs}
    return lambda point: float(logp({names_of_values[name]: value for name, value in point.items()}))
