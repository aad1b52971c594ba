"""A tree to canonical text that formulae reads with the same meaning; only what is understood gets through.

formulae labels and compares calls without their inner brackets, lets a sign bind tighter than a power, and has no
exponents in numbers, so inner brackets become ``I(…)`` and numbers are written out.
"""

from __future__ import annotations

from decimal import Decimal

from hierlm.errors import did_you_mean
from hierlm.formula.context import MOST_OPERANDS, Context
from hierlm.formula.functions import CONTRASTS, FUNCTIONS, LATER, LITERALS, WHOLE_COLUMN, Function
from hierlm.formula.tree import (
    Argument,
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
from hierlm.formula.values import Option

__all__ = ["check_column", "expression", "literal", "quote", "unknown_function"]

_COMPARE, _SUM, _PRODUCT, _POWER, _SIGN, _ATOM = 2, 3, 4, 6, 7, 9
_WORDS = {"True": True, "False": False, "TRUE": True, "FALSE": False}
_NOT_COLUMNS = frozenset({*_WORDS, "None", "NULL", "NA", "NaN", "Inf"})


def quote(name: str) -> str:
    """A column's name as formulae reads it, in backquotes unless it is a plain word.

    Examples
    --------
    >>> quote("Days"), quote("my var")
    ('Days', '`my var`')
    """
    plain = name[0].isalpha() and all(c.isalnum() or c == "_" for c in name) and name not in _NOT_COLUMNS
    return name if plain and "__" not in name else f"`{name}`"


def check_column(node: Name, context: Context) -> str:
    """The column that ``node`` names.

    Raises
    ------
    FormulaError
        For ``.``, dotted and underscored names outside backquotes, words like ``True``, and ``Intercept``.
    """
    name, refuse = node.name, context.refuse
    if name == "Intercept":
        hint = "Write 1 for the intercept, or 0 + Intercept + x as in brms; rename a column of that name."
        raise refuse("'Intercept' is not a column.", node, hint)
    if node.quoted:
        return name
    if name == ".":
        raise refuse("The wildcard '.' is not read.", node, "Name the columns.")
    if "." in name or name.startswith("_") or "__" in name:
        hint = f"Write `{name}` in backquotes if that is a column."
        raise refuse(f"{name!r} is not a plain name: attributes and underscored names are not read.", node, hint)
    if name in _NOT_COLUMNS:
        raise refuse(f"{name!r} is a value, not a column.", node, f"Write `{name}` in backquotes if it is a column.")
    return name


def expression(node: Node, context: Context) -> str:
    """One value as formula text: a column, a number, or a call; arithmetic is wrapped in ``I(…)``.

    Raises
    ------
    FormulaError
        At anything that is not arithmetic over columns, numbers and allowed functions.
    """
    text, strength = _value(bare(node), context)
    return text if strength == _ATOM else f"I({text})"


def _value(node: Node, context: Context) -> tuple[str, int]:
    """Text and the strength of its outermost operator."""
    node = bare(node)
    if isinstance(node, Name):
        return quote(check_column(node, context)), _ATOM
    if isinstance(node, Number):
        return _number(node.value), _ATOM
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
        return _string(inner, context)
    value, strength = _value(inner, context)
    return value if strength >= weakest else f"I({value})"


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
    return context.refuse("A bar has no meaning here.", node, "Group terms stand alone: y ~ x + (1 | g).")


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
    if not node.arguments or node.arguments[0].keyword is not None:
        raise context.refuse(f"{node.function}() needs what it is applied to.", node, f"Write {node.function}(x).")
    first, further = _value(node.arguments[0].value, context)[0], node.arguments[1:]
    if function.contrast and further:
        return f"{function.name}({first}, {_contrast(node, context)})"
    if node.function == "relevel":
        reference = _literals(node, function, context)
        return f"C({first}, Treatment({reference[0].removeprefix('ref=')}))" if reference else f"C({first})"
    return f"{function.name}({', '.join([first, *_literals(node, function, context)])})"


def _literals(node: Call, function: Function, context: Context) -> list[str]:
    """The further arguments of a call, checked."""
    found: dict[str, str] = {}
    for position, argument in enumerate(node.arguments[1:]):
        keyword = argument.keyword
        if keyword is None and position < len(function.literals):
            keyword = function.literals[position]
        if keyword not in function.literals:
            raise _bad_argument(node, argument, function, context)
        if keyword in found:
            raise context.refuse(f"{keyword!r} is given twice.", argument)
        value, kind = literal(argument.value, context), LITERALS.get(keyword)
        if kind and (not isinstance(value, kind.types) or isinstance(value, bool) != (kind.types is bool)):
            raise context.refuse(f"{keyword!r} must be {kind.words}.", argument)
        if kind and not isinstance(value, str) and value < kind.least:
            raise context.refuse(f"{keyword!r} must be at least {kind.least:g}.", argument)
        found[keyword] = _argument(argument, context)
    return list(found.values())


def _bad_argument(node: Call, argument: Argument, function: Function, context: Context) -> Exception:
    if argument.keyword is None:
        what = f"{node.function}() takes {1 + len(function.literals)} argument{'s' if function.literals else ''}."
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
        raise context.refuse(f"{argument.keyword!r} is not the name of an argument.", argument)
    node = bare(argument.value)
    constant = isinstance(node, String | Number) or (isinstance(node, Name) and node.name in _WORDS)
    if allow_text and not constant and not argument.keyword:
        return _value(node, context)[0]
    if isinstance(node, String):
        return prefix + _string(node, context)
    value = literal(argument.value, context)
    return prefix + (str(value) if isinstance(value, bool) else _number(value))  # type: ignore[arg-type]


def _contrast(node: Call, context: Context) -> str:
    """``Treatment('a')`` of ``C(x, Treatment("a"))``, ``C(x, reference="a")``; ``Sum()`` of ``C(x, Sum)``."""
    argument, inner = node.arguments[1], bare(node.arguments[1].value)
    if len(node.arguments) > 2:
        raise context.refuse("C() takes a column and a contrast.", node.arguments[2])
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


def literal(node: Node, context: Context) -> Option:
    """A number, text or truth value.

    Raises
    ------
    FormulaError
        At anything else.
    """
    inner = bare(node)
    if isinstance(inner, Number | String):
        return inner.value
    if isinstance(inner, Sign) and isinstance(bare(inner.operand), Number):
        value = literal(inner.operand, context)
        return -value if inner.sign == "-" and not isinstance(value, str) else value
    if isinstance(inner, Name) and not inner.quoted and inner.name in (*_WORDS, "T", "F"):
        return _WORDS.get(inner.name, inner.name == "T")
    raise context.refuse(
        "This must be a literal value.", node, 'Write a number, a text in quotes, True or False, such as degree=2 or ref="a".'
    )


def _number(value: int | float) -> str:
    if isinstance(value, int) and abs(value) <= 2**53:
        return str(value)
    text = format(Decimal(repr(float(value))), "f")
    return text if "." in text else f"{text}.0"


def _string(node: String, context: Context) -> str:
    if "'" in node.value or '"' in node.value:
        raise context.refuse("A level with quotes in its name cannot be written here.", node, "Rename it in the data.")
    return f"'{node.value}'"


def unknown_function(node: Call, context: Context) -> Exception:
    """The error for a call of ``node.function``, with the reason and what to type instead."""
    name, head, refuse = node.function, node.head, context.refuse
    if name in LATER:
        return refuse(f"{LATER[name]} such as {name}() are not available yet.", head)
    if name in WHOLE_COLUMN:
        hint = "Use center(x), scale(x), or make a column of it first."
        return refuse(f"{name}() depends on all rows, so new data would be coded differently.", head, hint)
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
