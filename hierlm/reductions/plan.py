"""plan: which way a model will be sampled, and why."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import final

import numpy as np

from hierlm import names
from hierlm.errors import ModelError
from hierlm.model import Model
from hierlm.model.coefficients import coefficient_rows
from hierlm.model.joint import bounds_of
from hierlm.priors.fixed import Fixed
from hierlm.reductions.dense import DenseMarginal
from hierlm.reductions.frozen import Frozen
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.large import LargeMarginal
from hierlm.reductions.reduction import Reduction, Verdict
from hierlm.reductions.structured import StructuredMarginal
from hierlm.reductions.whitened import Whitened

__all__ = ["REDUCTIONS", "Plan", "plan"]

REDUCTIONS: tuple[Reduction, ...] = (
    GaussianMarginal(),
    StructuredMarginal(),
    Whitened(),
    LargeMarginal(),
    Frozen(),
    DenseMarginal(),
)
"""Every exact reduction, in the order tried."""

JOINT = "joint NUTS on the PyMC graph"
LARGE = 50
"""Rows of a covariance matrix that make it worth a word."""


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
    model : Model, optional
        Whose cost can be asked for.
    """

    chosen: Reduction | None
    verdicts: tuple[tuple[str, Verdict], ...]
    model: Model | None = None

    @property
    def name(self) -> str:
        """The chosen way in words."""
        return JOINT if self.chosen is None else self.chosen.name

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line for every way that was looked at."""
        return tuple(f"{name}: {'yes' if v.accepted else 'no'}, {v.reason}" for name, v in self.verdicts)

    @property
    def cost(self) -> str:
        """What is to be expected, in words: how many numbers are sampled, and what one step takes; or ``""``.

        Known before anything is prepared, so at most roughly: multiplications are those of one factorisation.
        """
        if self.model is None:
            return ""
        if self.chosen is None:
            return _graph_cost(self.model)
        return self.chosen.cost(self.model, _parameters(self.model))

    @property
    def _lines(self) -> list[str]:
        return [*self.reasons, *([f"cost: {self.cost}"] if self.cost else [])]

    def __repr__(self) -> str:
        return "\n".join([f"Sampled by: {self.name}", *(f"  {line}" for line in self._lines)])

    def _repr_html_(self) -> str:
        lines = "".join(f"<li>{escape(line)}</li>" for line in self._lines)
        return f"<p>Sampled by: {escape(self.name)}</p><ul>{lines}</ul>"


def plan(
    model: Model, *, reduce: bool = True, because: str = "reduce=False was asked for", gradients: str = ""
) -> Plan:
    """How :func:`hierlm.fit.fit` will sample a model.

    Parameters
    ----------
    model : Model
    reduce : bool
        False: always the PyMC graph.
    because : str
        Why not, for the record.
    gradients : str
        Why only densities with gradients will do; empty where others will do too.

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
      cost: 2 numbers are sampled; each step factorises 7 columns in about 6 multiplications, however many rows
    """
    if not isinstance(reduce, bool):
        raise ModelError(f"reduce={reduce!r} is neither True nor False.")
    if not reduce:
        return Plan(None, tuple((r.name, Verdict(False, because)) for r in REDUCTIONS), model)
    verdicts = []
    for reduction in REDUCTIONS:
        verdict = _beyond(reduction, model) or reduction.accepts(model)
        if verdict.accepted and gradients and not reduction.gradients:
            verdict = Verdict(False, gradients)
        verdicts.append((reduction.name, verdict))
        if verdict.accepted:
            return Plan(reduction, tuple(verdicts), model)
    return Plan(None, tuple(verdicts), model)


def _beyond(reduction: Reduction, model: Model) -> Verdict | None:
    """A refusal where a model has what the reduction does not say that it takes."""
    if model.smooths and not reduction.takes_smooths:
        return Verdict(False, "it does not know smooths")
    if model.scales and not reduction.takes_scales:
        return Verdict(False, f"the standard deviation of {next(iter(model.scales))} has a formula of its own")
    if model.residual is not None and not reduction.takes_residual:
        return Verdict(False, f"residuals are correlated, {model.residual.label}")
    process = next((b for b in model.blocks if b.process is not None), None)
    if process is not None:
        return Verdict(False, f"{process.label} of {process.group} is a latent residual process, on the link scale")
    joint = next((b.joint for b in bounds_of(model.assignments)), None)
    if joint is not None:
        return Verdict(False, f"{joint} is a joint prior, which no kernel has")
    strange = next((a.name for a in model.assignments if a.variable not in _known(reduction, model)), None)
    return None if strange is None else Verdict(False, f"it does not know {strange}")


def _known(reduction: Reduction, model: Model) -> set[str]:
    """The variables that a reduction deals with or refuses by itself; whatever comes later is refused."""
    known = {names.common(p.parameter) for p in model.predictors} | {v for r in model.responses for v in r.free}
    known |= {name(g) for g in model.batches for name in (names.sd, names.cor)}
    known |= {names.scale(g) for g in model.scales} if reduction.takes_scales else set()
    known |= {names.VARIANCE} if reduction.takes_variances else set()
    if reduction.takes_coefficients:
        known |= {row.variable for blocks in model.groups.values() for row in coefficient_rows(blocks)}
    return known | ({names.RESIDUAL} if reduction.takes_residual else set())


def _parameters(model: Model) -> int:
    """How many standard deviations, correlations and further parameters of the response are free."""
    effects = {names.common(p.parameter) for p in model.predictors} | {names.scale(g) for g in model.scales}
    single = [a for a in model.assignments if a.variable not in effects and a.kind != "correlation"]
    correlations = 0
    for block in model.blocks:
        k = len(block.effects)
        if block.covariance.correlated(k):
            correlations += block.covariance.n_parameters(k) - len(block.covariance.sd_groups(k))
    return sum(not isinstance(a.prior, Fixed) for a in single) + correlations


def _matrices(model: Model) -> str:
    """The largest covariance matrix that each step makes on the graph, where it is large."""
    sizes = [len(b.effects) for b in model.blocks if b.covariance.structured(len(b.effects))]
    if model.residual is not None and not model.residual.correlation.markov:
        sizes += [int(np.bincount(model.residual.codes).max())]
    largest = max(sizes, default=0)
    return f" and a covariance matrix of {largest:,} × {largest:,}" if largest > LARGE else ""


def _graph_cost(model: Model) -> str:
    effects = sum(len(b.levels) * len(b.effects) for b in (*model.blocks, *model.smooths))
    common = {names.common(p.parameter) for p in model.predictors} | {names.scale(g) for g in model.scales}
    free = sum(a.variable in common and not isinstance(a.prior, Fixed) for a in model.assignments)
    numbers = effects + free + _parameters(model)
    return (
        f"NUTS samples {numbers:,} numbers; each step takes {model.design.n:,} rows{_matrices(model)}; "
        "the model is compiled first, seconds to a minute"
    )
