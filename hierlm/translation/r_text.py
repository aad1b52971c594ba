"""hierlm's canonical formula text as R has it; by way of the tree, never of the letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hierlm.errors import TranslationError
from hierlm.formula.context import Context
from hierlm.formula.parser import build
from hierlm.formula.tokens import scan
from hierlm.formula.tree import Argument, Call, Chain, Compare, Name, Node, Number, Power, Sign, String, bare
from hierlm.formula.values import Addition
from hierlm.formula.words import number

__all__ = ["addition_value", "r_name", "r_string", "r_text", "summands", "without_identity"]

_PLAIN = re.compile(r"(?:[A-Za-z]|\.(?![0-9]))[A-Za-z0-9._]*")
_RESERVED = frozenset(
    (
        *("if", "else", "repeat", "while", "function", "for", "next", "break", "in"),
        *("TRUE", "FALSE", "NULL", "Inf", "NaN", "NA", "NA_integer_", "NA_real_", "NA_character_"),
    )
)
_RENAMED: Mapping[str, str] = {
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "ceil": "ceiling",
    "rint": "round",
    "logit": "qlogis",
    "expit": "plogis",
    "maximum": "pmax",
    "minimum": "pmin",
    "where": "ifelse",
    "standardize": "scale",
    "bs": "splines::bs",
}
_WORDS: Mapping[str, str] = {"True": "TRUE", "False": "FALSE"}
_OPTIONS: Mapping[str, str] = {"decimals": "digits"}
_LEVELS = ("C", "T", "S")
_ATOM, _POWER, _PRODUCT, _SUM = 4, 3, 2, 1


def r_name(name: str) -> str:
    """A column's name, in backquotes where R needs them.

    Examples
    --------
    >>> r_name("Days"), r_name("my var"), r_name("if")
    ('Days', '`my var`', '`if`')
    """
    return name if _PLAIN.fullmatch(name) and name not in _RESERVED else f"`{name}`"


def r_string(text: str) -> str:
    """A text in R's quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def r_text(text: str) -> str:
    """Canonical text of terms, or of one value, as R.

    Raises
    ------
    TranslationError
        For a function of the user's own.

    Examples
    --------
    >>> r_text("1 + log(x) + C(f, Treatment('b')):I(x ** 2)")
    '1 + log(x) + relevel(factor(f), ref = "b"):I(x^2)'
    """
    context = Context(text)
    return _render(build(context, scan(context, 0, len(text)), 0, len(text)))[0]


def summands(text: str) -> list[str]:
    """The terms of canonical text.

    Examples
    --------
    >>> summands("0 + x + I(x + z):f")
    ['0', 'x', 'I(x + z):f']
    """
    found, depth, start = [], 0, 0
    for token in scan(Context(text), 0, len(text)):
        depth += token.isop("(") - token.isop(")")
        if depth == 0 and token.isop("+"):
            found.append(text[start : token.start].strip())
            start = token.stop
    return [*found, text[start:].strip()]


def without_identity(text: str) -> str:
    """``I(a + b)`` as ``a + b``, where the place allows arithmetic anyway."""
    return text[2:-1] if text.startswith("I(") and _closes_at_end(text) else text


def addition_value(addition: Addition) -> str:
    """The argument of an addition as R."""
    return without_identity(r_text(addition.expression))


def _closes_at_end(text: str) -> bool:
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and depth == 0:
            return place == len(text) - 1
    return False


def _render(node: Node) -> tuple[str, int]:
    """Text and how strongly it holds together."""
    node = bare(node)
    if isinstance(node, Name):
        return (_WORDS[node.name] if not node.quoted and node.name in _WORDS else r_name(node.name)), _ATOM
    if isinstance(node, Number):
        return number(node.value), _ATOM
    if isinstance(node, String):
        return r_string(node.value), _ATOM
    if isinstance(node, Call):
        return _call(node), _ATOM
    if isinstance(node, Sign):
        return f"{node.sign}{_held(node.operand, _ATOM)}", _SUM
    if isinstance(node, Power):
        return f"{_held(node.base, _ATOM)}^{_held(node.exponent, _ATOM)}", _POWER
    if isinstance(node, Compare):
        return f"{_held(node.left, _SUM)} {node.operator} {_held(node.right, _SUM)}", 0
    assert isinstance(node, Chain), node
    first = node.rest[0][0]
    strength = _SUM if first in "+-" else _PRODUCT
    parts = [_held(node.first, strength)]
    for operator, operand in node.rest:
        gap = "" if operator == ":" else " "
        parts.append(f"{gap}{operator}{gap}{_held(operand, strength + 1 if operator != ':' else _PRODUCT)}")
    return "".join(parts), strength


def _held(node: Node, strength: int) -> str:
    text, own = _render(node)
    return text if own >= strength else f"({text})"


def _call(node: Call) -> str:
    if node.function in _LEVELS:
        return _factor(node)
    values = [_argument(a) for a in node.arguments]
    special = _SPECIAL.get(node.function)
    if special is not None:
        return special(values)
    if node.function not in _KNOWN:
        raise TranslationError(
            f"{node.function}() is a function of your own, which R does not know.",
            hint="Make a column of it first, and name that.",
        )
    return f"{_RENAMED.get(node.function, node.function)}({', '.join(values)})"


def _argument(argument: Argument) -> str:
    text = _render(argument.value)[0]
    return text if argument.keyword is None else f"{_OPTIONS.get(argument.keyword, argument.keyword)} = {text}"


def _factor(node: Call) -> str:
    """``C(f)``, ``C(f, Treatment('a'))``, ``C(f, Sum())``, ``T(f, ref='a')``, ``S(f)``."""
    column = f"factor({_render(node.arguments[0].value)[0]})"
    if len(node.arguments) == 1:
        return column if node.function != "S" else f"C({column}, contr.sum)"
    second = bare(node.arguments[1].value)
    level: Node | None = second
    kind = "Sum" if node.function == "S" else "Treatment"
    if isinstance(second, Call):
        kind, level = second.function, second.arguments[0].value if second.arguments else None
    if level is None:
        return f"C({column}, contr.sum)" if kind == "Sum" else column
    text = _render(level)[0]
    quoted = text if text.startswith('"') else r_string(text)
    if kind == "Sum":
        raise TranslationError(
            f"Sum contrasts that leave out the level {quoted} have no short form in R.",
            hint="Leave the level out: R, too, leaves out the last one.",
        )
    return f"relevel({column}, ref = {quoted})"


_SPECIAL: Mapping[str, Callable[[list[str]], str]] = {
    "exp2": lambda v: f"I(2^({v[0]}))",
    "cbrt": lambda v: f"I(sign({v[0]}) * abs({v[0]})^(1/3))",
    "square": lambda v: f"I(({v[0]})^2)",
    "hypot": lambda v: f"sqrt(({v[0]})^2 + ({v[1]})^2)",
    "center": lambda v: f"scale({v[0]}, scale = FALSE)",
    "binary": lambda v: f"as.numeric({v[0]} == {v[1].removeprefix('success = ')})",
}
_KNOWN = frozenset(
    (
        *("log", "log2", "log10", "log1p", "exp", "expm1", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs"),
        *("sign", "floor", "round", "trunc", "I", "poly", "scale"),
        *_RENAMED,
    )
)
