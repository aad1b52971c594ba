"""From a sampler's draws to those that users see: finite, named, labelled."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import ConvergenceWarning, InterruptedWarning, SamplingError
from hierlm.model.model import Model
from hierlm.priors.fixed import Fixed
from hierlm.samplers import Settings

__all__ = ["finite_draws", "numeric_statistics", "observed_data", "user_variables"]

PACKAGE = str(Path(__file__).parents[1])


def finite_draws(posterior: xr.Dataset, stats: xr.Dataset, settings: Settings) -> tuple[xr.Dataset, xr.Dataset, bool]:
    """The largest block of leading finite draws that chains have in common, and whether it is all that was asked for.

    Interrupted samplers pad chains with NaN, or leave them short or empty.  Of chains with 1000, 1000, 40 and 0 draws
    the first two are kept; of chains with 900, 800, 850 and 870 draws, 800 of each.

    Raises
    ------
    SamplingError
        When no chain has a finite draw.

    Warns
    -----
    InterruptedWarning
        When chains stopped early.
    ConvergenceWarning
        When a sampler went on with numbers that are not finite.
    """
    finite, padding = _finite(posterior)
    lengths = np.logical_and.accumulate(finite, axis=1).sum(axis=1)
    if not lengths.any():
        raise SamplingError(
            "No chain made a finite draw.",
            hint="Sample longer before interrupting, or check priors and data if it was not interrupted.",
        )
    kept = int(max(set(lengths[lengths > 0]), key=lambda d: (d * (lengths >= d).sum(), -d)))
    chains = np.flatnonzero(lengths >= kept)
    complete = kept >= settings.draws and len(chains) == settings.chains
    if not complete:
        diverted = (~finite & ~padding).any()
        reason = "Some draws are not finite" if diverted else "Sampling stopped early"
        every = "" if len(chains) == settings.chains else f" of {settings.chains}"
        others = ", ".join(str(n) for n in np.delete(lengths, chains))
        warnings.warn(
            f"{reason}: {kept} of {settings.draws} draws of {len(chains)}{every} chains are kept"
            + (f" (the others had {others}). " if others else ". ")
            + ("Check priors and the scale of the data." if diverted else "Fit again for the full number."),
            ConvergenceWarning if diverted else InterruptedWarning,
            skip_file_prefixes=(PACKAGE,),  # the line that the user wrote
        )
    if len(chains) < len(lengths):
        numbers = {"chain": np.arange(len(chains))}
        posterior, stats = (d.isel(chain=chains).assign_coords(numbers) for d in (posterior, stats))
    return posterior.isel(draw=slice(kept)), stats.isel(draw=slice(kept)), complete


def _finite(posterior: xr.Dataset) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each draw is finite in every variable, and whether it is NaN in all of them; (chain, draw)."""
    shape = posterior.sizes["chain"], posterior.sizes["draw"]
    finite, padding = np.ones(shape, dtype=bool), np.ones(shape, dtype=bool)
    for variable in posterior.data_vars.values():
        values = variable.transpose("chain", "draw", ...).to_numpy()
        axes = tuple(range(2, values.ndim))
        finite &= np.isfinite(values).all(axis=axes)
        padding &= np.isnan(values).all(axis=axes)
    return finite, padding


def user_variables(posterior: xr.Dataset, model: Model) -> xr.Dataset:
    """The variables that users know, in the model's order, with text labels."""
    order = [a.variable for a in model.assignments] + [names.effects(g) for g in model.batches]
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
    clean = stats[kept]
    clean = clean.drop_vars([c for c in clean.coords if c not in ("chain", "draw")])
    clean.attrs = {}
    return clean


def observed_data(model: Model) -> xr.Dataset:
    """The responses, one variable each, labelled with the data's rows."""
    several = len(model.responses) > 1
    data = {names.response_variable(i, several): (names.OBS, r.y) for i, r in enumerate(model.responses)}
    return xr.Dataset(data, coords={names.OBS: np.asarray(model.design.rows)})
