"""The left side: ``y``, ``log(y)``, ``y["yes"]``, ``cbind(a, b)``, ``p(a, n)``, ``y | trials(n) + weights(w)``."""

from __future__ import annotations

from dataclasses import dataclass

from hierlm.errors import did_you_mean
from hierlm.formula.columns import identifiers
from hierlm.formula.context import Context
from hierlm.formula.functions import FUNCTIONS
from hierlm.formula.render import expression
from hierlm.formula.tree import Bars, Call, Chain, Compare, Index, Name, Node, Number, Power, String, bare, summands
from hierlm.formula.values import Addition, Option, ResponseTerm
from hierlm.formula.words import check_column, literal, quote

__all__ = ["Left", "read"]

_ADDITIONS: dict[str, dict[str, str]] = {"trials": {}, "weights": {}, "se": {"sigma": "True or False"}}
_LATER = {
    "rate": "Write y ~ x + offset(log(exposure)).",
    "trunc": 'Counts without zeros are family="truncated_poisson" or "truncated_negbinomial".',
    **dict.fromkeys(("cens", "cat", "dec", "mi", "subset", "thres", "bhaz", "index", "vreal", "vint"), None),
}
_REWRITE = {
    "weighted": "Write y | weights(w) ~ x.",
    **dict.fromkeys(("binary", "B", "factor", "as.factor", "C", "T"), 'Name the column, and its level: y["yes"] ~ x.'),
    "truncated": 'Counts without zeros are family="truncated_poisson" or "truncated_negbinomial".',
    **dict.fromkeys(("censored", "constrained"), "Censoring is not available yet."),
    **dict.fromkeys(("c", "bf", "mvbf", "list"), "Write mvbind(y1, y2) ~ x, or give several formulas as a list."),
    **dict.fromkeys(("Surv", "multinomial"), "Such responses are not available yet."),
}


@dataclass(frozen=True)
class Left:
    """A left side, read.

    Parameters
    ----------
    response : ResponseTerm
    used : frozenset of str
        Canonical names of the columns that make up the response; they may not stand on the right.
    """

    response: ResponseTerm
    used: frozenset[str]


def read(node: Node, context: Context) -> tuple[Left, ...]:
    """The response of a left side; several for ``mvbind(y1, y2)``.

    Raises
    ------
    FormulaError
    """
    node = bare(node)
    if isinstance(node, Call) and node.function == "mvbind":
        if len(node.arguments) < 2 or any(a.keyword for a in node.arguments):
            raise context.refuse("mvbind() takes two responses or more.", node, "Write mvbind(y1, y2) ~ x.")
        return tuple(_one(bare(a.value), (), context) for a in node.arguments)
    if not isinstance(node, Bars):
        return (_one(node, (), context),)
    if len(node.parts) != 2 or node.operators != ("|",):
        raise context.refuse(
            "One bar separates a response from its additions.", node, "Write y | trials(n) + weights(w)."
        )
    response = bare(node.parts[0])
    if isinstance(response, Call) and response.function == "mvbind":
        raise context.refuse("mvbind() takes no additions.", node.parts[1], "Write one formula for each response.")
    return (_one(response, _additions(node.parts[1], context), context, node),)


def _one(node: Node, additions: tuple[Addition, ...], context: Context, whole: Node | None = None) -> Left:
    """One response with its additions."""
    name, text, level, used = "", "", None, frozenset[str]()
    if isinstance(node, Name):
        name = check_column(node, context)
        text, used = quote(name), frozenset({name})
    elif isinstance(node, Index):
        name, level = check_column(node.base, context), _level(node, context)  # type: ignore[arg-type]
        text, used = quote(name), frozenset({name})
    elif isinstance(node, Call) and node.function in ("cbind", "p", "prop", "proportion"):
        name, text, trials, used = _counts(node, context)
        if any(a.name == "trials" for a in additions):
            raise context.refuse("The trials are given twice.", whole or node, f"{node.function}() says them already.")
        additions = (trials, *additions)
    elif isinstance(node, Call):
        name, text, used = _transformed(node, context)
    else:
        raise _not_a_response(node, context)
    if not used:
        raise context.refuse("The response holds no column.", node, "Write y ~ x.")
    place = whole or node
    return Left(ResponseTerm(name, text, additions, level, context.typed(place), place.start), used)


