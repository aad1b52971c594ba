"""Priors cut off at bounds."""

from __future__ import annotations

import pymc as pm

from hierlm.priors.prior import Prior

__all__ = ["truncatable"]


def truncatable(prior: Prior) -> bool:
    """Whether PyMC can integrate the prior, which truncating it needs.

    Examples
    --------
    >>> truncatable(Prior("Normal", sigma=1))
    True
    """
    try:
        pm.logcdf(prior.dist(), 0.0)
    except NotImplementedError:
        return False
    return True
