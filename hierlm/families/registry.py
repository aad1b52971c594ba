"""All families by name, and how a family is written as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from hierlm.errors import ModelError, did_you_mean
from hierlm.families.acat import ACat
from hierlm.families.bernoulli import Bernoulli
from hierlm.families.beta import Beta
from hierlm.families.beta_binomial import BetaBinomial
from hierlm.families.binomial import Binomial
from hierlm.families.cratio import CRatio
from hierlm.families.cumulative import Cumulative
from hierlm.families.exponential import Exponential
from hierlm.families.family import Family
from hierlm.families.gamma import Gamma
from hierlm.families.gaussian import Gaussian
from hierlm.families.hurdle_gamma import HurdleGamma
from hierlm.families.hurdle_lognormal import HurdleLogNormal
from hierlm.families.hurdle_negbinomial import HurdleNegativeBinomial
from hierlm.families.hurdle_poisson import HurdlePoisson
from hierlm.families.inverse_gaussian import InverseGaussian
from hierlm.families.lognormal import LogNormal
from hierlm.families.negbinomial import NegativeBinomial
from hierlm.families.negbinomial1 import NegativeBinomial1
from hierlm.families.poisson import Poisson
from hierlm.families.sratio import SRatio
from hierlm.families.student_t import StudentT
from hierlm.families.truncated_negbinomial import TruncatedNegativeBinomial
from hierlm.families.truncated_poisson import TruncatedPoisson
from hierlm.families.zero_inflated_binomial import ZeroInflatedBinomial
from hierlm.families.zero_inflated_negbinomial import ZeroInflatedNegativeBinomial
from hierlm.families.zero_inflated_poisson import ZeroInflatedPoisson
from hierlm.families.zero_one_inflated_beta import ZeroOneInflatedBeta
from hierlm.links import get_link

__all__ = ["FAMILIES", "get_family"]

_ALL: tuple[Family, ...] = (
    Gaussian(),
    StudentT(),
    LogNormal(),
    Gamma(),
    InverseGaussian(),
    Beta(),
    Poisson(),
    NegativeBinomial(),
    NegativeBinomial1(),
    Binomial(),
    Bernoulli(),
    BetaBinomial(),
    Exponential(),
    ZeroInflatedPoisson(),
    ZeroInflatedNegativeBinomial(),
    ZeroInflatedBinomial(),
    HurdlePoisson(),
    HurdleNegativeBinomial(),
    HurdleGamma(),
    HurdleLogNormal(),
    ZeroOneInflatedBeta(),
    TruncatedPoisson(),
    TruncatedNegativeBinomial(),
    Cumulative(),
    SRatio(),
    CRatio(),
    ACat(),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ALL})
"""Every family by its own name."""


def _key(text: str) -> str:
    return re.sub(r"[\s._-]+", "", text.casefold())


_BY_KEY = {_key(name): family for family in _ALL for name in (family.name, *family.aliases)}

_TEXT = re.compile(r"\s*([A-Za-z][\w.]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_ARGUMENT = re.compile(r"\s*(?:(link(?:_\w+)?)\s*=\s*)?(?:'([^']*)'|\"([^\"]*)\"|([\w/^]+))\s*")


def get_family(text: str) -> tuple[Family, dict[str, str]]:
    """The family called ``text``, with the links given along with it.

    Parameters
    ----------
    text : str
        ``"poisson"``, ``"binomial(probit)"``, ``'Gamma(link="log")'``, ``"negbinomial(log, link_shape=identity)"``.
        Case, dots and underscores do not matter; the names of lme4, glmmTMB, brms and Bambi are understood.

    Returns
    -------
    family : Family
    links : dict of parameter → canonical link name
        Empty where none is given.

    Raises
    ------
    ModelError
        Unknown family, link or parameter, or text that cannot be read; names the nearest.

    Examples
    --------
    >>> get_family('binomial("probit")')
    (<family binomial>, {'mu': 'probit'})
    >>> get_family("nbinom2")
    (<family negbinomial>, {})
    """
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ModelError(f"A family cannot be read from {text!r}.", hint='Write e.g. family="binomial(probit)".')
    family = _BY_KEY.get(_key(match[1]))
    if family is None:
        near = did_you_mean(match[1], _names())
        hint = near if near.startswith("Did") else f"Known: {', '.join(FAMILIES)}."
        raise ModelError(f"Unknown family '{match[1]}'.", hint=hint)
    return family, _links(text, family, match[2])


def _names() -> list[str]:
    return [*FAMILIES, *(alias for family in _ALL for alias in family.aliases)]


def _links(text: str, family: Family, arguments: str | None) -> dict[str, str]:
    """``"log, link_shape=identity"`` → {"mu": "log", "shape": "identity"}."""
    found: dict[str, str] = {}
    if arguments is None or not arguments.strip():
        return found
    known = {p.name: p for p in family.parameters}
    for argument in arguments.split(","):
        match = _ARGUMENT.fullmatch(argument)
        if match is None:
            raise ModelError(f"The link of family {text!r} cannot be read.", hint='Write e.g. "binomial(probit)".')
        parameter = (match[1] or "link").removeprefix("link").removeprefix("_") or "mu"
        if parameter not in known:
            raise ModelError(f"{family.name} has no parameter '{parameter}'.", hint=did_you_mean(parameter, known))
        if parameter in found:
            raise ModelError(f"Family {text!r} gives two links for '{parameter}'.", hint="Give one.")
        link = get_link(match[2] or match[3] or match[4] or "")
        if link.name not in known[parameter].links:
            raise ModelError(
                f"'{parameter}' of {family.name} cannot have the link '{link.name}'.",
                hint=f"It can have: {', '.join(known[parameter].links)}.",
            )
        found[parameter] = link.name
    return found
