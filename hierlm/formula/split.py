"""Text to single formulas, and each to its two sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hierlm.errors import FormulaError
from hierlm.formula.context import Context
from hierlm.formula.parser import build
from hierlm.formula.tokens import Token, check_brackets, scan
from hierlm.formula.tree import Node

__all__ = ["formulas", "sides", "typed_texts"]


def formulas(context: Context, start: int, stop: int) -> Iterator[list[Token]]:
    """The tokens of each formula in one text: a line with a ``~`` of its own begins a new one."""
    tokens = scan(context, start, stop)
    check_brackets(context, tokens)
    current: list[Token] = []
    for line in _lines(context, tokens):
        if any(t.isop("~") for t in line) and any(t.isop("~") for t in current):
            yield current
            current = []
        current += line
    yield current


def _lines(context: Context, tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens by line, lines inside brackets joined."""
    line: list[Token] = []
    depth = 0
    for token in tokens:
        if line and not depth and "\n" in context.source[line[-1].stop : token.start]:
            yield line
            line = []
        depth += token.isop("(", "[", "{") - token.isop(")", "]", "}")
        line.append(token)
    yield line


def sides(context: Context, tokens: list[Token]) -> tuple[Node, Node, Node]:
    """Left tree, right tree, and the place of the whole."""
    refuse = context.refuse
    tildes = [i for i, t in enumerate(tokens) if t.isop("~")]
    if not tildes:
        equals = next((t for t in tokens if t.isop("=", "<")), None)
        raise refuse("A formula needs a '~'.", equals or Node(tokens[0].start, tokens[-1].stop), "Write y ~ x.")
    at = tildes[0]
    if sum(t.isop("(", "[", "{") - t.isop(")", "]", "}") for t in tokens[:at]):
        hint = "Write y ~ x on its own; give several formulas as a list."
        raise refuse("A '~' inside brackets is not read.", tokens[at], hint)
    tilde, left, right = tokens[at], tokens[:at], tokens[at + 1 :]
    if len(tildes) > 1:
        hint = "Give several formulas as a list, or one on each line."
        raise refuse("A formula has one '~'.", tokens[tildes[1]], hint)
    if not left:
        raise refuse("The left side is empty.", tilde, "Write the response first: y ~ x.")
    if not right:
        hint = f"Write {context.typed(left[0])} ~ 1 for an intercept only."
        raise refuse("The right side is empty.", tilde, hint)
    whole = Node(tokens[0].start, tokens[-1].stop)
    trees = (build(context, part, tilde.start, tilde.stop) for part in (left, right))
    return next(trees), next(trees), whole


def typed_texts(text: str | Sequence[str], random: str | None, residual: str | None) -> list[str]:
    """The formulas, after checking that everything typed is text.

    Raises
    ------
    FormulaError
    """
    listed = isinstance(text, Sequence) and not isinstance(text, (str, bytes))
    typed: list[Any] = list(text) if listed else [text]
    for part in typed:
        if not isinstance(part, str):
            raise FormulaError(f"A formula is text, not {type(part).__name__}.", hint='Write "y ~ x + (1 | g)".')
    options: tuple[tuple[str, Any], ...] = (("random", random), ("residual", residual))
    for name, given in options:
        if given is not None and not isinstance(given, str):
            example = "us(1 + x):g" if name == "random" else "ar1(time | g)"
            raise FormulaError(f"{name} is text, not {type(given).__name__}.", hint=f'Write {name}="{example}".')
    if not typed or not all(part.strip() for part in typed):
        raise FormulaError("The formula is empty.", hint='Write "y ~ x + (1 | g)".')
    return typed
