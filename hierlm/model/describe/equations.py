"""The model in equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations, count, repeat
from typing import TYPE_CHECKING

from hierlm import names
from hierlm.errors import ModelError, did_you_mean
from hierlm.links import get_link
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.describe.latex import Latex
from hierlm.model.describe.notation import Notation, Statement
from hierlm.model.describe.plain import PlainText
from hierlm.model.describe.residuals import correlation_lines, in_words, variance_terms
from hierlm.model.describe.smooths import free_labels, smooth_equations, smooth_terms
from hierlm.model.joint import hypers_of
from hierlm.model.values import GroupBlock, ModelPredictor, ModelResponse
from hierlm.priors.fixed import Fixed

if TYPE_CHECKING:
    from hierlm.model.assign import Assignment
    from hierlm.model.model import Model

__all__ = ["EXPLICIT", "equations", "letters"]

EXPLICIT = 3
"""Up to this many effects, V is written out."""

NOTATIONS: Mapping[str, type[Notation]] = {"text": PlainText, "latex": Latex}

WEIGHTS = "weights"

Numbers = Iterator[int | None]


def equations(model: Model, style: str = "text", *, priors: bool = True) -> str:
    r"""The model in equations: responses, linear predictors, group effects and priors.

    Parameters
    ----------
    model : Model
    style : {"text", "latex"}
        Unicode, or an ``aligned`` environment for ``$$ … $$`` or ``\[ … \]``.
    priors : bool
        Whether to end with the priors.

    Returns
    -------
    str
        N(m, V) has *variance* (matrix) V; the family and the priors have the arguments that PyMC gives them.

    Raises
    ------
    ModelError
        For another style.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (1 | Subject)", hl.load_data("sleepstudy"))
    >>> print(equations(model, priors=False))
    Reactionᵢ ~ gaussian(μᵢ, σ)
           μᵢ = b[Intercept] + b[Days] · Daysᵢ + r_Subject[j, Intercept]
    <BLANKLINE>
    where j is the Subject of row i; there are 18
    r_Subject[j, Intercept] ~ N(0, sd_Subject[Intercept]²)
    """
    if style not in NOTATIONS:
        raise ModelError(f"There are no equations in the style {style!r}.", hint=did_you_mean(str(style), NOTATIONS))
    notation = NOTATIONS[style]()
    index = letters(model)
    sections = [s for r in model.responses for s in (_response(model, r, notation, index), _elements(r, notation))]
    sections += [correlation_lines(model, notation), *smooth_equations(model, notation)]
    counters = _counters(model)
    for group, blocks in model.groups.items():
        lines = [_where(blocks[0], notation, index[group])]
        for block in blocks:
            lines += _block(block, notation, index[group], *counters)
        lines += _scale(model, group, notation, index[group])
        sections.append(lines)
    return notation.render([*sections, _priors(model, notation) if priors else []])


def _counters(model: Model) -> tuple[Numbers, Numbers, Numbers]:
    """Subscripts of V, τ and ρ; none for a symbol that occurs once."""
    several = [b for b in model.blocks if len(b.effects) > 1]
    pairs = sum(len(b.effects) * (len(b.effects) - 1) // 2 for b in several)
    return (
        count(1) if len(several) > 1 else repeat(None),
        count(1),
        count(1) if pairs > 1 else repeat(None),
    )


def letters(model: Model) -> dict[str, str]:
    """The index of every grouping's levels: j, k, l, …"""
    return {group: "jklmpqstuvw"[n] if n < 11 else f"j{n - 10}" for n, group in enumerate(model.groups)}


def _response(model: Model, response: ModelResponse, n: Notation, index: Mapping[str, str]) -> list[Statement]:
    """The distribution of one response, and its linear predictors."""
    term = next(t for t in model.formula.responses if t.name == response.name)
    arguments = [
        n.row(n.free(p.name, response.label)) if p.name in response.links else n.free(p.name, response.label)
        for p in response.family.parameters
        if p.name in response.links or p.name in response.free
    ]
    arguments += [n.free(name, response.label) for name in response.elements]
    if response.declared(names.MEAN).latent:
        arguments.append(n.words(f"link = {response.links[names.MEAN].name}"))
    given = {a.name: n.column(a.expression) for a in term.additions if a.name in response.additions}
    arguments += [f"{n.words(name)} = {value}" for name, value in given.items() if name != WEIGHTS]
    note = n.words("weighted by ") + given[WEIGHTS] if WEIGHTS in given else ""
    left = (
        n.row(f"[{n.words(response.name)} = {n.words(response.success)}]")
        if response.success
        else n.column(response.name)
    )
    lines = [Statement(left, n.similar, (f"{n.words(response.family.name)}({', '.join(arguments)})",), note)]
    lines += [_predictor(model, response, p, n, index) for p in model.predictors if p.response == response.name]
    return lines


