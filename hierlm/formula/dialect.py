"""MCMCglmm's dialect beside a plain formula: ``random="us(1 + x):g + line"`` and ``residual="idh(trt):units"``."""

from __future__ import annotations

from hierlm import names
from hierlm.formula.bars import INDEPENDENT, Structure, bar, effects, groups, is_bar, options
from hierlm.formula.context import Context
from hierlm.formula.grouping import Grouping
from hierlm.formula.parser import build
from hierlm.formula.tokens import check_brackets, scan
from hierlm.formula.tree import Bars, Call, Chain, Name, Node, bare, summands
from hierlm.formula.values import Bar, Predictor

__all__ = ["one_sided", "random_bars", "residual_predictor"]

SIGMA = "sigma"
_RESIDUALS = (
    "Available: residual='units'; residual='idh(f):units' for one sd per level of the factor f; and correlations, "
    "residual='ar1(time | g)'."
)


def one_sided(context: Context, start: int, stop: int, keyword: str) -> list[Node]:
    """The summands of a one-sided formula, a leading ``~`` allowed."""
    tokens = scan(context, start, stop)
    check_brackets(context, tokens)
    if tokens and tokens[0].isop("~"):
        tokens = tokens[1:]
    if not tokens:
        raise context.refuse(f"{keyword} is empty.", Node(start, max(stop, start + 1)), "Leave it out.")
    found = []
    for sign, node in summands(build(context, tokens, start, stop)):
        if sign == "-":
            raise context.refuse(f"Nothing can be taken away in {keyword}.", node, "Leave it out.")
        found.append(node)
    return found


def _parts(node: Node, context: Context) -> tuple[Call | None, Node]:
    """``us(1 + x):g`` as its structure and its group; a bare group has no structure."""
    if not (isinstance(node, Chain) and node.rest[0][0] == ":"):
        if isinstance(node, Call) and node.function.lower() in context.structures:
            raise context.refuse("This structure has no group.", node, f"Write {context.typed(node)}:g.")
        return None, node
    first, rest = bare(node.first), node.rest
    if not isinstance(first, Call) or first.function in ("factor", "as.factor", "C"):
        return None, node
    after = rest[0][1]
    group = Chain(after.start, node.stop, after, rest[1:]) if len(rest) > 1 else after
    return first, group


def random_bars(context: Context, start: int, stop: int) -> tuple[Bar, ...]:
    """The bars of ``random=…``, at ``context.source[start:stop]``.

    Inside a structure there is no implicit intercept: ``us(sex):dam`` is ``us(0 + sex | dam)``.

    Raises
    ------
    FormulaError
    """
    found: list[Bar] = []
    for node in one_sided(context, start, stop, "random"):
        if is_bar(node) or isinstance(bare(node), Bars):
            hint = "Write random='us(1 + x):g', or put (1 + x | g) into the formula."
            raise context.refuse("Bars are not read in random.", node, hint)
        call, group = _parts(node, context)
        text, called = "1", Structure()
        if call is not None:
            if not call.arguments or call.arguments[0].keyword is not None:
                raise context.refuse(f"{call.function}() holds no effects.", call, f"Write {call.function}(1 + x):g.")
            inner = call.arguments[0].value
            if isinstance(bare(inner), Bars):
                hint = f"Write {call.function}(1 + x):g."
                raise context.refuse("Bars are not read in random.", inner, hint)
            called = options(call, call.arguments[1:], context)
            text = effects(inner, context, intercept=False)
        groupings = groups(group, context)
        context.count_terms(len(groupings), node)
        found += [bar(text, grouping, called, None, node, context) for grouping in groupings]
    return tuple(found)


def residual_predictor(context: Context, start: int, stop: int, response: str) -> Predictor | None:
    """The predictor of ``sigma`` that ``residual=…`` stands for; None when it asks for one residual variance.

    ``idh(f):units`` gives every level of the factor f its own residual standard deviation: σ_i = exp(b[f_i]).

    Raises
    ------
    FormulaError
    """
    whole = Node(start, stop)
    parts = one_sided(context, start, stop, "residual")
    if len(parts) != 1:
        raise context.refuse("A sum of residual structures is not available yet.", whole, _RESIDUALS)
    call, group = _parts(parts[0], context)
    if groups(group, context) != (Grouping((names.UNITS,)),):
        raise context.refuse("This residual structure is not available yet.", group, _RESIDUALS)
    if context.parameters and SIGMA not in context.parameters:
        hint = "Leave residual out; overdispersion, MCMCglmm's residual of such families, is random='units'."
        raise context.refuse("This family has no residual standard deviation 'sigma'.", whole, hint)
    if call is None:
        return None
    name = options(call, (), context).name
    if len(call.arguments) != 1 or call.arguments[0].keyword is not None:
        raise context.refuse("This residual structure is not available yet.", call, _RESIDUALS)
    text = effects(call.arguments[0].value, context, intercept=False)
    if text == "1":
        return None
    inner = bare(call.arguments[0].value)
    cells = isinstance(inner, Chain) and all(op == ":" for op, _ in inner.rest)
    if name != INDEPENDENT or not (isinstance(inner, Name) or cells):
        raise context.refuse("This residual structure is not available yet.", call, _RESIDUALS)
    if SIGMA not in context.parameters:
        hint = "Leave residual out."
        raise context.refuse("This family has no residual standard deviation 'sigma'.", whole, hint)
    return Predictor(response, SIGMA, text, text=context.typed(whole))
