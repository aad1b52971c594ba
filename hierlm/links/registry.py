"""All links by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from hierlm.errors import ModelError, did_you_mean
from hierlm.links.cauchit import Cauchit
from hierlm.links.cloglog import CLogLog
from hierlm.links.identity import Identity
from hierlm.links.inverse import Inverse
from hierlm.links.inverse_squared import InverseSquared
from hierlm.links.link import Link
from hierlm.links.log import Log
from hierlm.links.logit import Logit
from hierlm.links.loglog import LogLog
from hierlm.links.probit import Probit
from hierlm.links.softplus import Softplus
from hierlm.links.sqrt import Sqrt

__all__ = ["LINKS", "get_link"]

_ALL: tuple[Link, ...] = (
    Identity(),
    Log(),
    Logit(),
    Probit(),
    CLogLog(),
    LogLog(),
    Cauchit(),
    Inverse(),
    InverseSquared(),
    Sqrt(),
    Softplus(),
)

LINKS: Mapping[str, Link] = MappingProxyType({link.name: link for link in _ALL})
"""Every link by its own name."""


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text.casefold())


_BY_KEY = {_key(name): link for link in _ALL for name in (link.name, *link.aliases)}


def get_link(name: str) -> Link:
    """The link called ``name``.

    Case, blanks, hyphens and underscores do not matter; names of other packages are understood.

    Raises
    ------
    ModelError
        When there is no such link; names the nearest.

    Examples
    --------
    >>> get_link("logit")
    <link logit>
    >>> get_link("1/mu^2")
    <link inverse_squared>
    """
    if not isinstance(name, str):
        raise ModelError(f"A link is given by its name, not by {name!r}.", hint=f"Known: {', '.join(LINKS)}.")
    try:
        return _BY_KEY[_key(name)]
    except KeyError:
        raise ModelError(f"Unknown link '{name}'.", hint=did_you_mean(name, LINKS)) from None
