"""Samplers by name; each imports its library only when it samples."""

from __future__ import annotations

from importlib.util import find_spec
from types import MappingProxyType

from hierlm.errors import SamplingError, did_you_mean
from hierlm.samplers.blackjax import BlackJAX
from hierlm.samplers.hmc import HMC
from hierlm.samplers.importance import Importance
from hierlm.samplers.independence import Independence
from hierlm.samplers.laplace import Laplace
from hierlm.samplers.numpyro import NumPyro
from hierlm.samplers.nutpie import Nutpie
from hierlm.samplers.pymc import PyMC
from hierlm.samplers.sampler import ProblemSampler, Sampler, Settings

__all__ = [
    "HMC",
    "SAMPLERS",
    "BlackJAX",
    "Importance",
    "Independence",
    "Laplace",
    "NumPyro",
    "Nutpie",
    "ProblemSampler",
    "PyMC",
    "Sampler",
    "Settings",
    "get_sampler",
]

SAMPLERS = MappingProxyType(
    {s.name: s for s in (Nutpie(), PyMC(), NumPyro(), BlackJAX(), Independence(), HMC(), Importance(), Laplace())}
)
"""Every sampler by name."""


def get_sampler(name: str) -> Sampler:
    """The sampler called ``name``.

    Raises
    ------
    SamplingError
        When there is none of that name, or its library is not installed (with the command that installs it).

    Examples
    --------
    >>> get_sampler("nutpie").name
    'nutpie'
    """
    if name not in SAMPLERS:
        raise SamplingError(f"There is no sampler called {name!r}.", hint=did_you_mean(str(name), SAMPLERS))
    sampler = SAMPLERS[name]
    missing = [module for module in sampler.requires if find_spec(module) is None]
    if missing:
        package = f"hierlm[{sampler.extra}]" if sampler.extra else missing[0]
        raise SamplingError(
            f"The sampler '{name}' needs {' and '.join(missing)}.", hint=f'Install it: pip install "{package}"'
        )
    return sampler
