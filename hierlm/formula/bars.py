"""Group terms: ``(x | g)``, ``(x || g)``, ``(1 | a/b)``, ``(1 + x | id | g)``, ``us(1 + x | g)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hierlm.errors import did_you_mean
from hierlm.formula.context import Context
from hierlm.formula.terms import Algebra, expand, is_offset
from hierlm.formula.tree import Argument, Bars, Call, Group, Name, Node, Number, String, bare, summands
from hierlm.formula.values import Bar, Option
from hierlm.formula.words import check_column, literal

__all__ = ["DEFAULT", "INDEPENDENT", "effects", "groups", "is_bar", "options", "read", "structure"]

DEFAULT, INDEPENDENT = "us", "idh"
_LATER = frozenset(
    (
        *("ar1", "hetar1", "car1", "ou", "arma", "toep", "homtoep", "hettoep", "ante", "exp", "gau", "mat"),
        *("rr", "propto", "known", "equalto", "corgh"),
    )
)


def is_bar(node: Node) -> bool:
    """Whether ``node`` is a group term: brackets around a bar, or a structure's call on a bar."""
    if isinstance(node, Group):
        return isinstance(bare(node), Bars)
    return isinstance(node, Call) and any(isinstance(bare(a.value), Bars) for a in node.arguments)


def read(node: Node, context: Context) -> tuple[Bar, ...]:
    """The bars that one group term stands for, nesting expanded.

    Raises
    ------
    FormulaError
    """
    if isinstance(node, Call):
        name = structure(node, context)
        first = node.arguments[0]
        inner = bare(first.value)
        if first.keyword is not None or not isinstance(inner, Bars):
            raise context.refuse("The bar comes first in a structure.", first, f"Write {node.function}(1 + x | g).")
        name, given = options(node, node.arguments[1:], name, context)
    else:
        inner, name, given = bare(node), DEFAULT, {}
    assert isinstance(inner, Bars)
    left, right, shared = _parts(inner, context)
    if inner.operators[0] == "||":
        if isinstance(node, Call):
            hint = f"Write {node.function}(… | g), or (… || g) for independent effects."
            raise context.refuse("'||' and a named structure contradict each other.", inner, hint)
        name = INDEPENDENT
    text, found = effects(left, context), groups(right, context)
    context.count_terms(len(found), node)
    typed = context.typed(node)
    return tuple(Bar(text, factors, name, given, shared, typed, node.start, node.stop) for factors in found)


def _parts(bars: Bars, context: Context) -> tuple[Node, Node, str | None]:
    """Left side, group, shared id."""
    if len(bars.parts) == 2:
        return bars.parts[0], bars.parts[1], None
    if len(bars.parts) > 3 or "||" in bars.operators:
        hint = "Write (effects | group), (effects || group) or (effects | id | group)."
        raise context.refuse("These bars are not a group term.", bars, hint)
    left, middle, right = bars.parts
    if isinstance(middle, Name) and middle.name.isidentifier() and middle.name[0] != "_":
        return left, right, middle.name
    if isinstance(middle, Number) and isinstance(middle.value, int):
        return left, right, str(middle.value)
    raise context.refuse("The shared id between two bars is a plain name.", middle, "Write (1 + x | p | g).")


def effects(node: Node, context: Context, *, intercept: bool = True) -> str:
    """The left side of a bar as canonical text, its intercept explicit.

    Raises
    ------
    FormulaError
    """
    signed = list(summands(node))
    for _, part in signed:
        if is_bar(part):
            raise context.refuse("A group term cannot hold another.", part, "Write (1 | a) + (1 | b).")
        if is_offset(part):
            raise context.refuse("An offset cannot vary by group.", part, "Write it outside the brackets.")
    found = expand(signed, context, intercept=intercept)
    if not found.intercept and not found.terms:
        raise context.refuse("No effect is left to vary by group.", node, "Write (1 | g) or (0 + x | g).")
    return found.text


def groups(node: Node, context: Context) -> tuple[tuple[str, ...], ...]:
    """The groupings that the right side of a bar stands for: ``a/b`` is ``a`` and ``a:b``.

    Raises
    ------
    FormulaError
    """
    algebra = Algebra(context, _factor)
    return algebra.sorted(algebra.add({}, summands(node)))


def _factor(node: Node, context: Context) -> str:
    """One grouping column; ``factor(g)`` and ``gr(g)`` are ``g``, as every group is a factor."""
    if isinstance(node, Name):
        return check_column(node, context)
    if isinstance(node, Call):
        column = bare(node.arguments[0].value) if node.arguments else None
        plain = len(node.arguments) == 1 and node.arguments[0].keyword is None and isinstance(column, Name)
        if node.function in ("factor", "as.factor", "C", "gr") and plain:
            return check_column(column, context)  # type: ignore[arg-type]
        if node.function == "gr":
            raise context.refuse("gr() takes one column; its options are not available yet.", node, "Write (1 | g).")
        if node.function == "mm":
            raise context.refuse("Multi-membership groups such as mm() are not available yet.", node, "Write (1 | g).")
        if node.function == "interaction":
            raise context.refuse("Cells are written with a colon.", node, "Write (1 | a:b).")
        hint = "Make a column of it first, and group by that."
        raise context.refuse("A group is a column, not a computation.", node, hint)
    if isinstance(node, String):
        raise context.refuse("A group is a column, not a text.", node, f"Write it without quotes: {node.value}.")
    if is_bar(node) or isinstance(node, Bars):
        raise context.refuse("A group term cannot hold another.", node, "Write (1 | a) + (1 | b).")
    raise context.refuse("A group is a column, or columns joined by ':' or '/'.", node, "Write (1 | g) or (1 | a/b).")


def structure(node: Call, context: Context) -> str:
    """The canonical name of the covariance structure that ``node`` calls.

    Raises
    ------
    FormulaError
        With the nearest names, or that it comes later.
    """
    name = context.structures.get(node.function.lower())
    if name is not None:
        return name
    if node.function.lower() in _LATER:
        known = ", ".join(sorted(set(context.structures.values())))
        raise context.refuse(f"The structure {node.function}() is not available yet.", node.head, f"Known: {known}.")
    hint = did_you_mean(node.function, context.structures)
    if context.source[node.head.stop : node.head.stop + 1].isspace():
        hint = "An operator is missing before the bracket."
    raise context.refuse(f"{node.function!r} is not a covariance structure.", node.head, hint)


def options(node: Call, arguments: Sequence[Argument], name: str, context: Context) -> tuple[str, Mapping[str, Option]]:
    """A structure's canonical name and options, all literal and by keyword.

    ``hom=True`` (lme4 2) picks the homogeneous relative, ``cs(…, hom=TRUE)`` being ``homcs(…)``.

    Raises
    ------
    FormulaError
    """
    found: dict[str, Option] = {}
    for argument in arguments:
        if argument.keyword is None:
            raise context.refuse("An option of a structure needs its name.", argument, "Write rr(1 + x | g, d=2).")
        if argument.keyword in found:
            raise context.refuse(f"{argument.keyword!r} is given twice.", argument, "Give it once.")
        found[argument.keyword] = value = literal(argument.value, context)
        if argument.keyword == "hom" and isinstance(value, bool):
            relative = context.structures.get(f"hom{node.function.lower()}")
            if relative is None:
                hint = "Leave hom= out; homdiag() and homcs() are the homogeneous ones."
                raise context.refuse(f"{node.function}() has no homogeneous form.", argument, hint)
            name = relative if found.pop("hom") else name
    return name, found
