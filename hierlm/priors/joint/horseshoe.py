"""Horseshoe: many coefficients, of which few are believed to matter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from hierlm import names
from hierlm.errors import PriorError
from hierlm.priors.joint.joint import COEFFICIENT, Hyper, JointPrior, Member, Tensor, labels_of, positive
from hierlm.priors.prior import Prior

__all__ = ["Horseshoe"]


@final
@dataclass(frozen=True, repr=False)
class Horseshoe(JointPrior):
    """The regularised horseshoe: coefficients are shrunk towards zero, but for the few that the data insist on.

    With β_j = b_j sd(x_j)/s the coefficients in units of the data, s the spread of the response on the scale of the
    linear predictor,

        β_j ~ Normal(0, τ λ̃_j),   λ̃_j² = c²λ_j²/(c² + τ²λ_j²),
        λ_j ~ HalfStudentT(local_df, 1),   τ ~ HalfStudentT(global_df, τ₀),
        c² ~ InverseGamma(slab_df/2, slab_df slab_scale²/2),
        τ₀ = nonzero/(D − nonzero)/√n

    for D coefficients and n rows: about ``nonzero`` of them are expected to differ from zero.  Coefficients that do are
    Student-t with scale ``slab_scale``.  (The source has σ τ₀ for a residual sd σ; s ≥ σ stands for it.)

    The draws have ``global_b`` (τ), ``local_b`` (λ) and ``slab_b`` (c).

    Parameters
    ----------
    nonzero : float
        How many coefficients are expected to matter; fewer than there are.
    local_df, global_df : float
        Degrees of freedom of λ and τ; 1 is the half-Cauchy of the horseshoe.
    slab_scale, slab_df : float
        Of the coefficients that are not shrunk, in units of s/sd(x).

    Raises
    ------
    PriorError
        When an argument is no positive number, or ``nonzero`` is not smaller than the number of coefficients.

    References
    ----------
    Piironen & Vehtari (2017), Electronic Journal of Statistics 11:5018–5051; Carvalho, Polson & Scott (2010),
    Biometrika 97:465–480.

    Examples
    --------
    >>> import hierlm as hl
    >>> data = {"y": [1.0, 2, 4, 3, 5, 4], "a": [1, 2, 3, 5, 6, 9], "b": [1, 0, 0, 1, 2, 1], "c": [0, 1, 2, 9, 3, 4]}
    >>> model = hl.Model("y ~ a + b + c", data, priors={"b": hl.Horseshoe(nonzero=1)})
    >>> model.priors()["parameter"].tolist()[-5:]
    ['global_b', 'local_b[a]', 'local_b[b]', 'local_b[c]', 'slab_b']
    """

    nonzero: float = 1.0
    local_df: float = 1.0
    global_df: float = 1.0
    slab_scale: float = 2.5
    slab_df: float = 4.0

    across: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = (COEFFICIENT,)

    def __post_init__(self) -> None:
        positive(self, "nonzero", "local_df", "global_df", "slab_scale", "slab_df")

    def hypers(self, members: Sequence[Member], rows: int) -> tuple[Hyper, ...]:
        """See :meth:`JointPrior.hypers`."""
        D, variable = len(members), members[0].variable
        if not self.nonzero < D:
            raise PriorError(
                f"Horseshoe: nonzero={self.nonzero:g} of {D} coefficients of '{variable}' leaves none to be shrunk.",
                hint="Give fewer, such as nonzero=1; for one coefficient use hl.Prior(…).",
            )
        tau0 = self.nonzero / (D - self.nonzero) / math.sqrt(rows)
        a, b = 0.5 * self.slab_df, 0.5 * self.slab_df * self.slab_scale**2
        local = Prior("HalfStudentT", nu=self.local_df, sigma=1.0)
        return (
            Hyper(
                names.hyper("global", variable), None, Prior("HalfStudentT", nu=self.global_df, sigma=tau0), "positive"
            ),
            *(Hyper(names.hyper("local", variable), label, local, "positive") for label in labels_of(members)),
            Hyper(
                names.hyper("slab", variable), None, Prior("InverseGamma", alpha=a, beta=b, on="variance"), "positive"
            ),
        )

    def scales(self, members: Sequence[Member], values: Mapping[str, Tensor], residual: Tensor) -> Tensor:
        """See :meth:`JointPrior.scales`."""
        variable = members[0].variable
        tau, c = values[names.hyper("global", variable)][..., None], values[names.hyper("slab", variable)][..., None]
        wide = tau * values[names.hyper("local", variable)]
        return c * wide / (c**2 + wide**2) ** 0.5 * np.array([m.spread / m.size for m in members])
