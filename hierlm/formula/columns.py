"""Which columns a formula needs, and where it names them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

from hierlm import names
from hierlm.errors import FormulaError, did_you_mean
from hierlm.formula.context import Context
from hierlm.formula.tokens import Token, scan
from hierlm.formula.values import Formula

__all__ = ["columns", "find", "identifiers", "unknown_column"]


@lru_cache(maxsize=1024)
def identifiers(expression: str) -> tuple[str, ...]:
    """The columns that a piece of canonical text names, each once.

    Parameters
    ----------
    expression : str
        Text of a :class:`~hierlm.formula.values.Formula`: common effects, a bar's effects, an offset, a response.

    Examples
    --------
    >>> identifiers("1 + x + log(z):C(f, Treatment('a')) + `my var`")
    ('x', 'z', 'f', 'my var')
    """
    tokens = _column_tokens(expression)
    return tuple(dict.fromkeys(t.text for t in tokens if t.quoted or t.text not in ("True", "False")))


def columns(formula: Formula) -> tuple[str, ...]:
    """The data columns that a formula needs, in order of appearance, each once.

    ``units`` as a group is left out: it may be a column, and need not be.

    Parameters
    ----------
    formula : Formula

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from hierlm.formula import parse
    >>> columns(parse("y | trials(n) ~ log(x) + offset(z) + (1 | a/b) + (1 | units)"))
    ('y', 'n', 'x', 'z', 'a', 'b')
    """
    found: dict[str, None] = {}
    for response in formula.responses:
        for text in (response.expression, *(a.expression for a in response.additions)):
            found.update(dict.fromkeys(identifiers(text)))
    for predictor in formula.predictors:
        for text in (predictor.common, *predictor.offsets):
            found.update(dict.fromkeys(identifiers(text)))
        for text in (e for s in predictor.smooths for e in s.expressions):
            found.update(dict.fromkeys(identifiers(text)))
        for bar in predictor.bars:
            found.update(dict.fromkeys(identifiers(bar.effects)))
            found.update(dict.fromkeys(f for f in bar.right if f != names.UNITS))
    for scale in formula.scales:
        found.update(dict.fromkeys(identifiers(scale.common)))
    return tuple(found)


def find(formula: Formula, column: str) -> tuple[int, int]:
    """Where a column is first named: the half-open range in ``formula.source``.

    Raises
    ------
    LookupError
        When the formula does not name it.

    Examples
    --------
    >>> from hierlm.formula import parse
    >>> find(parse("y ~ log(x) + (1 | g)"), "g")
    (18, 19)
    """
    for token in _column_tokens(formula.source):
        if token.text == column:
            return token.start, token.stop
    raise LookupError(f"{column!r} is not named in {formula.source!r}")


def _column_tokens(text: str) -> Iterator[Token]:
    """Names that are neither functions nor keywords."""
    tokens = scan(Context(text), 0, len(text))
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        called = after is not None and not token.quoted and after.isop("(", "=")
        if token.kind == "name" and not called:
            yield token


def unknown_column(formula: Formula, column: str, known: Collection[str], *, hint: str | None = None) -> FormulaError:
    """The error for a column that the data lack, with a caret under it and the nearest names.

    Parameters
    ----------
    formula : Formula
    column : str
        One of :func:`columns`.
    known : collection of str
        The columns that the data have.
    hint : str, optional
        What to do, where it is not to take one of the nearest names.

    Examples
    --------
    >>> from hierlm.formula import parse
    >>> print(unknown_column(parse("Reaction ~ Dys"), "Dys", ["Days", "Reaction"]))
    There is no column 'Dys' in the data.
      Reaction ~ Dys
                 ^^^
    Did you mean 'Days'?
    """
    start, stop = find(formula, column)
    return FormulaError(
        f"There is no column {column!r} in the data.",
        text=formula.source,
        start=start,
        stop=stop,
        hint=hint or _same_letters(column, known) or did_you_mean(column, known) or "Give data with that column.",
    )


def _same_letters(column: str, known: Collection[str]) -> str:
    """A hint at a name that looks the same and is spelt with other characters, ``""`` where there is none."""
    for name in known:
        if name != column and unicodedata.normalize("NFKC", name) == unicodedata.normalize("NFKC", column):
            return f"Did you mean {name!r}? It looks the same, but is made of other characters ({name!a})."
    return ""
