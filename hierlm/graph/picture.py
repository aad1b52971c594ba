"""A picture of a PyMC graph that needs no other program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import pymc as pm

__all__ = ["Picture"]


@final
@dataclass(frozen=True, repr=False)
class Picture:
    """A PyMC graph as a Mermaid diagram.

    JupyterLab, VS Code, GitHub and Quarto draw it; ``str()`` is its text, for any Mermaid viewer.

    Parameters
    ----------
    source : str
        Mermaid text.
    """

    source: str

    @classmethod
    def of(cls, graph: pm.Model) -> Picture:
        """The picture of a PyMC model."""
        return cls(pm.model_to_mermaid(graph))

    def __str__(self) -> str:
        return self.source

    __repr__ = __str__

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/vnd.mermaid": self.source, "text/plain": self.source}
