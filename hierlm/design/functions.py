"""The functions that a formula may call.

Three kinds: elementwise ones (a row's value depends on that row alone), transforms that learn from the training data
(a function of the training column that returns a function of new columns), and those that make a factor.
Their definitions are ours, so that a formula means the same whatever else is installed; they follow R.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import BSpline
from scipy.special import expit, logit

from hierlm.errors import DataError, warn_data

__all__ = ["ELEMENTWISE", "TRANSFORMS", "Applied", "fit_bs", "fit_poly", "fit_scale"]

Floats = NDArray[np.float64]
Applied = Callable[[Floats], Floats]

ELEMENTWISE: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(np, name)
        for name in (
            "abs", "absolute", "arccos", "arcsin", "arctan", "arctan2", "cbrt", "ceil", "cos", "cosh", "exp", "exp2",
            "expm1", "fabs", "floor", "fmax", "fmin", "hypot", "log", "log10", "log1p", "log2", "maximum", "minimum",
            "power", "rint", "round", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc", "where", "clip",
        )
    },
    "expit": expit,
    "logit": logit,
}  # fmt: skip
"""Each row by itself; all but ``expit`` and ``logit`` are numpy's of that name."""


def fit_center(x: Floats) -> Applied:
    """``center(x)``: x minus its training mean."""
    mean = float(np.mean(x))
    return lambda new: new - mean


def fit_scale(x: Floats, center: bool = True, scale: bool = True) -> Applied:
    """``scale(x)`` or ``standardize(x)``: (x − mean) / sd over the training data, sd with n − 1 as in R.

    Examples
    --------
    >>> fit_scale(np.array([1.0, 2.0, 3.0]))(np.array([4.0]))
    array([2.])
    """
    mean = float(np.mean(x)) if center else 0.0
    spread = float(np.sqrt(np.sum((x - mean) ** 2) / max(len(x) - 1, 1))) if scale else 1.0
    if spread == 0.0:
        raise DataError("scale() of a constant column divides by zero.", hint="Leave that column out.")
    return lambda new: (new - mean) / spread


def fit_poly(x: Floats, degree: int = 1, raw: bool = False) -> Applied:
    """``poly(x, d)``: orthonormal polynomials over the training data, by their three-term recurrence, as in R.

    P₀ = 1, Pₖ₊₁ = (x − αₖ) Pₖ − (νₖ/νₖ₋₁) Pₖ₋₁ with αₖ = Σ x Pₖ² / νₖ and νₖ = Σ Pₖ²; column k is Pₖ/√νₖ
    (Kennedy & Gentle 1980).  ``raw=True`` gives x, x², ….
    """
    _whole("poly", "degree", degree, 1)
    if degree >= len(np.unique(x)):
        raise DataError(
            f"poly(…, {degree}) needs more than {degree} different values, there are {len(np.unique(x))}.",
            hint="Use a lower degree.",
        )
    if raw:
        return lambda new: np.column_stack([new**k for k in range(1, degree + 1)])
    alpha, norm = [], []
    before, now = np.zeros_like(x), np.ones_like(x)
    for _ in range(degree + 1):
        norm.append(float(now @ now))
        alpha.append(float(x @ now**2) / norm[-1])
        ratio = norm[-1] / norm[-2] if len(norm) > 1 else 0.0
        before, now = now, (x - alpha[-1]) * now - ratio * before

    def apply(new: Floats) -> Floats:
        columns, before, now = [], np.zeros_like(new), np.ones_like(new)
        for k in range(degree):
            ratio = norm[k] / norm[k - 1] if k else 0.0
            before, now = now, (new - alpha[k]) * now - ratio * before
            columns.append(now / np.sqrt(norm[k + 1]))
        return np.column_stack(columns)

    return apply


def fit_bs(
    x: Floats,
    df: int | None = None,
    knots: Sequence[float] | None = None,
    degree: int = 3,
    intercept: bool = False,
    lower_bound: float | None = None,
    upper_bound: float | None = None,
) -> Applied:
    """``bs(x, df=5)``: B-splines, as R's ``splines::bs``: knots at quantiles.

    The first column is dropped unless ``intercept``.  Outside the training range the polynomials of the end pieces go
    on, with a warning (de Boor 1978).
    """
    _whole("bs", "degree", degree, 1)
    low = float(np.min(x)) if lower_bound is None else float(lower_bound)
    high = float(np.max(x)) if upper_bound is None else float(upper_bound)
    if not low < high:
        raise DataError("bs() of a constant column has no range.", hint="Leave that column out.")
    if knots is None:
        least = degree + bool(intercept)
        size = least if df is None else df
        _whole("bs", "df", size, least)
        different = len(np.unique(x))
        if size > different:
            raise DataError(
                f"bs() cannot make {size:,} columns of {different:,} different values.", hint="Use fewer, such as df=5."
            )
        inner = np.quantile(x[(x >= low) & (x <= high)], np.linspace(0, 1, size - least + 2)[1:-1])
    else:
        inner = np.sort(np.atleast_1d(np.asarray(knots, dtype=np.float64)))
        if not (np.isfinite(inner).all() and (inner > low).all() and (inner < high).all()):
            raise DataError(
                f"bs() needs its knots inside ({low:g}, {high:g}).", hint="Give df= instead, or knots within the data."
            )
    full = np.concatenate([[low] * (degree + 1), inner, [high] * (degree + 1)])
    first = 0 if intercept else 1

    def apply(new: Floats) -> Floats:
        outside = int(np.sum((new < low) | (new > high)))
        if outside:
            warn_data(
                f"bs(): {outside} values lie outside [{low:g}, {high:g}], the range it was made for; "
                "its end pieces are extrapolated."
            )
        basis = BSpline.design_matrix(new, full, degree, extrapolate=True).toarray()
        return np.asarray(basis[:, first:], dtype=np.float64)

    return apply


TRANSFORMS: Mapping[str, Callable[..., Applied]] = {
    "center": fit_center,
    "scale": fit_scale,
    "standardize": fit_scale,
    "poly": fit_poly,
    "bs": fit_bs,
}
"""Learn from the training data; new data are transformed with what was learnt."""


def _whole(function: str, argument: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DataError(
            f"{function}() needs {argument} to be a whole number ≥ {least}, not {value!r}.",
            hint=f"Write {argument}={least + 2}.",
        )
