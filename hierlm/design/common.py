"""Terms such as ``1 + x + a:b`` to columns; the only file that imports formulae.

formulae does the algebra of ``+ - : * / **`` on stand-ins (``v0``, ``v1``, …).  It sees neither the data nor a function
call: the columns are ours, coded by R's rule, since formulae evaluates whatever it is given, in whatever order the
terms were typed, and differently from version to version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from formulae import model_description
from numpy.typing import NDArray

from hierlm.design.checks import check_factor
from hierlm.design.evaluate import Evaluator
from hierlm.design.expressions import Expression, read_expression
from hierlm.design.factor import Factor
from hierlm.errors import DataError, FormulaError
from hierlm.names import INTERCEPT

__all__ = ["Terms", "columns_of", "full_coding", "read_terms"]

MOST_NUMBERS = 2**28
"""Of all columns of one predictor, and of a factor's contrasts: 2 GiB."""

_TOKEN = re.compile(
    r"\s+|(?P<atom>`[^`]*`|(?P<name>[^\W\d][\w.]*))|(?P<brace>\{)|(?P<number>\d+(?![\w.]))|(?P<operator>\*\*|[-+*/:()])"
)


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of one predictor or of a bar's left side, expanded.

    Parameters
    ----------
    text : str
    intercept : bool
    atoms : tuple of Expression
        The columns and calls that the terms are made of.
    terms : tuple of tuple of int
        Each term as positions in ``atoms``; fewer atoms first, as in R.
    """

    text: str
    intercept: bool
    atoms: tuple[Expression, ...]
    terms: tuple[tuple[int, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that they use."""
        return tuple(dict.fromkeys(c for atom in self.atoms for c in atom.columns))


def read_terms(text: str) -> Terms:
    """Expand formula text.

    Parameters
    ----------
    text : str
        With the intercept explicit: ``"1 + x*f"``, ``"0 + f"``.

    Raises
    ------
    FormulaError
        For anything that is not a sum of terms.

    Examples
    --------
    >>> terms = read_terms("0 + a*log(x)")
    >>> [atom.text for atom in terms.atoms], terms.terms
    (['a', 'log(x)'], ((0,), (1,), (0, 1)))
    """
    atoms: dict[str, Expression] = {}
    tokens: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise FormulaError("This cannot be read.", text=text, start=place, hint="Write terms joined by +, : or *.")
        stop = match.end()
        if match["atom"] or match["brace"]:
            stop = _end_of_atom(text, match)
            atom = read_expression(text[place:stop])
            atoms.setdefault(atom.text, atom)
            tokens.append(f"v{list(atoms).index(atom.text)}")
        elif not match[0].isspace():
            tokens.append(match[0])
        place = stop
    _check_order(tokens, text)
    described = _describe(tokens, text)
    found: dict[frozenset[int], tuple[int, ...]] = {}
    for term in described:
        found.setdefault(frozenset(term), term)
    intercept = found.pop(frozenset(), None) is not None
    return Terms(text, intercept, tuple(atoms.values()), tuple(sorted(found.values(), key=len)))


def columns_of(terms: Terms, on: Evaluator) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """((n, p) columns, labels) of the terms.

    A factor is coded by contrasts in a term if the model also has the term without it, and by indicators of all its
    levels if not; without an intercept the first factor of its own gets indicators (R's ``terms``; Chambers & Hastie
    1992, section 2.4).  In an interaction the first factor varies fastest.

    Parameters
    ----------
    on : Evaluator
        On the training data or on new data.
    """
    values = [on.value(atom) for atom in terms.atoms]
    if on.learning:
        for atom, value in zip(terms.atoms, values, strict=True):
            if isinstance(value, Factor):
                check_factor(atom.blame, value)
    columns: list[NDArray[np.float64]] = [np.ones((on.table.n, 1))] if terms.intercept else []
    labels: list[str] = [INTERCEPT] if terms.intercept else []
    full = full_coding(terms, [isinstance(v, Factor) for v in values])
    _check_size(terms, values, on.table.n)
    for term in terms.terms:
        block, names = np.ones((on.table.n, 1)), [""]
        for k in term:
            part, part_names = _coded(terms.atoms[k].text, values[k], full=(term, k) in full)
            block = (part[:, :, None] * block[:, None, :]).reshape(on.table.n, -1)
            names = [f"{left}:{right}" if left else right for right in part_names for left in names]
        columns.append(block)
        labels += names
    repeated = next((label for label in labels if labels.count(label) > 1), None)
    if repeated is not None:
        raise FormulaError(
            f"Two columns would be called {repeated!r}.", text=terms.text, hint="Rename a column or level."
        )
    X = np.concatenate(columns, axis=1) if columns else np.zeros((on.table.n, 0))
    X = np.ascontiguousarray(X, dtype=np.float64)
    X.setflags(write=False)
    return X, tuple(labels)


