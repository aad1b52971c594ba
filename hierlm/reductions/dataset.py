"""Draws under the names, dimensions and labels of the graph."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.graph import coordinates
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement

__all__ = ["dataset"]

Floats = NDArray[np.float64]


def dataset(
    model: Model,
    place: Arrangement,
    size: tuple[int, int],
    sds: Floats,
    C: Floats,
    positives: Floats,
    effects: Floats,
    integrated: tuple[str, Floats, Floats] | None = None,
) -> xr.Dataset:
    """The draws of everything that users see.

    Parameters
    ----------
    size : (chains, draws)
    sds (D, n), C (D, G, K, K), positives (D, m)
        As kernels return them, D = chains × draws.
    effects (D, columns)
        Group effects and deviations of the coefficients from their prior means.
    integrated : (grouping, its effects (D, levels), its sd (D,)), optional
    """
    coords = coordinates(model)
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    if model.predictors[0].labels:
        b = np.broadcast_to(place.means, (len(effects), len(place.means))).copy()
        b[:, place.free] += effects[:, place.columns - len(place.free) :]
        variables[names.common(names.MEAN)] = ((names.common_dim(names.MEAN),), b)
    smooths = {b.group for b in model.smooths}
    for g, group in enumerate(place.groups):
        k, J, start = place.sizes[g], place.levels[g], place.starts[g]
        if group in smooths:
            variables[names.sd(group)] = ((), sds[:, place.owner[g][0]])
            variables[names.effects(group)] = ((names.effect_dim(group),), effects[:, start : start + k])
            continue
        dims = (names.level_dim(group), names.effect_dim(group))
        variables[names.effects(group)] = (dims, effects[:, start : start + J * k].reshape(-1, J, k))
        owned = [i for i in range(k) if place.owner[g][i] >= 0]
        if owned:
            dim = names.effect_dim(group) if len(owned) == k else names.sd_dim(group)
            variables[names.sd(group)] = ((dim,), sds[:, [place.owner[g][i] for i in owned]])
        if any(b.covariance.correlated(len(b.effects)) for b in model.groups[group]):
            part = C[:, g, :k, :k]
            both = (names.effect_dim(group), names.effect_dim2(group))
            variables[names.cor(group)] = (both, np.einsum("sij,skj->sik", part, part))
    if integrated is not None:
        group, own, sd = integrated
        dims = (names.level_dim(group), names.effect_dim(group))
        variables[names.effects(group)] = (dims, own[:, :, None])
        variables[names.sd(group)] = ((names.effect_dim(group),), sd[:, None])
    for i, parameter in enumerate(model.responses[0].free):
        variables[parameter] = ((), positives[:, i])
    used = {d for dims, _ in variables.values() for d in dims}
    made = xr.Dataset(
        {n: (("chain", "draw", *dims), v.reshape(*size, *v.shape[1:])) for n, (dims, v) in variables.items()},
        coords={"chain": np.arange(size[0]), "draw": np.arange(size[1])} | {d: coords[d] for d in used},
    )
    if integrated is not None:
        made[names.effects(integrated[0])].attrs[names.DRAWN] = names.INDEPENDENTLY
    return made
