"""What predictions, likelihoods and replications have in common: their options, and the shape of their answer."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PredictionError, did_you_mean
from hierlm.model import Model
from hierlm.posterior.linear import Draws, Rows

__all__ = ["check_finite", "check_new_levels", "checked_seed", "groupings", "labelled_draws"]

NEW_LEVELS = ("draw", "zero", "error")


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
        raise PredictionError(
            f"seed={seed!r} is not a whole number between 0 and 2³² − 1.", hint="Write seed=1, or leave it out."
        )
    return int(seed)


def groupings(model: Model, groups: str | Iterable[str]) -> tuple[str, ...]:
    """The groupings named by ``groups``: all, none, or a list.

    Raises
    ------
    PredictionError
        For a name that is no grouping of the model.
    """
    if isinstance(groups, str) and groups in ("all", "none"):
        return tuple(model.groups) if groups == "all" else ()
    named = [groups] if isinstance(groups, str) or not isinstance(groups, Iterable) else list(groups)
    for group in named:
        if not isinstance(group, str) or group not in model.groups:
            known = [*model.groups, *(["all", "none"] if isinstance(groups, str) else [])]
            raise PredictionError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), known))
    return tuple(dict.fromkeys(named))


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


def check_finite(values: NDArray[Any], rows: Rows, at: slice = slice(None)) -> None:
    """Refuse predictions, (S, rows in ``at``), of which some are infinite or not a number.

    Raises
    ------
    PredictionError
        Naming the rows.
    """
    bad = rows.index[at][~np.isfinite(values).all(axis=(0, *range(2, values.ndim)))]
    if bad.size:
        raise PredictionError(
            f"The prediction is not a finite number for some draws in {_some(bad, 'row')}.",
            hint="The linear predictor is beyond what the link can map, or the mean does not exist; see kind='linear'.",
        )


def labelled_draws(
    values: NDArray[Any], draws: Draws, rows: Rows, name: str, categories: Sequence[str] = ()
) -> xr.DataArray:
    """An (S, n) array as ``chain`` × ``draw`` × ``obs``, ``obs`` being the position of each row in the user's data.

    With categories an (S, n, K) array has the further dimension ``category``, and an (S, n) array of their numbers
    becomes one of their names.
    """
    dims: tuple[str, ...] = ("chain", "draw", names.OBS)
    coords = {**draws.coords, names.OBS: rows.index}
    if values.ndim == 3:
        dims, coords[names.CATEGORY] = (*dims, names.CATEGORY), np.asarray(categories)
    elif categories:
        values = np.asarray(categories)[values.astype(np.int64) - 1]
    shape = (draws.chains, draws.draws, *values.shape[1:])
    return xr.DataArray(values.reshape(shape), dims=dims, coords=coords, name=name)


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
