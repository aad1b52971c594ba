"""Numbers out of expressions, without compiling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike, NDArray
from pymc.pytensorf import reseed_rngs
from pytensor.compile.mode import Mode
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.variable import RandomGeneratorSharedVariable

__all__ = ["PYTHON", "draws", "gradient", "value_and_gradient", "values"]

PYTHON = Mode(linker="py", optimizer=None)
"""The graph as it is written: neither compiled nor rewritten, so what is stable here is stable by itself."""

Floats = NDArray[np.float64]


def values(expression: Callable[..., Any], *arrays: ArrayLike) -> Floats:
    """``expression`` at arrays of numbers.

    Examples
    --------
    >>> values(lambda x: x**2, [1.0, 3.0])
    array([1., 9.])
    """
    inputs, numbers = _inputs(arrays)
    return np.asarray(_run(inputs, expression(*inputs), numbers), dtype=float)


def gradient(expression: Callable[..., Any], *arrays: ArrayLike) -> Floats:
    """The derivative of an elementwise ``expression`` with respect to its first argument.

    Examples
    --------
    >>> gradient(lambda x: x**2, [1.0, 3.0])
    array([2., 6.])
    """
    return value_and_gradient(expression, *arrays)[1]


def value_and_gradient(expression: Callable[..., Any], *arrays: ArrayLike) -> tuple[Floats, Floats]:
    """:func:`values` and :func:`gradient` of one graph."""
    inputs, numbers = _inputs(arrays)
    value = expression(*inputs)
    derivative = pt.grad(value.sum(), inputs[0], disconnected_inputs="ignore")
    found, slope = _run(inputs, [value, derivative], numbers)
    return np.asarray(found, dtype=float), np.asarray(slope, dtype=float)


def _inputs(arrays: tuple[ArrayLike, ...]) -> tuple[list[Any], list[Floats]]:
    numbers = [np.asarray(a, dtype=float) for a in arrays]
    return [pt.tensor(dtype="float64", shape=tuple(1 if n == 1 else None for n in a.shape)) for a in numbers], numbers


def _run(inputs: list[Any], expression: Any, numbers: list[Floats]) -> Any:
    with np.errstate(all="ignore"):
        return pytensor.function(inputs, expression, mode=PYTHON, on_unused_input="ignore")(*numbers)


def draws(variable: Callable[..., Any], *arrays: ArrayLike, seed: int) -> Floats:
    """One draw of the random ``variable`` at arrays of numbers."""
    inputs, numbers = _inputs(arrays)
    drawn = variable(*inputs)
    generators = [a for a in ancestors([drawn]) if isinstance(a, RandomGeneratorSharedVariable)]
    reseed_rngs(generators, seed)
    return np.asarray(_run(inputs, drawn, numbers))
