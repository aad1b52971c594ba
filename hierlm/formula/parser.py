"""Tokens to a tree, by operator precedence (Pratt 1973).

R's order, weakest first: bars, comparisons, ``+ -``, ``* /``, ``:``, signs, powers.
"""

from __future__ import annotations

from collections.abc import Sequence

from hierlm.formula.context import MOST_NESTED, Context
from hierlm.formula.tokens import Token
from hierlm.formula.tree import (
    Argument,
    Bars,
    Call,
    Chain,
    Compare,
    Group,
    Index,
    Name,
    Node,
    Number,
    Power,
    Sign,
    String,
)

__all__ = ["build"]

_BAR, _COMPARE, _SUM, _PRODUCT, _COLON, _SIGN, _POWER = range(1, 8)
_STRENGTH = {
    **dict.fromkeys(("|", "||"), _BAR),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARE),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/"), _PRODUCT),
    ":": _COLON,
    **dict.fromkeys(("**", "^"), _POWER),
}
_REFUSED = {
    "%in%": "Write a:b for the cells of a and b, or a/b for b within a.",
    "%%": "Make a column of it first.",
    "%/%": "Make a column of it first.",
    "//": "Make a column of it first.",
    "&": "Multiply comparisons instead: I((x > 1) * (z < 2)).",
    "&&": "Multiply comparisons instead: I((x > 1) * (z < 2)).",
    "!": 'Write the opposite comparison, such as I(x != "a").',
    "::": "Functions are named without their package.",
    "~": "Give several formulas as a list, or one on each line.",
}


def build(context: Context, tokens: Sequence[Token], start: int, stop: int) -> Node:
    """The tree of ``tokens``, all of them.

    Parameters
    ----------
    start, stop : int
        The place to point at when there are no tokens.

    Raises
    ------
    FormulaError
        At the token where reading fails, or the bracket that nests too deeply.
    """
    if not tokens:
        raise context.refuse("Nothing stands here.", Node(start, stop), "Write the terms, or 1 for an intercept only.")
    parser = _Parser(context, [*tokens, Token("end", "", tokens[-1].stop, tokens[-1].stop + 1)])
    node = parser.expression(_BAR)
    if parser.token.kind != "end":
        raise parser.unexpected()
    return node