def _elements(response: ModelResponse, n: Notation) -> list[Statement]:
    """The elements of a family's vectors in their order, ``thresholds[low|middle] < thresholds[middle|high]``."""
    lines = []
    for vector in response.family.vectors:
        labels = response.elements[vector.name]
        written = [n.free(vector.name, label) for label in labels]
        shown = written if len(written) <= EXPLICIT + 1 else [*written[:EXPLICIT], n.ellipsis, written[-1]]
        lines.append(Statement(note=n.words("with ") + n.words(" < " if vector.ordered else ", ").join(shown)))
    return lines


def _predictor(
    model: Model, response: ModelResponse, predictor: ModelPredictor, n: Notation, index: Mapping[str, str]
) -> Statement:
    """g(μᵢ) = X b + offset + Σ Z r."""
    parameter = predictor.parameter
    design = model.design.predictors[predictor.response, parameter]
    formula = next(p for p in model.formula.predictors if (p.response, p.parameter) == (predictor.response, parameter))
    declared = response.declared(parameter)
    columns = [c for c in design.common.labels if declared.intercept or c != names.INTERCEPT]
    inside = free_labels(model, predictor)
    terms = [
        _times(n, n.coefficient(parameter, label), column)
        for label, column in zip(predictor.labels, columns, strict=True)
        if column not in inside
    ]
    terms += smooth_terms(model, predictor, n)
    terms += [n.column(expression) for expression in formula.offsets]
    for block in model.blocks:
        for piece in block.pieces:
            if (piece.response, piece.parameter) == (predictor.response, parameter):
                if block.covariance.structured(len(block.effects)) and piece.source.occasions_or_places:
                    what = piece.source.stem if block.process is None else block.covariance.name
                    terms.append(n.effect(block.group, index[block.group], f"{what}[i]"))
                    continue
                plain = {names.effect_label(response.label, parameter, e): e for e in piece.source.effects}
                terms += [
                    _times(n, n.effect(block.group, index[block.group], label), plain[label])
                    for label in (block.effects[k] for k in piece.effects)
                ]
    terms += variance_terms(predictor, n, n.row(n.free(names.MEAN, response.label)))
    mean = n.row(n.free(parameter, response.label))
    link = response.links[parameter]
    left = mean if declared.latent or link == get_link("identity") else f"{n.words(link.name)}({mean})"
    return Statement(left, "=", tuple(terms) or ("0",))


def _times(n: Notation, coefficient: str, column: str) -> str:
    return coefficient if column == names.INTERCEPT else f"{coefficient} {n.times} {n.column(column)}"


def _where(block: GroupBlock, n: Notation, index: str) -> Statement:
    """What the index of a grouping's levels means."""
    levels = f"; there are {len(block.levels):,}"
    if block.members is not None:
        how = "equal weights" if not block.weights else f"the weights {', '.join(block.weights)}"
        text = f" are the levels of {', '.join(block.factors)} in row i{levels}; their effects add up with {how}"
        return Statement(note=n.words("where ") + index + n.words(text))
    return Statement(note=n.words("where ") + index + n.words(f" is the {block.group} of row ") + "i" + n.words(levels))


def _block(
    block: GroupBlock, n: Notation, index: str, matrices: Numbers, sds: Numbers, correlations: Numbers
) -> list[Statement]:
    """The distribution of the effects of one level."""
    effects = [n.effect(block.group, index, e) for e in block.effects]
    if len(effects) == 1:
        sd = next((n.squared(n.sd(block.group, block.effects[0])) for _ in block.covariance.sd_groups(1)), "1")
        return [Statement(effects[0], n.similar, (f"N(0, {sd})",)), *_across(block, n, index)]
    V = n.symbol("V", next(matrices))
    shown = effects if len(effects) <= EXPLICIT else [effects[0], n.ellipsis, effects[-1]]
    distribution = Statement(f"({', '.join(shown)})", n.similar, (f"N(0, {V})",))
    meaning = _explicit(block, n, V, sds, correlations) or _by_name(block, n, V)
    return [distribution, *meaning, *_across(block, n, index)]


def _across(block: GroupBlock, n: Notation, index: str) -> list[Statement]:
    """How the effects of different levels are related; nothing where they are independent."""
    if block.related_by is None:
        return []
    name = n.words(block.related_by)
    text = f"{n.words('covariances of levels ')}{index}{n.words(', ')}{index}′{n.words(': these times ')}{name}"
    return [Statement(note=f"{text}[{index}, {index}′]")]


