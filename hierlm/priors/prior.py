"""Prior: any PyMC distribution by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Prior"]


class Prior:
    """CONTRACT (lane D fills): a frozen, hashable value.

    Prior("Normal", mu=0, sigma=2.5); Prior("Gamma", alpha=2, beta=1, on="precision")
    .name: str canonical PyMC class name; .arguments: Mapping[str, float]; .on: "value" | "variance" | "precision"
    .build(name, *, dims=None, shape=None, default_transform=UNSET, **vectors) -> the (sd-scale) variable in the PyMC model context;
        `vectors` override arguments by arrays (one element per row of a vector variable).
    .location_scale (bool) .positive (bool: support is within (0, inf)) .flat (bool improper)
    .to_json() / from_json
    __repr__ "Normal(mu=0, sigma=2.5)"
    """

    name: str
    arguments: Mapping[str, float]
    on: str

    def build(self, name: str, **kwargs: Any) -> Any: ...
