"""The allow-list: every function that a formula may call, and why others may not be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CONTRASTS", "ELEMENTWISE", "FUNCTIONS", "LATER", "LITERALS", "WHOLE_COLUMN", "Function", "Kind"]


@dataclass(frozen=True)
class Function:
    """A function that may be called on one expression.

    Parameters
    ----------
    name : str
        What formulae calls it.
    literals : tuple of str
        Further arguments, all literal values, by keyword or in this order.
    response : bool
        Whether it may stand on the left side.
    contrast : bool
        Whether the second argument is a contrast, as in ``C(x, Sum)``.
    """

    name: str
    literals: tuple[str, ...] = ()
    response: bool = False
    contrast: bool = False


@dataclass(frozen=True)
class Kind:
    """What a literal argument may be."""

    types: type | tuple[type, ...]
    words: str
    least: float = -math.inf


LITERALS: Mapping[str, Kind] = {
    "degree": Kind(int, "a whole number", 1),
    "df": Kind(int, "a whole number", 1),
    "decimals": Kind(int, "a whole number"),
    "raw": Kind(bool, "True or False"),
    "lower_bound": Kind((int, float), "a number"),
    "upper_bound": Kind((int, float), "a number"),
    "ref": Kind((str, int), "a level"),
    "omit": Kind((str, int), "a level"),
    "success": Kind((str, int), "a level"),
}
"""Literal arguments by keyword → what they may be."""

ELEMENTWISE: Mapping[str, str] = {
    **{n: n for n in ("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "abs", "sign")},
    **{n: n for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan")},
    **{n: n for n in ("floor", "ceil", "round")},
}
"""Name in canonical text → name in numpy, for the namespace in which formulae evaluates."""

CONTRASTS: Mapping[str, str] = {
    "Treatment": "Treatment",
    "Sum": "Sum",
    "contr.treatment": "Treatment",
    "contr.sum": "Sum",
}

_C = Function("C", contrast=True)
FUNCTIONS: Mapping[str, Function] = {
    **{n: Function(n, ("decimals",) if n == "round" else (), response=True) for n in ELEMENTWISE},
    **{typed: Function(n, response=True) for typed, n in (("asin", "arcsin"), ("acos", "arccos"), ("atan", "arctan"))},
    **{
        f"{module}.{n}": Function(n, ("decimals",) if n == "round" else (), response=True)
        for module in ("np", "numpy")
        for n in ELEMENTWISE
    },
    "ceiling": Function("ceil", response=True),
    "I": Function("I", response=True),
    "C": _C,
    "factor": Function("C"),
    "as.factor": Function("C"),
    "relevel": Function("C", ("ref",)),
    "T": Function("T", ("ref",)),
    "S": Function("S", ("omit",)),
    "binary": Function("binary", ("success",)),
    "B": Function("binary", ("success",)),
    "poly": Function("poly", ("degree", "raw")),
    "bs": Function("bs", ("df", "degree", "lower_bound", "upper_bound")),
    "scale": Function("scale", response=True),
    "standardize": Function("standardize", response=True),
    "center": Function("center", response=True),
}
"""Every function of a term, as typed → what it is.  ``offset`` is a term of its own, see ``terms.py``."""

WHOLE_COLUMN = frozenset(
    """mean median min max sum std sd var cumsum cumprod diff rank lag lead shift quantile cut qcut np.mean np.median
    np.min np.max np.sum np.std np.var np.cumsum np.diff numpy.mean numpy.std mad length nrow len""".split()
)
"""Functions whose value in one row depends on the other rows, so that new data would be coded differently."""

LATER: Mapping[str, str] = {
    **dict.fromkeys(("s", "t2", "te", "ti", "smooth"), "Smooth terms"),
    **dict.fromkeys(("ns", "cr", "cc", "tp"), "These splines"),
    **dict.fromkeys(("gp", "hsgp"), "Gaussian processes"),
    **dict.fromkeys(("mo", "monotonic"), "Monotonic effects"),
    **dict.fromkeys(("me", "mi"), "Measurement error and imputation terms"),
    **dict.fromkeys(("mm", "mmc"), "Multi-membership terms"),
    **dict.fromkeys(("ma", "arima"), "Residual correlations"),
    **dict.fromkeys(("dummy", "at.level", "at"), "Single-level terms"),
}
"""Terms of other packages that cannot be asked for yet."""
