"""A script while it is written."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from hierlm.translation.script.helpers import HELPERS, NEEDS

__all__ = ["Page", "array", "listed"]

TAKEN = ("data", "model", "np", "pd", "pm", "pt", "coords", "n", "sys", "build", "BSpline", "expit", "logit", *HELPERS)
"""Names that a script has for something else."""


@dataclass
class Page:
    """Lines of a script: what is made of the data, and the model.

    Parameters
    ----------
    data, model : list of str
        Lines, without their indentation.
    coords : dict of str to str
        Dimension → the text of its labels.
    helpers, imports : set of str
    variables : set of str
        Names of Python variables that are taken.
    written : set of str
        Names of priors' parameters that have been written.
    """

    data: list[str] = field(default_factory=list)
    model: list[str] = field(default_factory=list)
    coords: dict[str, str] = field(default_factory=dict)
    helpers: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=lambda: set(TAKEN))
    written: set[str] = field(default_factory=set)

    def need(self, *helpers: str) -> None:
        """Bring helpers along, with what they call."""
        for helper in helpers:
            self.helpers |= {helper, *NEEDS.get(helper, ())}

    def variable(self, name: str) -> str:
        """A Python variable that is not taken yet, called as nearly ``name`` as can be."""
        plain = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "v"
        plain = f"v_{plain}" if plain[0].isdigit() else plain
        plain = f"{plain}_" if keyword.iskeyword(plain) else plain
        found, number = plain, 2
        while found in self.variables:
            found, number = f"{plain}_{number}", number + 1
        self.variables.add(found)
        return found


def array(values: Iterable[float]) -> str:
    """Numbers as a NumPy array, all digits kept."""
    return f"np.array([{', '.join(repr(float(v)) for v in np.asarray(list(values), dtype=float))}])"


def listed(labels: Iterable[str]) -> str:
    """Texts as a list."""
    return f"[{', '.join(repr(str(label)) for label in labels)}]"
