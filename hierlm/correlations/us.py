"""us: any correlation matrix of occasions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.correlations.correlation import Coefficient, Correlation, Floats, Tensor, Values
from hierlm.errors import ModelError
from hierlm.priors.prior import Prior

__all__ = ["Us"]

MOST_OCCASIONS = 30


@final
class Us(Correlation):
    """R_st = any correlation matrix of k occasions, row s being at occasion s.

    nlme ``corSymm``.  The free numbers are canonical partial correlations p_st in (−1, 1), t < s, each set of which is
    one correlation matrix: R = C Cᵀ, C_st = p_st Π_{u<t} √(1 − p_su²), C_ss = Π_{u<s} √(1 − p_su²).

    References
    ----------
    Lewandowski, Kurowicka & Joe (2009), Journal of Multivariate Analysis 100:1989–2001.
    """

    name: ClassVar[str] = "us"
    aliases: ClassVar[tuple[str, ...]] = ("corSymm", "unstructured", "unstr")
    needs: ClassVar[str] = "occasions"

    def check(self, places: Sequence[Floats]) -> None:
        """Not too many occasions."""
        super().check(places)
        k = _occasions(places)
        if k > MOST_OCCASIONS:
            raise ModelError(
                f"us() of {k} occasions would have {k * (k - 1) // 2} correlations.",
                hint="Use ar1(time | g), toep(time | g) or car1(time | g).",
            )

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """One partial correlation for each pair of occasions, row by row.

        Under LKJ(2) that of column t (from 1) is a stretched Beta with sd 1/√(k + 4 − t); so is the default prior's.
        """
        k = _occasions(places)
        priors = [Prior("TruncatedNormal", mu=0, sigma=(k + 3 - t) ** -0.5, lower=-1, upper=1) for t in range(k)]
        pairs = [(s, t) for s in range(k) for t in range(s)]
        return tuple(Coefficient("partial", priors[t], -1.0, 1.0, f"{t + 1}.{s + 1}") for s, t in pairs)

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        pairs = int(pt.as_tensor(values["partial"]).type.shape[0])
        R = _whole(values["partial"], round((1 + (1 + 8 * pairs) ** 0.5) / 2))
        at = np.rint(positions[..., 0]).astype(np.int64)
        return R[pt.constant(at[..., :, None]), pt.constant(at[..., None, :])]

    def reported(self, values: Values, places: Sequence[Floats]) -> dict[str, Tensor]:
        """The correlation of every pair of occasions, counted from 1."""
        size = _occasions(places)
        R = _whole(values["partial"], size)
        return {f"rho{t + 1}.{s + 1}": R[s, t] for s in range(size) for t in range(s)}


def _occasions(places: Sequence[Floats]) -> int:
    return int(max(np.rint(positions).max() for positions in places)) + 1


def _whole(partial: Tensor, k: int) -> Tensor:
    """R of all k occasions."""
    rows, columns = np.tril_indices(k, -1)
    P = pt.zeros((k, k), dtype="float64")[rows, columns].set(partial)
    left = pt.sqrt((1 - P) * (1 + P))
    before = pt.concatenate([pt.ones((k, 1), dtype="float64"), pt.cumprod(left, axis=1)[:, :-1]], axis=1)
    C = before * pt.where(np.eye(k, dtype=bool), 1.0, P)
    R = C @ C.T
    return pt.where(np.eye(k, dtype=bool), 1.0, R)
