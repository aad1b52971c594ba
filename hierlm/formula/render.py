"""A tree to canonical text; only what is understood gets through.

The text means the same to formulae, to Python and to R: powers are ``**``, a signed power is ``-(x ** 2)`` (formulae
would read ``-x ** 2`` as ``(-x) ** 2``), and numbers are written out (formulae would read ``1e3`` as ``1``).
"""

from __future__ import annotations

from hierlm.errors import did_you_mean
from hierlm.formula.columns import identifiers
from hierlm.formula.context import MOST_OPERANDS, Context
from hierlm.formula.functions import CONTRASTS, CURVES, FUNCTIONS, LATER, LITERALS, SMOOTHS, WHOLE_COLUMN, Function
from hierlm.formula.tree import (
    Argument,
    Bars,
    Call,
    Chain,
    Compare,
    Index,
    Name,
    Node,
    Number,
    Power,
    Sign,
    String,
    bare,
)
from hierlm.formula.words import WORDS, check_column, literal, number, quote, string

__all__ = ["expression"]

_COMPARE, _SUM, _PRODUCT, _POWER, _SIGN, _ATOM = 2, 3, 4, 6, 7, 9


def expression(node: Node, context: Context) -> str:
    """One value as formula text: a column, a number, or a call; arithmetic is wrapped in ``I(…)``.

    Raises
    ------
    FormulaError
        At anything that is not arithmetic over columns, numbers and allowed functions.
    """
    text, strength = _value(bare(node), context)
    if not isinstance(bare(node), Number) and not identifiers(text):
        raise context.refuse("This names no column.", node, "Write a column, a number, or a function of columns.")
    return text if strength == _ATOM else f"I({text})"


def _value(node: Node, context: Context) -> tuple[str, int]:
    """Text and the strength of its outermost operator."""
    node = bare(node)
    if isinstance(node, Name):
        return quote(check_column(node, context)), _ATOM
    if isinstance(node, Number):
        return number(node.value), _ATOM
    if isinstance(node, Call):
        return call(node, context), _ATOM
    if isinstance(node, Sign):
        text = _operand(node.operand, context, _ATOM)
        return (f"-{text}", _SIGN) if node.sign == "-" else (text, _ATOM)
    if isinstance(node, Power):
        return f"{_operand(node.base, context, _ATOM)} ** {_operand(node.exponent, context, _SIGN)}", _POWER
    if isinstance(node, Chain):
        return _chain(node, context)
    if isinstance(node, Compare):
        left, right = (_operand(side, context, _SUM, text=True) for side in (node.left, node.right))
        return f"{left} {node.operator} {right}", _COMPARE
    raise _misplaced(node, context)


def _operand(node: Node, context: Context, weakest: int, *, text: bool = False) -> str:
    inner = bare(node)
    if text and isinstance(inner, String):
        return string(inner, context)
    value, strength = _value(inner, context)
    return value if strength >= weakest else f"({value})"


def _chain(node: Chain, context: Context) -> tuple[str, int]:
    operator = node.rest[0][0]
    if operator == ":":
        raise context.refuse("':' makes interactions of terms; inside a function it has no meaning.", node, "Use *.")
    if len(node.rest) >= MOST_OPERANDS:
        raise context.refuse(f"This has more than {MOST_OPERANDS} operands.", node, "Make a column of it first.")
    strength = _SUM if operator in "+-" else _PRODUCT
    parts = [_operand(node.first, context, strength)]
    for sign, operand in node.rest:
        parts += [sign, _operand(operand, context, strength + 1)]
    return " ".join(parts), strength


def _misplaced(node: Node, context: Context) -> Exception:
    if isinstance(node, String):
        hint = "Write column names without quotes, or in backquotes."
        return context.refuse("A text in quotes has no meaning here.", node, hint)
    if isinstance(node, Index):
        hint = 'Only a response picks a level: y["yes"] ~ x. Elsewhere write I(x == "a").'
        return context.refuse("Square brackets have no meaning here.", node, hint)
    return context.refuse("A group term stands alone.", node, "Join group terms by +: (1 | a) + (x | b).")


def call(node: Call, context: Context) -> str:
    """A call of an allowed function as canonical text.

    Raises
    ------
    FormulaError
        At an unknown function, or arguments that it does not take.
    """
    if node.function in context.functions:
        arguments = [_argument(a, context, allow_text=True) for a in node.arguments]
        return f"{node.function}({', '.join(arguments)})"
    function = FUNCTIONS.get(node.function)
    if function is None:
        raise unknown_function(node, context)
    operands, further = node.arguments[: function.operands], node.arguments[function.operands :]
    if len(operands) < function.operands or any(a.keyword is not None for a in operands):
        hint = f"Write {node.function}({', '.join('xyz'[: function.operands])})."
        raise context.refuse(f"{node.function}() needs what it is applied to.", node, hint)
    values = [_value(a.value, context)[0] for a in operands]
    if function.contrast and further:
        return f"{function.name}({values[0]}, {_contrast(node, context)})"
    return f"{function.name}({', '.join([*values, *_literals(node, function, context)])})"


