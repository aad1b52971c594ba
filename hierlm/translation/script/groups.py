"""Groupings: codes of the rows, standard deviations, correlations and effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hierlm import names
from hierlm.covariances.process import function_of
from hierlm.design.column import labels_of_numbers
from hierlm.design.table import Table
from hierlm.errors import TranslationError
from hierlm.model.model import Model
from hierlm.model.values import GroupBlock, sd_rows
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior
from hierlm.translation.script.columns import Columns
from hierlm.translation.script.correlations import coefficients_of, matrix_of, positions_of
from hierlm.translation.script.pages import Page, listed
from hierlm.translation.script.priors import scalar, vector

__all__ = ["codes_of", "effects_of"]

INLINE = 20
"""So many levels are written out; more are found in the data."""

STRUCTURES = frozenset({"us", "idh", "idv", "corh", "corv", "cor"})
"""Covariance structures that are written."""


def codes_of(page: Page, model: Model, group: str, factors: Sequence[str]) -> str:
    """Write the codes of the rows and the labels of the levels; the variable of the codes."""
    table = model.design.schema.table
    if not factors:
        code = page.variable("code")
        page.data.append(f"{code} = np.zeros(n, dtype=np.int64)")
        if group in model.groups:
            page.coords[names.level_dim(group)] = listed(model.groups[group][0].levels)
        return code
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
    if group in model.groups:
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


def effects_of(page: Page, model: Model, group: str, columns: Columns, code: str) -> tuple[str, str | None]:
    """Write sd, cor, z and r of a grouping.

    Returns
    -------
    str, str or None
        The variable of the effects, (levels, effects), and that of the column where every row has its value of a
        latent residual process.
    """
    blocks = model.groups[group]
    for block in blocks:
        if block.covariance.name not in STRUCTURES and block.process is None:
            raise TranslationError(
                f"A script does not write the structure '{block.structure}' yet.", hint="Write the script by hand."
            )
    pairs = sorted((c, e) for b in blocks for c, e in zip(b.columns, b.effects, strict=True))
    page.coords[names.effect_dim(group)] = listed(e for _, e in pairs)
    sds = _standard_deviations(page, model, group, blocks)
    found = _classical(page, model, group, sds, len(pairs))
    r, place = page.variable(f"r_{group}"), None
    dims = f"dims=({names.level_dim(group)!r}, {names.effect_dim(group)!r})"
    for part, block in enumerate(blocks):
        if block.process is not None:
            values, place = _process(page, model, columns, code, part, sds[block.columns[0]])
            found |= {c: f"{values}[:, {i}]" for i, c in enumerate(block.columns)}
    if place is not None and len(blocks) == 1:
        page.model.append(f"{r} = pm.Deterministic({names.effects(group)!r}, {values}, {dims})")
    else:
        stacked = ", ".join(found[c] for c in sorted(found))
        page.model.append(f"{r} = pm.Deterministic({names.effects(group)!r}, pt.stack([{stacked}], axis=1), {dims})")
    return r, place


def _classical(page: Page, model: Model, group: str, sds: Mapping[int, str], width: int) -> dict[int, str]:
    """Write z and the effects of all structures but latent processes: column of r → its text."""
    blocks = [(part, b) for part, b in enumerate(model.groups[group]) if b.process is None]
    if not blocks:
        return {}
    order = [c for _, b in blocks for c in b.columns]
    size = f"dims=({names.level_dim(group)!r}, {names.effect_dim(group)!r})"
    if len(order) < width:
        size = f"shape=({len(blocks[0][1].levels)}, {len(order)})"
    z = page.variable(f"z_{group}")
    page.model.append(f"{z} = pm.Normal({names.offset_effects(group, 0)!r}, 0.0, 1.0, {size})")
    columns: dict[int, str] = {}
    for part, block in blocks:
        places = [order.index(c) for c in block.columns]
        if not block.covariance.correlated(len(block.effects)):
            columns |= {c: _times(sds.get(c), f"{z}[:, {p}]") for c, p in zip(block.columns, places, strict=True)}
            continue
        factor = _correlation(page, model, group, block, part)
        own = page.variable(f"effects_{group}")
        taken = z if places == list(range(len(order))) else f"{z}[:, {places}]"
        page.model.append(f"{own} = {taken} @ {factor}.T")
        columns |= {c: _times(sds.get(c), f"{own}[:, {i}]") for i, c in enumerate(block.columns)}
    return columns


def _process(page: Page, model: Model, columns: Columns, code: str, part: int, sd: str) -> tuple[str, str]:
    """Write the values of a latent residual process, (levels, positions), and the column of every row's own."""
    block = next(b for b in model.blocks if b.process is not None)
    covariance, group, k = block.covariance, block.group, len(block.effects)
    assert block.process is not None
    function, rounding = function_of(covariance)
    at = positions_of(page, columns, block.process, code, ranked=True)
    places, place = page.variable(f"places_{group}"), page.variable(f"place_{group}")
    page.data += [
        f"{places}, {place} = np.unique({at}, axis=0, return_inverse=True)",
        f"{place} = {place}.ravel() + {block.columns[0]}" if block.columns[0] else f"{place} = {place}.ravel()",
    ]
    R = matrix_of(page, function, places, coefficients_of(page, model, group, covariance.coefficients(k)))
    if rounding:
        R = f"({R} + {rounding!r} * np.eye({k})) / {1 + rounding!r}"
    chol, z, values = (page.variable(f"{name}_{group}") for name in ("chol", "z", "process"))
    name = names.internal(names.offset_effects(group, 0), part)
    page.model += [
        f"{chol} = {sd} * pt.linalg.cholesky({R})",
        f"{z} = pm.Normal({name!r}, 0.0, 1.0, shape=({len(block.levels)}, {k}))",
        f"{values} = {z} @ {chol}.T",
    ]
    return values, place


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
    name, every = names.sd(group), sd_rows(blocks)
    rows = [a for a in model.assignments if a.variable == name]
    page.written |= {a.name for a in rows}
    dim = names.effect_dim(group)
    if len(every) < sum(len(b.effects) for b in blocks):
        dim = names.sd_dim(group)
        page.coords[dim] = listed(label for label, _ in every)
    variable = page.variable(f"sd_{group}")
    vector(page, variable, name, dim, [a.prior for a in rows], [owners[columns[0]] for _, columns in every])
    return {c: f"{variable}[{i}]" for i, (_, columns) in enumerate(every) for c in columns}


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
