"""Formulas for the standard deviations of a grouping: ``sd(g) ~ z``."""

from __future__ import annotations

from hierlm.formula import bars, smooths
from hierlm.formula.context import Context
from hierlm.formula.terms import expand, is_offset
from hierlm.formula.tree import Call, Chain, Index, Node, Number, Sign, bare, summands
from hierlm.formula.values import ScaleTerm

__all__ = ["is_scale", "read"]


def is_scale(node: Node) -> bool:
    """Whether the left side ``node`` is ``sd(…)``."""
    return isinstance(bare(node), Call) and bare(node).function == "sd"  # type: ignore[attr-defined]


def read(left: Node, right: Node, context: Context, text: str) -> ScaleTerm:
    """One formula for a grouping's standard deviations.

    Raises
    ------
    FormulaError
    """
    call = bare(left)
    assert isinstance(call, Call)
    factors = _grouping(call, context)
    if bars.is_bar(right):
        raise context.refuse("This varies by group.", right, "Give columns that are constant within groups.")
    signed = []
    for sign, part in summands(right):
        what = "A group term" if bars.is_bar(part) else "An offset" if is_offset(part) else ""
        what = "A smooth" if smooths.is_smooth(part) else what
        if what:
            hint = f"Write sd({':'.join(factors)}) ~ z, z constant within groups."
            raise context.refuse(f"{what} has no place in a formula for a standard deviation.", part, hint)
        signed.append((sign, part))
    found = expand(signed, context)
    group = ":".join(factors)
    if not found.intercept:
        hint = f"Leave the 0 out: sd_{group} is that of levels where everything else is 0."
        raise context.refuse(f"The intercept of this formula is sd_{group} itself.", _zero(right), hint)
    if not found.terms:
        hint = "Leave this formula out, or name a column that is constant within groups."
        raise context.refuse(f"Nothing here changes the standard deviation of {group!r}.", right, hint)
    return ScaleTerm(factors, found.text, text, call.start, call.stop)


def _grouping(call: Call, context: Context) -> tuple[str, ...]:
    arguments = call.arguments
    if len(arguments) != 1 or arguments[0].keyword is not None:
        raise context.refuse("sd() takes one grouping.", call, "Write sd(g) ~ z.")
    inner = bare(arguments[0].value)
    if isinstance(inner, Index):
        hint = f"Write sd({context.typed(inner.base)}) ~ z, which holds for all effects of the grouping."
        raise context.refuse("The standard deviation of a single effect has no formula of its own.", inner, hint)
    found = bars.groups(inner, context)
    if len(found) != 1:
        raise context.refuse("sd() takes one grouping.", inner, "Write a formula for each: sd(a) ~ z, sd(a:b) ~ z.")
    if found[0] != bars.Grouping(found[0].factors):
        raise context.refuse("sd() takes the grouping as a column or as cells.", inner, "Write sd(g) ~ z.")
    return found[0].factors


def _zero(node: Node) -> Node:
    """The 0 or 1 that takes the intercept away, to point at."""
    inner = bare(node)
    if isinstance(inner, Chain):
        parts = [inner.first, *(operand for _, operand in inner.rest)]
        return next((p for p in parts if isinstance(bare(p), Number | Sign)), node)
    return node
