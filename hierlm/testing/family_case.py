"""A family with parameter values to check it at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from hierlm.families import Family, Parameter, Predicted
from hierlm.links import LINKS
from hierlm.testing.numbers import values

__all__ = ["FamilyCase", "Floats", "Points", "inside_values", "usual_points"]

Floats = NDArray[np.float64]
Points = Sequence[Mapping[str, float]]

_TRIALS = 12.0
_ELEMENTS = (-1.0, 0.2, 1.5)


class FamilyCase:
    """A family with the points to check it at.

    ``columns`` are the points as arrays, one for each parameter, in the order of ``family.parameters``; ``elements``
    are those of its vectors, increasing.
    """

    def __init__(self, family: Family, points: Points) -> None:
        self.family, self.points = family, points
        self.columns = [np.array([float(point[p.name]) for point in points]) for p in family.parameters]
        self.additions = dict.fromkeys(family.requires, _TRIALS)
        self.elements = {vector.name: np.array(_ELEMENTS) for vector in family.vectors}

    def predicted(self, natural: Sequence[Any], **given: Predicted) -> dict[str, Predicted]:
        """Parameters at natural values, except those ``given``; latent ones with their default link."""
        identity = LINKS["identity"]
        links = {p.name: LINKS[p.link] if p.latent else identity for p in self.family.parameters}
        found = {name: Predicted(value, link) for (name, link), value in zip(links.items(), natural, strict=True)}
        return found | {name: Predicted(value, identity) for name, value in self.elements.items()} | given

    def variable(self, *natural: Any, **given: Predicted) -> Any:
        """The random variable."""
        return self.family.distribution(self.additions, **self.predicted(natural, **given))

    def log_density(self, y: Any, *natural: Any, **given: Predicted) -> Any:
        """log p(y)."""
        return pm.logp(self.variable(*natural, **given), y)

    def density_at(self, point: int) -> Callable[[Floats], Floats]:
        """y ↦ log p(y) at one of the points."""
        natural = [column[point] for column in self.columns]
        return lambda y: values(self.log_density, y, *natural)

    def moment(self, name: str) -> Floats:
        """``mean`` or ``variance`` at every point."""
        method = getattr(self.family, name)
        shape = self.columns[0].shape
        return np.broadcast_to(values(lambda *p: method(self.additions, **self.predicted(p)), *self.columns), shape)

    @property
    def support(self) -> tuple[float, float]:
        """Bounds of the response."""
        lower, upper = self.family.support
        if self.family.ordinal:
            upper = len(_ELEMENTS) + 1.0
        return lower, min(upper, self.additions.get("trials", np.inf))


def usual_points(family: Family) -> list[dict[str, float]]:
    """Two points inside the ranges of all parameters; three for a single parameter."""
    inside = [inside_values(p) for p in family.parameters]
    others = [(6.0, 15.0, 6.0) if v[0] > 0 and v[-1] > 1 else v for v in inside[1:]]
    columns = [inside[0], *others]
    return [dict(zip((p.name for p in family.parameters), row, strict=True)) for row in zip(*columns, strict=True)]


def inside_values(parameter: Parameter) -> tuple[float, float, float]:
    """Three values inside the range of a parameter."""
    lower, upper = parameter.lower, parameter.upper
    if np.isfinite(lower) and np.isfinite(upper):
        return lower + 0.2 * (upper - lower), lower + 0.5 * (upper - lower), lower + 0.8 * (upper - lower)
    return (lower + 0.6, lower + 2.0, lower + 5.0) if np.isfinite(lower) else (-1.5, 0.4, 3.0)
