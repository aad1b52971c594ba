"""Covariance structures of group effects: one a file, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hierlm.covariances.cor import Cor
from hierlm.covariances.corh import Corh
from hierlm.covariances.corv import Corv
from hierlm.covariances.covariance import Covariance
from hierlm.covariances.idh import Idh
from hierlm.covariances.idv import Idv
from hierlm.covariances.us import Us
from hierlm.errors import ModelError, did_you_mean

__all__ = ["COVARIANCES", "STRUCTURES", "Covariance", "get_covariance"]

COVARIANCES: Mapping[str, type[Covariance]] = MappingProxyType({c.name: c for c in (Us, Idh, Idv, Corh, Corv, Cor)})
"""Canonical name → structure."""

STRUCTURES: Mapping[str, str] = MappingProxyType(
    {n.lower(): c.name for c in COVARIANCES.values() for n in (c.name, *c.aliases)}
)
"""Every name and alias in lower case → canonical name."""


def get_covariance(name: str) -> Covariance:
    """The structure called ``name``, by its own name or a peer's, in any case.

    Raises
    ------
    ModelError
        When there is none, with the nearest names.

    Examples
    --------
    >>> get_covariance("pdDiag")
    Idh()
    >>> get_covariance("us").n_parameters(3)
    6
    """
    canonical = STRUCTURES.get(name.lower())
    if canonical is None:
        raise ModelError(f"There is no covariance structure {name!r}.", hint=did_you_mean(name, STRUCTURES))
    return COVARIANCES[canonical]()
