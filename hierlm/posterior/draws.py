"""Draws of the parameters by name: arrays with their labels, constants included."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.values import correlation_dims
from hierlm.posterior.linear import Draws
from hierlm.posterior.structured import StructuredDraws, sd_draws
from hierlm.priors.fixed import Fixed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model import Model
    from hierlm.model.values import GroupBlock

__all__ = [
    "Elements",
    "Wanted",
    "all_names",
    "correlation_draws",
    "covariance_draws",
    "effect_draws",
    "effect_rows",
    "elements",
    "flat",
    "inhabited",
    "known_group",
    "labelled",
    "select",
]

Floats = NDArray[np.float64]
Wanted = str | re.Pattern[str] | Sequence[str | re.Pattern[str]]
"""Names, and patterns that are looked for in names."""


@dataclass(frozen=True, eq=False)
class Elements:
    """Numbers of one variable, with the names that users know them by.

    Parameters
    ----------
    variable : str
        ``"b"``, ``"sd_Subject"``, ``"r_Subject"``.
    names : tuple of n str
        ``"b[Days]"``, ``"r_Subject[308, Days]"``.
    values : (chain, draw, n) array
    constant : (n,) bool array
        Whether the user fixed it, so that it cannot vary.
    """

    variable: str
    names: tuple[str, ...]
    values: Floats
    constant: NDArray[np.bool_]


def flat(values: Floats) -> Floats:
    """(chain, draw, …) → (sample, …)."""
    return values.reshape(values.shape[0] * values.shape[1], *values.shape[2:])


def known_group(fit: Fit, group: str | None) -> list[str]:
    """The grouping asked for, or all of them.

    Raises
    ------
    PosteriorError
        For a grouping that the model does not have.
    """
    groups = list(fit.model.groups)
    if group is None:
        return groups
    if group not in groups:
        hint = did_you_mean(str(group), groups) if groups else "The model has no group terms."
        raise PosteriorError(f"The model has no grouping '{group}'.", hint=hint)
    return [group]


def labelled(fit: Fit, variable: str) -> tuple[tuple[str, ...], Floats]:
    """Labels and draws (chain, draw, label) of a vector variable; a scalar has the label ``""``.

    A parameter that the user fixed may be missing among the draws: it comes back as a constant.
    """
    posterior = fit.posterior
    if variable in posterior.data_vars:
        array = posterior[variable].transpose("chain", "draw", ...)
        if array.ndim == 2:
            return ("",), array.to_numpy()[..., None]
        return tuple(str(v) for v in array[array.dims[-1]].to_numpy()), array.to_numpy()
    rows = [
        (label or "", a.prior.value)
        for a in fit.model.assignments
        if a.variable == variable and isinstance(a.prior, Fixed)
        for label in (a.label, *a.also)
    ]
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(rows))
    return tuple(label for label, _ in rows), np.broadcast_to(np.array([v for _, v in rows], dtype=float), shape)


def select(fit: Fit, variable: str, labels: Sequence[str]) -> Floats:
    """Draws (sample, label) of the rows of a variable, found by name."""
    if not labels:
        return np.zeros((fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"], 0))
    known, values = labelled(fit, variable)
    position = {label: i for i, label in enumerate(known)}
    return flat(values)[:, [position[label] for label in labels]]


def effect_draws(fit: Fit, group: str) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Levels, effects and draws (sample, level, effect) of a grouping, in the model's order."""
    blocks = fit.model.groups[group]
    pairs = sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))
    levels, effects = blocks[0].levels, tuple(e for _, e in pairs)
    dims = {names.level_dim(group): levels, names.effect_dim(group): effects}
    return levels, effects, Draws(fit.model, fit.posterior).labelled(names.effects(group), **dims)


def covariance_draws(fit: Fit, block: GroupBlock) -> Floats:
    """V of one block, (sample, effect, effect): diag(sd) R diag(sd); effects without an sd of their own have 1."""
    draws = Draws(fit.model, fit.posterior)
    if block.covariance.structured(len(block.effects)):
        return StructuredDraws(fit.model, draws, block).covariances()
    sds = sd_draws(draws, block, fit.model.groups[block.group])
    return sds[:, :, None] * correlation_draws(fit, block) * sds[:, None, :]


