"""Fits made without sampling: independent draws from a distribution that the test knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from hierlm import names
from hierlm.fit import Fit
from hierlm.graph import coordinates
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.fixed import Fixed

Arrays = dict[str, tuple[tuple[str, ...], np.ndarray]]


def synthetic_fit(
    model: Model,
    seed: int = 0,
    chains: int = 4,
    draws: int = 50,
    *,
    values: Mapping[str, Any] | None = None,
    stats: bool = True,
) -> Fit:
    """A fit whose draws are independent; group effects are r ~ N(0, V) with each draw's own ``sd`` and ``cor``.

    Parameters
    ----------
    values : mapping of variable to array
        Draws to use instead, broadcast to (chain, draw, …): ``{"b": [250, 10], "sigma": 25}``.
    stats : bool
        Whether the sampler left its statistics.
    """
    rng = np.random.default_rng(seed)
    size, given = (chains, draws), dict(values or {})
    coords = {k: np.asarray([str(v) for v in c]) for k, c in coordinates(model).items() if k != names.OBS}
    arrays: Arrays = {}
    for variable, dims in _vectors(model).items():
        arrays[variable] = (dims, _vector(model, variable, (*size, *(len(coords[d]) for d in dims)), rng))
        if variable in given:
            arrays[variable] = (dims, _given(given.pop(variable), arrays[variable][1].shape))
    for group, blocks in model.groups.items():
        arrays |= _group(group, blocks, arrays, given, size, rng)
    for block in model.smooths:
        sd = arrays[names.sd(block.group)][1]
        r = sd[..., None] * rng.normal(size=(*size, len(block.effects)))
        if names.effects(block.group) in given:
            r = _given(given.pop(names.effects(block.group)), r.shape)
        arrays[names.effects(block.group)] = ((names.effect_dim(block.group),), r)
    assert not given, f"no such variables: {sorted(given)}"
    posterior = xr.Dataset(
        {k: (("chain", "draw", *dims), v) for k, (dims, v) in arrays.items()},
        coords={"chain": np.arange(chains), "draw": np.arange(draws)}
        | {d: coords[d] for dims, _ in arrays.values() for d in dims},
    )
    tree = {"posterior": posterior}
    if stats:
        flags = np.zeros(size, dtype=bool)
        stat = {"diverging": flags, "reached_max_treedepth": flags, "energy": rng.normal(size=size)}
        tree["sample_stats"] = xr.Dataset({k: (("chain", "draw"), v) for k, v in stat.items()})
    return Fit(model, xr.DataTree.from_dict(tree), {"target_accept": 0.9, "max_treedepth": 10})


def _vectors(model: Model) -> dict[str, tuple[str, ...]]:
    """Variable → its dimensions; correlations and group effects come later."""
    found: dict[str, tuple[str, ...]] = {}
    for p in model.predictors:
        if p.labels:
            found[names.common(p.parameter)] = (names.common_dim(p.parameter),)
    for group, blocks in model.groups.items():
        scaled = [i for b in blocks for s in b.covariance.sd_groups(len(b.effects)) for i in s]
        if scaled:
            every = len(scaled) == sum(len(b.effects) for b in blocks)
            found[names.sd(group)] = (names.effect_dim(group) if every else names.sd_dim(group),)
    for group in model.scales:
        found[names.scale(group)] = (names.scale_dim(group),)
    if any(a.variable == names.VARIANCE for a in model.assignments):
        found[names.VARIANCE] = (names.VARIANCE_DIM,)
    for block in model.smooths:
        found[names.sd(block.group)] = ()
    for r in model.responses:
        for parameter in r.free:
            found[parameter] = (names.response_dim(parameter),) if r.label else ()
        found |= {name: (names.element_dim(name),) for name in r.elements}
    return found


def _vector(model: Model, variable: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    rows = [a for a in model.assignments if a.variable == variable]
    positive = rows[0].kind == "positive"
    noise = rng.normal(size=shape)
    array = np.exp(0.1 * noise - 0.3) if positive else 0.3 * noise + 0.2
    if rows[0].kind == "probability":
        array = 1 / (1 + np.exp(1 - 0.3 * noise))
    if rows[0].kind == "elements":  # of every response in order
        sizes = np.cumsum([len(r.elements.get(variable, ())) for r in model.responses])[:-1]
        return np.concatenate([np.sort(part, axis=-1) for part in np.split(2 * noise, sizes, axis=-1)], axis=-1)
    labels = [label for a in rows for label in (a.label, *a.also)]
    owner = [a for a in rows for _ in (a.label, *a.also)]
    if array.ndim == 2:
        return np.full(shape, rows[0].prior.value) if isinstance(rows[0].prior, Fixed) else array
    order = _labels(model, variable)
    for i, label in enumerate(order):
        assignment = owner[labels.index(label)]
        if isinstance(assignment.prior, Fixed):
            array[..., i] = assignment.prior.value
        else:  # one parameter under several labels
            array[..., i] = array[..., order.index(assignment.label)]
    return array


def _labels(model: Model, variable: str) -> list[str]:
    dim = _vectors(model)[variable][0]
    return [str(v) for v in coordinates(model)[dim]]


def _given(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.array(np.broadcast_to(np.asarray(value, dtype=float), shape))


def _group(
    group: str,
    blocks: Sequence[GroupBlock],
    arrays: Arrays,
    given: dict[str, Any],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Arrays:
    """``cor_g`` with one positive correlation per draw and block (every structure allows it), and ``r_g``."""
    order = [e for _, e in sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))]
    K, J = len(order), len(blocks[0].levels)
    sds = np.ones((*size, K))
    dims, sd = arrays.get(names.sd(group), ((), None))
    if sd is not None:
        own = {b.effects[i] for b in blocks for s in b.covariance.sd_groups(len(b.effects)) for i in s}
        scaled = [e for e in order if e in own]
        sds[..., [order.index(e) for e in scaled]] = sd
    R = np.broadcast_to(np.eye(K), (*size, K, K)).copy()
    correlated = False
    for block in blocks:
        if block.covariance.correlated(len(block.effects)):
            correlated = True
            rho = rng.uniform(0.1, 0.6, size=size)
            for i in block.columns:
                for j in block.columns:
                    if i != j:
                        R[..., i, j] = rho
    if names.cor(group) in given:
        R = _given(given.pop(names.cor(group)), R.shape)
    L = sds[..., :, None] * np.linalg.cholesky(R)
    r = np.einsum("cdij,cdlj->cdli", L, rng.normal(size=(*size, J, K)))
    if names.effects(group) in given:
        r = _given(given.pop(names.effects(group)), r.shape)
    found: Arrays = {names.effects(group): ((names.level_dim(group), names.effect_dim(group)), r)}
    if correlated:
        found[names.cor(group)] = ((names.effect_dim(group), names.effect_dim2(group)), R)
    return found
