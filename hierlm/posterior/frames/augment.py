"""augment: the data with what the fit says about each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from hierlm.errors import PosteriorError, PredictionError
from hierlm.posterior.effects.scenarios import as_typed
from hierlm.posterior.linear import at_rows
from hierlm.posterior.native import native
from hierlm.posterior.predict import chosen_response, row_frame

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["augment"]


def augment(fit: Fit, data: Any = None, *, response: str | None = None, level: float = 0.95) -> Any:
    """The data with fitted values and residuals, row by row, in the columns of R's broom.mixed.

    Parameters
    ----------
    fit : Fit
    data : data frame, optional
        All columns of the data, or new rows; only the columns that the model uses, unless given.
    response : str, optional
        Which one, in a model of several.
    level : float, default 0.95
        Probability inside the intervals.

    Returns
    -------
    DataFrame
        The data (of the same kind of frame) with ``.fitted`` (posterior mean of E[y], group effects included),
        ``.se.fit`` (its posterior sd), ``.lower``, ``.upper``, ``.fixed`` (linear predictor of the mean without group
        effects, link scale) and, where the rows hold the response, ``.resid`` = y − ``.fitted``.

    Raises
    ------
    PosteriorError
        For an ordinal response, whose fitted values are probabilities of categories.
    PredictionError
        When the rows do not fit the model, or rows with missing values were dropped from the data.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.augment(fit)[["Days", ".fitted", ".resid"]]  # doctest: +SKIP
    """
    model, chosen = fit.model, chosen_response(fit.model, response)
    if chosen.categories:
        raise PosteriorError(
            f"'{chosen.name}' has categories, so a row has no single fitted value.", hint="Ask fit.predict()."
        )
    fitted = row_frame(fit, data, response=chosen, level=level)
    fixed = row_frame(fit, data, response=chosen, linear=True, groups="none")["mean"].to_numpy()
    found = {
        ".fitted": fitted["mean"].to_numpy(),
        ".se.fit": fitted["sd"].to_numpy(),
        ".lower": fitted["lower"].to_numpy(),
        ".upper": fitted["upper"].to_numpy(),
        ".fixed": fixed,
    }
    y = _observed(fit, data, chosen.name)
    if y is not None:
        found[".resid"] = y - found[".fitted"]
    if data is None:
        return native(model, {**{name: as_typed(c) for name, c in model.data.columns.items()}, **found})
    if isinstance(data, dict):
        return pd.DataFrame({**data, **found})
    frame = nw.from_native(data, eager_only=True)
    if len(frame) != len(fixed):
        raise PredictionError(
            f"The data have {len(frame)} rows, of which {len(fixed)} are complete.", hint="Leave the others out first."
        )
    made = [nw.new_series(name, np.asarray(v), backend=frame.implementation) for name, v in found.items()]
    if isinstance(data, pd.DataFrame):
        return data.assign(**found)
    return frame.with_columns(*made).to_native()


def _observed(fit: Fit, data: Any, response: str) -> Any:
    """The response of the rows as the family has it; None where new rows lack it."""
    own = next(r for r in fit.model.responses if r.name == response)
    if data is None:
        return own.y
    try:
        rows = at_rows(fit.model, data, response=True, forecasts=True)
    except PredictionError:
        return None
    found = next(r for r in rows.responses if r.name == response)
    return own.family.prepare(found.name, found.values, found.levels, own.success, found.additions)
