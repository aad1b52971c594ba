"""Numbers out of graph expressions, without compiling: the same equations serve sampling and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import ArrayLike, NDArray
from pytensor.compile.mode import Mode

__all__ = ["PYTHON", "Compute", "evaluate", "kept", "kept_sample", "sample"]

Compute = Callable[..., NDArray[Any]]
"""``compute(expression, **arrays)``."""

PYTHON = Mode(linker="py", optimizer="fast_compile").including("local_remove_check_parameter")
"""NumPy evaluates the graph as it stands: milliseconds to set up, and as fast as NumPy afterwards.

PyMC's own checks of parameters are left out: they look at all elements at once, so that one bad row would spoil the
others; the families' ``restrict`` looks at each."""


def evaluate(expression: Callable[..., Any], **arrays: ArrayLike) -> NDArray[np.float64]:
    """``expression(**tensors)`` at the given arrays.

    Examples
    --------
    >>> evaluate(lambda x: x**2, x=[1.0, 3.0])
    array([1., 9.])
    """
    return np.asarray(_function(expression, arrays)(*[np.asarray(a) for a in arrays.values()]))


def kept() -> Compute:
    """:func:`evaluate` for one expression that is asked at many arrays: it is set up once for each kind of arrays.

    The first expression is kept, so there must be one of these for each question.

    Examples
    --------
    >>> square = kept()
    >>> [float(square(lambda x: x**2, x=x)) for x in (1.0, 3.0)]
    [1.0, 9.0]
    """
    made: dict[Any, Any] = {}

    def compute(expression: Callable[..., Any], **arrays: ArrayLike) -> NDArray[np.float64]:
        key = tuple((t.name, t.type) for t in _inputs(arrays).values())
        if key not in made:
            made[key] = _function(expression, arrays)
        return np.asarray(made[key](*[np.asarray(a) for a in arrays.values()]))

    return compute


def _function(expression: Callable[..., Any], arrays: Mapping[str, ArrayLike]) -> Any:
    inputs = _inputs(arrays)
    return pytensor.function(list(inputs.values()), expression(**inputs), mode=PYTHON, on_unused_input="ignore")


def sample(expression: Callable[..., Any], *, seed: np.random.Generator, **arrays: ArrayLike) -> NDArray[Any]:
    """One draw of the random variable ``expression(**tensors)`` at the given arrays.

    Parameters
    ----------
    seed : Generator
        Advanced by the draw.
    """
    return kept_sample()(expression, seed=seed, **arrays)


def kept_sample() -> Callable[..., NDArray[Any]]:
    """:func:`sample` for one random variable that is drawn at many arrays, as :func:`kept` is for an expression.

    Examples
    --------
    >>> import pymc as pm
    >>> draw = kept_sample()
    >>> rng = np.random.default_rng(1)
    >>> [draw(lambda mu: pm.Poisson.dist(mu), seed=rng, mu=mu).shape for mu in ([0.5], [2.0])]
    [(1,), (1,)]
    """
    from pymc.pytensorf import reseed_rngs
    from pytensor.graph.traversal import ancestors
    from pytensor.tensor.random.variable import RandomGeneratorSharedVariable

    made: dict[Any, Any] = {}

    def compute(expression: Callable[..., Any], *, seed: np.random.Generator, **arrays: ArrayLike) -> NDArray[Any]:
        inputs = _inputs(arrays)
        key = tuple((t.name, t.type) for t in inputs.values())
        if key not in made:
            variable = expression(**inputs)
            rngs = [a for a in ancestors([variable]) if isinstance(a, RandomGeneratorSharedVariable)]
            drawn = pytensor.function(list(inputs.values()), variable, mode=PYTHON, on_unused_input="ignore")
            made[key] = rngs, drawn
        rngs, drawn = made[key]
        reseed_rngs(rngs, int(seed.integers(2**31)))
        return np.asarray(drawn(*[np.asarray(a) for a in arrays.values()]))

    return compute


def _inputs(arrays: Mapping[str, ArrayLike]) -> dict[str, Any]:
    return {
        name: pt.tensor(name, dtype=np.asarray(a).dtype, shape=tuple(1 if n == 1 else None for n in np.shape(a)))
        for name, a in arrays.items()
    }
