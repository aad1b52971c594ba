"""From everything typed to a :class:`~hierlm.formula.values.Formula`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hierlm.errors import FormulaError, did_you_mean
from hierlm.formula import bars, response, scales, smooths
from hierlm.formula.columns import identifiers
from hierlm.formula.context import LONGEST, STRUCTURES, Context
from hierlm.formula.dialect import random_bars, residual_predictor
from hierlm.formula.functions import FUNCTIONS, SMOOTHS, VARIANCE_FUNCTIONS
from hierlm.formula.residuals import residual_correlation
from hierlm.formula.split import formulas, sides, typed_texts
from hierlm.formula.terms import expand, is_offset, offset
from hierlm.formula.tokens import Token, scan
from hierlm.formula.tree import Bars, Call, Name, Node, bare, summands
from hierlm.formula.values import (
    Bar,
    Formula,
    Predictor,
    ResidualTerm,
    ResponseTerm,
    ScaleTerm,
    SmoothTerm,
    VarianceTerm,
)
from hierlm.formula.variances import is_variance, read_variance
from hierlm.names import MEAN

__all__ = ["parse"]


def parse(
    text: str | Sequence[str],
    *,
    random: str | None = None,
    residual: str | None = None,
    parameters: Collection[str] = (),
    structures: Mapping[str, str] | None = None,
    functions: Collection[str] = (),
    needs: Mapping[str, str] | None = None,
    correlations: Mapping[str, tuple[str, str]] | None = None,
) -> Formula:
    """Read formulas into a :class:`~hierlm.formula.values.Formula`: text only, no data, nothing evaluated.

    Parameters
    ----------
    text : str or sequence of str
        One formula, several lines, or a list.  A line without ``~`` continues the one before.
    random, residual : str, optional
        Group terms and residual structure in MCMCglmm's dialect; or the correlation of residuals,
        ``"ar1(time | g)"``.
    parameters : collection of str
        Distributional parameters of the family.  A *later* formula whose left side is one of them predicts that
        parameter of the response before it.  The first formula is always a response.
    structures : mapping, optional
        Covariance structure or alias, lower-cased → canonical name.
    functions : collection of str
        Names of the user's own functions (``extra``).
    needs : mapping, optional
        Structure → what it must know of its effects: ``"order"``, ``"occasions"``, ``"coordinates"`` or ``"matrix"``.
    correlations : mapping, optional
        Correlation function or alias, lower-cased → its canonical name and what a position is to it.

    Returns
    -------
    Formula

    Raises
    ------
    FormulaError
        With a caret under the place and what to type instead.

    Examples
    --------
    >>> f = parse("Reaction ~ Days + (Days | Subject)")
    >>> f.predictors[0].common, f.predictors[0].bars[0].effects, f.predictors[0].bars[0].group
    ('1 + Days', '1 + Days', 'Subject')
    >>> [(b.structure, b.effects, b.group) for b in parse("y ~ 1", random="idh(sex):dam + line").predictors[0].bars]
    [('idh', '0 + sex', 'dam'), ('us', '1', 'line')]
    """
    typed = typed_texts(text, random, residual)
    extras = [t for t in (random, residual) if t is not None]
    context = Context(
        "\n".join([*typed, *extras]),
        frozenset(parameters),
        STRUCTURES if structures is None else structures,
        frozenset(functions),
        dict(needs or {}),
        dict(correlations or {}),
    )
    _check_limits(context)
    book = _Book(context)
    end = 0
    for part in typed:
        for tokens in formulas(context, end, end + len(part)):
            book.read(tokens)
        end += len(part) + 1
    if random is not None:
        book.add_random(end, end + len(random))
        end += len(random) + 1
    if residual is not None:
        book.add_residual(end, end + len(residual))
    book.check_scales()
    return Formula(
        "\n".join(typed),
        tuple(book.responses),
        tuple(book.predictors),
        random,
        residual,
        tuple(book.scales),
        book.correlation,
    )


def _check_limits(context: Context) -> None:
    if len(context.source) > LONGEST:
        place = Node(LONGEST, LONGEST + 1)
        raise context.refuse(f"The formula is longer than {LONGEST:,} characters.", place, "Shorten it.")
    for name in sorted(map(str, context.functions)):
        if not name.isidentifier() or name.startswith("_") or "__" in name:
            raise FormulaError(f"The function {name!r} needs a plain name.", hint="Letters, digits and _, not first.")
        if name in (*FUNCTIONS, *SMOOTHS, *VARIANCE_FUNCTIONS, "offset") or name.lower() in context.structures:
            raise FormulaError(f"{name!r} is already a function of formulas.", hint="Give yours another name.")


@dataclass(frozen=True)
class _Right:
    """A right side, read."""

    common: str
    offsets: tuple[str, ...]
    bars: tuple[Bar, ...]
    smooths: tuple[SmoothTerm, ...] = ()
    variances: tuple[VarianceTerm, ...] = ()

    def columns(self) -> set[str]:
        texts = [self.common, *self.offsets, *(b.effects for b in self.bars)]
        texts += [e for s in self.smooths for e in s.expressions]
        texts += [e for v in self.variances for e in v.expressions]
        return {c for t in texts for c in identifiers(t)} | {c for b in self.bars for c in b.right}


def _predictor(response: str, parameter: str, read: _Right, text: str) -> Predictor:
    return Predictor(response, parameter, read.common, read.offsets, read.bars, text, read.smooths, read.variances)


class _Book:
    """The responses and predictors read so far."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.responses: list[ResponseTerm] = []
        self.predictors: list[Predictor] = []
        self.used: dict[str, frozenset[str]] = {}
        self.current: tuple[str, ...] = ()
        self.scales: list[ScaleTerm] = []
        self.correlation: ResidualTerm | None = None

    def read(self, tokens: list[Token]) -> None:
        """Read one formula."""
        left, right, whole = sides(self.context, tokens)
        text = self.context.typed(whole)
        parameter = bare(left)
        if self.current and isinstance(parameter, Name) and parameter.name in self.context.parameters:
            return self.read_parameter(parameter, right, text)
        if scales.is_scale(left):
            return self.read_scale(left, right, text)
        self.check_transformed_parameter(parameter)
        found = response.read(left, self.context)
        read = self.right(right)
        self.context.count_terms((len(found) - 1) * (len(read.bars) + read.common.count("+")), left)
        for each in found:
            name = each.response.name
            if name in self.used:
                hint = "Give every response one formula."
                raise self.context.refuse(f"The response {name!r} has a formula already.", left, hint)
            self.used[name] = each.used
            self.check_response(name, read, right)
            self.responses.append(each.response)
            self.predictors.append(_predictor(name, MEAN, read, text))
        self.current = tuple(each.response.name for each in found)
        return None

    def right(self, node: Node) -> _Right:
        """Common effects, offsets, group terms and smooths of a right side."""
        context = self.context
        common: list[tuple[str, Node]] = []
        offsets: list[str] = []
        found: list[Bar] = []
        curves: list[SmoothTerm] = []
        scales: list[VarianceTerm] = []
        if isinstance(node, Bars):
            raise context.refuse("A bar needs brackets.", node, f"Write ({context.typed(node)}).")
        for sign, part in summands(node):
            if bars.is_bar(part) or is_offset(part) or smooths.is_smooth(part) or is_variance(part):
                if sign == "-":
                    raise context.refuse("This term cannot be taken away.", part, "Leave it out.")
                if is_variance(part):
                    scales.append(read_variance(part, context))
                elif smooths.is_smooth(part):
                    curves.append(smooths.read(part, context, curves))
                elif is_offset(part):
                    offsets.append(offset(part, context))
                else:
                    found += bars.read(part, context)
            else:
                common.append((sign, part))
        return _Right(expand(common, context).text, tuple(offsets), tuple(found), tuple(curves), tuple(scales))

    def read_parameter(self, parameter: Name, right: Node, text: str) -> None:
        """Read ``sigma ~ …``."""
        refuse = self.context.refuse
        if len(self.current) > 1:
            hint = "Write one formula for each response, each followed by its parameters."
            raise refuse(f"After mvbind() it is open whose {parameter.name!r} this is.", parameter, hint)
        owner = self.current[0]
        if any((p.response, p.parameter) == (owner, parameter.name) for p in self.predictors):
            hint = "Give every parameter one formula."
            raise refuse(f"{parameter.name!r} of {owner!r} has a formula already.", parameter, hint)
        read = self.right(right)
        self.check_response(owner, read, right)
        self.predictors.append(_predictor(owner, parameter.name, read, text))

    def read_scale(self, left: Node, right: Node, text: str) -> None:
        """Read ``sd(g) ~ z``."""
        if not self.current:
            hint = 'Its response comes first: ["y ~ x + (1 | g)", "sd(g) ~ z"].'
            raise self.context.refuse("sd(g) ~ … is a formula for the standard deviation of a grouping.", left, hint)
        term = scales.read(left, right, self.context, text)
        if any(term.group == other.group for other in self.scales):
            raise self.context.refuse(f"sd({term.group}) has a formula already.", left, "Give it one formula.")
        self.scales.append(term)

    def check_scales(self) -> None:
        """Refuse a formula for the standard deviations of a grouping that no term has, and responses in one."""
        known = list(dict.fromkeys(bar.group for p in self.predictors for bar in p.bars))
        responses = frozenset().union(*self.used.values())
        for term in self.scales:
            place = Node(term.start, term.stop)
            for name in sorted(responses.intersection(identifiers(term.common))):
                hint = "Make another column, constant within groups."
                raise self.context.refuse(f"The response {name!r} cannot be in sd({term.group}) ~ ….", place, hint)
            if term.group not in known:
                hint = did_you_mean(term.group, known) if known else f"Add a group term: (1 | {term.group})."
                raise self.context.refuse(f"The model has no grouping {term.group!r}.", place, hint)

    def check_transformed_parameter(self, left: Node) -> None:
        """``log(sigma) ~ x`` and ``sigma | weights(w) ~ x`` are probably not responses."""
        if not self.current or not isinstance(left, Call | Bars):
            return
        inner = left.parts[0] if isinstance(left, Bars) else left.arguments[0].value if left.arguments else left
        if isinstance(bare(inner), Name) and bare(inner).name in self.context.parameters:  # type: ignore[attr-defined]
            name = bare(inner).name  # type: ignore[attr-defined]
            hint = f"Write {name} ~ x; its link is set with the family."
            raise self.context.refuse(f"The parameter {name!r} stands alone on a left side.", left, hint)

    def check_response(self, name: str, read: _Right, right: Node) -> None:
        """Refuse a response on its own right side."""
        shared = read.columns() & self.used[name]
        for token in scan(self.context, right.start, right.stop) if shared else ():
            if token.kind == "name" and token.text in shared:
                hint = "Leave it out, or make another column."
                raise self.context.refuse(f"The response {token.text!r} cannot predict itself.", token, hint)

    def add_random(self, start: int, stop: int) -> None:
        """Give the only response the group terms of ``random``."""
        if len(self.responses) > 1:
            hint = "Write bars into the formula of each response: (1 | g)."
            raise self.context.refuse("random is read for one response only.", Node(start, stop), hint)
        found = random_bars(self.context, start, stop)
        mean = self.predictors[0]
        self.predictors[0] = replace(mean, bars=(*mean.bars, *found))
        self.check_response(mean.response, _Right("1", (), found), Node(start, stop))

    def add_residual(self, start: int, stop: int) -> None:
        """Give the only response the residual structure of ``residual``."""
        place = Node(start, stop)
        if len(self.responses) > 1:
            raise self.context.refuse("residual is read for one response only.", place, "Write sigma ~ x for each.")
        owner = self.responses[0].name
        self.correlation = residual_correlation(self.context, start, stop)
        if self.correlation is not None:
            used = {c for text in self.correlation.expressions for c in identifiers(text)}
            if used & self.used[owner]:
                raise self.context.refuse("The response cannot say where it was taken.", place, "Leave it out.")
            return
        found = residual_predictor(self.context, start, stop, owner)
        if found is None:
            return
        if any(p.parameter == found.parameter for p in self.predictors):
            hint = "Keep one of the two."
            raise self.context.refuse(f"{found.parameter!r} has a formula already.", place, hint)
        self.check_response(owner, _Right(found.common, (), ()), place)
        self.predictors.append(found)
