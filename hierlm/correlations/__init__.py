"""Correlation functions of time and place: one a file, and one line here.

They serve residuals (:mod:`hierlm.model`) and group effects (:mod:`hierlm.covariances`) alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hierlm.correlations.ar1 import Ar1
from hierlm.correlations.arma import Arma
from hierlm.correlations.car1 import Car1
from hierlm.correlations.correlation import Coefficient, Correlation, values_of
from hierlm.correlations.cs import Cs
from hierlm.correlations.exp import Exp
from hierlm.correlations.gau import Gau
from hierlm.correlations.lin import Lin
from hierlm.correlations.mat import Mat
from hierlm.correlations.ratio import Ratio
from hierlm.correlations.sph import Sph
from hierlm.correlations.toep import Toep
from hierlm.correlations.us import Us
from hierlm.errors import ModelError, did_you_mean

__all__ = [
    "CORRELATIONS",
    "CORRELATION_NAMES",
    "POSITIONS",
    "Coefficient",
    "Correlation",
    "get_correlation",
    "values_of",
]

CORRELATIONS: Mapping[str, type[Correlation]] = MappingProxyType(
    {c.name: c for c in (Cs, Ar1, Arma, Car1, Toep, Us, Exp, Gau, Ratio, Lin, Sph, Mat)}
)
"""Canonical name → correlation function."""

CORRELATION_NAMES: Mapping[str, str] = MappingProxyType(
    {n.lower(): c.name for c in CORRELATIONS.values() for n in (c.name, *c.aliases)}
)
"""Every name and alias in lower case → canonical name."""


POSITIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {name: (canonical, CORRELATIONS[canonical].needs) for name, canonical in CORRELATION_NAMES.items()}
)
"""Every name and alias in lower case → canonical name, and what a position is to it."""


def get_correlation(name: str, **options: object) -> Correlation:
    """The correlation function called ``name``, by its own name or a peer's, in any case.

    Raises
    ------
    ModelError
        When there is none, with the nearest names, or an option means nothing.

    Examples
    --------
    >>> get_correlation("corCAR1")
    car1()
    >>> get_correlation("exp", nugget=True)
    exp(nugget=True)
    """
    canonical = CORRELATION_NAMES.get(name.lower())
    if canonical is None:
        raise ModelError(f"There is no correlation structure {name!r}.", hint=did_you_mean(name, CORRELATION_NAMES))
    return CORRELATIONS[canonical](**options)
