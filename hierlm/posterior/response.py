"""The response given the draws: its linear predictors, expectation, new values and log-density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.values import Response
from hierlm.errors import PredictionError, show_rows
from hierlm.graph.evaluate import Compute, evaluate, sample
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import refuse_correlated
from hierlm.posterior.family_values import family_values
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import At, Draws, Rows, linear_predictor

__all__ = [
    "additions",
    "density_of",
    "drawn_response",
    "expected_response",
    "free_values",
    "linear_of",
    "log_density",
    "mean_at",
]

Floats = NDArray[np.float64]

LARGEST_COUNT = 1e14
"""Of drawn counts; families of counts cut the mean a little above it before they draw."""


def linear_of(
    rows: Rows, draws: Draws, response: ModelResponse, at: At, kept: Sequence[str], new: NewLevels, *parameters: str
) -> dict[str, Floats]:
    """η of the parameters named, of all predicted ones if none is: parameter → (S, rows in ``at``)."""
    wanted = parameters or tuple(response.links)
    return {p: linear_predictor(rows, draws, response.name, p, at, kept, new) for p in wanted}


def expected_response(
    rows: Rows, draws: Draws, response: ModelResponse, at: At, kept: Sequence[str], new: NewLevels
) -> Floats:
    """E[y | parameters], response scale, shape (S, rows in ``at``); of categories P(y = k), (S, rows, K)."""
    return mean_at(rows, draws, response, at, linear_of(rows, draws, response, at, kept, new))


def mean_at(
    rows: Rows,
    draws: Draws,
    response: ModelResponse,
    at: At,
    etas: Mapping[str, Floats],
    compute: Compute = evaluate,
) -> Floats:
    """E[y | parameters] at given linear predictors (S, rows in ``at``) of all parameters; see above."""
    free = free_values(draws, response)
    check_range(rows, response, etas, at)
    question = _probabilities(response) if response.categories else _mean(response)
    return family_values(question, response, additions(rows, response, at), etas, free, compute)


def drawn_response(
    rows: Rows,
    draws: Draws,
    response: ModelResponse,
    at: At,
    kept: Sequence[str],
    new: NewLevels,
    noise: np.random.Generator,
) -> NDArray[Any]:
    """One new y per draw and row, response scale, shape (S, rows in ``at``).

    Raises
    ------
    PredictionError
        When a parameter is outside its range, or so extreme that the family cannot be drawn from.
    """
    refuse_correlated(draws.model, "New responses row by row", 'Ask kind="mean" or kind="linear".')
    etas, free = linear_of(rows, draws, response, at, kept, new), free_values(draws, response)
    check_range(rows, response, etas, at)
    question = _distribution(response)
    try:
        drawn = family_values(
            question, response, additions(rows, response, at), etas, free, compute=partial(sample, seed=noise)
        )
    except ValueError as error:
        raise PredictionError(
            f"A draw of '{response.name}' is beyond what can be computed: {str(error).splitlines()[0]}.",
            hint="Some linear predictor is extreme; see predict(kind='linear').",
        ) from error
    if response.family.discrete:
        _refuse(rows.index[at][(drawn > LARGEST_COUNT).any(axis=0)], f"'{response.name}' is drawn beyond 10¹⁴")
    return drawn


def check_range(rows: Rows, response: ModelResponse, etas: Mapping[str, Floats], at: At) -> None:
    """Refuse rows where a link such as the identity lets a parameter leave its range, in any draw.

    Raises
    ------
    PredictionError
        Naming the parameter, its range and the rows.
    """
    for parameter in response.family.parameters:
        link = response.links.get(parameter.name)
        if link is None or not (parameter.falls_below(link) or parameter.rises_above(link)):
            continue
        value = evaluate(link.inverse, eta=etas[parameter.name])
        outside = ~((value >= parameter.lower) & (value <= parameter.upper))
        between = (
            f"{parameter.lower:g} and {parameter.upper:g}" if np.isfinite(parameter.upper) else f"{parameter.lower:g}"
        )
        what = f"'{parameter.name}' of '{response.name}' is {'not between' if ' ' in between else 'below'} {between}"
        _refuse(rows.index[at][outside.any(axis=0)], f"{what}, which the {link.name} link allows,")


def _refuse(rows: NDArray[np.int64], what: str) -> None:
    if rows.size:
        raise PredictionError(
            f"{what} for some draws {show_rows(rows.tolist())}.",
            hint="These rows lie too far outside the data; see predict(kind='linear').",
        )


def log_density(
    rows: Rows, draws: Draws, response: ModelResponse, y: Floats, at: At, kept: Sequence[str], new: NewLevels
) -> Floats:
    """w_i log p(y_i | parameters), shape (S, rows in ``at``)."""
    refuse_correlated(draws.model, "Densities of single rows", "Ask for those of all rows: fit.log_likelihood().")
    etas, free = linear_of(rows, draws, response, at, kept, new), free_values(draws, response)
    given = additions(rows, response, at)
    observed = y[at].astype(np.int64) if response.family.discrete else y[at]
    density = family_values(density_of(response), response, given, etas, free, y=observed)
    return density * given["weights"] if "weights" in given else density


def free_values(draws: Draws, response: ModelResponse) -> dict[str, Floats]:
    """Parameters without a predictor, natural scale: parameter → (S, 1), or (S, 1, k) of several elements."""
    several = {
        p: draws.labelled(p, **{names.element_dim(p): labels})[:, None, :] for p, labels in response.elements.items()
    }
    if response.label is None:
        return {p: draws.labelled(p)[:, None] for p in response.free} | several
    return {p: draws.labelled(p, **{names.response_dim(p): [response.label]}) for p in response.free} | several


def additions(rows: Rows, response: ModelResponse, at: At) -> dict[str, Floats]:
    """Trials, weights and standard errors at the rows of ``at``."""
    found: Response = next(r for r in rows.responses if r.name == response.name)
    return {name: np.asarray(values[at], dtype=np.float64) for name, values in found.additions.items()}


def _mean(response: ModelResponse) -> Any:
    return lambda given, parameters: response.family.mean(given, **parameters)


def _probabilities(response: ModelResponse) -> Any:
    return lambda given, parameters: response.family.probabilities(given, **parameters)


def _distribution(response: ModelResponse) -> Any:
    return lambda given, parameters: response.family.distribution(given, **parameters)


def density_of(response: ModelResponse) -> Any:
    """log p(y | parameters) as a question to :func:`hierlm.posterior.family_values`; −∞ outside the range."""

    def question(given: Mapping[str, Any], parameters: Mapping[str, Any], y: Any) -> Any:
        density = pm.logp(response.family.distribution(given, **parameters), y)
        return response.family.restrict(density, **parameters)

    return question
