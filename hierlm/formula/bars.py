"""Group terms: ``(x | g)``, ``(x || g)``, ``(1 | a/b)``, ``(1 + x | id | g)``, ``us(x | g)``, ``known(1 | g, K)``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hierlm.errors import did_you_mean
from hierlm.formula.context import Context
from hierlm.formula.grouping import Grouping, check_matrix, groups
from hierlm.formula.terms import expand, is_offset
from hierlm.formula.tree import Argument, Bars, Call, Group, Name, Node, Number, bare, summands
from hierlm.formula.values import Bar, Option
from hierlm.formula.words import literal

__all__ = [
    "ACROSS",
    "DEFAULT",
    "INDEPENDENT",
    "Grouping",
    "Structure",
    "bar",
    "effects",
    "groups",
    "is_bar",
    "options",
    "read",
]

DEFAULT, INDEPENDENT = "us", "idh"
ACROSS = "known"
"""The call that says how levels are related; the structure of the effects is that of a plain bar."""

_LATER = frozenset(("arma", "corgh", "equalto"))


@dataclass(frozen=True)
class Structure:
    """A structure as called: its canonical name, its options, and the name of its matrix."""

    name: str = DEFAULT
    options: Mapping[str, Option] = field(default_factory=dict)
    matrix: str | None = None
    across: str | None = None


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
    called = Structure()
    if isinstance(node, Call):
        _check_name(node, context)
        first = node.arguments[0]
        inner = bare(first.value)
        if first.keyword is not None or not isinstance(inner, Bars):
            raise context.refuse("The bar comes first in a structure.", first, f"Write {node.function}(1 + x | g).")
        called = options(node, node.arguments[1:], context)
    else:
        inner = bare(node)
    assert isinstance(inner, Bars)
    left, right, shared = _parts(inner, context)
    if inner.operators[0] == "||":
        if isinstance(node, Call) and called.across is None:
            hint = f"Write {node.function}(… | g), or (… || g) for independent effects."
            raise context.refuse("'||' and a named structure contradict each other.", inner, hint)
        called = Structure(INDEPENDENT, across=called.across)
    text = effects(left, context, intercept=context.needs.get(called.name) != "coordinates")
    found = groups(right, context)
    context.count_terms(len(found), node)
    return tuple(bar(text, grouping, called, shared, node, context) for grouping in found)


def bar(text: str, grouping: Grouping, called: Structure, shared: str | None, node: Node, context: Context) -> Bar:
    """One group term as a value.

    Raises
    ------
    FormulaError
        When the relation of the levels is given twice.
    """
    if called.across is not None and grouping.across is not None:
        raise context.refuse("How the levels are related is said twice.", node, f"Keep {ACROSS}( ) or gr(…, cov=).")
    across = called.across or grouping.across
    if across is not None and (grouping.multiple or grouping.by is not None or len(grouping.factors) > 1):
        raise context.refuse(
            "A relation is one between the levels of a single column.", node, f"(1 | gr(g, cov={across}))."
        )
    return Bar(
        text,
        grouping.factors,
        called.name,
        called.options,
        shared,
        context.typed(node),
        node.start,
        node.stop,
        matrix=called.matrix,
        across=across,
        by=grouping.by,
        weights=grouping.weights,
        multiple=grouping.multiple,
        scaled=grouping.scaled,
        needs=context.needs.get(called.name, ""),
    )


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


def _check_name(node: Call, context: Context) -> str:
    """The canonical name of the covariance structure that ``node`` calls.

    Raises
    ------
    FormulaError
        With the nearest names, or that it comes later.
    """
    name = context.structures.get(node.function.lower())
    if name is not None:
        return name
    if node.function.lower() == ACROSS:
        return DEFAULT
    if node.function.lower() in _LATER:
        known = ", ".join(sorted(set(context.structures.values())))
        raise context.refuse(f"The structure {node.function}() is not available yet.", node.head, f"Known: {known}.")
    hint = did_you_mean(node.function, [*context.structures, ACROSS])
    if context.source[node.head.stop : node.head.stop + 1].isspace():
        hint = "An operator is missing before the bracket."
    raise context.refuse(f"{node.function!r} is not a covariance structure.", node.head, hint)


def options(node: Call, arguments: Sequence[Argument], context: Context) -> Structure:
    """A structure with its options, all literal and by keyword, and its matrix, by name.

    ``hom=True`` (lme4 2) picks the homogeneous relative, ``cs(…, hom=TRUE)`` being ``homcs(…)``.

    Raises
    ------
    FormulaError
    """
    name = _check_name(node, context)
    across = node.function.lower() == ACROSS and node.function.lower() not in context.structures
    found: dict[str, Option] = {}
    matrix: str | None = None
    for argument in arguments:
        if argument.keyword is None:
            if matrix is not None or not (across or context.needs.get(name) == "matrix"):
                raise context.refuse("An option of a structure needs its name.", argument, "Write rr(1 + x | g, d=2).")
            matrix = check_matrix(argument, context)
            continue
        if argument.keyword in found:
            raise context.refuse(f"{argument.keyword!r} is given twice.", argument, "Give it once.")
        found[argument.keyword] = value = literal(argument.value, context)
        if argument.keyword == "hom" and isinstance(value, bool):
            relative = context.structures.get(f"hom{node.function.lower()}")
            if relative is None:
                hint = "Leave hom= out; homdiag() and homcs() are the homogeneous ones."
                raise context.refuse(f"{node.function}() has no homogeneous form.", argument, hint)
            name = relative if found.pop("hom") else name
    if matrix is None and (across or context.needs.get(name) == "matrix"):
        hint = f'Write {node.function}(… | g, K), and hand K over: matrices={{"K": …}}.'
        raise context.refuse(f"{node.function}() needs the name of its matrix.", node, hint)
    if across and found:
        raise context.refuse(f"{ACROSS}() has no options.", arguments[-1], f"Write {ACROSS}(1 | animal, K).")
    return Structure(name, found, None if across else matrix, matrix if across else None)
