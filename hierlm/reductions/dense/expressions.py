"""A model's parameters and covariances as functions of many ζ at once, evaluated by NumPy: nothing is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.graph.replace import clone_replace, vectorize_graph

from hierlm.graph.evaluate import PYTHON
from hierlm.graph.moments import parameters
from hierlm.model import Model

__all__ = ["Expressions", "Many"]

Floats = NDArray[np.float64]
Many = Callable[[Floats], list[Floats]]
"""ζ (S, d) → answers (S, …)."""


class Expressions:
    """The parameters θ of a model as functions of ζ, the graph's own coordinates in one vector.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    start : (d,) array
        Where the graph starts.
    names : tuple of str
        The variables of θ.
    """

    def __init__(self, model: Model) -> None:
        coordinates, logp, natural = parameters(model)
        start = model.pymc.initial_point()
        first = [np.asarray(start[str(v.name)], dtype=np.float64) for v in coordinates]
        self.start = np.concatenate([np.zeros(0), *(f.ravel() for f in first)])
        self.names = tuple(natural)
        self._zeta = pt.tensor("zeta", dtype="float64", shape=(len(self.start),))
        ends = np.cumsum([f.size for f in first])
        parts = {
            v: pt.specify_shape(self._zeta[end - f.size : end].reshape(f.shape), f.shape)
            for v, f, end in zip(coordinates, first, ends, strict=True)
        }
        self._logp, *values = clone_replace([logp, *natural.values()], parts)
        self.values: Mapping[str, Any] = dict(zip(self.names, values, strict=True))
        self._parameters = self.function([self._logp, *values])

    def function(self, answers: Sequence[Any]) -> Many:
        """Expressions in :attr:`values` as a function of many ζ."""
        many = pt.tensor("zetas", dtype="float64", shape=(None, len(self.start)))
        each = [pt.as_tensor(a) for a in answers]
        batched: Any = vectorize_graph(each, {self._zeta: many})
        function = pytensor.function([many], batched, mode=PYTHON, on_unused_input="ignore")

        lock = Lock()  # a function has one store for what it computes

        def call(zetas: Floats) -> list[Floats]:
            with lock, np.errstate(all="ignore"):
                found = function(np.ascontiguousarray(zetas))
            return [
                np.broadcast_to(v, (len(zetas), *np.shape(v)[np.ndim(v) - a.ndim :]))
                for v, a in zip(found, each, strict=True)
            ]

        return call

    def parameters(self, zetas: Floats) -> tuple[Floats, dict[str, Floats]]:
        """log p(θ) + log |∂θ/∂ζ|, (S,), and every variable of θ, (S, …), at ζ (S, d)."""
        logp, *values = self._parameters(zetas)
        return logp, dict(zip(self.names, values, strict=True))