def _check_size(terms: Terms, values: Sequence[NDArray[np.float64] | Factor], n: int) -> None:
    """Refuse terms whose columns would not fit into memory, before any of them is made."""
    widths = [len(v.levels) if isinstance(v, Factor) else 1 if v.ndim == 1 else v.shape[1] for v in values]
    total = 0
    for term in terms.terms:
        columns = prod(widths[k] for k in term)
        total += columns
        if total * n > MOST_NUMBERS or any(widths[k] ** 2 > MOST_NUMBERS for k in term):
            text = ":".join(terms.atoms[k].text for k in term)
            raise DataError(
                f"{text!r} would be {columns:,} columns in {n:,} rows, more than fit into memory.",
                column=terms.atoms[max(term, key=lambda k: widths[k])].blame,
                hint=f"Identifiers belong into a group term, (1 | {text}); a numeric column should not be text.",
            )


def _coded(
    name: str, value: NDArray[np.float64] | Factor, *, full: bool
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if isinstance(value, Factor):
        return value.columns(full=full)
    if value.ndim == 1:
        return value[:, None], (name,)
    return value, tuple(f"{name}[{k + 1}]" for k in range(value.shape[1]))


def full_coding(terms: Terms, factor: Sequence[bool]) -> set[tuple[tuple[int, ...], int]]:
    """The (term, atom) pairs that get indicators of all levels."""
    margins: set[frozenset[int]] = {frozenset(), *(frozenset(term) for term in terms.terms)}
    full = {(t, a) for t in terms.terms for a in t if factor[a] and frozenset(t) - {a} not in margins}
    if not terms.intercept:
        alone = [t for t in terms.terms if len(t) == 1 and factor[t[0]]]
        full |= {(t, t[0]) for t in alone[:1]}
    return full


def _end_of_atom(text: str, match: re.Match[str]) -> int:
    """Where the column or call that starts with ``match`` ends."""
    place = match.end()
    if match["brace"] is None:
        opening = re.compile(r"\s*\(").match(text, place)
        if opening is None or match["name"] is None:
            return place
        place = opening.end()
    depth = 1
    for piece in re.finditer(r"""'[^']*'|"[^"]*"|`[^`]*`|[({\[]|[)}\]]""", text[place:]):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(piece[0], 0)
        if depth == 0:
            return place + piece.end()
    raise FormulaError("This bracket is never closed.", text=text, start=place - 1, hint="Close it.")


def _check_order(tokens: Sequence[str], text: str) -> None:
    """Refuse what formulae would silently drop: what follows a complete expression, and powers of one column."""
    complete, depth = False, 0  # whether an operand ends here, and in how many brackets
    for before, now in zip(["", *tokens], tokens, strict=False):
        depth += (now == "(") - (now == ")")
        if depth < 0:
            raise FormulaError("This ')' closes nothing.", text=text, stop=len(text), hint="Remove it.")
        if now == "(" or now[0] == "v" or now.isdigit():
            if complete:
                raise FormulaError("An operator is missing here.", text=text, stop=len(text), hint="Join terms by +.")
            if now.isdigit() and now not in ("0", "1") and before != "**":
                raise FormulaError("Only 0 and 1 are terms.", text=text, stop=len(text), hint="Use I(2 * x).")
            complete = now != "("
        elif now == "**" and before != ")":
            raise FormulaError("A column to a power is only itself.", text=text, stop=len(text), hint="Use I(x**2).")
        else:
            complete = now == ")"


def _describe(tokens: Sequence[str], text: str) -> list[tuple[int, ...]]:
    """The terms as stand-in numbers, in order; ``()`` is the intercept."""
    try:
        described = model_description(" ".join(tokens)).common_terms
        return [tuple(int(c.name[1:]) for c in getattr(term, "components", ())) for term in described]
    except Exception as problem:  # formulae raises many kinds
        raise FormulaError(
            "These terms cannot be expanded.", text=text, stop=len(text), hint="Write the terms out, joined by +."
        ) from problem
