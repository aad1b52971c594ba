"""shrinkage: how far levels are pulled towards the common effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.posterior.coef import group_columns
from hierlm.posterior.draws import effect_draws, known_group
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, records, text_table
from hierlm.posterior.level_fits import level_fits, mean_covariance
from hierlm.posterior.nested import nested_groups

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["Shrinkage", "pooling_factor", "pooling_weight", "shrinkage"]

Floats = NDArray[np.float64]
LEVELS = ("group", "level", "effect", "n", "no_pooling", "partial_pooling", "complete_pooling", "weight", "note")
NOTE = "no finite estimate: wide prior"
NOTHING = "No group terms are pooled level by level."
SCALES = (
    "pooling factor: of the effect over all levels, 0 no pooling … 1 complete pooling (Gelman & Pardoe 2006)",
    "weight: of the level's own rows, 0 complete pooling … 1 no pooling; estimates are posterior means, link scale",
)
MOST_ROWS = 20


@final
@dataclass(frozen=True, eq=False, repr=False)
class Shrinkage:
    """The answer of :func:`shrinkage`.

    Parameters
    ----------
    terms : DataFrame
        A row per grouping and effect: ``group``, ``effect``, ``levels``, ``pooling`` (0 none … 1 complete).
    levels : DataFrame
        A row per level and effect of the mean: ``group``, ``level``, ``effect``, ``n`` (rows), ``no_pooling``,
        ``partial_pooling``, ``complete_pooling``, ``weight`` (0 complete … 1 no pooling), ``note``.
    notes : tuple of str
        Which groupings are left out, and why.
    """

    terms: pd.DataFrame
    levels: pd.DataFrame
    notes: tuple[str, ...] = ()

    def _terms(self) -> Table:
        rows = [(r.group, r.effect, f"{r.levels:,}", number(r.pooling, 0.01)) for r in records(self.terms)]
        return ("group", "effect", "levels", "pooling factor"), rows

    def _levels(self) -> Table:
        rows = []
        distance = (self.levels["no_pooling"] - self.levels["complete_pooling"]).abs()
        size = {
            key: float(d.median()) / 5 for key, d in distance.groupby([self.levels["group"], self.levels["effect"]])
        }
        for r in records(self.levels.head(MOST_ROWS)):
            scale = size[r.group, r.effect]
            values = (number(v, scale) for v in (r.no_pooling, r.partial_pooling, r.complete_pooling))
            rows.append((r.group, r.level, r.effect, str(r.n), *values, number(r.weight, 0.01), r.note))
        return ("group", "level", "effect", "rows", "no pooling", "partial", "complete", "weight", ""), rows

    def _tables(self) -> list[tuple[Table, int]]:
        """What a display shows: (header, rows), number of columns aligned to the left."""
        return [t for t in ((self._terms(), 2), (self._levels(), 3)) if t[0][1]]

    def _footer(self) -> list[str]:
        hidden = len(self.levels) - MOST_ROWS
        more = [f"… {hidden:,} more rows in .levels"] if hidden > 0 else []
        return [*more, *(SCALES if len(self.terms) else ()), *self.notes]

    def __repr__(self) -> str:
        tables = [text_table(*table, left=left) for table, left in self._tables()]
        return "\n\n".join([*tables, "\n".join(self._footer())]) if tables else "\n".join([NOTHING, *self.notes])

    def _repr_html_(self) -> str:
        tables = [html_table(*table, left=left) for table, left in self._tables()]
        return html_page(*tables, html_lines(self._footer() if tables else [NOTHING, *self.notes]))


def shrinkage(fit: Fit, group: str | None = None) -> Shrinkage:
    """How strongly are the levels of a grouping pooled?

    ``terms`` has the pooling factor λ of every effect, see :func:`pooling_factor`.

    ``levels`` compares, on the link scale of the mean, three estimates of every level's coefficient:

    * *no pooling*: the level's rows alone, all other terms held at their posterior means but those of groupings nested
      inside it (a batch's casks, one level per row), which are noise; least squares for a gaussian response, else
      maximum likelihood.  Where no finite maximum exists (fewer rows than effects; only failures in a logistic model)
      the level gets a normal prior around complete pooling that is 10 group sds wide, and a ``note``.
    * *partial pooling*: the posterior mean of common plus group effect, as in :func:`~hierlm.posterior.coef`.
    * *complete pooling*: the common effect, 0 for an effect without a common counterpart.

    ``weight`` is the model's weight of the level's own rows, see :func:`pooling_weight`.

    Where residuals are correlated within blocks that lie inside levels, a level's rows count by their joint density:
    no pooling is generalised least squares (gaussian), and the information behind ``weight`` is Zᵀ (D R D)⁻¹ Z at the
    posterior means.  Many rows that say the same weigh less than as many independent ones.

    Parameters
    ----------
    fit : Fit
    group : str, optional
        One grouping; all of them unless given.

    Returns
    -------
    Shrinkage

    Raises
    ------
    PosteriorError
        For a grouping that the model does not have, whose standard deviation has a formula, or whose levels have
        residuals in common.

    Examples
    --------
    >>> shrinkage(fit, "Subject").terms  # doctest: +SKIP
    """
    terms: dict[str, list[object]] = {c: [] for c in ("group", "effect", "levels", "pooling")}
    frames: list[pd.DataFrame] = []
    notes: list[str] = []
    for g in known_group(fit, group):
        why = _unclear(fit.model, g)
        if why and group is None:
            notes.append(f"Without {g}: {why}.")
            continue
        if why:
            raise PosteriorError(f"Levels of '{g}' are not pooled one by one: {why}.", hint="See fit.ranef().")
        _check_scales(fit, g)
        levels, effects, r = effect_draws(fit, g)
        for effect, factor in zip(effects, pooling_factor(r), strict=True):
            for column, value in zip(terms.values(), (g, effect, len(levels), float(factor)), strict=True):
                column.append(value)
        frames += _levels(fit, g, levels)
    empty = pd.DataFrame(columns=list(LEVELS))
    made = pd.concat(frames, ignore_index=True) if frames else empty
    return Shrinkage(pd.DataFrame(terms), made, tuple(notes))


def _unclear(model: Model, group: str) -> str:
    """Why there is no such thing as the estimate of one level by itself; ``""`` where there is."""
    residual = model.residual
    if residual is not None and not residual.within(model.groups[group][0].codes):
        return f"residuals of different levels are correlated by {residual.label}"
    for block in model.groups[group]:
        if block.relation is not None:
            return f"they are related by {block.related_by}"
        if block.members is not None:
            return "a row belongs to several of them"
        if block.covariance.structured(len(block.effects)):
            return f"its effects depend on each other by {block.label}"
        if block.inhabited is not None:
            return "each belongs to one sub-population"
    return ""


def _check_scales(fit: Fit, group: str) -> None:
    """Refuse a grouping whose levels, or those nested in it, differ in their standard deviations."""
    for g in (group, *nested_groups(fit.model, group)):
        if g in fit.model.scales:
            raise PosteriorError(
                f"How strongly levels of '{group}' are pooled cannot be said by one number: the standard deviation of "
                f"'{g}' has a formula.",
                hint="See fit.ranef(), or ask for another grouping.",
            )


def pooling_factor(r: Floats) -> Floats:
    """λ = 1 − Var_j(E[r_j]) / E[Var_j(r_j)] of each effect.

    The share of the variance between levels that is uncertainty about them: 0 when the data determine every level, 1
    when they are pooled completely.  A grouping without any variance in any draw has λ = 1.

    Parameters
    ----------
    r : (sample, level, effect) array

    Returns
    -------
    (effect,) array

    References
    ----------
    Gelman & Pardoe (2006), Technometrics 48:241–251.

    Examples
    --------
    >>> pooling_factor(np.array([[[1.0], [2.0]], [[1.0], [2.0]]]))
    array([0.])
    """
    between = r.mean(axis=0).var(axis=0, ddof=1)
    expected = r.var(axis=1, ddof=1).mean(axis=0)
    return np.asarray(1 - np.divide(between, expected, out=np.zeros_like(between), where=expected > 0))


def pooling_weight(information: Floats, V: Floats) -> Floats:
    """1 − Var(r_jk | y_j) / V_kk, with Var(r_j | y_j) = (V⁻¹ + I_j)⁻¹ = (1 + V I_j)⁻¹ V: in [0, 1].

    For random intercepts of a gaussian response it is the textbook weight n/σ² / (n/σ² + 1/τ²) of the level's mean.

    Parameters
    ----------
    information : (level, effect, effect) array
        I_j, of the level's rows about its effects.
    V : (effect, effect) array
        Their covariance between levels.

    Returns
    -------
    (level, effect) array

    Examples
    --------
    >>> pooling_weight(np.array([[[3.0]]]), np.array([[1.0]]))
    array([[0.75]])
    """
    k = len(V)
    left = np.linalg.solve(np.eye(k) + V @ information, np.broadcast_to(V, information.shape))
    prior = np.diag(V)
    ratio = np.divide(np.diagonal(left, axis1=1, axis2=2), prior, out=np.ones(information.shape[:2]), where=prior > 0)
    return np.asarray(np.clip(1 - ratio, 0.0, 1.0))


def _levels(fit: Fit, group: str, levels: tuple[str, ...]) -> list[pd.DataFrame]:
    """One frame per response whose mean the grouping acts on."""
    frames = []
    for response in fit.model.responses:
        predictor = (response.name, names.MEAN)
        columns = [c for c in group_columns(fit.model, group) if (c.response, c.parameter) == predictor]
        if not columns:
            continue
        V = mean_covariance(fit, group, [c.effect for c in columns])
        found = level_fits(fit, group, response, columns, V)
        J, K = found.none.shape
        values = {
            "group": [group] * (J * K),
            "level": [level for level in levels for _ in columns],
            "effect": [c.effect for c in columns] * J,
            "n": np.repeat(found.rows, K),
            "no_pooling": found.none.ravel(),
            "partial_pooling": found.partial.ravel(),
            "complete_pooling": np.tile(found.complete, J),
            "weight": pooling_weight(found.information, V).ravel(),
            "note": np.repeat(np.where(found.exact, "", NOTE), K),
        }
        frames.append(pd.DataFrame(values, columns=list(LEVELS)))
    return frames
