"""From bars to group blocks: which effects share one covariance, over predictors and responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.covariances import Covariance, get_covariance
from hierlm.covariances.process import process
from hierlm.covariances.relation import Relation
from hierlm.covariances.setting import Setting
from hierlm.design.values import Design, Groups
from hierlm.errors import FormulaError, ModelError
from hierlm.model.scales import link_scale
from hierlm.model.values import GroupBlock, ModelResponse, Piece
from hierlm.priors.defaults import group_sd_prior, nonzero_rms

__all__ = ["group_blocks"]


@dataclass(frozen=True, eq=False)
class _Member:
    """One bar of one predictor, with the labels its effects get."""

    response: str
    parameter: str
    groups: Groups
    labels: tuple[str, ...]
    owner: str | None = None

    def prefixed(self, text: str) -> str:
        """``text`` with the prefix that effects of this predictor have."""
        return names.effect_label(self.owner, self.parameter, text)


@dataclass(frozen=True, eq=False)
class Known:
    """What structures are told beside the design."""

    relations: Mapping[str, Relation]
    responses: Mapping[str, ModelResponse]

    def scale(self, member: _Member, column: int) -> float:
        """The scale of the default prior of an effect's standard deviation."""
        _, spread = link_scale(self.responses[member.response], member.parameter)
        return float(group_sd_prior(nonzero_rms(member.groups.Z[:, column]), spread).arguments["sigma"])


def group_blocks(
    design: Design, responses: Sequence[ModelResponse], relations: Mapping[str, Relation] | None = None
) -> tuple[GroupBlock, ...]:
    """The independent blocks of every grouping, canonical, in the order typed.

    Bars with the same id and grouping become one block; ``idh`` falls apart into single effects, so that
    ``(x || g)`` and ``(1 | g) + (0 + x | g)`` are the same value.  Priors and centring are filled in later.

    Raises
    ------
    ModelError, FormulaError
        When an effect is given twice, or terms with one id disagree about their structure.
    """
    known = Known(relations or {}, {r.name: r for r in responses})
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
        blocks.extend(_split(parts, first, known, design.formula.source))
        taken[group] = first + sum(len(m.labels) for m in parts)
    _check_distinct(blocks, design.formula.source, members)
    _check_relations(blocks)
    return tuple(blocks)


def _members(design: Design, labels: Mapping[str, str | None]) -> list[_Member]:
    return [
        _Member(
            predictor.response,
            predictor.parameter,
            groups,
            tuple(names.effect_label(labels[predictor.response], predictor.parameter, e) for e in groups.effects),
            labels[predictor.response],
        )
        for predictor in design.predictors.values()
        for groups in predictor.groups
    ]


def _split(members: Sequence[_Member], first: int, known: Known, text: str) -> list[GroupBlock]:
    """One joint covariance over ``members``, as independent canonical blocks starting at column ``first``."""
    head = members[0].groups
    labels = tuple(label for m in members for label in m.labels)
    blocks = []
    for indices in _populations(members):
        covariance = _covariance(members, [labels[i] for i in indices], indices, known, text)
        for part, inner in covariance.parts(len(indices)):
            own = [indices[i] for i in inner]
            blocks.append(
                GroupBlock(
                    group=head.bar.group,
                    factors=head.bar.factors,
                    levels=head.levels,
                    codes=head.codes,
                    effects=tuple(labels[i] for i in own),
                    columns=tuple(first + i for i in own),
                    covariance=part,
                    structure=covariance.name if head.bar.process is None else head.bar.process.function,
                    pieces=tuple(_pieces(members, {index: k for k, index in enumerate(own)})),
                    label=_label(members, covariance),
                    relation=None if head.bar.across is None else known.relations[head.bar.across],
                    related_by=head.bar.across,
                    members=head.members,
                    weights=head.bar.weights,
                    inhabited=_inhabited(members, own),
                    process=head.bar.process,
                )
            )
    return blocks


def _populations(members: Sequence[_Member]) -> list[list[int]]:
    """The effects of every sub-population, by position; all effects without any."""
    owners: list[str | None] = []
    for m in members:
        owners += m.groups.populations or [None] * len(m.labels)
    return [[i for i, owner in enumerate(owners) if owner == each] for each in dict.fromkeys(owners)]


