"""plan: which way a model will be sampled, and why."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import final

from hierlm.errors import ModelError
from hierlm.model import Model
from hierlm.reductions.frozen import Frozen
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.reduction import Reduction, Verdict
from hierlm.reductions.whitened import Whitened

__all__ = ["REDUCTIONS", "Plan", "plan"]

REDUCTIONS: tuple[Reduction, ...] = (GaussianMarginal(), Whitened(), Frozen())
"""Every exact reduction, in the order tried."""

JOINT = "joint NUTS on the PyMC graph"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """The way a model will be sampled.

    Parameters
    ----------
    chosen : Reduction or None
        None is joint NUTS on the PyMC graph, which always works.
    verdicts : tuple of (name, Verdict)
        Every way that was looked at, with the reason.
    """

    chosen: Reduction | None
    verdicts: tuple[tuple[str, Verdict], ...]

    @property
    def name(self) -> str:
        """The chosen way in words."""
        return JOINT if self.chosen is None else self.chosen.name

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line for every way that was looked at."""
        return tuple(f"{name}: {'yes' if v.accepted else 'no'}, {v.reason}" for name, v in self.verdicts)

    def __repr__(self) -> str:
        return "\n".join([f"Sampled by: {self.name}", *(f"  {line}" for line in self.reasons)])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self.reasons)
        return f"<p>Sampled by: {escape(self.name)}</p><ul>{lines}</ul>"


def plan(model: Model, *, reduce: bool = True, because: str = "reduce=False was asked for") -> Plan:
    """How :func:`hierlm.fit.fit` will sample a model.

    Parameters
    ----------
    model : Model
    reduce : bool
        False: always the PyMC graph.
    because : str
        Why not, for the record.

    Returns
    -------
    Plan

    Raises
    ------
    ModelError
        When ``reduce`` is neither True nor False.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))
    >>> plan(model)
    Sampled by: gaussian marginal
      gaussian marginal: yes, the response is normal with an identity link, and all priors have a kernel
    """
    if not isinstance(reduce, bool):
        raise ModelError(f"reduce={reduce!r} is neither True nor False.")
    if not reduce:
        return Plan(None, tuple((r.name, Verdict(False, because)) for r in REDUCTIONS))
    verdicts = []
    for reduction in REDUCTIONS:
        verdict = reduction.accepts(model)
        verdicts.append((reduction.name, verdict))
        if verdict.accepted:
            return Plan(reduction, tuple(verdicts))
    return Plan(None, tuple(verdicts))