def correlation_draws(fit: Fit, block: GroupBlock) -> Floats:
    """R of one block, (sample, effect, effect)."""
    k = len(block.effects)
    if block.covariance.structured(k):
        V = covariance_draws(fit, block)
        sds = np.sqrt(np.diagonal(V, axis1=1, axis2=2))
        return V / (sds[:, :, None] * sds[:, None, :])
    if not block.covariance.correlated(k):
        return np.broadcast_to(np.eye(k), (fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"], k, k))
    dims = dict.fromkeys(correlation_dims(fit.model.groups[block.group]), block.effects)
    return Draws(fit.model, fit.posterior).labelled(names.cor(block.group), **dims)


def elements(
    fit: Fit, wanted: Wanted | None = None, *, groups: bool = False, but: Collection[str] = ()
) -> list[Elements]:
    """What users see, variable by variable: common effects, sds and correlations by grouping, family parameters.

    Draws of group effects are read where they are asked for only.

    Parameters
    ----------
    wanted : str, compiled pattern, or sequence of these, optional
        Variables (``"b"``), rows (``"sd_Subject[Days]"``), or what is found in rows, ``re.compile("^sd_")``, group
        effects among them.
    groups : bool
        Whether to add all group effects.
    but : collection of str
        Variables of group effects to leave out, unread.

    Raises
    ------
    PosteriorError
        For a name that means nothing, and a pattern that is found nowhere.
    """
    found = _parameters(fit)
    smooths = [names.effects(block.group) for block in fit.model.smooths if names.effects(block.group) not in but]
    own = {names.effects(group): group for group in fit.model.groups if names.effects(group) not in but}
    if wanted is None:
        found += [_effects(fit, group) for group in own.values() if groups]
        return found + [_vector(fit, variable) for variable in smooths if groups]
    found += [_vector(fit, variable) for variable in smooths]
    chosen = _chosen(wanted, _named(fit, found, own)) | ({*smooths, *own} if groups else set())
    made = [*found, *(_effects(fit, g) for v, g in own.items() if v in chosen or chosen & {*effect_rows(fit.model, g)})]
    kept = [e if e.variable in chosen else _rows(e, chosen) for e in made]
    return [e for e in kept if e.names]


def all_names(fit: Fit) -> list[tuple[str, tuple[str, ...]]]:
    """Every variable with its rows, group effects among them; their draws are not read."""
    found = [*_parameters(fit), *(_vector(fit, names.effects(block.group)) for block in fit.model.smooths)]
    return _named(fit, found, {names.effects(group): group for group in fit.model.groups})


def _named(fit: Fit, found: Sequence[Elements], own: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    rows = [(e.variable, e.names) for e in found]
    return [*rows, *((variable, effect_rows(fit.model, group)) for variable, group in own.items())]


def _chosen(wanted: Wanted, rows: Sequence[tuple[str, tuple[str, ...]]]) -> set[str]:
    """The variables and rows that are meant."""
    every = [name for _, own in rows for name in own]
    known, chosen = dict.fromkeys([*(variable for variable, _ in rows), *every]), set()
    for name in [wanted] if isinstance(wanted, (str, re.Pattern)) else wanted:
        if isinstance(name, re.Pattern):
            matched = {row for row in every if name.search(row)}
            if not matched:
                raise PosteriorError(
                    f"The pattern {name.pattern!r} is in no name of this fit.", hint="fit.summary() has the names."
                )
            chosen |= matched
            continue
        if name not in known:
            near = did_you_mean(str(name), list(known))
            raise PosteriorError(f"There is nothing called {str(name)!r} in this fit.", hint=near)
        chosen.add(name)
    return chosen


def _parameters(fit: Fit) -> list[Elements]:
    """Common effects, then each grouping's sds and correlations, then the family's parameters."""
    matrices = {names.cor(group) for group in fit.model.groups}
    left = {v: _vector(fit, v) for v in dict.fromkeys(a.variable for a in fit.model.assignments) if v not in matrices}
    common = [names.common(p) for p in dict.fromkeys(p.parameter for p in fit.model.predictors)]
    ordered = [left.pop(v) for v in common if v in left]
    for group in fit.model.groups:
        if names.sd(group) in left:
            ordered.append(left.pop(names.sd(group)))
        ordered.append(_pairs(fit, group))
        own = dict.fromkeys(row.variable for row in coefficient_rows(fit.model.groups[group]))
        ordered += [left.pop(v) for v in own]
    return [e for e in (*ordered, *left.values()) if e.names]


def _vector(fit: Fit, variable: str) -> Elements:
    labels, values = labelled(fit, variable)
    rows = tuple(names.element(variable, label) if label else variable for label in labels)
    fixed = {key for a in fit.model.assignments if isinstance(a.prior, Fixed) for key in a.keys}
    return Elements(variable, rows, values, np.array([row in fixed for row in rows], dtype=bool))


def _pairs(fit: Fit, group: str) -> Elements:
    """Every free correlation of a grouping once; independent blocks have none between them."""
    variable, rows, parts = names.cor(group), [], []
    for block in fit.model.groups[group]:
        if not block.covariance.correlated(len(block.effects)):
            continue
        array = fit.posterior[variable]
        for one, other in combinations(block.effects, 2):
            where = dict(zip(correlation_dims(fit.model.groups[group]), (one, other), strict=True))
            parts.append(array.sel(where).transpose("chain", "draw").to_numpy())
            rows.append(names.element(variable, one, other))
    shape = (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"], 0)
    values = np.stack(parts, axis=-1) if parts else np.zeros(shape)
    return Elements(variable, tuple(rows), values, np.zeros(len(rows), dtype=bool))


def _effects(fit: Fit, group: str) -> Elements:
    *_, values = effect_draws(fit, group)
    there = inhabited(fit.model, group).ravel()
    sizes = fit.posterior.sizes
    values = values.reshape(sizes["chain"], sizes["draw"], len(there))
    rows = effect_rows(fit.model, group)
    own = values if there.all() else values[..., there]
    return Elements(names.effects(group), rows, own, np.zeros(len(rows), dtype=bool))


def effect_rows(model: Model, group: str) -> tuple[str, ...]:
    """The names of a grouping's effects, level by level."""
    blocks, there = model.groups[group], inhabited(model, group)
    effects = [e for _, e in sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))]
    variable = names.effects(group)
    return tuple(
        names.element(variable, level, effect)
        for level, own in zip(blocks[0].levels, there, strict=True)
        for effect, kept in zip(effects, own, strict=True)
        if kept
    )


def inhabited(model: Model, group: str) -> NDArray[np.bool_]:
    """(level, effect): whether a level has an effect; those of other sub-populations (``by=``) it has not."""
    blocks = model.groups[group]
    there = np.ones((len(blocks[0].levels), sum(len(b.effects) for b in blocks)), dtype=bool)
    for block in blocks:
        if block.inhabited is not None:
            there[:, block.columns] = block.inhabited[:, None]
    return there


def _rows(e: Elements, wanted: set[str]) -> Elements:
    keep = [i for i, row in enumerate(e.names) if row in wanted]
    return Elements(e.variable, tuple(e.names[i] for i in keep), e.values[..., keep], e.constant[keep])
