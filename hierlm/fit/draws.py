"""From a sampler's draws to those that users see: finite, named, labelled."""

from __future__ import annotations

import warnings

import numpy as np
import xarray as xr

from hierlm import names
from hierlm.errors import InterruptedWarning, SamplingError
from hierlm.model.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.samplers import Settings

__all__ = ["finite_draws", "numeric_statistics", "observed_data", "user_variables"]


def finite_draws(posterior: xr.Dataset, stats: xr.Dataset, settings: Settings) -> tuple[xr.Dataset, xr.Dataset, bool]:
    """The leading draws that every chain finished, and whether those are all that were asked for."""
    usable = np.ones((posterior.sizes["chain"], posterior.sizes["draw"]), dtype=bool)
    for variable in posterior.data_vars.values():
        values = variable.transpose("chain", "draw", ...).to_numpy()
        usable &= np.isfinite(values.reshape(*usable.shape, -1)).all(axis=-1)
    whole = np.logical_and.accumulate(usable, axis=1).sum(axis=1)
    kept = int(whole.min(initial=settings.draws))
    started = int(whole.max(initial=0))
    if kept == 0:
        raise SamplingError(
            "No chain made a finite draw." if started == 0 else "A chain was stopped before its first draw.",
            hint="Sample longer before interrupting, or check priors and data if it was not interrupted.",
        )
    complete = kept >= settings.draws and posterior.sizes["chain"] == settings.chains
    if not complete:
        warnings.warn(
            f"Sampling stopped early: {kept} of {settings.draws} draws of {posterior.sizes['chain']} chains are kept. "
            "Fit again for the full number.",
            InterruptedWarning,
            stacklevel=4,
        )
    return posterior.isel(draw=slice(kept)), stats.isel(draw=slice(kept)), complete


def user_variables(posterior: xr.Dataset, model: Model) -> xr.Dataset:
    """The variables that users know, in the model's order, with text labels."""
    order = [a.variable for a in model.assignments] + [names.effects(g) for g in model.groups]
    wanted = [v for v in dict.fromkeys(order) if v in posterior.data_vars]
    lost = [v for v in dict.fromkeys(order) if v not in posterior.data_vars and not _is_constant(model, v)]
    if lost:
        raise SamplingError(f"The sampler did not return {', '.join(lost)}.", hint="This is a bug; please report it.")
    kept = posterior[wanted].transpose("chain", "draw", ...)
    kept = kept.drop_vars([c for c in kept.coords if c not in kept.dims])
    text = {
        c: np.asarray([str(v) for v in kept[c].to_numpy()], dtype=np.str_)
        for c in kept.coords
        if c not in ("chain", "draw", names.OBS)
    }
    kept = kept.assign_coords({c: (c, v) for c, v in text.items()})
    kept.attrs = {}
    return kept


def _is_constant(model: Model, variable: str) -> bool:
    return all(isinstance(a.prior, Fixed) for a in model.assignments if a.variable == variable)


def numeric_statistics(stats: xr.Dataset) -> xr.Dataset:
    """Sampler statistics that are numbers, one a draw."""
    kept = [n for n, v in stats.data_vars.items() if v.dims == ("chain", "draw") and v.dtype.kind in "biuf"]
    clean = stats[kept].drop_vars([c for c in stats.coords if c not in ("chain", "draw")])
    clean.attrs = {}
    return clean


def observed_data(model: Model) -> xr.Dataset:
    several = len(model.responses) > 1
    data = {names.response_variable(i, several): (names.OBS, r.y) for i, r in enumerate(model.responses)}
    return xr.Dataset(data, coords={names.OBS: np.asarray(model.design.rows)})
