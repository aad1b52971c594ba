"""marginal_means: the expected response by factor levels, averaged over the grid of the other factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.table import Table
from hierlm.errors import PredictionError
from hierlm.posterior.effects.answer import Effects, answer
from hierlm.posterior.effects.asking import Scale, ask
from hierlm.posterior.effects.columns import check_entering, column_of, explaining, grouping_only
from hierlm.posterior.effects.contrasts import check_means, contrast_weights
from hierlm.posterior.effects.grid import grid_table
from hierlm.posterior.effects.measures import Compare, compared, measure as measure_of
from hierlm.posterior.effects.targets import Target
from hierlm.posterior.intervals import Kind
from hierlm.posterior.predict import chosen_response

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model

__all__ = ["contrasts", "marginal_means"]

Floats = NDArray[np.float64]
Weights = Literal["balanced", "data"]


def marginal_means(
    fit: Fit,
    factors: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = None,
    weights: Weights = "balanced",
    target: Target | Mapping[str, Target] | None = None,
    scale: Scale = "response",
    response: str | None = None,
    parameter: str = names.MEAN,
    level: float = 0.95,
    kind: Kind = "eti",
    draws: int | None = None,
    seed: int | None = None,
) -> Effects:
    """What response is expected at the levels of a factor, the other factors being balanced?

    The expectation is computed in every cell of all factors, numbers at their means, and averaged over the factors that
    are not asked for: with equal weights, or with the shares of their combinations in the data.  Averages over the rows
    of the data are ``predictions(fit, by=…)`` instead.

    Parameters
    ----------
    fit : Fit
    factors : str or list of str
        Columns that are no numbers; of several, all their combinations.
    at : mapping of column to value, optional
        Other columns at these values instead of their mean or of all their levels.
    weights : {"balanced", "data"}
        How the other factors' combinations count.
    target : {"population", "typical"} or mapping, optional
        For which groups, as in :func:`predictions`; the population unless given.
    scale : {"response", "link"}
        Of what is averaged.
    response, parameter : str, optional
        As in :func:`predictions`.
    level : float
        Of the intervals, in (0, 1).
    kind : {"eti", "hdi"}
        Equal-tailed or shortest intervals.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.
    seed : int, optional
        Of scattered points; nothing else is random.

    Returns
    -------
    Effects
        A row per level, or per combination of levels.

    Raises
    ------
    PredictionError
        For a number, an unknown column, and ``target="given"``.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("cbpp.zarr")  # doctest: +SKIP
    >>> means = hl.marginal_means(fit, "period")  # doctest: +SKIP
    >>> hl.contrasts(means, "sequential", measure="ratio")  # doctest: +SKIP
    """
    model, chosen = fit.model, chosen_response(fit.model, response)
    wanted = list(dict.fromkeys([factors] if isinstance(factors, str) else factors))
    for name in wanted:
        _check_factor(model, name)
    if not wanted:
        raise PredictionError("No factor is named.", hint="Write marginal_means(fit, 'f').")
    if weights not in ("balanced", "data"):
        raise PredictionError(f"weights={weights!r} is unknown.", hint="Use weights='balanced' or weights='data'.")
    fixed = {name: _one(name, value) for name, value in (at or {}).items()}
    for name in fixed:
        if name in wanted:
            raise PredictionError(f"{name!r} cannot be held and asked for.", hint="Leave it out of at=.")
    others = [c for c in _factors(model, chosen.name) if c not in wanted and c not in fixed]
    made = grid_table(model, [*wanted, *others], fixed)
    question = ask(
        fit, made.table, None, wanted, target=target or "population", scale=scale, response=response,
        parameter=parameter, level=level, kind=kind, draws=draws, seed=seed,
    )  # fmt: skip
    number = f"{made.table.n:,} cells of {' × '.join([*wanted, *others])}"
    question = replace(question, place=f"Rows: the {number}, each once")
    for name in wanted:
        check_entering(question.expectation, name)
    if question.expectation.targets.of("given"):
        raise PredictionError(
            "Marginal means are about cells that need not be in the data, so no levels are given there.",
            hint="Use target='population' or 'typical', or predictions(fit, by=…) over the data.",
        )
    values = _weighted(fit, question, made.table, others, weights)
    held = replace(made, resting={**made.resting, **{name: value for name, [value] in fixed.items()}})
    at_words = held.words(explaining(model, chosen.name))
    how = "equal weights" if weights == "balanced" else "the weights of the data"
    words = [f"Averaged over {', '.join(others)} with {how}"] * bool(others) + [f"At {at_words}"] * bool(at_words)
    return answer(
        question, values, question.cells.labels, f"marginal means of the {question.expectation.quantity}", None, words
    )


def _one(name: str, value: Any) -> list[Any]:
    """One value, as a list."""
    if isinstance(value, (list, tuple, set, dict, np.ndarray)):
        raise PredictionError(
            f"at={{{name!r}: …}} holds {name!r} at one value, not at {value!r}.",
            hint=f"Ask once for each value, or predictions(fit, grid={{{name!r}: …}}).",
        )
    return [value]


def _weighted(fit: Fit, question: Any, table: Table, others: Sequence[str], weights: str) -> Floats:
    """(S, cells, K): the cells' weighted averages over the other factors."""
    asker = question.expectation
    asked = asker.rows(table)
    share = np.ones(table.n)
    if weights == "data" and others:
        data, own = fit.model.data, np.zeros(table.n, dtype=np.int64)
        code = np.zeros(data.n, dtype=np.int64)
        for name in others:
            size = len(data[name].levels or ())
            own, code = own * size + table[name].values, code * size + data[name].values
        share = np.bincount(code, minlength=int(own.max()) + 1)[own].astype(np.float64)
    share /= np.bincount(question.cells.codes, weights=share)[question.cells.codes]
    total = np.zeros((asker.draws.size, question.cells.number, asker.size))
    for at in asker.chunks(asked):
        values, codes = asker.values(asked, at) * share[at][None, :, None], question.cells.codes[at]
        for cell in np.unique(codes):
            total[:, cell] += values[:, codes == cell].sum(axis=1)
    return total


