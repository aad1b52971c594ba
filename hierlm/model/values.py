"""Parts of a model, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hierlm.covariances.covariance import Covariance
from hierlm.design.values import Groups
from hierlm.families.family import Family, Parameter
from hierlm.links import Link
from hierlm.variances import VarianceFunction

__all__ = ["GroupBlock", "ModelPredictor", "ModelResponse", "Piece", "VariancePart"]


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
