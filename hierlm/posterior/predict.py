"""predict: what does the model say about these rows?"""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PredictionError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.values import ModelResponse
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks, thinned
from hierlm.posterior.response import drawn_response, expected_response, linear_of

__all__ = ["Prediction", "predict"]

Floats = NDArray[np.float64]
Kind = Literal["mean", "linear", "response"]
KINDS = {
    "mean": "Expected response E[{response}]",
    "linear": "Linear predictor of {parameter} ({response}), link scale",
    "response": "Predicted response {response}",
}
NEW_LEVELS = ("draw", "zero", "error")
SHOWN = 10


@final
@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """Predictions for rows of data.

    Parameters
    ----------
    frame : DataFrame
        One row per row of the data, indexed by its position there: ``mean``, ``sd``, and the ends ``lower``, ``upper`` of the
        equal-tailed interval that holds the share ``level`` of the draws.
    draws : DataArray
        Every draw, dims ``chain``, ``draw``, ``obs``.
    quantity : str
        What was predicted, and on which scale.
    level : float
    new : mapping of str to tuple of str
        Levels that the fit has not seen, by grouping, as far as their effects were asked for.
    new_levels : str
        What was done about them.
    """

    frame: pd.DataFrame
    draws: xr.DataArray
    quantity: str
    level: float
    new: dict[str, tuple[str, ...]]
    new_levels: str

    def _header(self) -> str:
        chains, draws = self.draws.sizes["chain"], self.draws.sizes["draw"]
        lines = [f"{self.quantity}: {len(self.frame)} rows, {chains} × {draws} draws, {100 * self.level:g}% intervals"]
        done = {"draw": "drawn from the population", "zero": "set to zero"}.get(self.new_levels, "")
        for group, levels in self.new.items():
            shown = ", ".join(levels[:3]) + (", …" if len(levels) > 3 else "")
            lines.append(f"{len(levels)} new level(s) of {group} ({shown}): effects {done}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        more = f"\n… {len(self.frame) - SHOWN} more rows in .frame" if len(self.frame) > SHOWN else ""
        return f"{self._header()}\n{self.frame.head(SHOWN).to_string(float_format='{:.4g}'.format)}{more}"

    def _repr_html_(self) -> str:
        header = html.escape(self._header()).replace("\n", "<br>")
        return f"<p>{header}</p>{self.frame.to_html(max_rows=SHOWN, float_format='{:.4g}'.format)}"


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
) -> Prediction:
    """What does the fit say about these rows, with what uncertainty?

    Columns of new data are joined by name, group effects by level; the coding of the training data (factors, ``scale``,
    ``poly`` …) is applied as it was.  Without new data the predictions are the fitted values.

    Parameters
    ----------
    fit : Fit
    new : data frame, optional
        Rows to predict; the training rows unless given.  It need not hold the response.
    kind : {"mean", "linear", "response"}
        ``"mean"``: E[y | parameters], response scale (a binomial count: trials × probability).  ``"linear"``: η = offset + X b + Σ Z r,
        link scale.  ``"response"``: new observations y, response scale.
    response : str, optional
        Which one, in a model of several.
    parameter : str
        Of which distributional parameter, for ``kind="linear"``.
    groups : "all", "none", or names of groupings
        Whose group effects count; those of the other groupings are zero.
    new_levels : {"draw", "zero", "error"}
        Effects of levels that the fit has not seen: drawn from N(0, V) of every posterior draw, jointly within a level and independently
        between levels; zero; or refused.  Every row of new data is a new level of ``(… | units)``.
    level : float
        Of the intervals, in (0, 1).
    seed : int, optional
        Of the drawn effects and responses; the same seed gives the same draws.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.

    Returns
    -------
    Prediction
        ``.frame`` with one row per row of data, ``.draws`` with every draw.

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
    chosen = _response(model, response)
    kept = groupings(model, groups)
    _check_parameter(model, chosen, kind, parameter)
    used = Draws(model, thinned(fit, draws, PredictionError))
    rows = at_rows(model, new, kept=kept)
    unseen = check_new_levels(rows, kept, new_levels)
    root = checked_seed(seed)
    effects = NewLevels(model, used, root, zero=new_levels == "zero")
    noise = np.random.default_rng(np.random.SeedSequence([root]))
    out = np.empty((used.size, rows.n))
    for at in chunks(used.size, rows.n):
        if kind == "linear":
            out[:, at] = linear_of(rows, used, chosen, at, kept, effects, parameter)[parameter]
        elif kind == "mean":
            out[:, at] = expected_response(rows, used, chosen, at, kept, effects)
        else:
            out[:, at] = drawn_response(rows, used, chosen, at, kept, effects, noise)
    check_finite(out, rows)
    quantity = KINDS[kind].format(response=chosen.name, parameter=parameter)
    array = labelled_draws(out, used, rows, quantity)
    return Prediction(_frame(out, rows, level), array, quantity, level, unseen, new_levels)


def groupings(model: Model, groups: str | Iterable[str]) -> tuple[str, ...]:
    """The groupings named by ``groups``: all, none, or a list.

    Raises
    ------
    PredictionError
        For a name that is no grouping of the model.
    """
    if isinstance(groups, str) and groups in ("all", "none"):
        return tuple(model.groups) if groups == "all" else ()
    named = [groups] if isinstance(groups, str) else list(groups)
    for group in named:
        if group not in model.groups:
            known = [*model.groups, *(["all", "none"] if isinstance(groups, str) else [])]
            raise PredictionError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), known))
    return tuple(dict.fromkeys(named))


def checked_seed(seed: int | None) -> int:
    """``seed``, or a random one.

    Raises
    ------
    PredictionError
        When it is not a whole number from 0 to 2³² − 1.
    """
    if seed is None:
        return secrets.randbits(32)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise PredictionError(f"seed={seed!r} is not a whole number between 0 and 2³² − 1.")
    return int(seed)


def check_new_levels(rows: Rows, kept: Sequence[str], new_levels: str) -> dict[str, tuple[str, ...]]:
    """The new levels of every grouping that counts.

    Raises
    ------
    PredictionError
        When there are any and ``new_levels`` is ``"error"``, or it is no known choice.
    """
    if new_levels not in NEW_LEVELS:
        raise PredictionError(f"new_levels={new_levels!r} is unknown.", hint=did_you_mean(str(new_levels), NEW_LEVELS))
    unseen = {b.group: b.pieces[0].source.unseen for b in rows.blocks if b.group in kept and b.pieces[0].source.unseen}
    if new_levels == "error" and unseen:
        _refuse(rows, unseen)
    return unseen


def labelled_draws(values: NDArray[Any], draws: Draws, rows: Rows, name: str) -> xr.DataArray:
    """An (S, n) array as ``chain`` × ``draw`` × ``obs``, ``obs`` being the position of each row in the user's data."""
    return xr.DataArray(
        values.reshape(draws.chains, draws.draws, rows.n),
        dims=("chain", "draw", names.OBS),
        coords={**draws.coords, names.OBS: rows.index},
        name=name,
    )