def _factors(model: Model, response: str) -> list[str]:
    """Columns with levels that explain a response."""
    only = grouping_only(model)
    return [c for c in explaining(model, response) if model.data[c].levels is not None and c not in only]


def _check_factor(model: Model, name: str) -> None:
    if name in model.data.columns and name in grouping_only(model):
        raise PredictionError(
            f"{name!r} only tells which group a row belongs to.", hint=f"Ask predictions(fit, by={name!r})."
        )
    if column_of(model, name, of="factor").levels is None:
        raise PredictionError(
            f"{name!r} is a number, so it has no levels to average at or to contrast.",
            hint=f"Ask predictions(fit, grid={{{name!r}: […]}}), slopes(fit, {name!r}), or comparisons(fit, {name!r}).",
        )


def contrasts(
    means: Effects,
    method: str | Mapping[str, Any] = "pairwise",
    *,
    of: str | None = None,
    by: str | Sequence[str] | None = None,
    interaction: bool = False,
    measure: str | Compare = "difference",
) -> Effects:
    """How do marginal means differ?  Contrasts of them, draw by draw.

    Parameters
    ----------
    means : Effects
        Of :func:`marginal_means`, or of :func:`predictions` averaged by factors.
    method : {"pairwise", "reference", "sequential", "polynomial"} or mapping
        Later minus earlier levels, each level minus the first, each minus the one before, orthogonal polynomials over
        equally spaced levels; or weights of your own, ``{"high vs low": {"c": 1, "a": -0.5, "b": -0.5}}``.
    of : str, optional
        The factor to contrast, where the means have several; the others say within what (``by``).
    by : str or list of str, optional
        Contrasts within each of their levels; all factors but ``of`` unless given.
    interaction : bool
        Contrasts of contrasts: the method over every factor, multiplied.
    measure : str or callable
        Of two means, as in :func:`comparisons`, for methods that compare two levels; others are weighted sums.

    Returns
    -------
    Effects
        A row per contrast, with ``p_direction``.

    Raises
    ------
    PredictionError
        For an unknown factor, level or method.

    Examples
    --------
    >>> import hierlm as hl
    >>> means = hl.marginal_means(fit, ["sex", "dose"])  # doctest: +SKIP
    >>> hl.contrasts(means, "pairwise", of="sex")  # doctest: +SKIP
    >>> hl.contrasts(means, "pairwise", interaction=True)  # doctest: +SKIP
    """
    check_means(means)
    how = measure_of(measure)
    found = contrast_weights(means, method, of, by, interaction, two=how.name != "difference", sign=how.sign)
    values = means.draws.to_numpy().reshape(-1, means.draws.sizes["effect"])
    if how.name == "difference":
        drawn = values @ found.weights.T
    else:
        hi, lo = np.maximum(found.weights, 0.0), np.maximum(-found.weights, 0.0)
        drawn = compared(how, values @ hi.T, values @ lo.T, means.quantity)
    return found.answer(means, drawn, f"{how.name.replace('_', ' ')} of {means.quantity}", how.null)