class _Parser:
    def __init__(self, context: Context, tokens: Sequence[Token]) -> None:
        self.context, self.tokens = context, tokens
        self.position = self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def advance(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def expression(self, weakest: int) -> Node:
        """One expression of operators at least as strong as ``weakest``."""
        left = self.prefix()
        while (strength := self.strength()) >= weakest:
            if strength == _BAR:
                left = self.bars(left)
            elif strength == _COMPARE:
                left = self.compare(left)
            elif strength == _POWER:
                self.enter(self.advance())
                right = self.expression(_SIGN)
                self.depth -= 1
                left = Power(left.start, right.stop, left, right)
            else:
                left = self.chain(left, strength)
        return left

    def strength(self) -> int:
        token = self.token
        if token.kind != "operator":
            return 0
        if token.text in _REFUSED or token.text.startswith("%"):
            raise self.context.refuse(f"{token.text!r} is not read in a formula.", token, _REFUSED.get(token.text))
        return _STRENGTH.get(token.text, 0)

    def chain(self, first: Node, strength: int) -> Node:
        rest = []
        while self.strength() == strength:
            operator = self.advance().text
            rest.append((operator, self.expression(strength + 1)))
        return Chain(first.start, rest[-1][1].stop, first, tuple(rest))

    def bars(self, first: Node) -> Node:
        parts, operators = [first], []
        while self.strength() == _BAR:
            operators.append(self.advance().text)
            parts.append(self.expression(_BAR + 1))
        return Bars(first.start, parts[-1].stop, tuple(parts), tuple(operators))

    def compare(self, left: Node) -> Node:
        operator = self.advance()
        right = self.expression(_COMPARE + 1)
        if self.strength() == _COMPARE:
            raise self.context.refuse("Comparisons cannot be chained.", self.token, "Write I((a < b) * (b < c)).")
        return Compare(left.start, right.stop, operator.text, left, right)

    def prefix(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.advance()
            whole = token.text.isdigit()
            return Number(token.start, token.stop, int(token.text) if whole else float(token.text))
        if token.kind == "string":
            self.advance()
            return String(token.start, token.stop, token.text)
        if token.kind == "name":
            return self.name()
        if token.isop("+", "-"):
            self.advance()
            self.enter(token)
            operand = self.expression(_SIGN)
            self.depth -= 1
            return Sign(token.start, operand.stop, token.text, operand)
        if token.isop("(", "{"):
            return self.group()
        raise self.unexpected()

    def enter(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise self.context.refuse(f"This is nested more than {MOST_NESTED} levels deep.", token, "Simplify it.")

    def group(self) -> Node:
        opening = self.advance()
        self.enter(opening)
        if self.token.isop(")", "}"):
            place = Node(opening.start, self.token.stop)
            raise self.context.refuse("Nothing stands in these brackets.", place, "Write a term there, or remove them.")
        inner = self.expression(_BAR)
        closing = self.close(")" if opening.text == "(" else "}")
        if opening.text == "(":
            return Group(opening.start, closing.stop, inner)
        head = Node(opening.start, opening.stop)
        return Call(opening.start, closing.stop, "I", (Argument(inner.start, inner.stop, None, inner),), head)

    def close(self, bracket: str) -> Token:
        self.depth -= 1
        if not self.token.isop(bracket):
            raise self.unexpected()
        return self.advance()

    def name(self) -> Node:
        token = self.advance()
        head = Name(token.start, token.stop, token.text, token.quoted)
        if self.token.isop("("):
            if token.quoted:
                hint = "Join it by +, : or *; a function has no backquotes."
                raise self.context.refuse("A name in backquotes is a column, not a function.", token, hint)
            return self.call(head)
        if self.token.isop("["):
            self.enter(self.advance())
            level = self.prefix()
            return Index(head.start, self.close("]").stop, head, level)
        return head

    def call(self, head: Name) -> Node:
        self.enter(self.advance())
        arguments: list[Argument] = []
        while not self.token.isop(")"):
            if arguments:
                if not self.token.isop(","):
                    raise self.unexpected()
                self.advance()
            arguments.append(self.argument())
        return Call(head.start, self.close(")").stop, head.name, tuple(arguments), head)

    def argument(self) -> Argument:
        token, keyword = self.token, None
        if token.kind == "name" and not token.quoted and self.tokens[self.position + 1].isop("="):
            keyword = token.text
            self.position += 2
        value = self.expression(_BAR)
        return Argument(token.start, value.stop, keyword, value)

    def unexpected(self) -> Exception:
        """The error at the current token."""
        token, before = self.token, self.tokens[self.position - 1] if self.position else None
        refuse = self.context.refuse
        if token.kind == "operator" and (token.text in _REFUSED or token.text.startswith("%")):
            return refuse(f"{token.text!r} is not read in a formula.", token, _REFUSED.get(token.text))
        after_operand = before is not None and (before.kind != "operator" or before.text in (")", "]", "}"))
        if not after_operand and before is not None and (token.kind == "end" or token.isop(")", "]", "}", ",")):
            return refuse(
                f"Nothing follows {before.text!r}.", before, f"Remove the {before.text!r}, or write what follows."
            )
        if not after_operand and token.kind == "operator":
            hint = f"Remove the {token.text!r}, or write what stands before it."
            return refuse(f"Nothing stands before {token.text!r}.", token, hint)
        if after_operand and (token.kind != "operator" or token.isop("(", "{", "[")):
            return refuse("An operator is missing here.", token, "Join terms by +, : or *.")
        return refuse(f"{token.text!r} has no meaning here.", token, "Remove it; terms are joined by +, : or *.")
