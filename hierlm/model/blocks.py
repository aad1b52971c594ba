"""From bars to group blocks: which effects share one covariance, over predictors and responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hierlm import names
from hierlm.covariances import get_covariance
from hierlm.design.values import Design, Groups
from hierlm.errors import FormulaError, ModelError
from hierlm.model.values import GroupBlock, ModelResponse, Piece

__all__ = ["group_blocks"]


@dataclass(frozen=True, eq=False)
class _Member:
    """One bar of one predictor, with the labels its effects get."""

    response: str
    parameter: str
    groups: Groups
    labels: tuple[str, ...]


def group_blocks(design: Design, responses: Sequence[ModelResponse]) -> tuple[GroupBlock, ...]:
    """The independent blocks of every grouping, canonical, in the order typed.

    Bars with the same id and grouping become one block; ``idh`` falls apart into single effects, so that
    ``(x || g)`` and ``(1 | g) + (0 + x | g)`` are the same value.  Priors and centring are filled in later.

    Raises
    ------
    ModelError, FormulaError
        When an effect is given twice, or terms with one id disagree about their structure.
    """
    members = _members(design, {r.name: r.label for r in responses})
    joined: dict[tuple[str, str], list[_Member]] = {}
    for number, member in enumerate(members):
        bar = member.groups.bar
        key = f"id:{bar.id}" if bar.id is not None else f"term:{number}"
        joined.setdefault((key, bar.group), []).append(member)
    _check_ids(joined, design.formula.source)
    _check_groups([group for _, group in joined])
    blocks: list[GroupBlock] = []
    taken: dict[str, int] = {}
    for (_, group), parts in joined.items():
        first = taken.get(group, 0)
        blocks.extend(_split(parts, first))
        taken[group] = first + sum(len(m.labels) for m in parts)
    _check_distinct(blocks, design.formula.source, members)
    return tuple(blocks)


def _members(design: Design, labels: Mapping[str, str | None]) -> list[_Member]:
    return [
        _Member(
            predictor.response,
            predictor.parameter,
            groups,
            tuple(names.effect_label(labels[predictor.response], predictor.parameter, e) for e in groups.effects),
        )
        for predictor in design.predictors.values()
        for groups in predictor.groups
    ]


def _split(members: Sequence[_Member], first: int) -> list[GroupBlock]:
    """One joint covariance over ``members``, as independent canonical blocks starting at column ``first``."""
    head = members[0].groups
    labels = tuple(label for m in members for label in m.labels)
    for option in head.bar.options:
        raise ModelError(
            f"The structure {head.bar.structure}() has no option '{option}'.", hint=f"Leave it out of {head.bar.text}."
        )
    covariance = get_covariance(head.bar.structure)
    blocks = []
    for part, indices in covariance.parts(len(labels)):
        position = {index: k for k, index in enumerate(indices)}
        blocks.append(
            GroupBlock(
                group=head.bar.group,
                factors=head.bar.factors,
                levels=head.levels,
                codes=head.codes,
                effects=tuple(labels[i] for i in indices),
                columns=tuple(first + i for i in indices),
                covariance=part,
                structure=covariance.name,
                pieces=tuple(_pieces(members, position)),
            )
        )
    return blocks


def _pieces(members: Sequence[_Member], position: Mapping[int, int]) -> list[Piece]:
    pieces, start = [], 0
    for m in members:
        own = [k for k in range(len(m.labels)) if start + k in position]
        if own:
            Z = np.ascontiguousarray(m.groups.Z[:, own])
            Z.setflags(write=False)
            pieces.append(Piece(m.response, m.parameter, Z, tuple(position[start + k] for k in own), m.groups))
        start += len(m.labels)
    return pieces


def _check_ids(joined: Mapping[tuple[str, str], Sequence[_Member]], text: str) -> None:
    for (_, group), parts in joined.items():
        structures = {m.groups.bar.structure for m in parts}
        if len(structures) > 1:
            bar = parts[-1].groups.bar
            raise FormulaError(
                f"Terms that share the id '{bar.id}' for '{group}' have different structures: "
                f"{', '.join(sorted(structures))}.",
                text=text,
                start=bar.start,
                stop=bar.stop,
                hint="Give them the same structure, or different ids.",
            )
    ids: dict[str, str] = {}
    for (key, group), parts in joined.items():
        bar = parts[0].groups.bar
        if bar.id is not None and ids.setdefault(key, group) != group:
            raise FormulaError(
                f"The id '{bar.id}' joins terms of one grouping, but it is used for '{ids[key]}' and '{group}'.",
                text=text,
                start=bar.start,
                stop=bar.stop,
                hint="Use one id per grouping.",
            )


def _check_groups(groups: Sequence[str]) -> None:
    """Refuse groupings whose variables would have one name, as ``/`` is written ``∕`` there."""
    seen: dict[str, str] = {}
    for group in groups:
        other = seen.setdefault(names.safe(group), group)
        if other != group:
            raise ModelError(f"The groupings '{other}' and '{group}' have the same name.", hint="Rename one column.")


def _check_distinct(blocks: Sequence[GroupBlock], text: str, members: Sequence[_Member]) -> None:
    seen: set[tuple[str, str]] = set()
    for block in blocks:
        for effect in block.effects:
            if (block.group, effect) in seen:
                bar = [m.groups.bar for m in members if m.groups.bar.group == block.group and effect in m.labels][-1]
                raise FormulaError(
                    f"The effect '{effect}' of '{block.group}' is given twice; the two could not be told apart.",
                    text=text,
                    start=bar.start,
                    stop=bar.stop,
                    hint=f"Remove one, e.g. with a left side that starts with 0: (0 + … | {block.group}).",
                )
            seen.add((block.group, effect))
    for block in blocks:
        if len(block.levels) < 2:
            raise ModelError(
                f"'{block.group}' has one level only, so its standard deviation cannot be estimated.",
                hint="Remove the term, or use data with at least two levels (better: five or more).",
            )
