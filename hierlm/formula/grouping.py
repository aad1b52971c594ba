"""The right side of a bar: columns and their cells, ``gr(g, by=, cov=)``, and ``mm(g1, g2, weights=)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hierlm.errors import did_you_mean
from hierlm.formula.context import Context
from hierlm.formula.terms import Algebra
from hierlm.formula.tree import Argument, Bars, Call, Name, Node, String, bare, summands
from hierlm.formula.words import check_column, literal

__all__ = ["Grouping", "check_matrix", "groups"]

_LEFT_OUT: Mapping[str, str] = {
    "id": "Write (1 + x | id | g) for a shared id.",
    "cor": "Write (1 + x || g) for independent effects.",
    "dist": "Group effects are normal; leave dist out.",
}
"""Options of brms's ``gr`` that are written otherwise here."""


@dataclass(frozen=True)
class Grouping:
    """One grouping.

    Parameters
    ----------
    factors : tuple of str
        The columns whose cells are the levels; of a multi-membership those that each name a level.
    by : str or None
        The column each of whose levels has a covariance of its own.
    across : str or None
        The name of what the levels' covariance is known from.
    weights : tuple of str
        Of a multi-membership: columns; empty for equal weights.
    multiple : bool
        Whether it is a multi-membership.
    scaled : bool
        Whether the weights of a row are divided by their sum.
    """

    factors: tuple[str, ...]
    by: str | None = None
    across: str | None = None
    weights: tuple[str, ...] = ()
    multiple: bool = False
    scaled: bool = True


def groups(node: Node, context: Context) -> tuple[Grouping, ...]:
    """The groupings that the right side of a bar stands for: ``a/b`` is ``a`` and ``a:b``.

    Raises
    ------
    FormulaError
    """
    inner = bare(node)
    if isinstance(inner, Call) and inner.function == "gr" and len(inner.arguments) > 1:
        return (_gr(inner, context),)
    if isinstance(inner, Call) and inner.function == "mm":
        return (_mm(inner, context),)
    algebra = Algebra(context, _factor)
    return tuple(Grouping(factors) for factors in algebra.sorted(algebra.add({}, summands(node))))


def check_matrix(argument: Argument, context: Context) -> str:
    """The name of a matrix that was handed over by ``matrices=``.

    Raises
    ------
    FormulaError
    """
    inner = bare(argument.value)
    hint = 'Write known(1 | animal, K), and hand K over by name: matrices={"K": …}.'
    if not isinstance(inner, Name) or not (inner.quoted or (inner.name.isidentifier() and inner.name[0] != "_")):
        raise context.refuse("A matrix is given by its name.", argument, hint)
    return inner.name


def _gr(node: Call, context: Context) -> Grouping:
    """``gr(g, by=f, cov=K)`` of brms."""
    hint = "Write gr(g, by=f) or gr(g, cov=K)."
    first = node.arguments[0]
    if first.keyword is not None or not isinstance(bare(first.value), Name):
        raise context.refuse("gr() starts with the column that groups.", first, hint)
    found: dict[str, str] = {}
    for argument in node.arguments[1:]:
        if argument.keyword is None:
            raise context.refuse("gr() takes one column; cells are written a:b.", argument, hint)
        if argument.keyword in found:
            raise context.refuse(f"{argument.keyword!r} is given twice.", argument, "Give it once.")
        if argument.keyword == "cov":
            found["cov"] = check_matrix(argument, context)
        elif argument.keyword == "by":
            found["by"] = _column(argument.value, context, "by= names the column of the sub-populations.", hint)
        else:
            known = _LEFT_OUT.get(argument.keyword) or did_you_mean(argument.keyword, ("by", "cov"))
            raise context.refuse(f"gr() has no option {argument.keyword!r} here.", argument, known)
    column = _column(first.value, context, "", hint)
    if found.get("by") == column:
        raise context.refuse("A grouping is no sub-population of itself.", node, "Leave by= out.")
    return Grouping((column,), by=found.get("by"), across=found.get("cov"))


def _mm(node: Call, context: Context) -> Grouping:
    """``mm(g1, g2, weights=cbind(w1, w2), scale=TRUE)`` of brms."""
    hint = "Write mm(g1, g2) or mm(g1, g2, weights=cbind(w1, w2))."
    factors: list[str] = []
    weights: tuple[str, ...] = ()
    scaled = True
    for argument in node.arguments:
        if argument.keyword is None:
            factors.append(_column(argument.value, context, "mm() takes columns.", hint))
        elif argument.keyword == "weights":
            weights = _weights(argument, context, hint)
        elif argument.keyword == "scale" and isinstance(value := literal(argument.value, context), bool):
            scaled = value
        else:
            raise context.refuse(f"mm() has no option {argument.keyword!r} of this kind.", argument, hint)
    if len(factors) < 2:
        raise context.refuse("mm() takes two or more columns that each name a level.", node, hint)
    if len(set(factors)) < len(factors):
        raise context.refuse("mm() names a column twice.", node, hint)
    if weights and len(weights) != len(factors):
        message = f"{len(factors)} columns name levels, and {len(weights)} are their weights."
        raise context.refuse(message, node, "Give one column of weights for each.")
    return Grouping(tuple(factors), weights=weights, multiple=True, scaled=scaled)


def _weights(argument: Argument, context: Context, hint: str) -> tuple[str, ...]:
    inner = bare(argument.value)
    if not isinstance(inner, Call) or inner.function != "cbind" or any(a.keyword for a in inner.arguments):
        raise context.refuse("The weights of mm() are cbind( ) of columns.", argument, hint)
    return tuple(_column(a.value, context, "A weight is a column.", hint) for a in inner.arguments)


def _column(node: Node, context: Context, message: str, hint: str) -> str:
    inner = bare(node)
    if not isinstance(inner, Name):
        raise context.refuse(message, node, hint)
    return check_column(inner, context)


def _factor(node: Node, context: Context) -> str:
    """One grouping column; ``factor(g)`` and ``gr(g)`` are ``g``, as every group is a factor."""
    if isinstance(node, Name):
        return check_column(node, context)
    if isinstance(node, Call):
        column = bare(node.arguments[0].value) if node.arguments else None
        plain = len(node.arguments) == 1 and node.arguments[0].keyword is None and isinstance(column, Name)
        if node.function in ("factor", "as.factor", "C", "gr") and plain:
            return check_column(column, context)  # type: ignore[arg-type]
        if node.function in ("gr", "mm"):
            hint = "Make a column of the cells first, and write gr(cell, by=f)."
            raise context.refuse(f"{node.function}() stands alone on the right side of a bar.", node, hint)
        if node.function == "interaction":
            raise context.refuse("Cells are written with a colon.", node, "Write (1 | a:b).")
        hint = "Make a column of it first, and group by that."
        raise context.refuse("A group is a column, not a computation.", node, hint)
    if isinstance(node, String):
        raise context.refuse("A group is a column, not a text.", node, f"Write it without quotes: {node.value}.")
    if isinstance(node, Bars):
        raise context.refuse("A group term cannot hold another.", node, "Write (1 | a) + (1 | b).")
    raise context.refuse("A group is a column, or columns joined by ':' or '/'.", node, "Write (1 | g) or (1 | a/b).")