def _literals(node: Call, function: Function, context: Context) -> list[str]:
    """The further arguments of a call, checked."""
    found: dict[str, str] = {}
    for position, argument in enumerate(node.arguments[function.operands :]):
        keyword = argument.keyword
        if keyword is None and position < len(function.literals):
            keyword = function.literals[position]
        if keyword not in function.literals:
            raise _bad_argument(node, argument, function, context)
        if keyword in found:
            raise context.refuse(f"{keyword!r} is given twice.", argument, "Give it once.")
        value, kind = literal(argument.value, context), LITERALS.get(keyword)
        if kind and (not isinstance(value, kind.types) or isinstance(value, bool) != (kind.types is bool)):
            raise context.refuse(f"{keyword!r} must be {kind.words}.", argument, f"Write {keyword}={kind.example}.")
        if kind and not isinstance(value, str) and value < kind.least:
            raise context.refuse(
                f"{keyword!r} must be at least {kind.least:g}.", argument, f"Write {keyword}={kind.example}."
            )
        found[keyword] = _argument(argument, context)
    return list(found.values())


def _bad_argument(node: Call, argument: Argument, function: Function, context: Context) -> Exception:
    if argument.keyword is None:
        most = function.operands + len(function.literals)
        what = f"{node.function}() takes {most} argument{'s' if most > 1 else ''}."
    else:
        what = f"{node.function}() has no argument {argument.keyword!r} here."
    if node.function.endswith("log"):
        return context.refuse(what, argument, "Write log2(x), log10(x) or I(log(x) / log(3)).")
    known = did_you_mean(argument.keyword or "", function.literals) if function.literals else "Give it one expression."
    return context.refuse(what, argument, known)


def _argument(argument: Argument, context: Context, *, allow_text: bool = False) -> str:
    """A literal argument, or for a user's function (``allow_text``) any expression."""
    prefix = f"{argument.keyword}=" if argument.keyword else ""
    if argument.keyword and not (argument.keyword.isidentifier() and not argument.keyword.startswith("_")):
        hint = "Names of arguments are plain words, such as degree."
        raise context.refuse(f"{argument.keyword!r} is not the name of an argument.", argument, hint)
    node = bare(argument.value)
    constant = isinstance(node, String | Number) or (isinstance(node, Name) and node.name in WORDS)
    if allow_text and not constant and not argument.keyword:
        return _value(node, context)[0]
    if isinstance(node, String):
        return prefix + string(node, context)
    value = literal(argument.value, context)
    return prefix + (str(value) if isinstance(value, bool) else number(value))  # type: ignore[arg-type]


def _contrast(node: Call, context: Context) -> str:
    """``Treatment('a')`` of ``C(x, Treatment("a"))``, ``C(x, reference="a")``; ``Sum()`` of ``C(x, Sum)``."""
    argument, inner = node.arguments[1], bare(node.arguments[1].value)
    if len(node.arguments) > 2:
        raise context.refuse("C() takes a column and a contrast.", node.arguments[2], "Write C(x, Sum).")
    if argument.keyword in ("reference", "ref", "base"):
        return f"Treatment({_argument(Argument(argument.start, argument.stop, None, argument.value), context)})"
    name = inner.name if isinstance(inner, Name) else inner.function if isinstance(inner, Call) else ""
    hint = 'Write C(x, Treatment("a")), C(x, Sum) or C(x, reference="a").'
    if argument.keyword not in (None, "contrast") or name not in CONTRASTS:
        raise context.refuse("This is not a contrast that C() knows.", argument, hint)
    options = inner.arguments if isinstance(inner, Call) else ()
    if len(options) > 1 or any(o.keyword not in (None, "reference", "omit", "base") for o in options):
        raise context.refuse("A contrast takes one level.", inner, hint)
    level = [_argument(Argument(o.start, o.stop, None, o.value), context) for o in options]
    return f"{CONTRASTS[name]}({', '.join(level)})"


def unknown_function(node: Call, context: Context) -> Exception:
    """The error for a call of ``node.function``, with the reason and what to type instead."""
    name, head, refuse = node.function, node.head, context.refuse
    if name in LATER:
        hint = "Smooths are s(x), with bs= for the kind of spline, and t2(x, z)." if name in CURVES else "Leave it out."
        return refuse(f"{LATER[name]} such as {name}() are not available yet.", head, hint)
    if name in SMOOTHS:
        hint = f"Join it by +. {name}(x, by=f) has a curve for each level of f, {name}(x, by=z) multiplies it by z."
        return refuse(f"The smooth {name}() is a term of its own, not part of another.", node, hint)
    if name in WHOLE_COLUMN:
        hint = "Use center(x), scale(x), or make a column of it first."
        return refuse(f"{name}() depends on all rows, so new data would be coded differently.", head, hint)
    if any(isinstance(bare(a.value), Bars) for a in node.arguments):
        return refuse("A group term stands alone.", node, "Join group terms by +: (1 | a) + (x | b).")
    if name.lower() in context.structures:
        hint = f"Write {name}(1 + x | g), or random='{name}(1 + x):g' beside the formula."
        return refuse(f"The structure {name}() needs a bar here.", head, hint)
    if name == "offset":
        return refuse("offset() is a term of its own.", head, "Write y ~ x + offset(z).")
    if name in CONTRASTS:
        return refuse(f"{name}() belongs in C().", head, f"Write C(x, {CONTRASTS[name]}).")
    if context.source[head.stop : head.stop + 1].isspace():
        return refuse(f"{name!r} is not a function.", head, "An operator is missing before the bracket.")
    known = [*FUNCTIONS, *context.functions, "offset"]
    near = did_you_mean(name, known)
    extra = "Your own functions come in by extra={'f': f}."
    return refuse(f"{name!r} is not a function that a formula may call.", head, f"{near} {extra}")