def _scale(model: Model, group: str, n: Notation, index: str) -> list[Statement]:
    """By what the standard deviations of a level are multiplied, where they have a formula."""
    if group not in model.scales:
        return []
    parameter = names.sd(group)
    terms = [f"{n.coefficient(parameter, x)} {n.times} {n.words(x)}[{index}]" for x in model.scales[group].labels]
    return [Statement(note=n.words("every sd of level ") + index + n.words(" times exp(") + " + ".join(terms) + ")")]


def _explicit(block: GroupBlock, n: Notation, V: str, sds: Numbers, correlations: Numbers) -> list[Statement]:
    """V written out, where it is small and either diagonal or with a correlation for every pair; else nothing."""
    k = len(block.effects)
    if block.covariance.structured(k):
        return []
    shared = block.covariance.sd_groups(k)
    pairs = list(combinations(range(k), 2))
    free = block.covariance.n_parameters(k) - len(shared)
    if k > EXPLICIT or free not in (0, len(pairs)):
        return []
    scale: dict[int, str] = {}
    meaning = []
    for members in shared:
        symbol = n.symbol("tau", next(sds))
        scale |= dict.fromkeys(members, symbol)
        same = [n.sd(block.group, block.effects[i]) for i in members]
        meaning.append(f"{symbol} = {' = '.join(same)}")
    rho: dict[tuple[int, int], str] = {}
    for a, b in pairs if free else []:
        rho[a, b] = n.symbol("rho", next(correlations))
        meaning.append(f"{rho[a, b]} = {n.cor(block.group, block.effects[a], block.effects[b])}")

    def cell(a: int, b: int) -> str:
        if a == b:
            return n.squared(scale[a]) if a in scale else "1"
        r = rho.get((min(a, b), max(a, b)))
        return "0" if r is None else " ".join([r, *(scale[i] for i in (min(a, b), max(a, b)) if i in scale)])

    lines = [Statement(V, "=", (n.matrix([[cell(a, b) for b in range(k)] for a in range(k)]),))]
    scales, correlations_ = meaning[: len(shared)], meaning[len(shared) :]
    return [*lines, *(Statement(note=n.words("with ") + n.words(", ").join(m)) for m in (scales, correlations_) if m)]


def _by_name(block: GroupBlock, n: Notation, V: str) -> list[Statement]:
    """V by its structure, in the structure's own words."""
    k = len(block.effects)
    own = in_words(block)
    p = block.covariance.n_parameters(k)
    size = f"{k} × {k}, {p} parameter{'s' if p != 1 else ''}"
    lines = [Statement(V, "=", (n.words(f"{block.structure}, {size}"),))]
    return [*lines, Statement(note=n.words(own))] if own else lines


def _priors(model: Model, n: Notation) -> list[Statement]:
    return [_prior(a, _writers(model, n)[a.variable], n) for a in model.assignments]


def _prior(assignment: Assignment, write: Callable[..., str], n: Notation) -> Statement:
    labels = () if assignment.label is None else (assignment.label, *assignment.also)
    left = " = ".join(write(label) for label in labels) if labels else write()
    if isinstance(assignment.prior, Fixed):
        return Statement(left, "=", (f"{assignment.prior.value:g}",))
    return Statement(left, n.similar, (n.words(str(assignment.prior)),))


def _writers(model: Model, n: Notation) -> dict[str, Callable[..., str]]:
    """Variable → how an element of it is written."""
    free = {p for r in model.responses for p in (*r.free, *r.elements)}
    parameters = {p.parameter for p in model.predictors}
    coefficients = {row.variable: row.coefficient.name for b in model.groups.values() for row in coefficient_rows(b)}
    owners = {row.variable: row.block.group for b in model.groups.values() for row in coefficient_rows(b)}
    return {
        **{v: partial(n.coefficient_of, name, owners[v]) for v, name in coefficients.items()},
        **{p: lambda label=None, p=p: n.free(p, label) for p in free},
        **{names.common(p): partial(n.coefficient, p) for p in parameters},
        **{names.sd(g): partial(n.sd, g) for g in model.groups},
        **{names.cor(g): partial(n.cor, g) for g in model.groups},
        **{names.scale(g): partial(n.coefficient, names.sd(g)) for g in model.scales},
        **{names.sd(b.group): partial(n.sd, b.group) for b in model.smooths},
        **{v: partial(n.element, v) for v in (names.VARIANCE, names.RESIDUAL)},
        **{h.variable: lambda label=None, v=h.variable: _hyper(n, v, label) for h in hypers_of(model)},
    }


def _hyper(n: Notation, variable: str, label: str | None) -> str:
    """A hyperparameter of a joint prior."""
    return n.free(variable, None) if label is None else n.element(variable, label)
