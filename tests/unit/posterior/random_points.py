"""Fits whose draws are random points of a model: what is asked of them is arithmetic, and nothing was sampled."""

from __future__ import annotations

import numpy as np
import xarray as xr

from hierlm.fit import Fit
from hierlm.graph import coordinates
from hierlm.model import Model
from hierlm.storage.spec import _expected
from tests.unit.graph.test_structures import random_point, users_values

__all__ = ["fit_of_points"]


def fit_of_points(model: Model, chains: int, draws: int) -> Fit:
    """Every draw a random point, its variables as users see them."""
    points = [users_values(model.pymc, random_point(model.pymc, seed)) for seed in range(chains * draws)]
    labels, variables = coordinates(model), {}
    for variable, dims in _expected(model).items():
        values = np.stack([p[variable] for p in points])
        variables[variable] = (("chain", "draw", *dims), values.reshape(chains, draws, *values.shape[1:]))
    used = {d for dims, _ in variables.values() for d in dims} - {"chain", "draw"}
    coords = {"chain": np.arange(chains), "draw": np.arange(draws)} | {d: labels[d] for d in used}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(variables, coords=coords)})
    return Fit(model, tree, {"complete": True, "draws": draws, "chains": chains})
