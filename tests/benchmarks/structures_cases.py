"""Designs with structure: correlated residuals, relatedness, space, descent; each simulated at any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl

__all__ = ["CASES", "Structure"]

Made = Callable[[int], hl.Model]


@dataclass(frozen=True)
class Structure:
    """One line of the table.

    Parameters
    ----------
    name : str
    what : str
        The design, with its size in place of ``{}``.
    make : callable
        The model of data of a given size.
    size, small : int
        As it is published, and as it is tried out.
    draws, tune : int
        Kept and thrown away on the plain graph, of each chain, where 1,000 and 1,000 would take too long.
    chains : int
        How many on the plain graph, where four would take too long.
    fast : bool
        Whether a reduction takes it; otherwise the graph is all there is.
    """

    name: str
    what: str
    make: Made
    size: int
    small: int
    draws: int = 1000
    tune: int = 1000
    chains: int = 4
    fast: bool = True


def _ar1(groups: int) -> hl.Model:
    rng = np.random.default_rng(1)
    times, phi = 20, 0.6
    e = np.empty((groups, times))
    e[:, 0] = rng.normal(size=groups)
    for t in range(1, times):
        e[:, t] = phi * e[:, t - 1] + rng.normal(0, np.sqrt(1 - phi**2), size=groups)
    x = rng.normal(size=(groups, times))
    y = 2 + 0.5 * x + rng.normal(0, 0.7, size=groups)[:, None] + e
    data = pd.DataFrame(
        {
            "y": y.ravel(),
            "x": x.ravel(),
            "g": np.repeat(np.arange(groups), times),
            "t": np.tile(np.arange(times), groups),
        }
    )
    return hl.Model("y ~ x + (1 | g)", data, residual="ar1(t | g)")


def _pedigree(size: int) -> hl.Model:
    """Five generations; the parents of each are one in forty as sires, one in four as dams, of the one before."""
    rng = np.random.default_rng(2)
    each, generations = size // 5, 5
    value, sire, dam = np.empty(5 * each), np.full(5 * each, -1), np.full(5 * each, -1)
    value[:each] = rng.normal(0, 0.7, size=each)
    for g in range(1, generations):
        before = (g - 1) * each + rng.permutation(each)
        sires, dams = before[: max(each // 40, 1)], before[each // 40 + 1 :][: max(each // 4, 1)]
        own = g * each + np.arange(each)
        sire[own], dam[own] = rng.choice(sires, size=each), np.resize(dams, each)
        value[own] = (value[sire[own]] + value[dam[own]]) / 2 + rng.normal(0, 0.7 * np.sqrt(0.5), size=each)
    names = np.array([f"a{i}" for i in range(len(value))] + ["0"])
    A = hl.pedigree({"animal": names[:-1], "sire": names[sire], "dam": names[dam]})
    sex = np.arange(len(value)) % 2
    y = 10 + 0.5 * sex + value + rng.normal(size=len(value))
    data = pd.DataFrame({"y": y, "sex": np.where(sex, "m", "f"), "animal": names[:-1]})
    return hl.Model("y ~ sex + known(1 | animal, A)", data, matrices={"A": A})


def _places(side: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Any]:
    """A grid, and a field on it with exponential correlation of range 3."""
    lat, lon = (a.ravel().astype(float) for a in np.meshgrid(np.arange(side), np.arange(side)))
    distance = np.hypot(lat[:, None] - lat, lon[:, None] - lon)
    return pd.DataFrame({"lat": lat, "lon": lon}), np.linalg.cholesky(np.exp(-distance / 3)) @ rng.normal(size=side**2)


def _grid_residual(side: int) -> hl.Model:
    rng = np.random.default_rng(3)
    data, z = _places(side, rng)
    x = rng.normal(size=len(data))
    return hl.Model("y ~ x", data.assign(x=x, y=2 + 0.5 * x + z), residual="exp(lat + lon)")


def _grid_effects(side: int) -> hl.Model:
    rng = np.random.default_rng(4)
    data, z = _places(side, rng)
    x = rng.normal(size=len(data))
    data = data.assign(x=x, y=2 + 0.5 * x + z + rng.normal(0, 0.5, size=len(data)), field="one")
    return hl.Model("y ~ x + exp(lat + lon | field)", data)


def _tree(species: int) -> hl.Model:
    """Two species at a time, of those that are left, have a common ancestor; three counts a species."""
    rng = np.random.default_rng(5)
    height, now = dict.fromkeys((f"s{i}" for i in range(species)), 0.0), 0.0
    while len(height) > 1:
        now += rng.exponential(2 / (len(height) * (len(height) - 1)))
        pair = rng.choice(len(height), size=2, replace=False)
        one, other = (list(height)[i] for i in pair)
        joined = f"({one}:{now - height.pop(one):.8f},{other}:{now - height.pop(other):.8f})"
        height[joined] = now
    tree = hl.phylogeny(f"{next(iter(height))};")
    names = [f"s{i}" for i in range(species)]
    a = 0.8 * np.linalg.cholesky(tree.dense(names) + 1e-10 * np.eye(species)) @ rng.normal(size=species)
    which = np.repeat(np.arange(species), 3)
    x = rng.normal(size=len(which))
    data = pd.DataFrame(
        {"y": rng.poisson(np.exp(1 + 0.3 * x + a[which])), "x": x, "species": [names[i] for i in which]}
    )
    return hl.Model("y ~ x + known(1 | species, tree)", data, "poisson", matrices={"tree": tree})


_ALL = (
    Structure(
        "ar1",
        'AR(1) residuals, {} groups × 20 times, `(1 \\| g)`, `residual="ar1(t \\| g)"`',
        _ar1,
        500,
        10,
        draws=200,
        tune=200,
    ),
    Structure(
        "pedigree",
        "pedigree of {} animals, one record each, `known(1 \\| animal, A)`",
        _pedigree,
        10_000,
        200,
        draws=100,
        tune=200,
    ),
    Structure(
        "grid",
        'a field of {0} × {0} places as residuals, `residual="exp(lat + lon)"`',
        _grid_residual,
        30,
        5,
        draws=40,
        tune=60,
        chains=1,
    ),
    Structure(
        "places",
        "a field of {0} × {0} places as effects, `exp(lat + lon \\| field)`",
        _grid_effects,
        30,
        5,
        draws=10,
        tune=40,
    ),
    Structure(
        "tree",
        "Poisson, a tree of {} species, three counts each, `known(1 \\| species, tree)`",
        _tree,
        1_000,
        20,
        draws=200,
        tune=200,
    ),
)

CASES = {case.name: case for case in _ALL}
