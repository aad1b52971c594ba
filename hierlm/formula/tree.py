"""The tree of a formula: what stands where, nothing about its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "Argument",
    "Bars",
    "Call",
    "Chain",
    "Compare",
    "Group",
    "Index",
    "Name",
    "Node",
    "Number",
    "Power",
    "Sign",
    "String",
    "bare",
    "summands",
]


@dataclass(frozen=True)
class Node:
    """A piece of a formula and its place."""

    start: int
    stop: int


@dataclass(frozen=True)
class Name(Node):
    """A column (or a word like ``True``)."""

    name: str
    quoted: bool = False


@dataclass(frozen=True)
class Number(Node):
    """``2``, ``0.5``, ``1e3``."""

    value: int | float


@dataclass(frozen=True)
class String(Node):
    """``"yes"``."""

    value: str


@dataclass(frozen=True)
class Argument(Node):
    """One argument of a call, with its keyword if it has one."""

    keyword: str | None
    value: Node


@dataclass(frozen=True)
class Call(Node):
    """``f(x, degree=2)``; ``{x}`` is ``I(x)``."""

    function: str
    arguments: tuple[Argument, ...]
    head: Node


@dataclass(frozen=True)
class Index(Node):
    """``y["yes"]``."""

    base: Node
    level: Node


@dataclass(frozen=True)
class Group(Node):
    """``( … )``."""

    inner: Node


@dataclass(frozen=True)
class Chain(Node):
    """``a + b - c``: operands of one precedence, from left to right, flat so that long sums are not deep."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Power(Node):
    """``a ** 2`` or ``a ^ 2``."""

    base: Node
    exponent: Node


@dataclass(frozen=True)
class Sign(Node):
    """``-a`` or ``+a``."""

    sign: str
    operand: Node


@dataclass(frozen=True)
class Compare(Node):
    """``a > b``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Bars(Node):
    """``a | b``, ``a || b``, ``a | id | b``."""

    parts: tuple[Node, ...]
    operators: tuple[str, ...]


def bare(node: Node) -> Node:
    """``node`` without the brackets around it.

    Examples
    --------
    >>> bare(Group(0, 3, Name(1, 2, "x"))).name
    'x'
    """
    while isinstance(node, Group):
        node = node.inner
    return node


def summands(node: Node, sign: str = "+") -> Iterator[tuple[str, Node]]:
    """The signed summands of a sum, brackets around sums opened.

    Group terms ``(… | g)`` keep their brackets.
    """
    inner = bare(node)
    if isinstance(inner, Chain) and inner.rest[0][0] in "+-":
        yield from summands(inner.first, sign)
        for operator, operand in inner.rest:
            yield from summands(operand, sign if operator == "+" else _flip(sign))
    elif isinstance(inner, Sign):
        yield from summands(inner.operand, sign if inner.sign == "+" else _flip(sign))
    else:
        yield sign, node if isinstance(inner, Bars) else inner


def _flip(sign: str) -> str:
    return "-" if sign == "+" else "+"
