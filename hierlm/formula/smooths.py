"""Smooth terms: ``s(x)``, ``s(x, k=20, bs="cc")``, ``s(x, by=f)``, ``t2(x, z)``."""

from __future__ import annotations

from collections.abc import Sequence

from hierlm.errors import did_you_mean
from hierlm.formula.context import Context
from hierlm.formula.functions import SMOOTHS
from hierlm.formula.render import expression
from hierlm.formula.tree import Argument, Call, Name, Node, Number, bare
from hierlm.formula.values import Option, SmoothTerm
from hierlm.formula.words import check_column, literal

__all__ = ["BASES", "LEAST", "MOST_BASIS", "is_smooth", "read"]

BASES = ("tp", "cr", "ps", "cc")
"""Thin plate (the default), cubic regression, P-spline, cyclic cubic."""

LEAST = 4
"""Basis functions of a curve; with fewer there is hardly anything to penalise."""

MOST_BASIS = 400
"""Basis functions of a whole term: each is a column of the rows, and they are factorised together."""

OPTIONS = ("k", "bs", "by", "lower_bound", "upper_bound")
ELSEWHERE = {
    "re": "An independent effect of each level is a group term: (1 | g).",
    "fs": "One curve for each level is s(x, by=g).",
    "sz": "One curve for each level is s(x, by=g).",
    "cp": 'The cyclic spline is bs="cc".',
    "cs": 'Use bs="cr".',
    "ts": 'Use bs="tp".',
    "bs": 'The spline on a B-spline basis is bs="ps".',
}


def is_smooth(node: Node) -> bool:
    """Whether ``node`` is a smooth."""
    return isinstance(node, Call) and node.function in SMOOTHS


def read(node: Node, context: Context, before: Sequence[SmoothTerm] = ()) -> SmoothTerm:
    """One smooth term.

    Parameters
    ----------
    before : sequence of SmoothTerm
        The smooths of the same predictor that were read already.

    Raises
    ------
    FormulaError
    """
    assert isinstance(node, Call)
    variables = [a for a in node.arguments if a.keyword is None]
    _check_margins(node, variables, context)
    options = _options(node, context)
    margins = tuple(expression(a.value, context) for a in variables)
    d = len(margins)
    if len(set(margins)) < d:
        raise context.refuse(f"{node.function}() names a variable twice.", node, "Name each once.")
    bases = _bases(options.get("bs"), d, context)
    term = SmoothTerm(
        function=node.function,
        margins=margins,
        bases=bases,
        sizes=_sizes(options.get("k"), d, context),
        bounds=_bounds(options, bases, context),
        by=_by(options.get("by"), context),
        text=context.typed(node),
        start=node.start,
        stop=node.stop,
    )
    if any(term.label == other.label for other in before):
        raise context.refuse(f"{term.label} is given twice; the two could not be told apart.", node, "Keep one.")
    context.count_terms(1, node)
    return term


def _check_margins(node: Call, variables: Sequence[Argument], context: Context) -> None:
    name, refuse = node.function, context.refuse
    if not variables:
        raise refuse(f"{name}() needs what it is smooth in.", node, f"Write {'s(x)' if name == 's' else 't2(x, z)'}.")
    for place, argument in enumerate(variables):
        if isinstance(bare(argument.value), Number):
            hint = f"Write {name}({', '.join('xz'[:place] or 'x')}, k={context.typed(argument)}) for the basis size."
            raise refuse("A number is not what a smooth is a function of.", argument, hint)
        if is_smooth(bare(argument.value)):
            raise refuse("A smooth cannot hold another.", argument, "Write s(x) + s(z), or t2(x, z).")
    if name == "s" and len(variables) > 1:
        names = ", ".join(context.typed(a) for a in variables)
        hint = f"Write t2({names}) for a surface, or a curve for each: s(x) + s(z)."
        raise refuse("s() is a curve of one variable.", variables[1], hint)
    if name == "t2" and len(variables) == 1:
        raise refuse("t2() is a function of two or more variables.", node, "Write s(x) for a curve.")


