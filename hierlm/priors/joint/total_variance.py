"""TotalVariance: one total standard deviation, shared out among groupings and the residual, in one split or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from hierlm import names
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.joint.joint import DEVIATION, RESIDUAL, Hyper, JointPrior, Member, Tensor, one_response, positive
from hierlm.priors.joint.splits import Split, checked_splits, splits_of
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

    With ``splits`` the variance is divided step by step: some sources have a share together, and divide it among
    themselves.  φ_k is then the product of the shares on the way to source k, each split having a Dirichlet of its own.
    In ``{"groups": ["sd_batch", "sd_batch:cask"]}`` the first question is what is between groups and what is residual,
    and the prior of that share does not depend on how many groupings there are; the second how batches and casks divide
    what is between groups.

    The draws have ``total_sd``, ``share``, and ``share_groups`` of a split called groups.

    Parameters
    ----------
    scale : float
        Of T, in units of s.
    concentration : float
        Of the shares: 1 is uniform.  Of all splits unless ``concentrations`` says otherwise.
    splits : mapping of str to sequence of str, optional
        Name of a split → what is in it: standard deviations (``"sd_batch"``, or one of several, ``"sd_g[x]"``), and
        names of other splits.  What is in none is in the first split.
    concentrations : mapping of str to float, optional
        Of splits by their names, and of the first one by ``"share"``.

    Raises
    ------
    PriorError
        When an argument is out of range, it is given to one parameter only, or to those of several responses, or splits
        are no tree of these parameters.

    References
    ----------
    Fuglstad, Hem, Knight, Rue & Riebler (2020), Bayesian Analysis 15:1109–1137, with Dirichlet priors in every split.

    Examples
    --------
    >>> import hierlm as hl
    >>> joint = hl.TotalVariance()
    >>> priors = {"sd_Batch": joint, "sigma": joint}
    >>> hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"), priors=priors).priors()["parameter"].tolist()
    ['b[Intercept]', 'sd_Batch[Intercept]', 'sigma', 'total_sd', 'share']

    What is between groups first, then between which:

    >>> nested = hl.TotalVariance(splits={"groups": ["sd_batch", "sd_batch:cask"]})
    >>> priors = {"sd_batch": nested, "sd_batch:cask": nested, "sigma": nested}
    >>> model = hl.Model("strength ~ 1 + (1 | batch/cask)", hl.load_data("Pastes"), priors=priors)
    >>> model.priors()["parameter"].tolist()[-3:]
    ['total_sd', 'share', 'share_groups']
    """

    scale: float = 1.0
    concentration: float = 1.0
    splits: Any = ()
    concentrations: Any = ()

    across: ClassVar[bool] = True
    takes: ClassVar[tuple[str, ...]] = (DEVIATION, RESIDUAL)

    def __post_init__(self) -> None:
        positive(self, "scale", "concentration")
        splits, concentrations = checked_splits(self, self.splits, self.concentrations)
        object.__setattr__(self, "splits", splits)
        object.__setattr__(self, "concentrations", concentrations)

    def hypers(self, members: Sequence[Member], rows: int) -> tuple[Hyper, ...]:
        """See :meth:`JointPrior.hypers`."""
        one_response(self, members)
        total = Prior("HalfNormal", sigma=self.scale * members[0].spread)
        return (
            Hyper(names.hyper("total_sd"), None, total, "positive"),
            *(self._shares(split) for split in splits_of(self, self.splits, members)),
        )

    def _shares(self, split: Split) -> Hyper:
        alpha = dict(self.concentrations).get(split.name or names.hyper("share"), self.concentration)
        shares = Dirichlet(alpha, len(split.labels))
        return Hyper(names.hyper("share", split.name), None, shares, "simplex", split.labels)

    def scales(self, members: Sequence[Member], values: Mapping[str, Tensor], residual: Tensor) -> Tensor:
        """See :meth:`JointPrior.scales`."""
        first, *others = splits_of(self, self.splits, members)
        share = values[names.hyper("share")][..., first.child]
        for split in others:
            own = values[names.hyper("share", split.name)][..., split.child]
            share = share * (1.0 + split.inside * (own - 1.0))
        return values[names.hyper("total_sd")][..., None] * share**0.5 / np.array([m.size for m in members])
