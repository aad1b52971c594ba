"""E[g⁻¹(η + b)] over the population of groups: integrated over the effects' distribution, not plugged in.

All group effects of a row together shift its linear predictors η = (η_p) by a normal vector with mean zero and
covariance C = Σ_g Z V_g Z', Z having a row for each parameter p.  So the integral has as many dimensions as predictors
with group effects (one, usually), however many effects and groupings there are.  Of related levels, r ~ N(0, K ⊗ V),
the level that is meant has K = 1 and is related to no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.covariances.relation import Relation
from hierlm.errors import PredictionError
from hierlm.model import Model
from hierlm.model.subset import unknown_parts
from hierlm.model.values import GroupBlock
from hierlm.posterior.integrals.rules import Rule, even, hermite, scattered
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import At, Rows

__all__ = ["Integral", "chosen_rule", "integrated", "of_strangers", "shifted_parameters", "spread"]

Floats = NDArray[np.float64]
Etas = dict[str, Floats]

LADDER = {1: (3, 7, 15, 31, 63, 127), 2: (3, 7, 15, 31)}
"""Nodes of the rules that are tried, by the number of dimensions."""
EVEN = (201, 401)
"""Of the trapezoidal rules that are tried last, where effects are so large that curves are steps."""
POINTS = 512
"""Of the scattered points in more dimensions."""
KNOWN = ("inhabited", "members", "weights", "relation", "related_by")
"""Parts of group terms that a row's own columns tell (its sub-population, the weights of its memberships), and a
relation, since the level that is meant is related to no other."""
SAME = 1e-6
"""Variances that differ by less are the same in words."""
MOST_LEVELS = 20_000
"""Of a relation whose variances are looked at: a pedigree needs the square of them."""
CLOSE = 1e-6
"""Two rules agree where no draw of any row differs by more than this share of the largest."""


@dataclass(frozen=True, eq=False)
class Integral:
    """A rule and what it is worth.

    Parameters
    ----------
    rule : Rule
    error : float
        The largest difference of any draw of any row from that of a second rule, response scale.
    """

    rule: Rule
    error: float

    @property
    def words(self) -> str:
        """In one line, for the header of an answer."""
        name = self.rule.name if len(self.rule.nodes) > 1 else "without a rule"
        name = name.replace("importance sampling", "scattered points")
        return f"Integrated over the effects' normal distribution in every draw: {name}, error about {self.error:.1g}"


def shifted_parameters(rows: Rows, response: str, groups: Sequence[str]) -> tuple[str, ...]:
    """The parameters of a response that effects of these groupings enter."""
    found = [p.parameter for b in rows.blocks if b.group in groups for p in b.pieces if p.response == response]
    return tuple(dict.fromkeys(found))


def spread(
    rows: Rows, effects: NewLevels, response: str, parameters: Sequence[str], groups: Sequence[str], at: At
) -> Floats:
    """A with A A' = C, lower triangular, for every draw and row: shape (S, rows, P, P)."""
    n = len(rows.index[at])
    C: Floats | None = None
    for group in groups:
        blocks = [b for b in rows.blocks if b.group == group]
        _check_known(blocks)
        root, labels = effects.unscaled_root(group), effects.labels(group)
        Z = np.zeros((n, len(parameters), len(labels)))
        for block in blocks:
            for piece in (p for p in block.pieces if p.response == response and p.parameter in parameters):
                columns = [labels.index(block.effects[e]) for e in piece.effects]
                Z[:, parameters.index(piece.parameter), columns] += piece.Z[at]
        part = np.einsum("npk,skm->snpm", Z, root)
        own = np.einsum("snpm,snqm->snpq", part, part)
        factors = effects.variance_factors(group, blocks[0].pieces[0].source, at)
        if factors is not None:
            own = own * factors[:, :, None, None]
        C = own if C is None else C + own
    assert C is not None
    return _triangular(C)


def of_strangers(model: Model, groups: Sequence[str]) -> str | None:
    """Which level of related levels is meant, in one line for the header of an answer; None where none are related."""
    parts = []
    for group, relation, name, levels in _relations(model, groups):
        known = f"{name} = 1"
        if relation.size <= MOST_LEVELS:
            own = relation.diagonal(levels)
            if np.abs(own - 1.0).max() > SAME:
                known += f" (in the data {own.min():.3g} to {own.max():.3g})"
        parts.append(f"{group} related to no other, {known}")
    return f"A level of {'; of '.join(parts)}" if parts else None


def _relations(model: Model, groups: Sequence[str]) -> Iterator[tuple[str, Relation, str | None, list[str]]]:
    """Grouping, relation, its name, and the levels that have rows."""
    for group in groups:
        block = model.groups[group][0]
        if block.relation is not None:
            yield group, block.relation, block.related_by, [block.levels[j] for j in np.unique(block.codes)]


def _check_known(blocks: Sequence[GroupBlock]) -> None:
    """Refuse group terms with parts of which it is not known how they enter the distribution of a new level."""
    strange = [name for block in blocks for name in unknown_parts(block) if name not in KNOWN]
    if strange:
        raise PredictionError(
            f"The population of {blocks[0].group!r} cannot be averaged over: its term has '{strange[0]}'.",
            hint="Ask target='given' or target='typical'.",
        )


def _triangular(C: Floats) -> Floats:
    """The Cholesky factor along the last two axes; a direction without variance has a column of zeros."""
    L = np.zeros_like(C)
    for j in range(C.shape[-1]):
        pivot = np.sqrt(np.maximum(C[..., j, j] - (L[..., j, :j] ** 2).sum(axis=-1), 0.0))
        L[..., j, j] = pivot
        for i in range(j + 1, C.shape[-1]):
            rest = C[..., i, j] - (L[..., i, :j] * L[..., j, :j]).sum(axis=-1)
            L[..., i, j] = np.divide(rest, pivot, out=np.zeros_like(rest), where=pivot > 0)
    return L


def integrated(mean: Callable[[Etas], Floats], etas: Etas, parameters: Sequence[str], A: Floats, rule: Rule) -> Floats:
    """Σ_q w_q mean(η + A z_q).

    Parameters
    ----------
    mean : callable
        Linear predictors (S, rows) → expectation (S, rows) or (S, rows, K).
    parameters : sequence of P str
        Those that are shifted.
    A : (S, rows, P, P) array
    """
    total: Floats | float = 0.0
    for z, weight in zip(rule.nodes, np.exp(rule.log_weights), strict=True):
        shifted = {p: etas[p] + A[..., j, :] @ z for j, p in enumerate(parameters)}
        total = total + weight * mean({**etas, **shifted})
    return np.asarray(total)


def chosen_rule(at_rule: Callable[[Rule], Floats], dimensions: int, seed: int) -> Integral:
    """The first rule of which a finer one says the same.

    Parameters
    ----------
    at_rule : callable
        A rule → the expectation of some draws and rows, (S, rows, …).
    """
    rules = _rules(dimensions, seed)
    coarse = next(rules)
    before = at_rule(coarse)
    error = np.inf
    for fine in rules:
        after = at_rule(fine)
        error = float(np.abs(after - before).max())
        if error <= CLOSE * float(np.abs(after).max()):
            return Integral(coarse, error)
        coarse, before = fine, after
    return Integral(coarse, error)


def _rules(dimensions: int, seed: int) -> Iterator[Rule]:
    if dimensions in LADDER:
        yield from (hermite(order, dimensions) for order in LADDER[dimensions])
        if dimensions == 1:
            yield from (even(nodes) for nodes in EVEN)
    else:
        yield from (scattered(POINTS, dimensions, seed + k) for k in range(2))
