"""Covariance structures of group effects: one a file, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hierlm.covariances.ante import Ante
from hierlm.covariances.ar1 import Ar1
from hierlm.covariances.car1 import Car1
from hierlm.covariances.cor import Cor
from hierlm.covariances.corh import Corh
from hierlm.covariances.corv import Corv
from hierlm.covariances.covariance import Covariance
from hierlm.covariances.exp import Exp
from hierlm.covariances.gau import Gau
from hierlm.covariances.hetar1 import Hetar1
from hierlm.covariances.homtoep import Homtoep
from hierlm.covariances.idh import Idh
from hierlm.covariances.idv import Idv
from hierlm.covariances.mat import Mat
from hierlm.covariances.propto import Propto
from hierlm.covariances.rr import Rr
from hierlm.covariances.toep import Toep
from hierlm.covariances.us import Us
from hierlm.errors import ModelError, did_you_mean

__all__ = ["COVARIANCES", "NEEDS", "STRUCTURES", "Covariance", "get_covariance"]

COVARIANCES: Mapping[str, type[Covariance]] = MappingProxyType(
    {
        c.name: c
        for c in (
            *(Us, Idh, Idv, Corh, Corv, Cor),
            *(Ar1, Hetar1, Car1, Toep, Homtoep, Ante, Exp, Gau, Mat),
            *(Rr, Propto),
        )
    }
)
"""Canonical name → structure."""

STRUCTURES: Mapping[str, str] = MappingProxyType(
    {n.lower(): c.name for c in COVARIANCES.values() for n in (c.name, *c.aliases)}
)
"""Every name and alias in lower case → canonical name."""

NEEDS: Mapping[str, str] = MappingProxyType({c.name: c.needs for c in COVARIANCES.values() if c.needs})
"""Canonical name → what the structure must know of its effects."""


def get_covariance(name: str, **options: object) -> Covariance:
    """The structure called ``name``, by its own name or a peer's, in any case.

    Parameters
    ----------
    name : str
    **options
        Those of the structure, ``d=2``.

    Raises
    ------
    ModelError
        When there is none, with the nearest names; for an option that it does not have.

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
    return COVARIANCES[canonical](**options)
