"""A tree of splits: which sources share, step by step, and who is in which."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PriorError, did_you_mean

if TYPE_CHECKING:
    from hierlm.priors.joint.joint import JointPrior, Member

__all__ = ["Split", "checked_splits", "splits_of"]

Stored = tuple[tuple[str, tuple[str, ...]], ...]
WRITE = 'Write splits={"groups": ["sd_a", "sd_b"]}.'


@dataclass(frozen=True, eq=False)
class Split:
    """One split, as the members of a model see it.

    Parameters
    ----------
    name : str or None
        None for the first.
    labels : tuple of str
        What is divided: names of members and of further splits.
    child : (members,) int array
        In which part every member is; 0 where it is in none.
    inside : (members,) array
        1 for members that are below this split, else 0.
    """

    name: str | None
    labels: tuple[str, ...]
    child: NDArray[np.int64]
    inside: NDArray[np.float64]


def checked_splits(owner: object, splits: Any, concentrations: Any) -> tuple[Stored, tuple[tuple[str, float], ...]]:
    """Both as plain tuples, which are hashable and can be written to JSON.

    Raises
    ------
    PriorError
        For a name that is none, an empty split, a source in two splits, a concentration that is not positive.
    """
    who = type(owner).__name__
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, inner in _pairs(who, "splits", splits, WRITE):
        if not (isinstance(name, str) and name.isidentifier()):
            raise PriorError(f"{who}: {name!r} cannot be the name of a split.", hint="Take letters and digits.")
        if isinstance(inner, str) or not isinstance(inner, Sequence) or not all(isinstance(i, str) for i in inner):
            raise PriorError(f"{who}: the split '{name}' must list names, not {inner!r}.", hint=WRITE)
        if not inner:
            raise PriorError(f"{who}: the split '{name}' has nothing to divide.", hint="Name two sources or more.")
        found.append((name, tuple(inner)))
    every = [i for _, inner in found for i in inner]
    twice = next((i for i in every if every.count(i) > 1), None)
    if twice is not None:
        raise PriorError(f"{who}: '{twice}' is in two places of splits.", hint="A source has one place.")
    known = [names.hyper("share"), *dict(found)]
    numbers_ = []
    for name, value in _pairs(who, "concentrations", concentrations, 'Write concentrations={"groups": 0.5}.'):
        if name not in known:
            raise PriorError(f"{who}: there is no split '{name}'.", hint=did_you_mean(str(name), known))
        number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
        if not (number and math.isfinite(value) and value > 0):
            raise PriorError(
                f"{who}: the concentration of '{name}' must be positive, not {value!r}.", hint="1: uniform."
            )
        numbers_.append((str(name), float(value)))
    return tuple(found), tuple(numbers_)


def _pairs(who: str, what: str, given: Any, hint: str) -> list[tuple[Any, Any]]:
    if isinstance(given, Mapping):
        return list(given.items())
    listed = isinstance(given, Sequence) and not isinstance(given, str)
    if not listed or not all(isinstance(p, Sequence) and not isinstance(p, str) and len(p) == 2 for p in given):
        raise PriorError(f"{who}: {what} must be a mapping, not {given!r}.", hint=hint)
    pairs = [tuple(p) for p in given]
    if len({name for name, _ in pairs}) < len(pairs):
        raise PriorError(f"{who}: {what} has a name twice.", hint="Each split has one name.")
    return pairs


def splits_of(joint: JointPrior, splits: Stored, members: Sequence[Member]) -> tuple[Split, ...]:
    """The first split, and the others in the order in which they are named.

    Raises
    ------
    PriorError
        For a source that no member has, and splits in a circle.
    """
    inner = {name: _named(joint, name, own, dict(splits), members) for name, own in splits}
    every = [i for own in inner.values() for i in own]
    twice = next((i for i in every if every.count(i) > 1), None)
    if twice is not None:
        raise PriorError(f"{joint}: '{twice}' is in two places of splits.", hint="A source has one place.")
    below = {name: _members_below(joint, name, inner) for name in inner}
    root = tuple(s for s in (*(m.name for m in members), *inner) if s not in every)
    if len(root) < 2:
        raise PriorError(
            f"{joint}: the first split would divide nothing, since all is in '{root[0]}'.",
            hint="Leave that split out: what is in no split is in the first one.",
        )
    made = [_split(None, root, below, members)]
    return (*made, *(_split(name, own, below, members) for name, own in inner.items()))


def _named(
    joint: JointPrior, name: str, given: Sequence[str], splits: Mapping[str, Any], members: Sequence[Member]
) -> tuple[str, ...]:
    """Members and splits for what was written: a variable stands for all of its rows."""
    found: list[str] = []
    if any(name in (m.variable, m.name) for m in members):
        raise PriorError(f"{joint}: '{name}' is a parameter, so no split can be called that.", hint="Rename the split.")
    for source in given:
        own = [m.name for m in members if source in (m.name, m.variable)]
        if source in splits:
            own = [source]
        if not own:
            known = [*(m.name for m in members), *(m.variable for m in members), *splits]
            raise PriorError(
                f"{joint}: the split '{name}' has '{source}', to which this prior is not given.",
                hint=did_you_mean(source, list(dict.fromkeys(known))),
            )
        found += own
    if len(found) < 2:
        raise PriorError(f"{joint}: the split '{name}' has one source, '{found[0]}'.", hint="Name two sources or more.")
    return tuple(found)


def _members_below(joint: JointPrior, name: str, inner: Mapping[str, Sequence[str]]) -> set[str]:
    """Names of the members below a split."""
    found: set[str] = set()
    waiting, seen = [name], {name}
    while waiting:
        for source in inner[waiting.pop()]:
            if source not in inner:
                found.add(source)
            elif source in seen:
                raise PriorError(f"{joint}: the split '{source}' is inside itself.", hint=WRITE)
            else:
                seen.add(source)
                waiting.append(source)
    return found


def _split(
    name: str | None, labels: tuple[str, ...], below: Mapping[str, set[str]], members: Sequence[Member]
) -> Split:
    child = np.zeros(len(members), dtype=np.int64)
    inside = np.zeros(len(members))
    for k, label in enumerate(labels):
        for i, member in enumerate(members):
            if member.name in below.get(label, {label}):
                child[i], inside[i] = k, 1.0
    return Split(name, labels, child, inside)