def _inhabited(members: Sequence[_Member], own: Sequence[int]) -> NDArray[np.bool_] | None:
    """Which levels the effects belong to; None for all."""
    head = members[0].groups
    if head.home is None or head.populations is None:
        return None
    every = list(dict.fromkeys(head.populations))
    owners = [p for m in members for p in m.groups.populations or ()]
    return np.asarray(head.home == every.index(owners[own[0]]))


def _label(members: Sequence[_Member], covariance: Covariance) -> str:
    """What a block's shared parameters are called after: ``"ar1(time)"``, ``"sigma:ar1(time)"``."""
    head = members[0]
    if head.groups.bar.process is not None:
        return f"{covariance.name} {head.groups.stem}"
    return head.prefixed(f"{covariance.name}({head.groups.stem})")


def _covariance(
    members: Sequence[_Member], labels: Sequence[str], indices: Sequence[int], known: Known, text: str
) -> Covariance:
    """The structure of the bar, told its options and what its effects are."""
    head, bar = members[0].groups, members[0].groups.bar
    if bar.needs and (len(members) > 1 or bar.by is not None):
        raise FormulaError(
            f"{bar.structure}() knows the {bar.needs} of the effects of one term, which a shared id or by= would join "
            "with others.",
            text=text,
            start=bar.start,
            stop=bar.stop,
            hint="Leave out the id and by=.",
        )
    try:
        latent = bar.process
        get = get_covariance if latent is None else process
        named, options = (bar.structure, bar.options) if latent is None else (latent.function, latent.options)
        covariance = get(named, **options)
        setting = Setting(
            effects=tuple(labels),
            scales=np.array([known.scale(*_place(members, i)) for i in indices]),
            levels=head.occasions,
            positions=head.positions,
            matrix=None if bar.matrix is None else known.relations[bar.matrix].dense(head.occasions or tuple(labels)),
        )
        return covariance.at(setting)
    except ModelError as problem:
        raise FormulaError(problem.message, text=text, start=bar.start, stop=bar.stop, hint=problem.hint) from problem


def _place(members: Sequence[_Member], index: int) -> tuple[_Member, int]:
    """The member and its column of an effect."""
    for m in members:
        if index < len(m.labels):
            return m, index
        index -= len(m.labels)
    raise AssertionError(index)


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
        different = [m.groups.bar for m in parts if _kind(m) != _kind(parts[0])]
        if different and len(structures) == 1:
            raise FormulaError(
                f"Terms that share the id '{different[0].id}' for '{group}' differ in their options, by= or relation.",
                text=text,
                start=different[0].start,
                stop=different[0].stop,
                hint="Write them alike, or give them different ids.",
            )
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


def _kind(member: _Member) -> tuple[object, ...]:
    bar = member.groups.bar
    return dict(bar.options), bar.matrix, bar.across, bar.by, bar.weights, bar.scaled


def _check_relations(blocks: Sequence[GroupBlock]) -> None:
    """Refuse terms of one grouping whose levels are related in different ways: they would share one ``r_g``."""
    first: dict[str, GroupBlock] = {}
    for block in blocks:
        other = first.setdefault(block.group, block)
        if other.related_by != block.related_by:
            named = other.related_by or block.related_by
            raise ModelError(
                f"The levels of '{block.group}' are related by '{named}' in one term, and otherwise in another.",
                hint=f"Copy the column under another name for the other term: d['{block.group}_too'] = "
                f"d['{block.group}'].",
            )
        same = other.members is None or (
            block.members is not None and np.array_equal(other.members.weights, block.members.weights)
        )
        if not same:
            raise ModelError(f"The terms of '{block.group}' have different weights.", hint="Give them the same.")


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
        if len(block.levels) < 2 and not block.covariance.structured(len(block.effects)):
            raise ModelError(
                f"'{block.group}' has one level only, so its standard deviation cannot be estimated.",
                hint="Remove the term, or use data with at least two levels (better: five or more).",
            )
