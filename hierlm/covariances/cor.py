"""cor: a correlation matrix, unit variances."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm.covariances.free import Unstructured

__all__ = ["Cor"]


@final
class Cor(Unstructured):
    """V = R, any correlation matrix: V_ii = 1.

    k(k−1)/2 parameters, none for a single effect. MCMCglmm ``corg``.
    """

    name: ClassVar[str] = "cor"
    aliases: ClassVar[tuple[str, ...]] = ("corg",)

    def n_parameters(self, k: int) -> int:
        """k(k−1)/2 correlations."""
        return k * (k - 1) // 2

    def sd_groups(self, k: int) -> tuple[tuple[int, ...], ...]:
        """None: every standard deviation is 1."""
        return ()
