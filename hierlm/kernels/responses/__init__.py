"""Log-densities of one response given the linear predictor of its mean, compiled: one family a file.

The equations are those of :mod:`hierlm.families`, with the derivatives that PyTensor finds by itself; tests hold the
two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hierlm.kernels.responses import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    exponential,
    gamma,
    gaussian,
    inverse_gaussian,
    lognormal,
    negbinomial,
    negbinomial1,
    poisson,
    student_t,
)
from hierlm.kernels.responses.response import Response

__all__ = ["RESPONSES", "Response"]

RESPONSES: Mapping[str, Response] = MappingProxyType(
    {
        **gaussian.RESPONSES,
        **student_t.RESPONSES,
        **lognormal.RESPONSES,
        **gamma.RESPONSES,
        **inverse_gaussian.RESPONSES,
        **beta.RESPONSES,
        **poisson.RESPONSES,
        **negbinomial.RESPONSES,
        **negbinomial1.RESPONSES,
        **binomial.RESPONSES,
        **bernoulli.RESPONSES,
        **beta_binomial.RESPONSES,
        **exponential.RESPONSES,
    }
)
"""By the names of the family and of the link of its mean: ``"poisson:log"``."""
