"""TotalVariance: one total standard deviation, shared out among groupings and the residual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from hierlm import names
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.joint.joint import DEVIATION, RESIDUAL, Hyper, JointPrior, Member, Tensor, one_response, positive
from hierlm.priors.prior import Prior

__all__ = ["TotalVariance"]


@final
@dataclass(frozen=True, repr=False)
class TotalVariance(JointPrior):
    """The total variance of all sources together, and the share of each.

        sd_k = T √φ_k / rms(z_k),   T ~ HalfNormal(scale · s),   φ ~ Dirichlet(concentration)

    for every standard deviation that it is given to, ``sigma`` among them where that is asked for; s is the spread of
    the response on the scale of the linear predictor.  T is something that one knows (how far apart are responses at
    all?), and shares are what the question is about (how much of it is between groups?).  With a grouping and ``sigma``
    the share of the grouping is the intraclass correlation, and its prior Beta(concentration, concentration).

    The draws have ``total_sd`` and ``share``.

    Parameters
    ----------
    scale : float
        Of T, in units of s.
    concentration : float
        Of the shares: 1 is uniform.

    Raises
    ------
    PriorError
        When an argument is not positive, or it is given to one parameter only, or to those of several responses.

    References
    ----------
    Fuglstad, Hem, Knight, Rue & Riebler (2020), Bayesian Analysis 15:1109–1137, of which it is the case of one split.

    Examples
    --------
    >>> import hierlm as hl
    >>> joint = hl.TotalVariance()
    >>> priors = {"sd_Batch": joint, "sigma": joint}
    >>> hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"), priors=priors).priors()["parameter"].tolist()
    ['b[Intercept]', 'sd_Batch[Intercept]', 'sigma', 'total_sd', 'share']
    """

    scale: float = 1.0
    concentration: float = 1.0

    across: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = (DEVIATION, RESIDUAL)

    def __post_init__(self) -> None:
        positive(self, "scale", "concentration")

    def hypers(self, members: Sequence[Member], rows: int) -> tuple[Hyper, ...]:
        """See :meth:`JointPrior.hypers`."""
        one_response(self, members)
        total = Prior("HalfNormal", sigma=self.scale * members[0].spread)
        shares = Dirichlet(self.concentration, len(members))
        return (
            Hyper(names.hyper("total_sd"), None, total, "positive"),
            Hyper(names.hyper("share"), None, shares, "simplex", tuple(m.name for m in members)),
        )

    def scales(self, members: Sequence[Member], values: Mapping[str, Tensor], residual: Tensor) -> Tensor:
        """See :meth:`JointPrior.scales`."""
        total, share = values[names.hyper("total_sd")][..., None], values[names.hyper("share")]
        return total * share**0.5 / np.array([m.size for m in members])
