"""R2D2M2: one statement about R², shared out among coefficients and standard deviations of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from hierlm import names
from hierlm.errors import PriorError
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.joint.joint import COEFFICIENT, DEVIATION, Hyper, JointPrior, Member, Tensor, one_response, positive
from hierlm.priors.prior import Prior

__all__ = ["R2D2M2"]


@final
@dataclass(frozen=True, repr=False)
class R2D2M2(JointPrior):
    """The share R² of variance that a model explains, and how its terms divide it.

        R² ~ Beta(mean · precision, (1 − mean) · precision),   φ ~ Dirichlet(concentration),
        b_j ~ Normal(0, σ² τ² φ_j / Var(x_j)),   sd_k = σ τ √φ_k / rms(z_k),   τ² = R²/(1 − R²)

    for every coefficient b_j but intercepts and every standard deviation sd_k that it is given to, with one set of
    shares for all of them.  Adding terms to a model leaves the prior of R² as it is, where independent priors of each
    make R² go to one.  Concentrations below 1 expect few terms to matter, above 1 all of them alike.

    σ is the residual standard deviation; in models without one (``poisson``, ``bernoulli`` …), or where it has a
    formula, the spread of the response on the scale of the linear predictor stands for it.  R² is then that of this
    pseudo-variance.  It is exact for uncorrelated columns.

    The draws have ``R2`` and ``share``.

    Parameters
    ----------
    mean : float
        Of R², between 0 and 1.
    precision : float
        Of R²: large means sure; 2 with a mean of 0.5 is uniform.
    concentration : float
        Of the shares.

    Raises
    ------
    PriorError
        When an argument is out of range, or it is given to one parameter only, or to those of several responses.

    References
    ----------
    Aguilar & Bürkner (2023), Electronic Journal of Statistics 17:1711–1767.

    Examples
    --------
    >>> import hierlm as hl
    >>> joint = hl.R2D2M2(mean=0.4, precision=4)
    >>> priors = {"b": joint, "sd_Subject": joint}
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"), priors=priors)
    >>> model.priors().iloc[-2:]["prior"].tolist()
    ['Beta(1.6, 2.4)', 'Dirichlet(0.5 × 3)']
    """

    mean: float = 0.5
    precision: float = 2.0
    concentration: float = 0.5

    across: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = (COEFFICIENT, DEVIATION)
    residual: ClassVar[bool] = True

    def __post_init__(self) -> None:
        positive(self, "mean", "precision", "concentration")
        if self.mean >= 1:
            raise PriorError(
                f"R2D2M2: mean must be below 1, not {self.mean:g}.", hint="It is the expected R², such as 0.5."
            )

    def hypers(self, members: Sequence[Member], rows: int) -> tuple[Hyper, ...]:
        """See :meth:`JointPrior.hypers`."""
        one_response(self, members)
        explained = Prior("Beta", alpha=self.mean * self.precision, beta=(1.0 - self.mean) * self.precision)
        shares = Dirichlet(self.concentration, len(members))
        return (
            Hyper(names.hyper("R2"), None, explained, "probability"),
            Hyper(names.hyper("share"), None, shares, "simplex", tuple(m.name for m in members)),
        )

    def scales(self, members: Sequence[Member], values: Mapping[str, Tensor], residual: Tensor) -> Tensor:
        """See :meth:`JointPrior.scales`."""
        explained = values[names.hyper("R2")][..., None]
        ratio = explained / (1.0 - explained)
        return residual * (ratio * values[names.hyper("share")]) ** 0.5 / np.array([m.size for m in members])
