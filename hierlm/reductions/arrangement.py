"""Where effects and coefficients lie among the columns of W = [Z X], and in which order they are eliminated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.kernels.structure import Structure, make_structure
from hierlm.model import Model
from hierlm.model.values import GroupBlock, ModelPredictor
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.reductions.relations import level_relation, sparsely_related, touched

__all__ = ["Arrangement", "Rows", "arrange", "model_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_TOUCHED = 20
"""Related levels that a level of another grouping may couple when it is eliminated before them."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """The columns of W: groupings level by level, those that are eliminated first, then the free coefficients.

    Parameters
    ----------
    groups : tuple of str
        In order of elimination; those of the dense root last.
    levels, sizes, starts : tuple of int
        Levels, effects a level and first column of every grouping.
    eliminated : int
        How many groupings are eliminated level by level.
    owner : tuple of tuple of int
        The sd parameter of every effect of every grouping, −1 for one.
    free : (p,) int array
        Coefficients that are not fixed: the last columns.
    means, scales : arrays
        Prior mean (or fixed value) of every coefficient; prior sd of the free ones.
    structure : Structure
    orders : tuple of (levels,) int arrays
        The place of every level of every grouping among its columns.
    log_determinant : float
        log|K| of the covariance of standardised effects, zero where no levels are related.
    """

    groups: tuple[str, ...]
    levels: tuple[int, ...]
    sizes: tuple[int, ...]
    starts: tuple[int, ...]
    eliminated: int
    owner: tuple[tuple[int, ...], ...]
    free: Ints
    means: Floats
    scales: Floats
    structure: Structure
    orders: tuple[Ints, ...]
    log_determinant: float

    def columns_of(self, g: int) -> Ints:
        """The columns of a grouping's effects, level by level as the model has them."""
        k = self.sizes[g]
        return (self.starts[g] + self.orders[g][:, None] * k + np.arange(k)).reshape(-1)

    @property
    def work(self) -> int:
        """Multiplications of one factorisation, roughly: each block's own columns times the pairs that it couples.

        A smooth's block has a dozen columns, but it is one among hundreds of levels with a column each.
        """
        st = self.structure
        nodes = int(np.diff(st.pairs) @ st.size[: st.nodes])
        return nodes + (st.nodes - st.dense) * st.root**2 // 4 + st.root**3 // 6

    @property
    def factorised(self) -> str:
        """What one factorisation takes, in words."""
        work = float(f"{self.work:.2g}")
        return f"{self.columns:,} columns in about {work:,.0f} multiplications"

    @property
    def columns(self) -> int:
        """Effects and coefficients altogether."""
        return self.structure.columns


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a model, ready for kernels: η = offset + Σ_c Z[:, c] u[columns[:, c]] + X u[last p columns].

    Parameters
    ----------
    columns : (n, C) int array, ascending; Z : (n, C) array
    X : (n, p) array
        Of the free coefficients; the prior means and fixed values of all are in the offset.
    offset : (n,) array
    """

    columns: Ints
    Z: Floats
    X: Floats
    offset: Floats


def arrange(model: Model, without: Sequence[str] = ()) -> Arrangement:
    """The arrangement of a model of one response whose groups all belong to its mean.

    Parameters
    ----------
    without : sequence of str
        Groupings that are dealt with elsewhere.
    """
    kept = {g: blocks for g, blocks in model.batches.items() if g not in without}
    width = {g: sum(len(b.effects) for b in blocks) for g, blocks in kept.items()}
    order, eliminated = _order(kept, width)
    priors = [a.prior for a in model.assignments if a.variable == names.common(names.MEAN)]
    free = np.array([j for j, p in enumerate(priors) if not isinstance(p, Fixed)], dtype=np.int64)
    levels = tuple(len(kept[g][0].levels) for g in order)
    sizes = tuple(width[g] for g in order)
    owner = _owners(model, width)
    related = {g: relation for g in order if (relation := level_relation(kept[g][0])) is not None}
    orders = tuple(related[g].order if g in related else np.arange(len(kept[g][0].levels)) for g in order)
    codes = [at[kept[g][0].codes] for g, at in zip(order, orders, strict=True)]
    relations = {order.index(g): found.beyond for g, found in related.items()}
    return Arrangement(
        groups=order,
        levels=levels,
        sizes=sizes,
        starts=tuple(int(s) for s in np.cumsum([0, *(j * k for j, k in zip(levels, sizes, strict=True))])[:-1]),
        eliminated=eliminated,
        owner=tuple(owner[g] for g in order),
        free=free,
        means=np.array([_normal(p)[0] for p in priors]),
        scales=np.array([_normal(priors[j])[1] for j in free]),
        structure=make_structure(sizes, levels, eliminated, len(free), codes, relations),
        orders=orders,
        log_determinant=sum(width[g] * found.log_determinant for g, found in related.items()),
    )


def _order(kept: dict[str, tuple[GroupBlock, ...]], width: dict[str, int]) -> tuple[tuple[str, ...], int]:
    """Groupings in order of elimination, and how many are eliminated.

    Largest first; another one can follow when every grouping eliminated before is nested in it, so that its
    levels stay uncoupled; those with sparsely related levels, which are coupled anyway, follow all these.
    """
    by_size = sorted(kept, key=lambda g: (-width[g] * len(kept[g][0].levels), g))
    chosen: list[str] = []
    related = {g for g in kept if kept[g][0].relation is not None}
    for group in (g for g in by_size if g not in related):
        apart = all(touched(kept[group][0], kept[r][0]) <= MOST_TOUCHED for r in related)
        if apart and all(_nested(kept[e][0], kept[group][0]) for e in chosen):
            chosen.append(group)
    chosen += [g for g in by_size if g in related and sparsely_related(kept[g][0])]
    return (*chosen, *(g for g in by_size if g not in chosen)), len(chosen)


def _nested(inner: GroupBlock, outer: GroupBlock) -> bool:
    """Whether every level of ``inner`` occurs in one level of ``outer`` only."""
    first = np.full(len(inner.levels), -1, dtype=np.int64)
    first[inner.codes] = outer.codes
    return bool(np.array_equal(first[inner.codes], outer.codes))


def _normal(prior: object) -> tuple[float, float]:
    """Location and scale of a coefficient's prior: of a Normal its own, else of a Normal of about its size."""
    if isinstance(prior, Fixed):
        return prior.value, 1.0
    assert isinstance(prior, Prior)
    arguments = prior.arguments
    precision = arguments.get("tau", arguments.get("lam", 1.0))
    scale = next((arguments[a] for a in ("sigma", "beta", "b", "s") if a in arguments), precision**-0.5)
    return arguments.get("mu", arguments.get("alpha", 0.0)), scale


