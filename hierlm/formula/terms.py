"""Sums of terms, expanded as R does: ``a*b``, ``a/b``, ``(a + b)**2`` become ``a + b + a:b``, main effects first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hierlm.formula.context import MOST_TERMS, Context
from hierlm.formula.render import expression
from hierlm.formula.tree import Call, Chain, Compare, Name, Node, Number, Power, Sign, bare, summands
from hierlm.formula.words import check_column, quote

__all__ = ["Algebra", "Terms", "expand", "is_offset", "offset"]

Mask = int
Masks = dict[Mask, None]  # an ordered set of terms, each a set of atoms as bits


@dataclass(frozen=True)
class Terms:
    """A sum of terms.

    Parameters
    ----------
    intercept : bool
    terms : tuple of tuple of str
        Each term as its atoms, in order of first appearance; fewer atoms first.
    """

    intercept: bool
    terms: tuple[tuple[str, ...], ...]

    @property
    def text(self) -> str:
        """``"1 + x + x:z"``, the intercept explicit."""
        return " + ".join(["1" if self.intercept else "0", *(":".join(t) for t in self.terms)])


def atom(node: Node, context: Context) -> str:
    """The canonical text of one column or call on the right side.

    Raises
    ------
    FormulaError
    """
    if isinstance(node, Name):
        return quote(check_column(node, context))
    if isinstance(node, Call):
        if is_offset(node):
            raise context.refuse("offset() is a term of its own.", node, "Write y ~ x + offset(z).")
        return expression(node, context)
    if isinstance(node, Number):
        raise context.refuse(
            "A number is not a term; only 0 and 1 are, as whole summands.", node, "Use I(2 * x) for arithmetic."
        )
    if isinstance(node, Compare):
        raise context.refuse("A comparison is not a term.", node, f"Write I({context.typed(node)}).")
    if isinstance(node, Sign):
        raise context.refuse("A sign has no meaning inside a product of terms.", node, "Use I(-x) for arithmetic.")
    return expression(node, context)


class Algebra:
    """Expansion of one sum, with a limit on the work.

    Parameters
    ----------
    context : Context
    atom : callable
        Node → text of one atom; refuses what cannot be one.
    """

    def __init__(self, context: Context, atom: Callable[[Node, Context], str] = atom) -> None:
        self.context, self.atom = context, atom
        self.atoms: dict[str, int] = {}

    def expand(self, node: Node) -> Masks:
        """The terms that ``node`` stands for."""
        node = bare(node)
        if isinstance(node, Chain):
            if node.rest[0][0] in "+-":
                return self.add({}, summands(node))
            return self.multiply(node)
        if isinstance(node, Power):
            return self.power(node)
        text = self.atom(node, self.context)
        return {1 << self.atoms.setdefault(text, len(self.atoms)): None}

    def add(self, found: Masks, signed: Iterable[tuple[str, Node]]) -> Masks:
        """``found`` with summands added and taken away, from left to right."""
        for sign, node in signed:
            new = self.expand(node)
            if sign == "+":
                found |= new
                self.check(found, node)
                continue
            for mask in new:
                if mask not in found:
                    hint = "Only what stands before it can be taken away."
                    raise self.context.refuse(f"There is no {self.label(mask)} to take away.", node, hint)
                del found[mask]
        return found

    def multiply(self, chain: Chain) -> Masks:
        """``a:b``, ``a*b`` and ``a/b``, from left to right."""
        found = self.expand(chain.first)
        for operator, node in chain.rest:
            new = self.expand(node)
            if len(new) == 1 and found == new:
                label = self.label(next(iter(new)))
                hint = f"For the square write I({label}**2)."
                raise self.context.refuse(f"{label} times itself is only {label}.", node, hint)
            if operator == ":":
                found = self.product(found, new, node)
            elif operator == "*":
                found = self.check(found | new | self.product(found, new, node), node)
            else:
                every = 0
                for mask in found:
                    every |= mask
                found = self.check(found | self.product({every: None}, new, node), node)
        return found

    def power(self, node: Power) -> Masks:
        """``(a + b)**2``: all products of up to two."""
        base, exponent = self.expand(node.base), bare(node.exponent)
        if not isinstance(exponent, Number) or not isinstance(exponent.value, int) or exponent.value < 1:
            raise self.context.refuse("A power of terms must be a whole number from 1.", exponent, "Use I(x**0.5).")
        if len(base) == 1:
            typed = f"{self.context.typed(node.base)}**{exponent.value}"
            hint = f"For the power of a column write I({typed}), or poly(x, {exponent.value})."
            raise self.context.refuse("A power of one term is only that term.", node, hint)
        found = base
        for _ in range(exponent.value - 1):
            larger = self.check(found | self.product(found, base, node), node)
            if len(larger) == len(found):
                break
            found = larger
        return found

    def product(self, left: Masks, right: Masks, node: Node) -> Masks:
        """Every term of ``left`` joined with every one of ``right``."""
        found: Masks = {}
        for a in left:
            for b in right:
                self.context.count_product(node)
                found[a | b] = None
        return self.check(found, node)

    def check(self, found: Masks, node: Node) -> Masks:
        """``found``, unless it is too many."""
        if len(found) > MOST_TERMS:
            raise self.context.too_many(node)
        return found

    def names(self, mask: Mask) -> tuple[str, ...]:
        """The atoms of one term, in order of first appearance."""
        return tuple(text for text, bit in self.atoms.items() if mask >> bit & 1)

    def label(self, mask: Mask) -> str:
        """One term as text."""
        return ":".join(self.names(mask))

    def sorted(self, found: Masks) -> tuple[tuple[str, ...], ...]:
        """The terms, those of fewer atoms first, else in the order typed."""
        return tuple(self.names(mask) for mask in sorted(found, key=int.bit_count))


def is_offset(node: Node) -> bool:
    """Whether ``node`` is ``offset(…)``."""
    return isinstance(node, Call) and node.function == "offset"


def offset(node: Node, context: Context) -> str:
    """The expression inside ``offset(…)``.

    Raises
    ------
    FormulaError
    """
    assert isinstance(node, Call)
    if len(node.arguments) != 1 or node.arguments[0].keyword is not None:
        raise context.refuse("offset() takes one expression.", node, "Write offset(log(exposure)).")
    return expression(node.arguments[0].value, context)


def expand(signed: Sequence[tuple[str, Node]], context: Context, *, intercept: bool = True) -> Terms:
    """A sum of terms with its intercept settled.

    Parameters
    ----------
    signed : sequence of (sign, node)
        From :func:`~hierlm.formula.tree.summands`, without bars and offsets.
    intercept : bool
        Whether there is one unless told otherwise.

    Raises
    ------
    FormulaError
        Also when the intercept is both asked for and taken away.
    """
    said: dict[bool, Node] = {}
    rest: list[tuple[str, Node]] = []
    named: Node | None = None
    for sign, node in signed:
        if isinstance(node, Number) and node.value in (0, 1) and isinstance(node.value, int):
            if sign == "-" and node.value == 0:
                raise context.refuse("'- 0' is not read.", node, "Write 1 for an intercept, 0 for none.")
            said.setdefault(sign == "+" and node.value == 1, node)
        elif isinstance(node, Name) and node.name == "Intercept" and not node.quoted and sign == "+":
            named = node
        else:
            rest.append((sign, node))
    if named is not None and set(said) != {False}:
        check_column(named, context)  # type: ignore[arg-type]
    if len(said) == 2:
        later = max(said.values(), key=lambda n: n.start)
        raise context.refuse("The intercept is both asked for and taken away.", later, "Keep one of 0 and 1.")
    has = named is not None or next(iter(said), intercept)
    algebra = Algebra(context)
    found = algebra.sorted(algebra.add({}, rest))
    context.count_terms(len(found), Node(signed[0][1].start, signed[-1][1].stop) if signed else Node(0, 1))
    return Terms(has, found)
