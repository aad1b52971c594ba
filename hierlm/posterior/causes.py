"""Why draws failed, as far as model and draws show it, and what the data leave to the priors: what to change, named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.model.assign import link_scale
from hierlm.model.joint import bounds_of
from hierlm.model.separation import separated
from hierlm.posterior.draws import elements
from hierlm.priors import Prior
from hierlm.reductions import plan

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model
    from hierlm.model.assign import Assignment

__all__ = ["causes", "cautions"]

Draws = Mapping[str, NDArray[np.float64]]

ONE_NUMBER = 0.999
"""Correlation of two parameters beyond which the data know one number, not two."""

APART = 5.0
"""Standard deviations within chains by which their means must differ to be places of their own."""

NO_RESIDUAL = 1e-3
"""Of the standard deviation of the response: a smaller σ means that nothing is left to explain."""

FEW_LEVELS = 5
"""Fewer say little about a standard deviation, whatever the software."""

HEAVY = {"Cauchy": "beta", "HalfCauchy": "beta", "StudentT": "sigma", "HalfStudentT": "sigma"}
"""Priors whose tails have no mean or variance (Student's t below three degrees of freedom), and what is their scale."""


def causes(fit: Fit, failing: Iterable[str]) -> tuple[str, ...]:
    """What is likely to be wrong with the model of a fit whose draws failed a check; () where nothing is seen.

    Parameters
    ----------
    fit : Fit
    failing : iterable of str
        Names of the parameters that failed a check, group effects included; with none every parameter is suspected.
    """
    named = set(failing)
    drawn = {n: e.values[..., i] for e in elements(fit) for i, n in enumerate(e.names) if not e.constant[i]}
    suspects = {n: v for n, v in drawn.items() if n in named} if named & drawn.keys() else drawn
    found = [_no_residual(fit, drawn)]
    if not found[0]:
        found = [_one_number(fit, suspects), _separated(fit, suspects)]
        found += [_several_places(suspects)] if not any(found) else []
        found += [_improper(fit, suspects), _heavy_tails(fit, suspects), *_few_levels(fit.model, suspects)]
        found += [_coordinates(fit, named)]
    return tuple(dict.fromkeys(sentence for sentence in found if sentence))


def cautions(model: Model) -> tuple[str, ...]:
    """What depends on default priors a lot, however well the draws converged.

    Parameters
    ----------
    model : Model
    """
    default = {a.name for a in model.assignments if a.source == "default"}
    return _few_levels(model, default)


def _no_residual(fit: Fit, drawn: Draws) -> str:
    """σ far below the spread of the response, on its own scale as on the link's."""
    for response in fit.model.responses:
        name = names.element("sigma", response.label) if response.label else "sigma"
        if name not in drawn:
            continue
        spread = min(float(np.std(response.y)), link_scale(response, names.MEAN)[1])
        if np.median(drawn[name], axis=1).min() < NO_RESIDUAL * spread:
            return (
                f"'{name}' runs to zero: predictors or groups describe '{response.name}' without error. Look for one "
                f"that was made from the response; else hold it fixed, priors={{'{name}': …}}."
            )
    return ""


def _one_number(fit: Fit, suspects: Draws) -> str:
    """Two parameters that move together as one; rows that are one parameter by the model's structure count once."""
    own = {a.name for a in fit.model.assignments if a.kind != "correlation"}
    moving = [n for n, v in suspects.items() if n in own and np.isfinite(v).all() and np.ptp(v) > 0][:50]
    for one, other in combinations(moving, 2):
        r = np.corrcoef(suspects[one].ravel(), suspects[other].ravel())[0, 1]
        if abs(r) > ONE_NUMBER:
            return (
                f"'{one}' and '{other}' cannot be told apart (their draws have a correlation of {r:.4f}): leave one of "
                "them out, centre the predictors, or give both narrower priors."
            )
    return ""


def _several_places(suspects: Draws) -> str:
    """Chains that each stay where they are."""
    for name, values in suspects.items():
        if len(values) < 2 or not np.isfinite(values).all():
            continue
        means, spread = np.sort(values.mean(axis=1)), np.median(values.std(axis=1))
        gaps = np.diff(means)
        if gaps.max() > APART * spread > 0:
            cut = int(gaps.argmax()) + 1
            low, high = means[:cut].mean(), means[cut:].mean()
            return (
                f"Chains stay in different places ('{name}' near {low:.3g} and near {high:.3g}): the posterior has "
                "several modes, and more draws do not join them. Rule out what is not meant by a narrower or one-sided "
                f"prior of '{name}'."
            )
    return ""


def _separated(fit: Fit, suspects: Draws) -> str:
    for response in fit.model.responses:
        mean = next(p for p in fit.model.predictors if (p.response, p.parameter) == (response.name, names.MEAN))
        keys = [names.element(names.common(names.MEAN), label) for label in separated(response, mean)]
        keys = [key for key in keys if key in suspects]
        if keys:
            return (
                f"Separation: the data drive {_listed(keys)} to infinity, and only the prior stops it. Give a narrower "
                f"one, such as priors={{'{keys[0]}': hl.Prior(\"Normal\", mu=0, sigma=2.5)}}, or none for the default."
            )
    return ""


def _improper(fit: Fit, suspects: Draws) -> str:
    rows = [a for a in _assigned(fit.model, suspects) if isinstance(a.prior, Prior) and not a.prior.proper]
    if not rows:
        return ""
    return (
        f"{_listed([a.name for a in rows])} {'has an improper prior' if len(rows) == 1 else 'have improper priors'} "
        f"({rows[0].prior}), and the data may leave the posterior improper too: give a proper prior, or none for the "
        "default."
    )


def _heavy_tails(fit: Fit, suspects: Draws) -> str:
    owners = {h.variable: bound.joint for bound in bounds_of(fit.model.assignments) for h in bound.hypers}
    for a in _assigned(fit.model, suspects):
        prior = a.prior
        if isinstance(prior, Prior) and prior.name in HEAVY and prior.arguments.get("nu", 1.0) < 3:
            if a.variable in owners:
                return (
                    f"'{a.name}' of {owners[a.variable]} has heavy tails, and the data do not rule them out: try "
                    "fit(target_accept=0.99), or more degrees of freedom, hl.Horseshoe(local_df=3)."
                )
            scale = prior.arguments.get(HEAVY[prior.name])
            lighter = "HalfNormal" if prior.positive else "Normal"
            return (
                f"The prior of '{a.name}', {prior}, has heavy tails, and the data do not rule them out: a lighter one, "
                f'such as hl.Prior("{lighter}", sigma={scale or 1.0:g}), is sampled reliably.'
            )
    return ""


def _few_levels(model: Model, suspects: Iterable[str]) -> tuple[str, ...]:
    wanted, found = set(suspects), []
    for group, blocks in model.groups.items():
        levels, sd = len(blocks[0].levels), names.sd(group)
        rows = [a for a in model.assignments if a.variable == sd and a.name in wanted and isinstance(a.prior, Prior)]
        if levels < FEW_LEVELS and rows:
            found.append(
                f"{levels} levels of '{group}' say little about '{sd}', so its prior matters ({rows[0].prior}): give "
                f"one that you can defend, priors={{'{sd}': …}}, or make '{group}' a common effect."
            )
    return tuple(found)


def _coordinates(fit: Fit, failing: set[str]) -> str:
    """Group effects that were sampled on the graph though a reduction, or the other form, would suit them better."""
    model = fit.model
    groups = [
        g for g in model.groups if any(n.startswith((f"{names.sd(g)}[", f"{names.effects(g)}[")) for n in failing)
    ]
    if not groups or fit.provenance.get("plan", "") != plan(model, reduce=False).name:
        return ""
    reduced = plan(model)
    tried = reduced.chosen is not None and not reduced.chosen.gradients
    if reduced.chosen is not None and not tried:
        return (
            f"This model has a reduction, {reduced.name}, in which '{names.sd(groups[0])}' and its effects are not in "
            "each other's way: fit it without reduce=False and sampler=."
        )
    now = "centered" if model.groups[groups[0]][0].centred else "noncentered"
    other = "noncentered" if now == "centered" else "centered"
    return f"'{groups[0]}' is sampled {now}: try hl.Model(…, parameterization={{'{groups[0]}': '{other}'}})."


def _assigned(model: Model, suspects: Iterable[str]) -> list[Assignment]:
    wanted = set(suspects)
    return [a for a in model.assignments if wanted & set(a.keys)]


def _listed(keys: list[str]) -> str:
    shown = ", ".join(f"'{k}'" for k in keys[:4])
    return shown + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")
