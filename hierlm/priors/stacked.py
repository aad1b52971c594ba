"""Priors that differ in numbers only, as one vector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hierlm.priors.prior import Prior

__all__ = ["stack"]


def stack(priors: Iterable[Prior]) -> tuple[Prior, dict[str, Any]] | None:
    """Several priors as one vector variable, if they differ in nothing but the values of their arguments.

    Returns
    -------
    (Prior, dict of arrays) or None
        ``template.build(name, **arrays)`` is the vector variable; None when they differ in the distribution, in ``on``,
        or in the arguments given (``sigma`` or ``tau``), and when there are none.

    Examples
    --------
    >>> stack([Prior("Normal", sigma=1), Prior("Normal", mu=1, sigma=2)])
    (Normal(mu=0, sigma=1), {'mu': array([0., 1.]), 'sigma': array([1., 2.])})
    >>> stack([Prior("Normal", sigma=1), Prior("Flat")]) is None
    True
    """
    every = tuple(priors)
    if not every or len({(p.name, p.on, tuple(p.arguments)) for p in every}) > 1:
        return None
    template = every[0]
    return template, {k: np.array([p.arguments[k] for p in every]) for k in template.arguments}
