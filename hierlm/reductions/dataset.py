"""Draws under the names, dimensions and labels of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph import coordinates
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.later import Later

__all__ = ["dataset", "of_groups"]

Floats = NDArray[np.float64]


def dataset(
    model: Model,
    place: Arrangement,
    size: tuple[int, int],
    sds: Floats,
    C: Floats,
    positives: Floats,
    coefficients: Floats,
    effects: Mapping[str, Floats | Later],
    also: Mapping[str, tuple[tuple[str, ...], Floats]] = MappingProxyType({}),
) -> xr.Dataset:
    """The draws of everything that users see.

    Parameters
    ----------
    size : (chains, draws)
    sds (D, n), C (D, G, K, K), positives (D, m)
        As kernels return them, D = chains × draws.  The sd of a grouping that has no place is the last one.
    coefficients (D, p)
        Deviations of the free ones from their prior means.
    effects : mapping grouping → (D, levels, effects) array, or draws that are made later
        Those made later are drawn anew and exactly for every draw of the rest.
    also : mapping variable → (dimensions, draws (D, …))
    """
    coords = coordinates(model)
    variables = dict(also)
    if model.predictors[0].labels:
        b = np.broadcast_to(place.means, (len(coefficients), len(place.means))).copy()
        b[:, place.free] += coefficients
        variables[names.common(names.MEAN)] = ((names.common_dim(names.MEAN),), b)
    smooths = {b.group for b in model.smooths}
    for g, group in enumerate(place.groups):
        if group in smooths:
            variables[names.sd(group)] = ((), sds[:, place.owner[g][0]])
            continue
        k = place.sizes[g]
        owned = [i for i in range(k) if place.owner[g][i] >= 0]
        if owned:
            dim = names.effect_dim(group) if len(owned) == k else names.sd_dim(group)
            variables[names.sd(group)] = ((dim,), sds[:, [place.owner[g][i] for i in owned]])
        if any(b.covariance.correlated(len(b.effects)) for b in model.groups[group]):
            part = C[:, g, :k, :k]
            both = (names.effect_dim(group), names.effect_dim2(group))
            variables[names.cor(group)] = (both, np.einsum("sij,skj->sik", part, part))
    for group in effects:
        if group not in place.groups:
            variables[names.sd(group)] = ((names.effect_dim(group),), sds[:, -1:])
    for i, parameter in enumerate(model.responses[0].free):
        variables[parameter] = ((), positives[:, i])
    made = {
        n: xr.Variable(("chain", "draw", *dims), v.reshape(*size, *v.shape[1:])) for n, (dims, v) in variables.items()
    }
    for group, found in effects.items():
        one = {names.level_dim(group): 0} if group in smooths else {}
        made[names.effects(group)] = _effects(group, found, size).isel(one)
    used = {d for variable in made.values() for d in variable.dims} - {"chain", "draw"}
    axes = {"chain": np.arange(size[0]), "draw": np.arange(size[1])}
    return xr.Dataset(made, coords=axes | {str(d): coords[str(d)] for d in used})


def _effects(group: str, found: Floats | Later, size: tuple[int, int]) -> xr.Variable:
    """The draws of one grouping's effects, with their dimensions and attributes."""
    dims = ("chain", "draw", names.level_dim(group), names.effect_dim(group))
    if isinstance(found, Later):
        return xr.Variable(dims, found.lazily(), {names.DRAWN: names.INDEPENDENTLY})
    return xr.Variable(dims, found.reshape(*size, *found.shape[1:]))


def of_groups(place: Arrangement, effects: Floats) -> dict[str, Floats | Later]:
    """(D, columns) → grouping → its effects (D, levels, effects), views where levels lie in their order."""
    found: dict[str, Floats | Later] = {}
    for g, group in enumerate(place.groups):
        J, k, start = place.levels[g], place.sizes[g], place.starts[g]
        own = effects[:, start : start + J * k].reshape(-1, J, k)
        found[group] = own if np.all(np.diff(place.orders[g]) == 1) else own[:, place.orders[g]]
    return found
