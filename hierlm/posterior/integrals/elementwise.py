"""Quantities of single rows as functions of their linear predictors, with first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.families.family import Predicted
from hierlm.graph.evaluate import PYTHON
from hierlm.links import get_link
from hierlm.model.values import ModelResponse
from hierlm.posterior.linear import Draws, Rows
from hierlm.posterior.response import additions, free_values

__all__ = ["Differentiated", "Elementwise"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Question = Callable[[Mapping[str, Any], Mapping[str, Predicted], Any], Sequence[Any]]
"""``question(additions, parameters, y)`` → expressions of the rows."""


@dataclass(frozen=True, eq=False)
class Differentiated:
    """A quantity of rows, (S, J, n).

    Parameters
    ----------
    value : (S, J, n) array
    first : list of (S, J, n) arrays
        Its derivatives by each moving predictor.
    second : list of (S, J, n) arrays
        By pairs of them (a, b ≤ a).
    """

    value: Floats
    first: list[Floats]
    second: list[Floats]


@final
class Elementwise:
    """Quantities of one response's rows.  PyTensor differentiates them, and NumPy evaluates the graph.

    Parameters
    ----------
    rows : Rows
    draws : Draws
    response : ModelResponse
    y : (n,) array
        The response of the rows, as numbers of the family.
    moving : sequence of str
        The parameters whose linear predictors change; may be empty.
    question : callable
        ``question(additions, parameters, y)`` → the quantities.
    """

    def __init__(
        self, rows: Rows, draws: Draws, response: ModelResponse, y: Floats, moving: Sequence[str], question: Question
    ) -> None:
        self.response, self.moving = response, tuple(moving)
        self.still = tuple(p for p in response.links if p not in self.moving)
        self._y = y.astype(np.int64) if response.family.discrete else np.asarray(y, dtype=np.float64)
        self._free = {p: v[:, :, None] for p, v in free_values(draws, response).items()}
        self._given = additions(rows, response, slice(0, rows.n))
        self._values, self._derivatives = self._compiled(question)

    def _compiled(self, question: Question) -> tuple[Any, Any]:
        discrete = self.response.family.discrete
        inputs: dict[str, Any] = {f"p_{p}": pt.dtensor3(p) for p in (*self.moving, *self.still)}
        for p, v in self._free.items():  # scalars, or vectors on a last axis
            inputs[f"p_{p}"] = pt.tensor(p, dtype="float64", shape=(None, 1, 1, *v.shape[3:]))
        inputs |= {f"a_{a}": pt.tensor(a, dtype="float64", shape=(1, None, None)) for a in self._given}
        inputs["y"] = pt.tensor("y", dtype="int64" if discrete else "float64", shape=(1, None, None))
        links = dict(self.response.links) | {p: get_link("identity") for p in self._free}
        predicted = {p: Predicted(inputs[f"p_{p}"], link) for p, link in links.items()}
        given = {a: inputs[f"a_{a}"] for a in self._given}
        first = [inputs[f"p_{p}"] for p in (*self.moving, *self.still)]
        values = [q + (pt.zeros_like(first[0]) if first else 0.0) for q in question(given, predicted, inputs["y"])]
        eta = [inputs[f"p_{p}"] for p in self.moving]
        every = []
        for value in values:
            slopes = [pt.grad(value.sum(), e, disconnected_inputs="ignore") for e in eta]
            bends = [
                pt.grad(slopes[a].sum(), eta[b], disconnected_inputs="ignore")
                for a in range(len(eta))
                for b in range(a + 1)
            ]
            every += [value, *slopes, *bends]
        arguments, options = list(inputs.values()), {"mode": PYTHON, "on_unused_input": "ignore"}
        return pytensor.function(arguments, values, **options), pytensor.function(arguments, every, **options)

    def _arguments(self, etas: Mapping[str, Floats], at: Ints, part: Ints) -> list[Any]:
        free = [v[part] for v in self._free.values()]
        return [
            *(etas[p] for p in (*self.moving, *self.still)),
            *free,
            *(v[at][None] for v in self._given.values()),
            self._y[at][None],
        ]

    def values(self, etas: Mapping[str, Floats], at: Ints, part: Ints) -> list[Floats]:
        """The quantities, (S, J, n) each.

        Parameters
        ----------
        etas : mapping of parameter to (S, J, n) array
        at : (J, n) int array
            Which rows.
        part : (S,) int array
            Which draws.
        """
        with np.errstate(all="ignore"):
            return [np.asarray(v) for v in self._values(*self._arguments(etas, at, part))]

    def derivatives(self, etas: Mapping[str, Floats], at: Ints, part: Ints) -> list[Differentiated]:
        """The same with their derivatives."""
        with np.errstate(all="ignore"):
            found = [np.asarray(v) for v in self._derivatives(*self._arguments(etas, at, part))]
        k = len(self.moving)
        size = 1 + k + k * (k + 1) // 2
        return [
            Differentiated(found[i], found[i + 1 : i + 1 + k], found[i + 1 + k : i + size])
            for i in range(0, len(found), size)
        ]
