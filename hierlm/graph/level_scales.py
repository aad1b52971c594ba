"""By what the standard deviations of each level are multiplied: exp(X γ)."""

from __future__ import annotations

from typing import Any

import pymc as pm
import pytensor.tensor as pt

from hierlm import names
from hierlm.graph.vectors import vector
from hierlm.model.model import Model

__all__ = ["level_scales"]

Tensor = Any


def level_scales(model: Model, group: str) -> Tensor | None:
    """Add ``b_sd_g`` to the PyMC model on the context stack; exp(X γ), shape (levels,), or None without a formula."""
    scale = model.scales.get(group)
    if scale is None:
        return None
    name = names.scale(group)
    priors: list[Any] = [a.prior for a in model.assignments if a.variable == name]
    coefficients = vector(name, names.scale_dim(group), priors)
    dims = (names.level_dim(group), names.scale_dim(group))
    return pt.exp((pm.Data(names.data("X", name), scale.X, dims=dims) * coefficients).sum(axis=1))
