"""The log density of every prior at the draws of the posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.posterior.draws import correlation_draws, labelled
from hierlm.priors import LKJ, Conditional, Fixed, Prior
from hierlm.priors.dirichlet import Dirichlet

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.model.assign import Assignment
    from hierlm.model.values import GroupBlock

__all__ = ["log_prior"]

Floats = NDArray[np.float64]


def log_prior(fit: Fit) -> dict[str, Floats]:
    """The log density of the prior of every free parameter at each draw, on the scale that users see.

    Group effects are no part of it: their distribution given ``sd`` and ``cor`` belongs to the model.  So does that of
    coefficients under a joint prior given its hyperparameters, whose densities are there.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    dict
        Name of a parameter as :meth:`hierlm.Model.priors` has it → (chain, draw) array.  Each is exact up to one
        number, the same for all draws (a truncated prior is not divided by its mass).

    Examples
    --------
    >>> sum(log_prior(fit).values()).shape  # doctest: +SKIP
    (4, 1000)
    """
    return {a.name: _density(fit, a) for a in fit.model.assignments if not isinstance(a.prior, Fixed | Conditional)}


def _density(fit: Fit, a: Assignment) -> Floats:
    if a.kind == "correlation":
        return _correlation(fit, a)
    if isinstance(a.prior, Dirichlet):
        return a.prior.log_density(labelled(fit, a.variable)[1])
    labels, values = labelled(fit, a.variable)
    if not isinstance(a.prior, Prior):
        raise PosteriorError(f"The density of {a.prior} at draws of {a.name} is not known.", hint="Use hl.Prior(…).")
    if a.kind == "elements":
        own = _elements(fit, a)
        return np.asarray(a.prior.log_density(values[..., [labels.index(e) for e in own]]).sum(axis=-1))
    return np.asarray(a.prior.log_density(values[..., labels.index(a.label or "")]))


def _elements(fit: Fit, a: Assignment) -> tuple[str, ...]:
    """The labels of all elements that share the prior."""
    owner = next(r for r in fit.model.responses if r.label == a.label and a.variable in r.elements)
    return tuple(owner.elements[a.variable])


def _block(fit: Fit, a: Assignment) -> GroupBlock:
    """The block whose correlations the prior is about."""
    same = (b for b in fit.model.blocks if names.cor(b.group) == a.variable and ", ".join(b.effects) == a.label)
    return next(same)


def _correlation(fit: Fit, a: Assignment) -> Floats:
    """LKJ: (η − 1) log det R; of a single correlation the density of its prior."""
    R = correlation_draws(fit, _block(fit, a))
    shape = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    if isinstance(a.prior, LKJ):
        with np.errstate(all="ignore"):
            found = (a.prior.eta - 1.0) * np.linalg.slogdet(R)[1]
    else:
        assert isinstance(a.prior, Prior)
        found = a.prior.log_density(R[:, 0, 1])
    return np.asarray(found).reshape(shape)
