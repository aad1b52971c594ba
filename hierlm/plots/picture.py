"""A drawn figure."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import Any, final

__all__ = ["Picture"]


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """A matplotlib figure and its axes, to look at, change or save.

    Parameters
    ----------
    figure : matplotlib Figure
    axes : tuple of matplotlib Axes
        In reading order.
    """

    figure: Any
    axes: tuple[Any, ...]

    def savefig(self, path: str | PathLike[str], **options: Any) -> None:
        """Write the figure to a file; the options are those of ``Figure.savefig``."""
        self.figure.savefig(path, **options)

    def __repr__(self) -> str:
        return (
            f"<Picture of {len(self.axes)} panel{'s' if len(self.axes) != 1 else ''}; .figure, .axes, .savefig(path)>"
        )
