"""One parameter and its prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hierlm import names
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.fixed import Fixed
from hierlm.priors.joint import Conditional
from hierlm.priors.lkj import LKJ
from hierlm.priors.prior import Prior

__all__ = ["AnyPrior", "Assignment"]

AnyPrior = Prior | LKJ | Fixed | Conditional | Dirichlet


@dataclass(frozen=True)
class Assignment:
    """One parameter and its prior.

    Parameters
    ----------
    variable : str
        ``"b"``, ``"sd_Subject"``, ``"cor_Subject"``, ``"sigma"``.
    label : str or None
        The row, e.g. ``"Days"``; None for a scalar or a whole correlation matrix.
    also : tuple of str
        Further rows that are the same parameter (a homogeneous structure).
    prior : Prior, LKJ, Fixed, Conditional or Dirichlet
        The last two come with joint priors: what a member has in place of its own, and that of shares.
    source : str
        ``"default"``, or the name under which the user gave it.
    kind : str
        ``"coefficient"``, ``"intercept"``, ``"positive"``, ``"probability"``, ``"real"``, ``"correlation"``,
        ``"elements"`` (of all elements of a family's vector), ``"simplex"`` (shares) or ``"bounded"`` (a coefficient of
        a structure): what the prior must fit.
    bounds : (float, float)
        Of a ``"bounded"`` one.
    """

    variable: str
    label: str | None
    prior: AnyPrior
    source: str = "default"
    kind: str = "coefficient"
    also: tuple[str, ...] = ()
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def name(self) -> str:
        """As users write it: ``b[Days]``."""
        return names.element(self.variable) if self.label is None else names.element(self.variable, self.label)

    @property
    def keys(self) -> tuple[str, ...]:
        """All names that mean this parameter alone."""
        return (self.name, *(names.element(self.variable, label) for label in self.also))
