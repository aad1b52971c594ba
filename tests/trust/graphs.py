"""The PyMC graph of a model as functions of a row of sampling coordinates, and derivatives by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor.tensor as pt

import hierlm as hl
from hierlm.graph.evaluate import PYTHON

Floats = np.ndarray


class Graph:
    """Densities and values at sampling coordinates."""

    def __init__(self, model: hl.Model) -> None:
        self.graph = model.pymc
        self.start = self.graph.initial_point()
        variables = self.graph.unobserved_value_vars
        self.names = [v.name for v in variables]
        self._values = self._compiled(variables)

    def _compiled(self, outputs: list[Any]) -> Any:
        return self.graph.compile_fn(outputs, mode=PYTHON, on_unused_input="ignore")

    @property
    def centre(self) -> Floats:
        """PyMC's initial point."""
        return np.concatenate([np.ravel(value) for value in self.start.values()])

    def split(self, v: Floats) -> dict[str, Floats]:
        """By the names that the graph has for them."""
        point, at = {}, 0
        for name, value in self.start.items():
            size = np.size(value)
            point[name], at = v[at : at + size].reshape(np.shape(value)), at + size
        assert at == len(v)
        return point

    def values(self, v: Floats) -> dict[str, Floats]:
        """Of all variables on the scales of the user, by name."""
        return {n: np.asarray(x) for n, x in zip(self.names, self._values(self.split(v)), strict=True)}

    def density_and_gradient(self) -> Callable[[Floats], tuple[float, Floats]]:
        """Without the Jacobian of the coordinates."""
        density = self.graph.logp(jacobian=False)
        slopes = [s.ravel() for s in pt.grad(density, self.graph.value_vars)]
        function = self._compiled([density, pt.concatenate(slopes)])
        return lambda v: function(self.split(v))

    def density(self) -> Callable[[Floats], float]:
        """With the Jacobian."""
        function = self._compiled([self.graph.logp(jacobian=True)])
        return lambda v: float(function(self.split(v))[0])


def derivative(function: Callable[[float], Any], step: float = 2e-4) -> Any:
    """f′(0) by central differences of fourth order."""
    return (8 * (function(step) - function(-step)) - (function(2 * step) - function(-2 * step))) / (12 * step)


def compare(
    ours: Callable[[Floats], tuple[float, Floats]], theirs: Callable[[Floats], float], points: list[Floats]
) -> tuple[float, float]:
    """The difference of two log-densities is one constant, 1e-8; the first one's gradient is the second's, 1e-6.

    1e-8 of the density where that is larger than 100, since that is how many digits it has; gradients along one random
    direction at each point, and 1e-6 of the gradient's length where that is larger than one.  Returns how far they are
    off at most, on these scales.
    """
    off, off_slope, size, rng = [], 0.0, 1.0, np.random.default_rng(5)
    for v in points:
        value, slopes = ours(v)
        off.append(value - theirs(v))
        size = max(size, abs(value) / 100)
        direction = rng.normal(size=len(v))
        direction /= np.linalg.norm(direction)
        steepness = max(1.0, float(np.linalg.norm(slopes)))
        step = max(
            5e-6, 2e-4 / max(1.0, steepness / 30)
        )  # at a distance d from a pole the gradient is of the order 1/d
        slope = derivative(lambda t, v=v, d=direction: theirs(v + t * d), step)
        assert abs(slopes @ direction - slope) <= 1e-6 * steepness, (slopes @ direction, slope)
        off_slope = max(off_slope, abs(slopes @ direction - slope) / steepness)
    np.testing.assert_allclose(off, off[0], rtol=0, atol=1e-8 * size)
    return float(np.ptp(off) / size), float(off_slope)


def check_model(model: hl.Model, theirs: Callable[[dict[str, Floats]], float], count: int = 20) -> None:
    """The graph's density against one of natural values, at points where that is finite.

    Parameters
    ----------
    theirs : function
        log p of the values by name, with the Jacobian of standardised effects.
    """
    graph, rng, points = Graph(model), np.random.default_rng(1), []
    for spread in (0.3, 0.1, 0.03):
        for _ in range(3 * count):
            v = graph.centre + rng.normal(0, spread, len(graph.centre))
            with np.errstate(all="ignore"):
                if len(points) < count and abs(theirs(graph.values(v))) < 1e4:
                    points.append(v)
    assert len(points) == count
    compare(graph.density_and_gradient(), lambda v: theirs(graph.values(v)), points)
