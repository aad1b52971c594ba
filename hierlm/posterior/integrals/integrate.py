"""log p(y_g | θ): the rows of a whole group given a draw of everything else, its own effects integrated out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.model import Model
from hierlm.model.subset import unknown_parts
from hierlm.posterior.integrals.correlated import CorrelatedLikelihood, check_blocks
from hierlm.posterior.integrals.likelihood import Likelihood
from hierlm.posterior.integrals.making import AnyLikelihood, make_batch
from hierlm.posterior.integrals.quadrature import Answer, integral
from hierlm.posterior.integrals.units import Units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import CHUNK, Draws, Rows, linear_predictor

__all__ = ["Integrated", "Ys", "integrate", "likelihoods_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ys = Mapping[str, Floats]

LOOKED_AT = 2000
"""Rows at which the structure is compared."""


@dataclass(frozen=True, eq=False)
class Integrated:
    """Densities with the effects of a unit integrated out.

    Parameters
    ----------
    units : (S, U) array
        log p(y_u | θ), all rows of a unit together.
    rows : (S, n) array or None
        log p(y_i | other rows of its unit, θ).
    error : (U,) array
        The largest error of ``units`` that was seen: zero where the integrals are exact.
    method : str
        How the integrals were done.
    """

    units: Floats
    rows: Floats | None
    error: Floats
    method: str


def integrate(
    model: Model, rows: Rows, draws: Draws, ys: Ys, units: Units, new: NewLevels, *, leave_one: bool = False
) -> Integrated:
    """log p(y_u | θ) = log ∫ Π_i p(y_i | b, θ) p(b | θ) db for every draw and unit.

    With correlated residuals, whose blocks must lie inside units, the density of a unit is that of its blocks.

    b are the effects of ``units.groupings``; those of other groupings are the draw's own (``new`` has those of levels
    that the fit has not seen).  With b = Λw the integral is over w ~ N(0, I).  Around the mode of each draw's
    integrand: exact where it is normal (Gaussian responses), else adaptive Gauss–Hermite quadrature (Naylor & Smith
    1982; Pinheiro & Bates 1995) for one or two effects, and importance sampling from the normal approximation for more.
    The number of nodes is doubled until two answers agree.

    Parameters
    ----------
    ys : mapping of response to (n,) array
        The responses of the rows.
    new : NewLevels
    leave_one : bool
        Whether to give log p(y_i | y_{u,−i}, θ) = log p(y_u | θ) − log p(y_{u,−i} | θ) of every row too.

    Raises
    ------
    PosteriorError
        When the model has a structure that the integral does not know, or an integral is not finite.

    References
    ----------
    Pinheiro & Bates (1995), Journal of Computational and Graphical Statistics 4:12–35; Merkle, Furr & Rabe-Hesketh
    (2019), Psychometrika 84:802–829.
    """
    likelihoods = likelihoods_of(model, rows, draws, ys, units)
    out = np.empty((draws.size, len(units.labels)))
    left = np.empty((draws.size, rows.n)) if leave_one else None
    error, methods = np.zeros(len(units.labels)), dict[str, None]()
    for which, at, d in _batches(units, draws.size):
        batch = make_batch(rows, draws, likelihoods, units, new, at, d)
        answer = integral(batch, leave_one=leave_one)
        out[:, which], error[which] = answer.units, answer.error
        methods[answer.method] = None
        if left is not None:
            without = answer.rows
            if without is None:
                without = _one_by_one(rows, draws, likelihoods, units, new, at, d, answer)
            left[:, at.ravel()] = without.reshape(draws.size, -1)
    _check_finite(out, units, left)
    return Integrated(out, left, error, _words(methods))


def _words(methods: Mapping[str, None]) -> str:
    return "; ".join(methods) if len(methods) <= 2 else f"{next(iter(methods))}; and {len(methods) - 1} other rules"


def likelihoods_of(model: Model, rows: Rows, draws: Draws, ys: Ys, units: Units) -> list[AnyLikelihood]:
    """The density of every response, moving where effects of the units enter; after a look at the structure."""
    _check_structure(model, rows, draws.first(), units)
    check_blocks(model, rows, units)
    pieces = [p for b in rows.blocks if b.group in units.groupings for p in b.pieces]
    kind: type[AnyLikelihood] = Likelihood if rows.correlated is None else CorrelatedLikelihood
    return [
        kind(rows, draws, r, ys[r.name], list(dict.fromkeys(p.parameter for p in pieces if p.response == r.name)))
        for r in model.responses
    ]


def _batches(units: Units, draws: int) -> Iterator[tuple[Ints, Ints, int]]:
    """Units with the same numbers of rows and effects, as many at a time as memory allows: (units, rows, effects)."""
    counts = np.array([len(r) for r in units.rows])
    for n, d in np.unique(np.stack([counts, units.sizes]), axis=1).T:
        alike = np.flatnonzero((counts == n) & (units.sizes == d))
        step = max(1, CHUNK // (draws * max(int(n), 1) * max(int(d), 1)))
        for start in range(0, len(alike), step):
            which = alike[start : start + step]
            yield which, np.stack([units.rows[u] for u in which]), int(d)


def _one_by_one(
    rows: Rows,
    draws: Draws,
    likelihoods: list[AnyLikelihood],
    units: Units,
    new: NewLevels,
    at: Ints,
    d: int,
    full: Answer,
) -> Floats:
    """log p(y_i | y_{u,−i}, θ) by an integral without each row in turn, (S, J, n)."""
    n, found = at.shape[1], np.empty((*full.units.shape, at.shape[1]))
    for i in range(n):
        others = np.delete(at, i, axis=1)
        if others.shape[1] == 0:
            found[..., i] = full.units
            continue
        batch = make_batch(rows, draws, likelihoods, units, new, others, d)
        found[..., i] = full.units - integral(batch).units
    return found


def _check_structure(model: Model, rows: Rows, draw: Draws, units: Units) -> None:
    """Refuse a model in which group effects do something else than Σ Z r, seen at one draw.

    Raises
    ------
    PosteriorError
    """
    for block in rows.blocks:
        strange = unknown_parts(block) if block.group in units.groupings else []
        if strange:
            raise PosteriorError(
                f"Effects of {block.group} have '{strange[0]}', which only refits can leave out.",
                hint='Use target="row".',
            )
    others, new = [g for g in model.groups if g not in units.groupings], NewLevels(model, draw, 0, zero=True)
    at = slice(0, min(rows.n, LOOKED_AT))
    for response in model.responses:
        for p in response.links:
            whole, rest = (
                linear_predictor(rows, draw, response.name, p, at, kept, new) for kept in (tuple(model.groups), others)
            )
            mine = _added(rows, draw, units, (response.name, p), at)
            if not np.allclose(whole - rest, mine, rtol=1e-8, atol=1e-8 * (1 + np.abs(whole).max())):
                raise PosteriorError(
                    f"The effects of {', '.join(units.groupings)} enter '{p}' in a way that cannot be integrated out.",
                    hint='Use target="row", or fit.kfold(), which refits the model.',
                )


def _added(rows: Rows, draws: Draws, units: Units, predictor: tuple[str, str], at: slice) -> Floats:
    """Σ Z r over the pieces of one predictor; zero for levels that the fit has not seen."""
    total = np.zeros((draws.size, len(rows.index[at])))
    for block in rows.blocks:
        for piece in block.pieces if block.group in units.groupings else ():
            if (piece.response, piece.parameter) == predictor:
                labels = [block.effects[e] for e in piece.effects]
                dims = {names.level_dim(block.group): block.levels, names.effect_dim(block.group): labels}
                codes = piece.source.codes[at]
                r = draws.labelled(names.effects(block.group), **dims)[:, np.maximum(codes, 0)]
                total += np.where(codes >= 0, np.einsum("snk,nk->sn", r, piece.Z[at]), 0.0)
    return total


def _check_finite(out: Floats, units: Units, left: Floats | None) -> None:
    bad = ~np.isfinite(out).all(axis=0)
    if bad.any():
        raise PosteriorError(
            f"The integral over the effects of {units.group} is no finite number for "
            f"{', '.join(np.array(units.labels)[bad][:5])}.",
            hint='The density is zero or undefined for some draws; see fit.log_likelihood(), and use target="row".',
        )
    if left is not None and not np.isfinite(left).all():
        rows = np.flatnonzero(~np.isfinite(left).all(axis=0))
        raise PosteriorError(
            f"The density of rows given the others of their group is no finite number (positions {rows[:5].tolist()}).",
            hint='Use target="row".',
        )
