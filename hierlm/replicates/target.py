"""What a study is to reach: a statement that becomes probable, an interval without 0, or a narrow one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.hypotheses.tree import Apply, Comparison, Term
from hierlm.posterior.intervals import interval
from hierlm.posterior.layout import percent
from hierlm.replicates.terms import parameter_draws, target_of, term_draws

__all__ = ["Target", "read_aim"]

COMPARE = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


@dataclass(frozen=True)
class Target:
    """What is counted.

    Parameters
    ----------
    text : str
        As typed.
    parts : tuple of Comparison, or Term
    level, probability : float
    width : float or None
    """

    text: str
    parts: tuple[Comparison, ...] | Term
    level: float
    probability: float
    width: float | None

    @property
    def words(self) -> str:
        """The target in words."""
        if isinstance(self.parts, tuple):
            return f"the posterior probability of {self.text} is at least {self.probability:g}"
        inside = f"the {percent(self.level)} interval of {self.text}"
        return f"{inside} excludes 0" if self.width is None else f"{inside} is no wider than {self.width:g}"

    def reached(self, fit: Fit) -> dict[str, Any]:
        """Whether a fit reaches it, in plain values; with the estimate and the width of the interval of a quantity."""
        draws = parameter_draws(fit)
        if isinstance(self.parts, tuple):
            sides = [term_draws(Apply("-", (p.left, p.right)), draws) for p in self.parts]
            holds = [COMPARE[p.operator](side, 0.0) for p, side in zip(self.parts, sides, strict=True)]
            found = float(np.mean(np.all(holds, axis=0)))
            return {"reached": found >= self.probability, "probability": found}
        values = term_draws(self.parts, draws)
        lower, upper = (float(v) for v in interval(values, self.level))
        hit = not lower <= 0 <= upper if self.width is None else upper - lower <= self.width
        return {"reached": bool(hit), "mean": float(values.mean()), "width": upper - lower}


def read_aim(known: Fit, text: str, *, level: float, probability: float, width: float | None) -> Target:
    """A target as typed, read against the parameters of ``known``.

    Raises
    ------
    FormulaError
        For what cannot be read.
    PosteriorError
        For an equality, a number out of range, or a width of a statement.
    """
    parts = target_of(known, text)
    if isinstance(probability, bool) or not isinstance(probability, (int, float)) or not 0 < probability < 1:
        raise PosteriorError(f"probability={probability!r} is no probability.", hint="Write probability=0.95.")
    if isinstance(parts, tuple):
        if any(p.operator == "=" for p in parts):
            raise PosteriorError(
                f"'{text}' is an equality, which a study does not reach.", hint="Ask for an inequality, or a quantity."
            )
        if width is not None:
            raise PosteriorError("width= goes with a quantity.", hint="Write the target without a comparison: 'b[x]'.")
    elif width is not None and (isinstance(width, bool) or not isinstance(width, (int, float)) or not width > 0):
        raise PosteriorError(f"width={width!r} is no width.", hint="Give a positive number, or leave it out.")
    return Target(text.strip(), parts, float(level), float(probability), width)
