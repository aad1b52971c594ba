"""The words of canonical text: columns, numbers, texts and truth values."""

from __future__ import annotations

from decimal import Decimal

from hierlm.formula.context import Context
from hierlm.formula.tree import Name, Node, Number, Sign, String, bare
from hierlm.formula.values import Option

__all__ = ["WORDS", "check_column", "literal", "number", "quote", "string"]

WORDS = {"True": True, "False": False, "TRUE": True, "FALSE": False}
_NOT_COLUMNS = frozenset({*WORDS, "None", "NULL", "NA", "NaN", "Inf"})


def quote(name: str) -> str:
    """A column's name as formulae reads it, in backquotes unless it is a plain word.

    Examples
    --------
    >>> quote("Days"), quote("my var")
    ('Days', '`my var`')
    """
    plain = name[0].isalpha() and name.isidentifier() and all(c.isalnum() or c == "_" for c in name)
    return name if plain and "__" not in name and name not in _NOT_COLUMNS else f"`{name}`"


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
    if isinstance(inner, Name) and not inner.quoted and inner.name in (*WORDS, "T", "F"):
        return WORDS.get(inner.name, inner.name == "T")
    hint = 'Write a number, a text in quotes, True or False, such as degree=2 or ref="a".'
    raise context.refuse("This must be a literal value.", node, hint)


def number(value: int | float) -> str:
    """A number without an exponent.

    Examples
    --------
    >>> number(3), number(1e-3)
    ('3', '0.001')
    """
    if isinstance(value, int) and abs(value) <= 2**53:
        return str(value)
    text = format(Decimal(repr(float(value))), "f")
    return text if "." in text else f"{text}.0"


def string(node: String, context: Context) -> str:
    """A text in quotes.

    Raises
    ------
    FormulaError
        When it holds quotes itself.
    """
    if "'" in node.value or '"' in node.value:
        raise context.refuse("A level with quotes in its name cannot be written here.", node, "Rename it in the data.")
    return f"'{node.value}'"
