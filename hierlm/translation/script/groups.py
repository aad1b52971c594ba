"""Groupings: codes of the rows, standard deviations, correlations and effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hierlm import names
from hierlm.design.column import labels_of_numbers
from hierlm.design.table import Table
from hierlm.errors import TranslationError
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior
from hierlm.translation.script.pages import Page, listed
from hierlm.translation.script.priors import scalar, vector

__all__ = ["codes_of", "effects_of"]

INLINE = 20
"""So many levels are written out; more are found in the data."""

STRUCTURES = frozenset({"us", "idh", "idv", "corh", "corv", "cor"})
"""Covariance structures that are written."""


def codes_of(page: Page, model: Model, group: str) -> str:
    """Write the codes of the rows and the labels of the levels; the variable of the codes."""
    table, factors = model.design.schema.table, model.groups[group][0].factors
    code = page.variable(f"code_{group}")
    levels = page.variable(f"levels_{group}")
    rows = [f == names.UNITS and f not in table.columns for f in factors]
    if rows == [True]:
        page.data += [f"{code}, {levels} = np.arange(n), [str(i) for i in range(n)]"]
    elif len(factors) == 1:
        page.need("text", "codes")
        page.data += [
            f"{levels} = {_levels(page, table, factors[0])}",
            f"{code} = codes(text(data[{factors[0]!r}]), {levels})",
        ]
    else:
        page.need("text", "cells")
        parts = []
        for factor, row in zip(factors, rows, strict=True):
            if row:
                parts.append("(np.array([str(i) for i in range(n)], dtype=object), [str(i) for i in range(n)])")
            else:
                parts.append(f"(text(data[{factor!r}]), {_levels(page, table, factor)})")
        page.data += [f"{code}, {levels} = cells({', '.join(parts)})"]
    page.coords[names.level_dim(group)] = levels
    return code


def _levels(page: Page, table: Table, factor: str) -> str:
    """The levels of a column, in order, as text."""
    column = table[factor]
    found = labels_of_numbers(np.unique(column.values)) if column.levels is None else column.levels
    if len(found) <= INLINE:
        return listed(found)
    if column.levels is None:
        page.need("sorted_numbers")
        return f"sorted_numbers(data[{factor!r}])"
    if list(found) == sorted(found):
        page.need("sorted_text")
        return f"sorted_text(data[{factor!r}])"
    return listed(found)


def effects_of(page: Page, model: Model, group: str) -> str:
    """Write sd, cor, z and r of a grouping; the variable of the effects, (levels, effects)."""
    blocks = model.groups[group]
    for block in blocks:
        if block.covariance.name not in STRUCTURES:
            raise TranslationError(
                f"A script does not write the structure '{block.structure}' yet.", hint="Write the script by hand."
            )
    pairs = sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))
    page.coords[names.effect_dim(group)] = listed(e for _, e in pairs)
    sds = _standard_deviations(page, model, group, blocks)
    page.model.append(
        f"{(z := page.variable(f'z_{group}'))} = pm.Normal({names.offset_effects(group, 0)!r}, 0.0, 1.0, "
        f"dims=({names.level_dim(group)!r}, {names.effect_dim(group)!r}))"
    )
    order = [c for b in blocks for c in b.columns]
    columns: dict[int, str] = {}
    for part, block in enumerate(blocks):
        k = len(block.effects)
        places = [order.index(c) for c in block.columns]
        if not block.covariance.correlated(k):
            columns |= {c: _times(sds.get(c), f"{z}[:, {p}]") for c, p in zip(block.columns, places, strict=True)}
            continue
        factor = _correlation(page, model, group, block, part)
        own = page.variable(f"effects_{group}")
        taken = z if places == list(range(len(order))) else f"{z}[:, {places}]"
        page.model.append(f"{own} = {taken} @ {factor}.T")
        columns |= {c: _times(sds.get(c), f"{own}[:, {i}]") for i, c in enumerate(block.columns)}
    r = page.variable(f"r_{group}")
    stacked = ", ".join(columns[c] for c in sorted(columns))
    page.model.append(
        f"{r} = pm.Deterministic({names.effects(group)!r}, pt.stack([{stacked}], axis=1), "
        f"dims=({names.level_dim(group)!r}, {names.effect_dim(group)!r}))"
    )
    return r


def _times(sd: str | None, effect: str) -> str:
    return effect if sd is None else f"{sd} * {effect}"


def _standard_deviations(page: Page, model: Model, group: str, blocks: Sequence[GroupBlock]) -> Mapping[int, str]:
    """Column of r → the text of its sd."""
    owners: dict[int, int] = {}
    number = 0
    for block in blocks:
        for shared in block.covariance.sd_groups(len(block.effects)):
            owners |= {block.columns[i]: number for i in shared}
            number += 1
    if not owners:
        return {}
    name, free = names.sd(group), sorted(owners)
    rows = [a for a in model.assignments if a.variable == name]
    page.written |= {a.name for a in rows}
    dim = names.effect_dim(group)
    labels = {c: e for b in blocks for c, e in zip(b.columns, b.effects, strict=True)}
    if len(free) < len(labels):
        dim = names.sd_dim(group)
        page.coords[dim] = listed(labels[c] for c in free)
    variable = page.variable(f"sd_{group}")
    vector(page, variable, name, dim, [a.prior for a in rows], [owners[c] for c in free])
    return {c: f"{variable}[{i}]" for i, c in enumerate(free)}


def _correlation(page: Page, model: Model, group: str, block: GroupBlock, part: int) -> str:
    """Write a block's correlation; the variable of its Cholesky factor."""
    k, label = len(block.effects), ", ".join(block.effects)
    row = next(a for a in model.assignments if a.variable == names.cor(group) and a.label == label)
    page.written.add(row.name)
    name = names.internal(names.cor(group), part)
    chol = page.variable(f"chol_{group}")
    prior = row.prior
    if block.covariance.correlation_kernel(k) == "exchangeable":
        cor = page.variable(f"r_of_{group}")
        if isinstance(prior, LKJ):
            alpha, beta = prior.eta, (k - 1) * (prior.eta - 1) + 1
            page.model.append(f"{cor} = pm.Beta({name!r}, np.array({alpha!r}), np.array({beta!r}))")
            page.model.append(f"{cor} = ({k} * {cor} - 1) / {k - 1}")
        else:
            assert isinstance(prior, Prior)
            _single_correlation(page, cor, name, k, prior)
        page.model.append(f"{chol} = pt.linalg.cholesky({cor} + (1 - {cor}) * np.eye({k}))")
        return chol
    if not isinstance(prior, LKJ):
        raise TranslationError(f"A script does not write the prior {prior} of '{row.name}'.", hint="Use hl.LKJ.")
    page.model.append(f"{chol} = pm.LKJCorr({name!r}, n={k}, eta=np.array({prior.eta!r}))  # its Cholesky factor")
    return chol


def _single_correlation(page: Page, variable: str, name: str, k: int, prior: Prior) -> None:
    """A correlation with a prior of its own, cut to (−1/(k−1), 1)."""
    lower, upper = max(prior.support[0], -1.0 / (k - 1)), min(prior.support[1], 1.0)
    if (lower, upper) == prior.support:
        scalar(page, variable, name, prior)
        return
    arguments = ", ".join(f"{key}=np.array({v!r})" for key, v in prior.items)
    bounds = f"lower=np.array({lower!r}), upper=np.array({upper!r})"
    page.model.append(f"{variable} = pm.Truncated({name!r}, pm.{prior.name}.dist({arguments}), {bounds})")
