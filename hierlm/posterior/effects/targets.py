"""For which groups is an answer: those observed, the typical one, or the whole population of groups?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hierlm import names
from hierlm.errors import PredictionError, did_you_mean
from hierlm.model import Model

__all__ = ["Target", "Targets", "is_units", "resolve"]

Target = Literal["given", "typical", "population"]
WORDS = {
    "given": "the levels of the rows, with their own effects",
    "typical": "a level whose effects are zero",
    "population": "averaged over all levels that there could be",
}


@dataclass(frozen=True)
class Targets:
    """What is done about every grouping's effects.

    Parameters
    ----------
    by_group : mapping of str to str
        Grouping → ``"given"``, ``"typical"`` or ``"population"``.
    """

    by_group: Mapping[str, str]

    def of(self, target: str) -> tuple[str, ...]:
        """The groupings with that target."""
        return tuple(g for g, t in self.by_group.items() if t == target)

    @property
    def words(self) -> str:
        """In one line, for the header of an answer."""
        if not self.by_group:
            return "Target: the model has no groups"
        found = list(dict.fromkeys(self.by_group.values()))
        if len(found) == 1:
            return f"Target: {found[0]} ({', '.join(self.by_group)}: {WORDS[found[0]]})"
        return "Target: " + "; ".join(f"{', '.join(self.of(t))} {t} ({WORDS[t]})" for t in found)

    def replaced(self, group: str, target: str) -> Targets:
        """The same with another target of one grouping."""
        return Targets({**self.by_group, group: target})


def resolve(model: Model, target: str | Mapping[str, str] | None, default: str = "population") -> Targets:
    """The target of every grouping.

    Parameters
    ----------
    target : str, or mapping of grouping to str, optional
    default : str
        For all groupings where nothing is said.

    Raises
    ------
    PredictionError
        For an unknown target or grouping, and a mapping that leaves groupings out.
    """
    groups = tuple(model.groups)
    if target is None or isinstance(target, str):
        chosen = dict.fromkeys(groups, _known(default if target is None else target))
        return Targets(chosen)
    if not isinstance(target, Mapping):
        raise PredictionError(
            f"target={target!r} is neither a word nor a mapping of groupings.", hint=did_you_mean("", WORDS)
        )
    for group in target:
        if group not in groups:
            hint = did_you_mean(str(group), groups) or "It has no groups: leave target= out."
            raise PredictionError(f"The model has no grouping {group!r}.", hint=hint)
    absent = [g for g in groups if g not in target]
    if absent:
        raise PredictionError(
            f"target says nothing about {', '.join(absent)}.", hint="Name every grouping, or give one word for all."
        )
    return Targets({g: _known(target[g]) for g in groups})


def _known(target: object) -> str:
    if target not in tuple(WORDS):
        raise PredictionError(f"target={target!r} is unknown.", hint=did_you_mean(str(target), WORDS))
    return str(target)


def is_units(model: Model, group: str) -> bool:
    """Whether a grouping has no column: every row of new data is a new level of it."""
    return names.UNITS in model.groups[group][0].factors and names.UNITS not in model.data.columns
