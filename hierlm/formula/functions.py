"""The allow-list: every function that a formula may call, and why others may not be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "CONTRASTS",
    "CURVES",
    "ELEMENTWISE",
    "FUNCTIONS",
    "LATER",
    "LITERALS",
    "SMOOTHS",
    "VARIANCE_FUNCTIONS",
    "WHOLE_COLUMN",
    "Function",
    "Kind",
]


@dataclass(frozen=True)
class Function:
    """A function that may be called.

    Parameters
    ----------
    name : str
        Its canonical name.
    literals : tuple of str
        Further arguments, all literal values, by keyword or in this order.
    operands : int
        How many expressions it takes first.
    response : bool
        Whether it may stand on the left side.
    contrast : bool
        Whether the second argument is a contrast, as in ``C(x, Sum)``.
    """

    name: str
    literals: tuple[str, ...] = ()
    operands: int = 1
    response: bool = False
    contrast: bool = False


@dataclass(frozen=True)
class Kind:
    """What a literal argument may be."""

    types: type | tuple[type, ...]
    words: str
    least: float = -math.inf
    example: str = "3"


LITERALS: Mapping[str, Kind] = {
    "degree": Kind(int, "a whole number", 1),
    "df": Kind(int, "a whole number", 1),
    "decimals": Kind(int, "a whole number"),
    **dict.fromkeys(("raw", "intercept", "center", "scale"), Kind(bool, "True or False", example="True")),
    "lower_bound": Kind((int, float), "a number"),
    "upper_bound": Kind((int, float), "a number"),
    "ref": Kind((str, int), "a level", example='"a"'),
    "omit": Kind((str, int), "a level", example='"a"'),
    "success": Kind((str, int), "a level", example='"a"'),
}
"""Literal arguments by keyword → what they may be."""

_NUMPY: Mapping[str, int] = {
    **dict.fromkeys(("log", "log2", "log10", "log1p", "exp", "exp2", "expm1", "sqrt", "cbrt", "square"), 1),
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan"), 1),
    **dict.fromkeys(("abs", "sign", "floor", "ceil", "round", "rint", "trunc"), 1),
    **dict.fromkeys(("maximum", "minimum", "hypot", "arctan2"), 2),
    "where": 3,
}

ELEMENTWISE: Mapping[str, int] = {**_NUMPY, "logit": 1, "expit": 1}
"""Functions whose value in a row depends on that row alone, by canonical name → number of expressions they take."""

CONTRASTS: Mapping[str, str] = {
    "Treatment": "Treatment",
    "Sum": "Sum",
    "contr.treatment": "Treatment",
    "contr.sum": "Sum",
}


def _elementwise(name: str) -> Function:
    return Function(name, ("decimals",) if name == "round" else (), operands=ELEMENTWISE[name], response=True)


_OF_R = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "ceiling": "ceil",
    "qlogis": "logit",
    "plogis": "expit",
    "pmax": "maximum",
    "pmin": "minimum",
    "ifelse": "where",
}

FUNCTIONS: Mapping[str, Function] = {
    **{name: _elementwise(name) for name in ELEMENTWISE},
    **{f"{module}.{name}": _elementwise(name) for module in ("np", "numpy") for name in _NUMPY},
    **{typed: _elementwise(name) for typed, name in _OF_R.items()},
    "I": Function("I", response=True),
    "C": Function("C", contrast=True),
    "factor": Function("C"),
    "as.factor": Function("C"),
    "relevel": Function("T", ("ref",)),
    "T": Function("T", ("ref",)),
    "S": Function("S", ("omit",)),
    "binary": Function("binary", ("success",)),
    "B": Function("binary", ("success",)),
    "poly": Function("poly", ("degree", "raw")),
    "bs": Function("bs", ("df", "degree", "intercept", "lower_bound", "upper_bound")),
    "scale": Function("scale", ("center", "scale"), response=True),
    "standardize": Function("standardize", response=True),
    "center": Function("center", response=True),
}
"""Every function of a term, as typed → what it is.  ``offset`` is a term of its own, see ``terms.py``."""

WHOLE_COLUMN = frozenset(
    prefix + name
    for prefix in ("", "np.", "numpy.")
    for name in (
        *("mean", "median", "min", "max", "sum", "std", "sd", "var", "mad", "quantile", "cut", "qcut"),
        *("cumsum", "cumprod", "diff", "rank", "lag", "lead", "shift", "length", "nrow", "len"),
    )
)
"""Functions whose value in one row depends on the other rows, so that new data would be coded differently."""

LATER: Mapping[str, str] = {
    **dict.fromkeys(("te", "ti", "smooth", "lo"), "Smooth terms"),
    **dict.fromkeys(("ns", "cr", "cc", "tp", "ps"), "These splines"),
    **dict.fromkeys(("gp", "hsgp"), "Gaussian processes"),
    **dict.fromkeys(("mo", "monotonic"), "Monotonic effects"),
    **dict.fromkeys(("me", "mi"), "Measurement error and imputation terms"),
    **dict.fromkeys(("mm", "mmc"), "Multi-membership terms"),
    **dict.fromkeys(("ma", "arima"), "Residual correlations"),
    **dict.fromkeys(("dummy", "at.level", "at"), "Single-level terms"),
}
"""Terms of other packages that cannot be asked for yet."""

CURVES = frozenset(
    name for name, what in LATER.items() if what in ("Smooth terms", "These splines", "Gaussian processes")
)
"""Those of :data:`LATER` in whose place a smooth can stand."""

SMOOTHS = ("s", "t2")
"""Functions that are terms of their own: penalised curves and surfaces, see ``smooths.py``."""

VARIANCE_FUNCTIONS: Mapping[str, bool] = {
    "varFixed": True,
    "varIdent": False,
    "varPower": True,
    "varExp": True,
    "varConstPower": True,
    "varComb": True,
}
"""Functions of a residual standard deviation, nlme's names → whether they take a covariate."""
