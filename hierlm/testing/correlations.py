"""The contract of every correlation function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.compile.mode import Mode

from hierlm.correlations.correlation import Coefficient, Correlation, values_of

__all__ = ["check_correlation"]

Floats = NDArray[np.float64]
Evaluate = Callable[[Floats], list[Any]]

_PYTHON: Final = Mode(linker="py", optimizer="fast_compile")  # nothing to compile
_NEAR: Final = 1e-3  # of an interval, from its ends


def check_correlation(function: Correlation, *, seed: int = 0) -> None:
    """Check a correlation function at a few places; a plugin's test is this one call.

    * coefficients have names, and default priors within their bounds;
    * R has ones on its diagonal, is symmetric, and positive definite, at random and near the ends of the bounds;
    * leading axes of the positions are matrices, computed at once;
    * R of some of the rows is that part of R, and does not depend on their order;
    * the gradient with respect to every coefficient is that of differences;
    * where all pairs are said to be alike, R has one correlation, the only coefficient;
    * where there are steps, they make R: R_st is the product of the a between s and t, and v = 1 − a².

    Parameters
    ----------
    function : Correlation
    seed : int
        Of the random positions and coefficients.

    Raises
    ------
    AssertionError
        Saying what does not hold.

    Examples
    --------
    >>> from hierlm.correlations import get_correlation
    >>> check_correlation(get_correlation("cs"))
    """
    rng = np.random.default_rng(seed)
    places = _places(function, rng)
    function.check(places)
    coefficients = function.coefficients(places)
    _check_coefficients(function, coefficients)
    points = [np.array([_within(c, u) for c, u in zip(coefficients, us, strict=True)]) for us in _shares(coefficients)]
    some = rng.permutation(6)[:4]
    symbol = pt.vector("x", dtype="float64", shape=(len(coefficients),))
    values = values_of(coefficients, symbol)
    weights = rng.normal(size=(6, 6))
    each = [function.matrix(values, positions) for positions in places]
    total = (each[0] * weights).sum()
    wanted = [*each, function.matrix(values, np.stack(places)), function.matrix(values, places[0][some])]
    evaluate = _function(symbol, [*wanted, total, pt.grad(total, symbol)])
    for x in points:
        one, other, both, part, _, _ = evaluate(x)
        for R in (one, other):
            _check_matrix(function, R)
        _same(both, np.stack([one, other]), f"{function!r}: leading axes are not matrices")
        _same(part, one[np.ix_(some, some)], f"{function!r}: R of some rows is no part of R")
    _check_gradient(function, coefficients, evaluate, points[:2])
    first = [evaluate(x)[0] for x in points]
    if function.exchangeable:
        for x in points:
            _same(evaluate(x)[0], x + (1 - x) * np.eye(6), f"{function!r}: not all pairs are alike")
    _check_step(function, values, symbol, points, places[0], first)
    _check_kernel(function, points, places[0], first)


def _same(found: Floats, expected: Floats, message: str) -> None:
    np.testing.assert_allclose(found, expected, atol=1e-10, err_msg=message)


def _function(symbol: pt.TensorVariable, wanted: list[pt.TensorVariable]) -> Evaluate:
    return pytensor.function([symbol], wanted, mode=_PYTHON, on_unused_input="ignore")


def _places(function: Correlation, rng: np.random.Generator) -> list[Floats]:
    """Two sets of six positions."""
    dimensions = min(2, function.most_dimensions)

    def positions() -> dict[str, Floats]:
        return {
            "nothing": np.zeros((6, 1)),
            "occasions": np.arange(6.0)[:, None],
            "steps": np.sort(rng.choice(9, 6, replace=False)).astype(float)[:, None],
            "times": np.sort(rng.uniform(0, 5, 6))[:, None],
            "coordinates": rng.uniform(0, 5, (6, dimensions)),
        }

    known = [positions(), positions()]
    assert function.needs in known[0], f"{function!r} needs {function.needs!r}, which is not known"
    return [each[function.needs] for each in known]


def _shares(coefficients: Sequence[Coefficient]) -> list[Floats]:
    """Where in their bounds coefficients are put: random, low, high."""
    rng, n = np.random.default_rng(1), len(coefficients)
    return [rng.uniform(0.2, 0.8, n), rng.uniform(0.2, 0.8, n), np.full(n, _NEAR), np.full(n, 1 - _NEAR)]


def _within(c: Coefficient, share: float) -> float:
    """A point of the interval of a coefficient; of an unbounded one, around a typical value."""
    if np.isfinite(c.lower) and np.isfinite(c.upper):
        return float(c.lower + share * (c.upper - c.lower))
    return float(c.prior.typical() * np.exp(2 * (share - 0.5)))


def _check_coefficients(function: Correlation, coefficients: Sequence[Coefficient]) -> None:
    assert coefficients, f"{function!r} has no coefficients"
    names = [(c.name, c.label) for c in coefficients]
    assert len(set(names)) == len(names), f"{function!r} has coefficients of the same name"
    for c in coefficients:
        lower, upper = c.prior.support
        assert c.prior.proper, f"{function!r}: the prior of {c.name} is improper"
        assert c.lower <= lower < upper <= c.upper, f"{function!r}: the prior of {c.name} leaves its bounds"


def _check_matrix(function: Correlation, R: Floats) -> None:
    assert np.isfinite(R).all(), f"{function!r}: R is not finite"
    np.testing.assert_allclose(np.diag(R), 1.0, atol=1e-12, err_msg=f"{function!r}: the diagonal of R is not 1")
    np.testing.assert_allclose(R, R.T, atol=1e-12, err_msg=f"{function!r}: R is not symmetric")
    assert np.linalg.eigvalsh(R)[0] > -1e-12, f"{function!r}: R is not positive definite"


def _check_step(
    function: Correlation,
    values: dict[str, pt.TensorVariable],
    symbol: pt.TensorVariable,
    points: Sequence[Floats],
    positions: Floats,
    matrices: Sequence[Floats],
) -> None:
    step = function.step(values, np.diff(positions[:, 0]))
    assert (step is not None) == function.markov, f"{function!r}: 'markov' says otherwise than its steps"
    if step is None:
        return
    evaluate = _function(symbol, list(step))
    for x, R in zip(points, matrices, strict=True):
        a, v = evaluate(x)
        _same(v, 1 - a**2, f"{function!r}: v is not 1 − a²")
        for s in range(len(positions)):
            for t in range(s, len(positions)):
                _same(R[s, t], np.prod(a[s:t]), f"{function!r}: steps make no R")


def _check_kernel(
    function: Correlation, points: Sequence[Floats], positions: Floats, matrices: Sequence[Floats]
) -> None:
    """The one coefficient c is what kernels take it for."""
    if function.kernel is None:
        return
    apart = np.abs(positions[:, None, 0] - positions[:, 0])
    for x, R in zip(points, matrices, strict=True):
        (c,) = x
        expected = c**apart if function.kernel == "power" else np.where(np.eye(len(R), dtype=bool), 1.0, c)
        _same(R, expected, f"{function!r}: kernel={function.kernel!r} says otherwise than its matrix")


def _check_gradient(
    function: Correlation, coefficients: Sequence[Coefficient], evaluate: Evaluate, points: Sequence[Floats]
) -> None:
    for x in points:
        slope = evaluate(x)[-1]
        for i, h in enumerate(1e-6 * np.eye(len(x)) * np.maximum(1e-2, np.abs(x))):
            ends = [evaluate(x + sign * h)[-2] for sign in (1, -1)]
            message = f"{function!r}: the gradient of {coefficients[i].name} is not that of differences"
            difference = (ends[0] - ends[1]) / (2 * h[i])
            np.testing.assert_allclose(slope[i], difference, rtol=1e-5, atol=1e-6, err_msg=message)