def _options(node: Call, context: Context) -> dict[str, Argument]:
    found: dict[str, Argument] = {}
    for argument in node.arguments:
        if argument.keyword is None:
            continue
        if argument.keyword not in OPTIONS:
            hint = did_you_mean(argument.keyword, OPTIONS)
            raise context.refuse(f"{node.function}() has no argument {argument.keyword!r} here.", argument, hint)
        if argument.keyword in found:
            raise context.refuse(f"{argument.keyword!r} is given twice.", argument, "Give it once.")
        found[argument.keyword] = argument
    return found


def _each(argument: Argument, d: int, context: Context) -> list[Option]:
    """One literal a margin: a single one for all, or R's ``c(5, 10)``."""
    inner = bare(argument.value)
    if not isinstance(inner, Call):
        return [literal(inner, context)] * d
    if inner.function != "c" or any(a.keyword is not None for a in inner.arguments):
        raise context.refuse("This must be a literal value, or c(…) of some.", argument, "Write k=c(5, 10).")
    values = [literal(a.value, context) for a in inner.arguments]
    if len(values) != d:
        hint = f"Give one, or {d}."
        raise context.refuse(f"{len(values)} values for {d} variable{'s' if d > 1 else ''}.", argument, hint)
    return values


def _bases(argument: Argument | None, d: int, context: Context) -> tuple[str, ...]:
    if argument is None:
        return ("tp",) * d
    found = []
    for value in _each(argument, d, context):
        if value not in BASES:
            hint = ELSEWHERE.get(str(value)) or did_you_mean(str(value), BASES)
            raise context.refuse(f"bs={value!r} is not a spline that s() and t2() know.", argument, hint)
        found.append(str(value))
    return tuple(found)


def _sizes(argument: Argument | None, d: int, context: Context) -> tuple[int | None, ...]:
    if argument is None:
        return (None,) * d
    total, found = 1, []
    for value in _each(argument, d, context):
        if isinstance(value, bool) or not isinstance(value, int) or value < LEAST:
            raise context.refuse(f"'k' must be a whole number from {LEAST}.", argument, "Write k=10.")
        total *= value
        found.append(value)
    if total > MOST_BASIS:
        hint = "The penalty keeps curves smooth whatever k is; 10 to 50 a curve, 5 to 10 a margin of t2(), are common."
        raise context.refuse(f"{total:,} basis functions are more than {MOST_BASIS}.", argument, hint)
    return tuple(found)


def _bounds(options: dict[str, Argument], bases: Sequence[str], context: Context) -> tuple[float | None, float | None]:
    given: list[float | None] = []
    for name in ("lower_bound", "upper_bound"):
        argument = options.get(name)
        if argument is None:
            given.append(None)
            continue
        value = literal(argument.value, context)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise context.refuse(f"{name!r} must be a number.", argument, f"Write {name}=0.")
        if bases.count("cc") != 1:
            hint = 'Only a cyclic spline has a beginning and an end: s(x, bs="cc", lower_bound=0, upper_bound=24).'
            raise context.refuse(f"{name!r} has no meaning for this smooth.", argument, hint)
        given.append(float(value))
    lower, upper = given
    if lower is not None and upper is not None and lower >= upper:
        raise context.refuse("'lower_bound' must be below 'upper_bound'.", options["upper_bound"], "Exchange the two.")
    return lower, upper


def _by(argument: Argument | None, context: Context) -> str | None:
    if argument is None:
        return None
    inner = bare(argument.value)
    if isinstance(inner, Call) and inner.function in ("factor", "as.factor", "C") and len(inner.arguments) == 1:
        hint = "Make a column of text of it first: a numeric column multiplies the curve."
        raise context.refuse("'by' is a column, not a computation.", argument, hint)
    if not isinstance(inner, Name):
        raise context.refuse("'by' is a column, not a computation.", argument, "Make a column of it first.")
    return check_column(inner, context)
