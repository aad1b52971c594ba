"""Variance functions in the formula of a residual scale: ``sigma ~ varPower(x | f) + varIdent(g)``."""

from __future__ import annotations

from hierlm.formula.bars import Grouping, groups
from hierlm.formula.context import Context
from hierlm.formula.functions import VARIANCE_FUNCTIONS
from hierlm.formula.render import expression
from hierlm.formula.tree import Bars, Call, Name, Node, Number, bare
from hierlm.formula.values import VarianceTerm

__all__ = ["FITTED", "is_variance", "read_variance"]

FITTED = "fitted"
"""The fitted mean as a covariate; a column of this name is written in backquotes."""


def is_variance(node: Node) -> bool:
    """Whether ``node`` is a variance function."""
    return isinstance(node, Call) and node.function in VARIANCE_FUNCTIONS


def read_variance(node: Node, context: Context) -> VarianceTerm:
    """One variance function: ``varPower(x)``, ``varPower(fitted)``, ``varPower(x | f)``, ``varIdent(f)``.

    Raises
    ------
    FormulaError
    """
    assert isinstance(node, Call)
    name, refuse = node.function, context.refuse
    takes, example = VARIANCE_FUNCTIONS[name], f"{name}(x)" if VARIANCE_FUNCTIONS[node.function] else f"{name}(f)"
    if name == "varComb":
        raise refuse("Variance functions are joined by '+'.", node, "Write sigma ~ varIdent(f) + varPower(x).")
    for argument in node.arguments:
        if argument.keyword is not None:
            hint = f"Write {example}; a parameter is held fixed by priors={{…: 0.5}}."
            raise refuse(f"{name}() has no argument {argument.keyword!r} here.", argument, hint)
    if len(node.arguments) != 1:
        raise refuse(f"{name}() takes one covariate.", node, f"Write {example}.")
    inner = bare(node.arguments[0].value)
    left, strata = (inner, None) if not isinstance(inner, Bars) else (inner.parts[0], inner.parts[-1])
    if isinstance(inner, Bars) and (len(inner.parts) != 2 or inner.operators[0] != "|"):
        raise refuse("Strata are written with one bar.", inner, f"Write {name}({'x' if takes else '1'} | f).")
    if not takes:
        plain = isinstance(bare(left), Number) and bare(left).value == 1  # type: ignore[attr-defined]
        if strata is not None and not plain:
            raise refuse(f"{name}() has no covariate.", left, f"Write {name}({context.typed(strata)}).")
        strata = left if strata is None else strata
    factors: tuple[str, ...] = ()
    if strata is not None:
        found = groups(strata, context)
        if len(found) != 1:
            raise refuse("Strata are the levels of one factor, or its cells.", strata, f"Write {name}(x | a:b).")
        (factors,) = (grouping.factors for grouping in found)
        if found[0] != Grouping(factors):
            raise refuse("Strata are columns.", strata, f"Write {name}(x | a:b).")
    column = bare(left)
    fitted = takes and isinstance(column, Name) and column.name == FITTED and not column.quoted
    covariate = expression(left, context) if takes and not fitted else ""
    context.count_terms(1, node)
    return VarianceTerm(name, covariate, fitted, factors, context.typed(node), node.start, node.stop)
