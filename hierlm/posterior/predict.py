"""predict: what does the model say about these rows?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PredictionError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import standard
from hierlm.posterior.known_errors import known_errors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, chunks, thinned
from hierlm.posterior.options import check_finite, check_new_levels, checked_seed, groupings, labelled_draws
from hierlm.posterior.places import new_places
from hierlm.posterior.prediction import Prediction, frame_in_parts, frame_of
from hierlm.posterior.response import expected_response, linear_of
from hierlm.posterior.rowwise import drawn_responses, following

__all__ = ["Prediction", "chosen_response", "predict", "row_frame"]

Kind = Literal["mean", "linear", "response"]
KINDS = {
    "mean": "Expected response E[{response}]",
    "linear": "Linear predictor of {parameter} ({response}), link scale",
    "response": "Predicted response {response}",
}
OF_CATEGORIES = {
    "mean": "Probabilities of the categories of {response}",
    "response": "Predicted category of {response}, with the share of draws in each",
}


def predict(
    fit: Fit,
    new: Any = None,
    *,
    kind: Kind = "mean",
    response: str | None = None,
    parameter: str = names.MEAN,
    groups: str | Sequence[str] = "all",
    new_levels: Literal["draw", "zero", "error"] = "draw",
    level: float = 0.95,
    seed: int | None = None,
    draws: int | None = None,
    conditional: bool | None = None,
) -> Prediction:
    """What does the fit say about these rows, with what uncertainty?

    Columns of new data are joined by name, group effects by level; the coding of the training data (factors, ``scale``,
    ``poly`` …) is applied as it was.  Without new data the predictions are the fitted values.

    At positions that the data did not have (times, places, occasions of ``ar1``), effects of ``exp``, ``gau``, ``mat``,
    ``car1`` and ``ar1`` terms, and latent residual processes, are drawn given those of the same level in every
    posterior draw, all new positions of a level together: e_new | e ~ N(V_no V_oo⁻¹ e, V_nn − V_no V_oo⁻¹ V_on).  With
    ``new_levels="zero"`` they are its mean.

    Parameters
    ----------
    fit : Fit
    new : data frame, optional
        Rows to predict; the training rows unless given.  It need not hold the response.
    kind : {"mean", "linear", "response"}
        ``"mean"``: E[y | parameters], response scale (a binomial count: trials × probability); of an ordinal response
        the probability of every category.  ``"linear"``: η = offset + X b + Σ Z r, link scale (latent scale).
        ``"response"``: new observations y, response scale; of an ordinal response the names of categories.
    response : str, optional
        Which one, in a model of several.
    parameter : str
        Of which distributional parameter, for ``kind="linear"``.
    groups : "all", "none", or names of groupings
        Whose group effects count; those of the other groupings are zero.
    new_levels : {"draw", "zero", "error"}
        Effects of levels that the fit has not seen: drawn from N(0, V) of every posterior draw, jointly within a level
        and independently between levels; zero; or refused.  Every row of new data is a new level of ``(… | units)``.
    level : float
        Of the intervals, in (0, 1).
    seed : int, optional
        Of the drawn effects and responses; the same seed gives the same draws.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.
    conditional : bool, optional
        With correlated residuals: whether new rows are predicted from the residuals that were observed in their block,
        forward in time and between places, or as if all were measured anew.  Unless given, new observations are
        predicted from them where all groupings count, and means E[y | parameters] are not.

    Returns
    -------
    Prediction
        ``.frame`` with one row per row of data, ``.draws`` with every draw.  Of an ordinal response the frame of
        ``"mean"`` and ``"response"`` has one row per row of data and category.

    Raises
    ------
    PredictionError
        When the data do not fit the model or an option is unknown.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> fit.predict({"Days": [0, 9], "Subject": ["308", "someone new"]}, seed=1).frame  # doctest: +SKIP
    """
    _check_options(kind, level)
    model = fit.model
    chosen = chosen_response(model, response)
    kept = groupings(model, groups)
    _check_parameter(model, chosen, kind, parameter)
    used = Draws(model, thinned(fit, draws))
    forward = _conditional(model, conditional, kind, new, kept)
    rows = following(model, at_rows(model, new, kept=kept, positions=forward or kind == "response", forecasts=True))
    unseen = check_new_levels(rows, kept, new_levels)
    root = checked_seed(seed)
    effects = NewLevels(model, used, root, zero=new_levels == "zero")
    noise = np.random.default_rng(np.random.SeedSequence([root]))
    K = len(chosen.categories) if kind == "mean" else 0
    if forward:
        known, here = known_errors(model, used, rows), standard(rows, used, chosen, kept, effects)
        out = known.drawn(here, noise) if kind == "response" else known.expected(here)
    elif kind == "response":
        out = drawn_responses(rows, used, chosen, kept, effects, noise).astype(np.float64)
    else:
        out = np.empty((used.size, rows.n, K) if K else (used.size, rows.n))
        for at in chunks(used.size * max(K, 1), rows.n):
            if kind == "linear":
                out[:, at] = linear_of(rows, used, chosen, at, kept, effects, parameter)[parameter]
            else:
                out[:, at] = expected_response(rows, used, chosen, at, kept, effects)
    check_finite(out, rows)
    wording = KINDS | OF_CATEGORIES if chosen.categories else KINDS
    quantity = wording[kind].format(response=chosen.name, parameter=parameter)
    categories = chosen.categories if kind != "linear" else ()
    array = labelled_draws(out, used, rows, quantity, categories)
    notes = new_places(model, [b for b in rows.blocks if b.group in kept], zero=new_levels == "zero")
    return Prediction(frame_of(out, rows, level, categories), array, quantity, level, unseen, new_levels, notes)


def row_frame(
    fit: Fit,
    new: Any = None,
    *,
    response: ModelResponse,
    linear: bool = False,
    groups: str | Sequence[str] = "all",
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """The frame of :func:`predict` for means, or linear predictors of the mean, without their draws.

    A part of the rows at a time, so that memory stays within draws × levels, whatever the number of rows.
    """
    _check_options("mean", level)
    model, used = fit.model, Draws(fit.model, fit.posterior)
    kept = groupings(model, groups)
    rows = following(model, at_rows(model, new, kept=kept, forecasts=True))
    check_new_levels(rows, kept, "draw")
    effects = NewLevels(model, used, checked_seed(seed), zero=False)

    def values(at: slice) -> NDArray[np.float64]:
        if linear:
            part = linear_of(rows, used, response, at, kept, effects, names.MEAN)[names.MEAN]
        else:
            part = expected_response(rows, used, response, at, kept, effects)
        check_finite(part, rows, at)
        return part

    return frame_in_parts(values, used.size, rows, level)


def _check_options(kind: str, level: float) -> None:
    if kind not in tuple(KINDS):
        raise PredictionError(f"kind={kind!r} is unknown.", hint=did_you_mean(str(kind), KINDS))
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise PredictionError(f"level={level!r} is not between 0 and 1.", hint="0.95 holds 95% of the draws.")


def _conditional(model: Model, asked: bool | None, kind: str, new: Any, kept: Sequence[str]) -> bool:
    """Whether rows are predicted from the observed residuals of their block.

    Raises
    ------
    PredictionError
        Where that was asked for and means nothing.
    """
    if asked is not None and not isinstance(asked, (bool, np.bool_)):
        raise PredictionError(f"conditional={asked!r} is neither True nor False.", hint="Leave it out.")
    if model.residual is None:
        return False
    everything = set(kept) == set(model.groups)
    if not asked:
        return asked is None and kind == "response" and new is not None and everything
    if kind == "linear" or new is None or not everything:
        what = (
            "The linear predictor has no residual"
            if kind == "linear"
            else "The rows of the data were observed"
            if new is None
            else "Observed residuals are what all group effects leave"
        )
        hint = 'Ask kind="mean" or kind="response" at new rows, with groups="all".'
        raise PredictionError(f"{what}, so conditional=True means nothing here.", hint=hint)
    return True


def chosen_response(model: Model, response: str | None) -> ModelResponse:
    """The response asked for; it need not be named when there is only one.

    Raises
    ------
    PredictionError
        When it does not exist, or is not named where there are several.
    """
    known = {r.name: r for r in model.responses}
    if response is None:
        if len(known) > 1:
            raise PredictionError(
                "The model has several responses.", hint=f"Say response=, one of: {', '.join(known)}."
            )
        return model.responses[0]
    if response not in known:
        raise PredictionError(f"The model has no response {response!r}.", hint=did_you_mean(str(response), known))
    return known[response]


def _check_parameter(model: Model, response: ModelResponse, kind: str, parameter: str) -> None:
    if kind != "linear" and parameter != names.MEAN:
        raise PredictionError(
            f"parameter={parameter!r} goes with kind='linear', not with kind={kind!r}.", hint="Add kind='linear'."
        )
    if parameter in response.free:
        raise PredictionError(
            f"'{parameter}' has no formula of its own, so there is nothing to predict.",
            hint=f"Its draws are fit.posterior[{parameter!r}].",
        )
    if parameter not in response.links:
        raise PredictionError(
            f"'{response.name}' has no parameter {parameter!r}.", hint=did_you_mean(str(parameter), response.links)
        )
