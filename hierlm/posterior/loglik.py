"""log_likelihood: how well does each draw of the posterior foresee each row?"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import DataError, DataWarning, PredictionError, show_rows
from hierlm.fit import Fit
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import check_given, standard
from hierlm.posterior.known_errors import known_errors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks, thinned
from hierlm.posterior.options import check_finite, check_new_levels, checked_seed, labelled_draws
from hierlm.posterior.rowwise import following, log_densities

__all__ = ["log_likelihood"]

Floats = NDArray[np.float64]


def log_likelihood(
    fit: Fit,
    new: Any = None,
    *,
    new_levels: Literal["draw", "zero", "error"] = "draw",
    seed: int | None = None,
    draws: int | None = None,
    given: Literal["others", "earlier"] = "others",
) -> xr.Dataset:
    """How well does each draw foresee each row: the pointwise log-likelihood w_i log p(y_i | parameters).

    It is the observed term of the model's log-density, row by row: weights, ``y | weights(w)``, multiply that of a row.
    With correlated residuals a row of the data is given the other rows of its block, and a row of new data those of the
    data (each by itself).

    Parameters
    ----------
    fit : Fit
    new : data frame, optional
        Rows with the responses; the training rows unless given.
    new_levels : {"draw", "zero", "error"}
        Effects of levels that the fit has not seen, see :func:`~hierlm.posterior.predict.predict`.
    seed : int, optional
        Of the drawn effects.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.
    given : {"others", "earlier"}
        With correlated residuals: p(y_i | θ, all others of the block), which :func:`~hierlm.posterior.loo` takes; or
        given those before it, so that rows add up to the joint log-likelihood.

    Returns
    -------
    Dataset
        One variable a response (``y``, or ``y_1``, ``y_2`` …), dims ``chain``, ``draw``, ``obs``; log scale.

    Raises
    ------
    PredictionError
        When the new data do not fit the model or an option is unknown.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> fit.log_likelihood()["y"].sum("obs")  # doctest: +SKIP
    """
    model = fit.model
    kept = tuple(model.groups)
    used = Draws(model, thinned(fit, draws))
    check_given(given)
    rows = following(model, at_rows(model, new, response=True, positions=True, forecasts=True))
    check_new_levels(rows, kept, new_levels)
    effects = NewLevels(model, used, checked_seed(seed), zero=new_levels == "zero")
    found = {}
    for position, response in enumerate(model.responses):
        name = names.response_variable(position, len(model.responses) > 1)
        y = response.y if new is None else new_values(rows, response, model.design.responses[position])
        if new is not None and rows.correlated is not None:
            known = known_errors(model, used, rows)
            out = known.log_density(standard(rows, used, response, kept, effects), y)
        else:
            out = log_densities(rows, used, response, y, kept, effects, given=given)
        for at in chunks(used.size, rows.n):  # a density may be zero
            check_finite(np.where(np.isneginf(out[:, at]), 0.0, out[:, at]), rows, at)
        found[name] = labelled_draws(out, used, rows, name)
    return xr.Dataset(found)


def new_values(rows: Rows, response: ModelResponse, training: Any) -> Floats:
    """The response of new rows as numbers of the family, checked as in training.

    Raises
    ------
    PredictionError
        When a value cannot come from the family.
    """
    given = next(r for r in rows.responses if r.name == response.name)
    additions = {a: np.concatenate([v, training.additions[a]]) for a, v in given.additions.items()}
    values = np.concatenate([given.values, training.values])  # one new row alone would be a constant response
    success = response.success if response.levels is not None else training.success
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            prepared = response.family.prepare(response.name, values, response.levels, success, additions)
    except DataError as problem:
        raise PredictionError(f"New data: {problem.message}", hint=problem.hint) from problem
    beyond = np.flatnonzero(prepared[: rows.n] > len(response.categories))
    if response.categories and beyond.size:
        raise PredictionError(
            f"New data: '{response.name}' is in a category above {response.categories[-1]} "
            f"{show_rows(rows.index[beyond].tolist())}.",
            hint=f"The fit has the categories {', '.join(response.categories)}.",
        )
    return prepared[: rows.n]
