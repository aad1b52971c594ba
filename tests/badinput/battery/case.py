"""A case of the battery: something that a user may type, and what has to come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hierlm.errors import HierlmError
from tests.badinput.battery.frames import Frame

BOTH = ("pandas", "polars")


@dataclass(frozen=True)
class Refused:
    """An error of this kind that names what is at fault, and has a remedy.

    Parameters
    ----------
    kind : type
    says : tuple of str
        Parts of the message.
    column : str, optional
    rows : tuple of int, optional
        Zero-based; all of them, None where rows do not matter.
    caret : str, optional
        What the caret underlines.
    """

    kind: type[HierlmError]
    says: tuple[str, ...] = ()
    column: str | None = None
    rows: tuple[int, ...] | None = None
    caret: str | None = None


@dataclass(frozen=True)
class Warned:
    """A warning with these parts, which points at the line that the user wrote."""

    says: tuple[str, ...]


@dataclass(frozen=True)
class Right:
    """No word, and a result that passes this check."""

    check: Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    """A case.

    Parameters
    ----------
    category, name : str
    expected : Refused, Warned or Right
    ask : function of a frame
        What is tried with tables of that kind.
    frames : tuple of str
        Kinds of tables in which there can be such a thing.
    """

    category: str
    name: str
    expected: Refused | Warned | Right
    ask: Callable[[Frame], object]
    frames: tuple[str, ...] = BOTH
