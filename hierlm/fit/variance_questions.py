"""What a fit says about variances and correlations; every method is a line that calls a plain function."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior import GroupVariance, VarCorr

__all__ = ["VarianceQuestions"]


class VarianceQuestions(ABC):  # noqa: B024 - the part of Fit that asks about variances
    """How large variances and correlations are, and which share of the variance is whose."""

    def varcorr(self, **options: Any) -> VarCorr:
        """Variance components; see :func:`hierlm.posterior.varcorr`."""
        from hierlm.posterior import varcorr

        return varcorr(cast("Fit", self), **options)

    def variance_shares(self, **options: Any) -> pd.DataFrame:
        """Where the variance of the response comes from; see :func:`hierlm.posterior.variance_shares`."""
        from hierlm.posterior import variance_shares

        return variance_shares(cast("Fit", self), **options)

    def icc(self, **options: Any) -> pd.DataFrame:
        """Intraclass correlations; see :func:`hierlm.posterior.icc`."""
        from hierlm.posterior import icc

        return icc(cast("Fit", self), **options)

    def group_variance(self, group: str | None = None, member: Any = None, **options: Any) -> GroupVariance:
        """V = Z G Zᵀ + R of the rows of one group; see :func:`hierlm.posterior.group_variance`."""
        from hierlm.posterior import group_variance

        return group_variance(cast("Fit", self), group, member, **options)

    def r2(self, **options: Any) -> pd.DataFrame:
        """Marginal and conditional R²; see :func:`hierlm.posterior.r2`."""
        from hierlm.posterior import r2

        return r2(cast("Fit", self), **options)