def check_finite(values: Floats, rows: Rows) -> None:
    """Refuse predictions, (S, n), of which some are infinite or not a number.

    Raises
    ------
    PredictionError
        Naming the rows.
    """
    bad = rows.index[~np.isfinite(values).all(axis=0)]
    if bad.size:
        raise PredictionError(
            f"The prediction is not a finite number for some draws in {_some(bad, 'row')}.",
            hint="The linear predictor is beyond what the link can map, or the mean does not exist; see kind='linear'.",
        )


def _check_options(kind: str, level: float) -> None:
    if kind not in tuple(KINDS):
        raise PredictionError(f"kind={kind!r} is unknown.", hint=did_you_mean(str(kind), KINDS))
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0 < level < 1:
        raise PredictionError(f"level={level!r} is not between 0 and 1.", hint="0.95 holds 95% of the draws.")


def _response(model: Model, response: str | None) -> ModelResponse:
    known = {r.name: r for r in model.responses}
    if response is None:
        if len(known) > 1:
            raise PredictionError("The model has several responses.", hint=f"Say response=, one of: {', '.join(known)}.")
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


def _refuse(rows: Rows, unseen: dict[str, tuple[str, ...]]) -> None:
    group, levels = next(iter(unseen.items()))
    block = next(b for b in rows.blocks if b.group == group)
    where = rows.index[block.pieces[0].source.codes < 0]
    raise PredictionError(
        f"'{group}' has levels that the fit has not seen: {_some(levels)} in {_some(where, 'row')}.",
        hint="Give new_levels='draw' or 'zero', or leave those rows out.",
    )


def _some(items: Any, what: str = "") -> str:
    shown = ", ".join(str(i) for i in items[:5]) + (f" and {len(items) - 5} more" if len(items) > 5 else "")
    return f"{what}{'s' if what and len(items) > 1 else ''} {shown}".strip()


def _frame(values: Floats, rows: Rows, level: float) -> pd.DataFrame:
    ends = np.empty((2, rows.n))
    for at in chunks(len(values), rows.n):
        ends[:, at] = np.quantile(values[:, at], [(1 - level) / 2, (1 + level) / 2], axis=0)
    columns = {
        "mean": values.mean(axis=0),
        "sd": values.std(axis=0, ddof=min(1, len(values) - 1)),
        "lower": ends[0],
        "upper": ends[1],
    }
    frame = pd.DataFrame(columns, index=pd.Index(rows.index, name="row"))
    frame.attrs["level"] = level
    return frame
