"""smooths: the curves of smooth terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.evaluate import Evaluator
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.posterior.intervals import Kind, check_interval, describe_into
from hierlm.posterior.linear import Draws

if TYPE_CHECKING:
    from hierlm.design.smooths import Piece, SmoothCoding
    from hierlm.fit.value import Fit
    from hierlm.model.values import ModelPredictor

__all__ = ["Curve", "curves", "smooths"]

Floats = NDArray[np.float64]

POINTS = {1: 100, 2: 30}
"""On each axis of the grid, by the number of variables."""

FEW = 10
"""The same where there are more."""

MOST_POINTS = 1_000


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve or surface of a smooth term, draw by draw.

    Parameters
    ----------
    term : str
        ``"s(x)"``; with a prefix for other parameters and responses, ``"sigma:s(x)"``.
    response, parameter : str
    by : str
        The level of ``by`` that it belongs to; ``""`` without.
    variables : tuple of str
    grid : tuple of (points,) arrays
        The variables' values on the grid, the first changing fastest.
    values : (sample, points) array
        Link scale.
    rows : tuple of (n,) arrays
        The variables' values in the data that it was made from.
    """

    term: str
    response: str
    parameter: str
    by: str
    variables: tuple[str, ...]
    grid: tuple[Floats, ...]
    values: Floats
    rows: tuple[Floats, ...]


def smooths(
    fit: Fit, term: str | None = None, *, points: int | None = None, level: float = 0.95, kind: Kind = "eti"
) -> pd.DataFrame:
    """What do the curves of smooth terms look like?  Each on a grid over its data, on the link scale.

    A curve is f(x) = b (x − mean) + Σ Z(x) r, the straight line and the deviations from it together.  It sums to zero
    over the rows of the data, so it says how the linear predictor differs from its average; with a factor ``by`` each
    level's curve over that level's rows.  With a numeric ``by`` it is the coefficient of that column, not centred.

    Parameters
    ----------
    fit : Fit
    term : str, optional
        One term, by its name such as ``"s(x)"`` or ``"sigma:s(x)"``; all of them unless given.
    points : int, optional
        Points of the grid on each axis: 100 for a curve, 30 for a surface, unless given.
    level : float, default 0.95
        Probability inside the intervals, which hold point by point.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        A row per point: ``smooth``, ``response``, ``parameter``, ``by`` (the level, ``""`` without), ``x`` (the
        variable's value, on the scale of the expression inside the brackets; ``x2`` … of a surface's others),
        ``mean``, ``sd``, ``lower``, ``upper``.

    Raises
    ------
    PosteriorError
        For a term that the model does not have, and a model without smooths.

    Examples
    --------
    >>> smooths(fit, "s(x)").query("mean == mean.max()")["x"]  # doctest: +SKIP
    """
    check_interval(level, kind)
    found = list(curves(fit, term, points))
    most = max(len(c.grid) for c in found)
    labels: dict[str, list[object]] = {c: [] for c in ("smooth", "response", "parameter", "by")}
    places: dict[str, list[Floats]] = {"x" if d == 0 else f"x{d + 1}": [] for d in range(most)}
    for curve in found:
        size = curve.values.shape[1]
        for column, value in zip(labels.values(), (curve.term, curve.response, curve.parameter, curve.by), strict=True):
            column.extend([value] * size)
        for d, place in enumerate(places.values()):
            place.append(curve.grid[d] if d < len(curve.grid) else np.full(size, np.nan))
    columns = {**labels, **{name: np.concatenate(place) for name, place in places.items()}}
    return describe_into(columns, np.concatenate([c.values for c in found], axis=1), level, kind)  # type: ignore[arg-type]


def curves(fit: Fit, term: str | None = None, points: int | None = None) -> Iterator[Curve]:
    """Every curve of the term asked for, or of all terms.

    Raises
    ------
    PosteriorError
    """
    if points is not None and (
        isinstance(points, bool) or not isinstance(points, (int, np.integer)) or not 2 <= points <= MOST_POINTS
    ):
        raise PosteriorError(f"points={points!r} is not a whole number from 2 to {MOST_POINTS:,}.", hint="Write 100.")
    found = list(_terms(fit))
    known = list(dict.fromkeys(name for name, *_ in found))
    if not known:
        raise PosteriorError("The model has no smooth terms.", hint="A curve is y ~ s(x) in the formula.")
    if term is not None and term not in known:
        raise PosteriorError(f"The model has no smooth {term!r}.", hint=did_you_mean(str(term), known))
    draws = Draws(fit.model, fit.posterior)
    for name, predictor, coding in found:
        if term in (None, name):
            for piece in coding.pieces:
                yield _curve(fit, draws, name, predictor, coding, piece, points)


def _terms(fit: Fit) -> Iterator[tuple[str, ModelPredictor, SmoothCoding]]:
    model = fit.model
    for predictor in model.predictors:
        response = next(r for r in model.responses if r.name == predictor.response)
        for coding in model.design.schema.smooths.get((predictor.response, predictor.parameter), ()):
            yield names.effect_label(response.label, predictor.parameter, coding.term.label), predictor, coding


def _curve(
    fit: Fit,
    draws: Draws,
    name: str,
    predictor: ModelPredictor,
    coding: SmoothCoding,
    piece: Piece,
    points: int | None,
) -> Curve:
    d = len(piece.margins)
    size = points or POINTS.get(d, FEW)
    axes = [np.linspace(*margin.drawn, size) for margin in piece.margins]
    at = tuple(axis.ravel(order="F") for axis in np.meshgrid(*axes, indexing="ij"))
    label = next(r.label for r in fit.model.responses if r.name == predictor.response)
    X, parts = coding.curve(piece, at)
    values = np.zeros((draws.size, len(at[0])))
    free = [names.effect_label(label, names.MEAN, free) for free in coding.free_labels(piece)]
    if free:
        values += (
            draws.labelled(names.common(predictor.parameter), **{names.common_dim(predictor.parameter): free}) @ X.T
        )
    for part, Z in zip(piece.part_labels, parts, strict=True):
        group = names.effect_label(label, predictor.parameter, part)
        effects = [str(k + 1) for k in range(Z.shape[1])]
        values += draws.labelled(names.effects(group), **{names.effect_dim(group): effects}) @ Z.T
    level = "" if coding.levels is None or piece.level is None else coding.levels[piece.level]
    variables = tuple(m.expression.text for m in piece.margins)
    schema = fit.model.design.schema
    rows = coding.rows_of(piece, Evaluator(schema.table, schema.extra, dict(schema.fitted), learning=False))
    return Curve(name, predictor.response, predictor.parameter, level, variables, at, values, rows)