def _owners(model: Model, width: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """Grouping → the sd parameter of its effects; parameters are numbered in the order of the model's groups."""
    owner, number = {}, 0
    for group, columns in width.items():
        mine = [-1] * columns
        for block in model.batches[group]:
            for shared in block.covariance.sd_groups(len(block.effects)):
                for i in shared:
                    mine[block.columns[i]] = number
                number += 1
        owner[group] = tuple(mine)
    return owner


def model_rows(model: Model, place: Arrangement) -> Rows:
    """The rows of the mean's predictor."""
    predictor: ModelPredictor = model.predictors[0]
    n = len(predictor.offset)
    columns, values = [np.zeros((n, 0), dtype=np.int64)], [np.zeros((n, 0))]
    for group, k, start, order in zip(place.groups, place.sizes, place.starts, place.orders, strict=True):
        Z = np.zeros((n, k))
        for block in model.batches[group]:
            for piece in block.pieces:
                for c, effect in enumerate(piece.effects):
                    Z[:, block.columns[effect]] += piece.Z[:, c]
        codes = order[model.batches[group][0].codes].astype(np.int64)
        columns.append(start + codes[:, None] * k + np.arange(k))
        values.append(Z)
    return Rows(
        columns=np.ascontiguousarray(np.hstack(columns)),
        Z=np.ascontiguousarray(np.hstack(values)),
        X=np.ascontiguousarray(predictor.X[:, place.free]),
        offset=predictor.offset + predictor.X @ place.means,
    )
