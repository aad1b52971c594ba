"""The weakly informative default priors: pure functions of numbers that describe the data.

The yardstick is the response on the link scale: its ``centre`` m and ``spread`` s (``Family.link_scale``).

* **Slope** of a column x, dummies included: ``Normal(0, 2.5 s / sd(x))``.  A change of x by one standard deviation may
  well move the response by its own spread or two, and hardly by more than five.
* **Intercept**, as the formula is written: ``Normal(m, √((2.5 s)² + Σ_j (2.5 s mean(x_j)/sd(x_j))²))``.  It is what
  ``Normal(m, 2.5 s)`` for the response at the *average* predictors says about the response at predictors zero: a year
  that is not centred has an intercept far away, and the prior allows it.
* **No intercept, a factor with a mean for each level** (``0 + f``): every such column gets the intercept's prior.  They
  are found in the numbers: the first run of neighbouring 0/1 columns that add up to one in each row.
* **No intercept and no such factor** (``0 + x``): the line goes through the origin, so distances are taken from zero:
  ``Normal(0, 2.5 √(m² + s²) / rms(x))``.
* **Group standard deviation** of a column z: ``HalfNormal(2.5 s / rms(z))``, the root mean square over the rows where z
  is not zero, so that a dummy has 1.  Its density is finite and flat at zero: complete pooling stays possible.
* **Correlations**: ``LKJ(2)``, which only keeps away from ±1.
* **Other predicted parameters** (``sigma ~ …`` on the log scale, ``zi ~ …`` on the logit scale): the same rules with
  the parameter's own centre and s = 1.

Columns without spread count as sd 1.  Source of the slope and intercept rules: the defaults of Gabry & Goodrich's
rstanarm ("Prior distributions for rstanarm models"), here with the intercept as written instead of centred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PriorError
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["CORRELATION_PRIOR", "PARAMETER_SPREAD", "WIDTH", "coefficient_priors", "group_sd_prior", "nonzero_rms"]

Floats = NDArray[np.float64]

WIDTH: Final = 2.5
"""How many spreads of the response a default prior's standard deviation is."""

PARAMETER_SPREAD: Final = 1.0
"""The spread s of predicted parameters other than the mean, on their link scale."""

CORRELATION_PRIOR: Final = LKJ(2.0)


def coefficient_priors(
    X: Floats, labels: Sequence[str], intercept: int | None, centre: float, spread: float
) -> tuple[Prior, ...]:
    """Default priors of common effects, one a column; the rule is at the top of this module.

    Parameters
    ----------
    X : (n, p) array
        As the formula is written, neither centred nor scaled.
    labels : sequence of p str
        Names of the columns, for errors.
    intercept : int or None
        The column of ones.
    centre, spread : float
        Of the response on the link scale.

    Returns
    -------
    tuple of p Prior

    Raises
    ------
    PriorError
        When ``spread`` is not positive, or a column is not finite or too large to be squared.

    Examples
    --------
    >>> X = np.column_stack([np.ones(3), [0.0, 1.0, 2.0]])
    >>> coefficient_priors(X, ("Intercept", "x"), 0, centre=10, spread=2)
    (Normal(mu=10, sigma=7.07106781186548), Normal(mu=0, sigma=5))
    """
    _check_yardstick(centre, spread)
    _check_columns(X, labels)
    if X.shape[1] == 0:
        return ()
    means = (intercept,) if intercept is not None else _cell_means(X)
    if not means:
        sizes = np.sqrt(np.mean(X**2, axis=0))
        return tuple(_slope(math.hypot(centre, spread), size) for size in sizes)
    mean, sd = X.mean(axis=0), X.std(axis=0, ddof=1 if len(X) > 1 else 0)
    sd[np.ptp(X, axis=0) == 0] = 0.0  # exactly, whatever rounding left
    slopes = {j: _slope(spread, sd[j]) for j in range(X.shape[1]) if j not in means}
    from_slopes = (prior.arguments["sigma"] * mean[j] for j, prior in slopes.items())
    at_zero = Prior("Normal", mu=centre, sigma=math.hypot(WIDTH * spread, *from_slopes))
    return tuple(slopes.get(j, at_zero) for j in range(X.shape[1]))


def group_sd_prior(z_rms: float, spread: float) -> Prior:
    """Default prior of the standard deviation of one group effect.

    Parameters
    ----------
    z_rms : float
        :func:`nonzero_rms` of the effect's column (of all columns that share the standard deviation).
    spread : float
        Of the response on the link scale.

    Examples
    --------
    >>> group_sd_prior(nonzero_rms(np.array([0.0, 1.0, 1.0])), spread=2)
    HalfNormal(sigma=5)
    """
    _check_yardstick(0.0, spread)
    return Prior("HalfNormal", sigma=WIDTH * spread / (z_rms if z_rms > 0 else 1.0))


def nonzero_rms(z: Floats) -> float:
    """Root mean square of the entries of ``z`` (any shape) that are not zero; 1 when all are.

    Examples
    --------
    >>> nonzero_rms(np.array([0.0, 2.0, -2.0]))
    2.0
    """
    used = z[z != 0]
    return float(np.sqrt(np.mean(used**2))) if used.size else 1.0


def _slope(spread: float, size: float) -> Prior:
    """Normal(0, WIDTH · spread / size), a size of zero counting as one."""
    return Prior("Normal", mu=0, sigma=WIDTH * spread / (size if size > 0 else 1.0))


def _cell_means(X: Floats) -> tuple[int, ...]:
    """The first run of neighbouring 0/1 columns that add up to one in every row; () without any.

    Examples
    --------
    >>> _cell_means(np.array([[5.0, 1.0, 0.0], [6.0, 0.0, 1.0]]))
    (1, 2)
    """
    binary = [j for j in range(X.shape[1]) if np.isin(X[:, j], (0.0, 1.0)).all()]
    for start in binary:
        total = np.zeros(len(X))
        for stop in range(start, X.shape[1]):
            if stop not in binary:
                break
            total = total + X[:, stop]
            if (total > 1).any():
                break
            if (total == 1).all():
                return tuple(range(start, stop + 1))
    return ()


def _check_yardstick(centre: float, spread: float) -> None:
    if not (math.isfinite(centre) and math.isfinite(spread) and spread > 0):
        raise PriorError(
            f"Default priors need a finite centre and a positive spread of the response; got {centre:g}, {spread:g}.",
            hint="Give the priors yourself, by priors={...}.",
        )


def _check_columns(X: Floats, labels: Sequence[str]) -> None:
    if len(labels) != X.shape[1]:
        raise PriorError(f"{X.shape[1]} columns, but {len(labels)} labels.", hint="Give one label a column.")
    with np.errstate(over="ignore"):
        bad = [label for label, column in zip(labels, X.T, strict=True) if not np.isfinite(column @ column)]
    if bad:
        raise PriorError(
            f"The default prior of {bad[0]!r} needs finite values of moderate size.", hint="Rescale the column."
        )