def _transformed(node: Call, context: Context) -> tuple[str, str, frozenset[str]]:
    function = FUNCTIONS.get(node.function)
    if node.function in _REWRITE:
        raise context.refuse(f"{node.function}() is not read on the left side.", node.head, _REWRITE[node.function])
    if node.function in _ADDITIONS or node.function in _LATER:
        raise context.refuse(f"{node.function}() comes after a bar.", node.head, f"Write y | {node.function}(…) ~ x.")
    text = expression(node, context)
    if function is not None and not function.response:
        raise context.refuse(
            f"{node.function}() is not read on the left side.", node.head, "Make a column of it first."
        )
    return text, text, frozenset(identifiers(text))


def _not_a_response(node: Node, context: Context) -> Exception:
    typed = context.typed(node)
    if isinstance(node, Chain) and node.rest[0][0] == "/":
        hint = f"For successes out of trials write a | trials(n); for a plain ratio write I({typed})."
        return context.refuse("A ratio is not read as a response.", node, hint)
    if isinstance(node, Chain | Power | Compare):
        hint = f"For arithmetic write I({typed}); for several responses mvbind(y1, y2)."
        return context.refuse("Arithmetic on the left side is ambiguous.", node, hint)
    if isinstance(node, Number | String):
        return context.refuse("The response is a column.", node, "Write y ~ x.")
    return context.refuse("This is not a response.", node, "Write y ~ x.")


def _level(node: Index, context: Context) -> str:
    level = bare(node.level)
    if isinstance(level, String) and level.value:
        return level.value
    if isinstance(level, Name):
        return level.name
    raise context.refuse("A success level is a text.", node.level, f'Write {context.typed(node.base)}["yes"].')


def _counts(node: Call, context: Context) -> tuple[str, str, Addition, frozenset[str]]:
    """Name, successes, trials and columns of ``cbind(successes, failures)`` or ``p(successes, trials)``."""
    if len(node.arguments) != 2 or any(a.keyword for a in node.arguments):
        remedy = "cbind(successes, failures)" if node.function == "cbind" else "p(successes, trials)"
        raise context.refuse(f"{node.function}() takes two columns.", node, f"Write {remedy} ~ x.")
    successes, second = (bare(a.value) for a in node.arguments)
    text = expression(successes, context)
    used = frozenset(identifiers(text))
    if not used:
        raise context.refuse("The successes are a column.", successes, "Write cbind(successes, failures) ~ x.")
    if node.function != "cbind":
        trials = expression(second, context)
    else:
        failures = expression(second, context)
        known = _complement(second, text, context) or _complement(successes, failures, context)
        trials = known or f"I({text} + {failures})"
        used = used if known else used | frozenset(identifiers(failures))
    name = successes.name if isinstance(successes, Name) else text
    return name, text, Addition("trials", trials, {}, second.start), used


def _complement(node: Node, other: str, context: Context) -> str | None:
    """``n`` when ``node`` is ``n - other``."""
    if isinstance(node, Chain) and len(node.rest) == 1 and node.rest[0][0] == "-":
        return expression(node.first, context) if expression(node.rest[0][1], context) == other else None
    return None


def _additions(node: Node, context: Context) -> tuple[Addition, ...]:
    found: dict[str, Addition] = {}
    for sign, part in summands(node):
        if not isinstance(part, Call) or sign == "-":
            hint = "Write y | trials(n) + weights(w)."
            raise context.refuse("Only additions such as trials(n) follow the bar.", part, hint)
        addition = _addition(part, context)
        if addition.name in found:
            raise context.refuse(f"{addition.name}() is given twice.", part, "Give it once.")
        found[addition.name] = addition
    return tuple(found.values())


def _addition(node: Call, context: Context) -> Addition:
    name, refuse = node.function, context.refuse
    if name in _LATER:
        hint = _LATER[name] or f"Available: {', '.join(_ADDITIONS)}."
        raise refuse(f"The addition {name}() is not available yet.", node.head, hint)
    if name not in _ADDITIONS:
        raise refuse(f"{name!r} is not an addition to a response.", node.head, did_you_mean(name, _ADDITIONS))
    if not node.arguments or node.arguments[0].keyword is not None:
        raise refuse(f"{name}() needs a column.", node, f"Write y | {name}(x).")
    options: dict[str, Option] = {}
    for argument in node.arguments[1:]:
        if argument.keyword not in _ADDITIONS[name] or argument.keyword in options:
            raise refuse(f"{name}() does not take this.", argument, f"Write y | {name}(x).")
        value = literal(argument.value, context)
        if not isinstance(value, bool):
            hint = f"Write {argument.keyword}=True, or leave it out."
            raise refuse(f"{argument.keyword!r} must be {_ADDITIONS[name][argument.keyword]}.", argument, hint)
        options[argument.keyword] = value
    return Addition(name, expression(node.arguments[0].value, context), options, node.start)
