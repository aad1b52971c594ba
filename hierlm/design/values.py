"""A formula applied to data: arrays and labels, no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm.formula.values import Bar, Formula, ResidualTerm, SmoothTerm, VarianceTerm

if TYPE_CHECKING:
    from hierlm.design.schema import Schema

__all__ = [
    "Common",
    "CorrelatedRows",
    "Design",
    "Groups",
    "LevelScale",
    "Members",
    "PredictorDesign",
    "Response",
    "SmoothColumns",
    "SmoothPart",
    "VarianceColumns",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Common:
    """Common effects of one predictor.

    Parameters
    ----------
    X : (n, p) array
        Never centred or scaled; columns as labelled.
    labels : tuple of str
        ``"Intercept"``, ``"Days"``, ``"period[2]"``, ``"age8:Sex[Female]"``.
    offset : (n,) array
        Sum of the offsets, zero without any; on the link scale.
    """

    X: Floats
    labels: tuple[str, ...]
    offset: Floats

    @property
    def intercept(self) -> int | None:
        """The column of ones called ``Intercept``, if there is one."""
        return self.labels.index("Intercept") if "Intercept" in self.labels else None


@dataclass(frozen=True, eq=False)
class Members:
    """A multi-membership: the M levels of each row, and their weights.

    Parameters
    ----------
    codes : (n, M) int array
        −1 marks a level that training did not have.
    weights : (n, M) array
    unseen : (n, M) int array
        Into ``Groups.unseen``; −1 for known levels.
    """

    codes: Ints
    weights: Floats
    unseen: Ints


@dataclass(frozen=True, eq=False)
class Groups:
    """One bar applied to data.

    Parameters
    ----------
    bar : Bar
    codes : (n,) int array
        Row → level, ``0 ≤ codes < len(levels)`` in training data; −1 marks an unseen level in new data.
    levels : tuple of str
        Level labels in order (numbers in numeric order, categories in their order, else sorted text); cells ``"A:a"``.
    Z : (n, k) array
        The columns of the left side.
    effects : tuple of str
        Their labels.
    unseen : tuple of str
        In new data: labels of the levels that training data did not have; ``codes == -1`` rows carry
        ``unseen_codes`` into this tuple.
    stem : str
        What the effects are, for the names of what they share: ``"time"``, ``"lat:lon"``, ``"1 + x"``.
    occasions : tuple of str or None
        Where the effects are the indicators of one factor: its levels, in order.
    positions : (k, d) array or None
        Coordinates of the effects.
    populations : tuple of k str or None
        The level of ``by`` that each effect belongs to.
    home : (levels,) int array or None
        Level → the level of ``by`` that it belongs to, in the order in which ``populations`` names them; −1 for a level
        without rows.
    members : Members or None
        Of a multi-membership.
    unseen_scale : (len(unseen), q) array, optional
        What the standard deviations of those levels depend on, where they have a formula.
    """

    bar: Bar
    codes: Ints
    levels: tuple[str, ...]
    Z: Floats
    effects: tuple[str, ...]
    unseen: tuple[str, ...] = ()
    unseen_codes: Ints | None = None
    unseen_scale: Floats | None = None
    stem: str = ""
    occasions: tuple[str, ...] | None = None
    positions: Floats | None = None
    populations: tuple[str, ...] | None = None
    home: Ints | None = None
    members: Members | None = None

    @property
    def occasions_or_places(self) -> bool:
        """Whether every row has exactly one of the effects: those of one factor, or of places."""
        return self.occasions is not None or self.positions is not None


@dataclass(frozen=True, eq=False)
class LevelScale:
    """What the standard deviations of a grouping depend on: those of level j are sd · exp(X_j γ).

    Parameters
    ----------
    X : (J, q) array
        A row a level.
    labels : tuple of q str
    """

    X: Floats
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SmoothPart:
    """Penalised columns that share one standard deviation: a curve's deviation from a straight line.

    Parameters
    ----------
    label : str
        ``"s(x)"``, ``"s(x, by=f):a"``, ``"t2(x, z):x"``.
    term : SmoothTerm
    Z : (n, r) array
        Orthogonal to the free columns over the training rows; the mean over these rows of the sum of squares of a row
        is 1, before a numeric ``by`` multiplies it.
    """

    label: str
    term: SmoothTerm
    Z: Floats


@dataclass(frozen=True, eq=False)
class SmoothColumns:
    """One smooth applied to data.

    Parameters
    ----------
    X : (n, q) array
        Free columns, which join the common effects.
    labels : tuple of q str
        ``"s(x):x"``.
    parts : tuple of SmoothPart
    """

    X: Floats
    labels: tuple[str, ...]
    parts: tuple[SmoothPart, ...]


@dataclass(frozen=True, eq=False)
class VarianceColumns:
    """One variance function applied to data.

    Parameters
    ----------
    term : VarianceTerm
    v : (n,) array or None
        The covariate; None without one, and for the fitted mean.
    codes : (n,) int array or None
        Row → stratum.
    levels : tuple of str
        Labels of the strata.
    """

    term: VarianceTerm
    v: Floats | None
    codes: Ints | None = None
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CorrelatedRows:
    """Which rows have correlated residuals, and where each was taken.

    Parameters
    ----------
    term : ResidualTerm
    codes : (n,) int array
        Row → block; in new data blocks that training did not have follow those that it had.
    levels : tuple of str
        Labels of the blocks, new ones last; ``"all rows"`` without a grouping.
    positions : (n, d) array
        Coordinates, the code of an occasion, or the rank of the row in its block; zeros where they do not matter.
    """

    term: ResidualTerm
    codes: Ints
    levels: tuple[str, ...]
    positions: Floats


@dataclass(frozen=True, eq=False)
class PredictorDesign:
    """Everything that one linear predictor adds up; the free columns of its smooths are in ``common``."""

    response: str
    parameter: str
    common: Common
    groups: tuple[Groups, ...]
    smooths: tuple[SmoothPart, ...] = ()
    variances: tuple[VarianceColumns, ...] = ()


@dataclass(frozen=True, eq=False)
class Response:
    """One response as the data have it; the family turns it into numbers (0/1 for two levels).

    Parameters
    ----------
    name : str
    values : (n,) float array
        Numbers, or codes into ``levels``; empty for new data that were read without their response.
    levels : tuple of str or None
        For text, categorical and boolean columns.
    additions : mapping of str to (n,) array
        ``trials``, ``weights``, ``se``.
    success : str or None
        The level picked in the formula by ``y["yes"]``.
    options : mapping
        Options of additions by ``"se.sigma"``-style keys.
    column : str
        The column to name in errors.
    ordered : bool
        Whether the user declared the levels as ordered.
    """

    name: str
    values: Floats
    levels: tuple[str, ...] | None = None
    additions: Mapping[str, Floats] = field(default_factory=dict)
    success: str | None = None
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    column: str = ""
    ordered: bool = False


@dataclass(frozen=True, eq=False)
class Design:
    """A formula applied to data.

    Parameters
    ----------
    formula : Formula
    n : int
        Rows used.
    rows : (n,) int array
        Positions in the user's data of the rows used (missing rows may have been dropped).
    responses : tuple of Response
    predictors : mapping (response, parameter) → PredictorDesign
    schema : Schema
        What is needed to apply the same coding to new data (:meth:`Schema.apply`).
    scales : mapping grouping → LevelScale
        What the standard deviations of the training data's levels depend on, where they have a formula.
    correlated : CorrelatedRows or None
        Blocks of correlated residuals; None for independent ones, and where they were not asked for.
    """

    formula: Formula
    n: int
    rows: Ints
    responses: tuple[Response, ...]
    predictors: Mapping[tuple[str, str], PredictorDesign]
    schema: Schema
    scales: Mapping[str, LevelScale] = field(default_factory=dict)
    correlated: CorrelatedRows | None = None
