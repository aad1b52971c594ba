"""Parts of a model, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.covariances.covariance import Covariance
from hierlm.covariances.relation import Relation
from hierlm.design.values import Groups, Members
from hierlm.families.family import Family, Parameter
from hierlm.formula.values import ResidualTerm
from hierlm.links import Link
from hierlm.variances import VarianceFunction

__all__ = [
    "GroupBlock",
    "ModelPredictor",
    "ModelResponse",
    "Piece",
    "VariancePart",
    "correlation_dims",
    "correlation_effects",
    "sd_rows",
]


@dataclass(frozen=True, eq=False)
class ModelResponse:
    """A response with its family.

    Parameters
    ----------
    name : str
    label : str or None
        None in a model of one response, else ``name``: the prefix of effect labels.
    family : Family
    y : (n,) array
        As numbers of the family's support.
    additions : mapping of str to (n,) array
        ``trials``, ``weights``, ``se`` where given.
    levels : tuple of str or None
        Of a categorical response.
    success : str or None
        The level that counts as 1.
    links : mapping parameter → Link
        The link of every *predicted* parameter (``mu`` always).
    free : tuple of str
        Parameters without a predictor: one value on the natural scale, a prior of their own.
    options : mapping
        Options of the additions (``"se.sigma"``).
    categories : tuple of str
        Names of the ordered categories 1, 2, … of ``y``; empty where it is a number.
    elements : mapping parameter → tuple of str
        Labels of the elements of the family's :attr:`~hierlm.families.Family.vectors`, as in ``thresholds[low|high]``.
    """

    name: str
    label: str | None
    family: Family
    y: NDArray[np.float64]
    additions: Mapping[str, NDArray[np.float64]]
    levels: tuple[str, ...] | None
    success: str | None
    links: Mapping[str, Link]
    free: tuple[str, ...]
    options: Mapping[str, object]
    categories: tuple[str, ...] = ()
    elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def declared(self, parameter: str) -> Parameter:
        """What the family says about one of its parameters."""
        return next(p for p in self.family.parameters if p.name == parameter)


@dataclass(frozen=True, eq=False)
class VariancePart:
    """A variance function in the predictor of log σ: it adds log g(v).

    Parameters
    ----------
    function : VarianceFunction
    label : str
        ``"varPower(x | f)"``.
    covariate : str
        What v is called, ``"fitted"`` for the fitted mean, empty without one.
    v : (n,) array or None
        The covariate; None without one, and for the fitted mean.
    codes : (n,) int array or None
        Row → stratum.
    labels : mapping of parameter to tuple of str
        The rows of ``varfun`` that hold it: one, or one a stratum (all but the first of a ratio).
    link : Link
        Of the mean.
    """

    function: VarianceFunction
    label: str
    covariate: str
    v: NDArray[np.float64] | None
    codes: NDArray[np.int64] | None
    labels: Mapping[str, tuple[str, ...]]
    link: Link


@dataclass(frozen=True, eq=False)
class ModelPredictor:
    """A linear predictor η = offset + X b + Σ Z r + Σ log g(v) of one parameter of one response.

    Parameters
    ----------
    X : (n, p) array, labels : tuple of str
        Labels as in ``b[...]``, with the response's prefix in a model of several responses.
    columns : slice
        Where its coefficients lie in the variable ``names.common(parameter)``.
    variances : tuple of VariancePart
        Variance functions; only of a residual scale.
    """

    response: str
    parameter: str
    X: NDArray[np.float64]
    labels: tuple[str, ...]
    offset: NDArray[np.float64]
    intercept: int | None
    columns: slice
    variances: tuple[VariancePart, ...] = ()


@dataclass(frozen=True, eq=False)
class Piece:
    """Columns of one block that enter one predictor: η += Σ_k Z[:, k] · r[codes, effects[k]]."""

    response: str
    parameter: str
    Z: NDArray[np.float64]
    effects: tuple[int, ...]
    source: Groups


@dataclass(frozen=True, eq=False)
class GroupBlock:
    """Effects of one grouping that share one covariance, over however many predictors.

    A grouping's blocks are mutually independent; their effects are columns of one variable ``r_g`` in block order.

    Parameters
    ----------
    group : str
        ``"Subject"``, ``"batch:cask"``.
    factors : tuple of str
    levels : tuple of str
    codes : (n,) int array
    effects : tuple of str
        Labels, with prefixes for other parameters and responses (``"sigma:Intercept"``).
    columns : tuple of int
        Where its effects lie among all effects of the grouping.
    covariance : Covariance
        For ``len(effects)`` effects; canonical (``idh`` has been split into single effects).
    structure : str
        As the user named it, for display.
    pieces : tuple of Piece
    centred : bool
        Whether it is sampled centred.
    label : str
        What parameters that its effects share are called after: ``"ar1(time)"``.
    relation : Relation or None
        How the levels are related; None for independent levels.
    related_by : str or None
        The name under which the relation was handed over.
    members : Members or None
        Of a multi-membership: the levels and weights of each row, where ``codes`` has the first level only.
    weights : tuple of str
        The columns of their weights as typed; empty for equal ones.
    inhabited : (levels,) bool array or None
        Which levels the effects belong to (``by=``); None for all.
    process : ResidualTerm or None
        Where the effects are a latent residual process, one value for each row that was taken: the term.
    """

    group: str
    factors: tuple[str, ...]
    levels: tuple[str, ...]
    codes: NDArray[np.int64]
    effects: tuple[str, ...]
    columns: tuple[int, ...]
    covariance: Covariance
    structure: str
    pieces: tuple[Piece, ...]
    centred: bool = False
    label: str = ""
    relation: Relation | None = None
    related_by: str | None = None
    members: Members | None = None
    weights: tuple[str, ...] = ()
    inhabited: NDArray[np.bool_] | None = None
    process: ResidualTerm | None = None

    @property
    def separate(self) -> bool:
        """Whether levels are independent of each other, and every row belongs to one."""
        return self.relation is None and self.members is None

    @property
    def scales(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The standard deviations as they are shown: (label, effects that have it).

        Effects that share one have a row each, but those of a structure with coefficients one row together.
        """
        k = len(self.effects)
        shared = self.covariance.sd_groups(k)
        if self.covariance.structured(k) and k > 1:
            return tuple((self.effects[g[0]] if len(g) == 1 else self.label, g) for g in shared)
        return tuple((self.effects[i], (i,)) for g in shared for i in g)


def sd_rows(blocks: Sequence[GroupBlock]) -> list[tuple[str, tuple[int, ...]]]:
    """The rows of ``sd_g`` in their order: (label, columns of ``r_g`` that have that standard deviation)."""
    rows = [(label, tuple(b.columns[i] for i in own)) for b in blocks for label, own in b.scales]
    return sorted(rows, key=lambda row: row[1][0])


def correlation_effects(blocks: Sequence[GroupBlock]) -> list[str]:
    """The effects that ``cor_g`` is about, in the order of ``r_g``: not those whose correlations follow from others."""
    free = [b for b in blocks if not b.covariance.structured(len(b.effects))]
    return [e for _, e in sorted((c, e) for b in free for c, e in zip(b.columns, b.effects, strict=True))]


def correlation_dims(blocks: Sequence[GroupBlock]) -> tuple[str, str]:
    """The dimensions of ``cor_g``: those of ``r_g``'s effects where it is about all of them."""
    group = blocks[0].group
    if any(b.covariance.structured(len(b.effects)) for b in blocks):
        return names.correlated_dim(group), names.correlated_dim2(group)
    return names.effect_dim(group), names.effect_dim2(group)
