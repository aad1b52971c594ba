"""Correlation of residuals: ``residual="ar1(time | subject)"``, ``"exp(lat + lon | field, nugget=True)"``."""

from __future__ import annotations

from collections.abc import Sequence

from hierlm import names
from hierlm.errors import did_you_mean
from hierlm.formula.bars import is_bar
from hierlm.formula.context import Context
from hierlm.formula.dialect import one_sided
from hierlm.formula.grouping import Grouping, groups
from hierlm.formula.render import expression
from hierlm.formula.tree import Argument, Bars, Call, Node, Number, bare, summands
from hierlm.formula.values import Option, ResidualTerm
from hierlm.formula.words import literal

__all__ = ["residual_correlation"]

_EXAMPLES = {
    "nothing": "(1 | g)",
    "steps": "(time | g)",
    "times": "(time | g)",
    "occasions": "(occasion | g)",
    "coordinates": "(lat + lon | g)",
}


def residual_correlation(context: Context, start: int, stop: int) -> ResidualTerm | None:
    """The correlation that ``residual=…`` asks for; None for MCMCglmm's dialect.

    Raises
    ------
    FormulaError
    """
    parts = one_sided(context, start, stop, "residual")
    if not any(_is_correlation(part, context) for part in parts):
        return None
    if len(parts) > 1:
        whole = Node(start, stop)
        hint = "Variances that differ go into the formula of the scale: sigma ~ varIdent(f) + varPower(x)."
        raise context.refuse("Residuals have one correlation structure.", whole, hint)
    (node,) = parts
    if not isinstance(node, Call):
        hint = f"Write residual='ar1{context.typed(node)}', or another structure."
        raise context.refuse("A structure is missing before the bracket.", node, hint)
    return _read(node, context)


def _is_correlation(node: Node, context: Context) -> bool:
    """Whether ``node`` is a call with a bar, or of a correlation function without ``:units``."""
    return is_bar(node) or (isinstance(node, Call) and node.function.lower() in context.correlations)


def _read(node: Call, context: Context) -> ResidualTerm:
    if node.function.lower() not in context.correlations:
        hint = did_you_mean(node.function, context.correlations)
        if node.function.lower() in ("idh", "diag", "hetar1"):
            hint = "Variances that differ are sigma ~ varIdent(f); a correlation is cs(1 | g) or ar1(time | g)."
        raise context.refuse(f"{node.function!r} is no correlation of residuals.", node.head, hint)
    function, needs = context.correlations[node.function.lower()]
    example = f"{node.function}{_EXAMPLES[needs]}"
    if not node.arguments or node.arguments[0].keyword is not None:
        raise context.refuse(f"{node.function}() does not say what is correlated.", node, f"Write {example}.")
    inner = bare(node.arguments[0].value)
    left, right = inner, None
    if isinstance(inner, Bars):
        if len(inner.parts) != 2 or inner.operators[0] != "|":
            raise context.refuse("Blocks of residuals are written with one bar.", inner, f"Write {example}.")
        left, right = inner.parts
    return ResidualTerm(
        function,
        needs,
        _positions(left, node.function, needs, context),
        _factors(right, example, context),
        _options(node.arguments[1:], context),
        context.typed(node),
        node.start,
        node.stop,
    )


def _positions(left: Node, name: str, needs: str, context: Context) -> tuple[str, ...]:
    """The coordinates of the left side, none for ``1``."""
    example = f"Write {name}{_EXAMPLES[needs]}."
    found: list[str] = []
    parts = list(summands(left))
    order = len(parts) == 1 and _is_number(parts[0][1], 1)
    for sign, part in () if order else parts:
        if _is_number(part, 0) and len(parts) > 1:
            continue  # 0 + time, as in a group term
        if sign == "-":
            raise context.refuse("Nothing can be taken away from a position.", part, example)
        if isinstance(bare(part), Number):
            raise context.refuse("A position is a column, or columns joined by '+'.", part, example)
        found.append(expression(part, context))
    if needs == "nothing" and found:
        raise context.refuse(f"The correlation of {name}() does not depend on positions.", left, example)
    if order and needs in ("times", "coordinates", "occasions"):
        what = {"times": "times", "coordinates": "coordinates", "occasions": "occasions, the levels of a factor"}[needs]
        raise context.refuse(f"{name}() needs {what}.", left, example)
    if needs != "coordinates" and len(found) > 1:
        raise context.refuse(f"{name}() takes one column.", left, example)
    if len(set(found)) < len(found):
        raise context.refuse("A coordinate is given twice.", left, "Give it once.")
    return tuple(found)


def _is_number(node: Node, value: int) -> bool:
    inner = bare(node)
    return isinstance(inner, Number) and inner.value == value


def _factors(right: Node | None, example: str, context: Context) -> tuple[str, ...]:
    """The factors whose cells are the blocks, none for ``1`` or no right side."""
    if right is None or _is_number(right, 1):
        return ()
    found = groups(right, context)
    if len(found) != 1:
        hint = "Write a:b for the cells of a and b."
        raise context.refuse("Residuals are correlated within one grouping.", right, hint)
    (grouping,) = found
    if grouping != Grouping(grouping.factors):
        raise context.refuse("Blocks of residuals are the levels of a column, or cells.", right, f"Write {example}.")
    if names.UNITS in grouping.factors:
        hint = "Name the column within whose levels residuals are correlated."
        raise context.refuse("Every row would be a block of its own.", right, hint)
    return grouping.factors


def _options(arguments: Sequence[Argument], context: Context) -> dict[str, Option]:
    """Options, all literal and by keyword; what they are is the function's own affair."""
    found: dict[str, Option] = {}
    for argument in arguments:
        if argument.keyword is None:
            raise context.refuse(
                "An option of a structure needs its name.", argument, "Write arma(time | g, p=1, q=1)."
            )
        if argument.keyword in found:
            raise context.refuse(f"{argument.keyword!r} is given twice.", argument, "Give it once.")
        found[argument.keyword] = literal(argument.value, context)
    return found
