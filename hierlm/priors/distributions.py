"""What hierlm knows of PyMC's continuous univariate distributions: arguments, their domains, the support.

One entry a distribution.  A distribution that is not listed here cannot be a prior; ``Interpolated`` (takes arrays)
and ``PolyaGamma`` (density is a truncated series) are left out on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["DISTRIBUTIONS", "DOMAINS", "Distribution", "find_distribution"]

Values = Mapping[str, float]

DOMAINS: Mapping[str, tuple[str, Callable[[float], bool]]] = MappingProxyType(
    {
        "real": ("a finite number", lambda _: True),
        "positive": ("greater than 0", lambda x: x > 0),
        "nonnegative": ("at least 0", lambda x: x >= 0),
        "unit": ("between 0 and 1", lambda x: 0 < x < 1),
    }
)
"""Domain of an argument → (its description, whether a finite number lies in it)."""


@dataclass(frozen=True)
class Distribution:
    """One continuous univariate distribution of PyMC.

    Parameters
    ----------
    forms : tuple of tuple of str
        The sets of arguments that define it, each complete: ``(("mu", "sigma"), ("mu", "tau"))``.
    domains : mapping of str to str
        Argument → key of :data:`DOMAINS`.
    support : callable
        Arguments → (lower, upper).
    defaults : mapping of str to float
        Arguments that may be left out.
    proper : bool
        Whether the density integrates to one.
    condition : (str, callable), optional
        A condition on the arguments together: how it reads, and whether it holds.
    aliases : tuple of str
        Further names; case and underscores never matter.
    transform : str, optional
        The transform of ``pymc.distributions.transforms`` to sample it by, where PyMC itself has none.
    typical : mapping of tuple of str to callable
        Form → PyMC's support point as a function of the arguments, where it is short; others are left to PyMC.
    """

    forms: tuple[tuple[str, ...], ...]
    domains: Mapping[str, str]
    support: Callable[[Values], tuple[float, float]]
    defaults: Mapping[str, float] = field(default_factory=dict)
    proper: bool = True
    condition: tuple[str, Callable[[Values], bool]] | None = None
    aliases: tuple[str, ...] = ()
    transform: str | None = None
    typical: Mapping[tuple[str, ...], Callable[..., float]] = field(default_factory=dict)


def _real(_: Values) -> tuple[float, float]:
    return -math.inf, math.inf


def _positive(_: Values) -> tuple[float, float]:
    return 0.0, math.inf


def _unit(_: Values) -> tuple[float, float]:
    return 0.0, 1.0


def _bounds(v: Values) -> tuple[float, float]:
    return v.get("lower", -math.inf), v.get("upper", math.inf)


def _ordered(v: Values) -> bool:
    lower, upper = _bounds(v)
    return lower < upper


def _beta_possible(v: Values) -> bool:
    return "sigma" not in v or v["sigma"] ** 2 < v["mu"] * (1 - v["mu"])


_AT_ZERO = {"mu": 0.0}
_MU_SIGMA_TAU = {"mu": "real", "sigma": "positive", "tau": "positive"}
_TRUNCATED = tuple(
    ("mu", scale, *bounds) for scale in ("sigma", "tau") for bounds in (("lower",), ("upper",), ("lower", "upper"))
)

DISTRIBUTIONS: Mapping[str, Distribution] = MappingProxyType(
    {
        "AsymmetricLaplace": Distribution(
            (("kappa", "mu", "b"), ("q", "mu", "b")),
            {"kappa": "positive", "q": "unit", "mu": "real", "b": "positive"},
            _real,
            _AT_ZERO,
        ),
        "Beta": Distribution(
            (("alpha", "beta"), ("mu", "sigma"), ("mu", "nu")),
            {"alpha": "positive", "beta": "positive", "mu": "unit", "sigma": "positive", "nu": "positive"},
            _unit,
            condition=("sigma² < mu (1 − mu)", _beta_possible),
            typical={("alpha", "beta"): lambda alpha, beta: alpha / (alpha + beta)},
        ),
        "Cauchy": Distribution(
            (("alpha", "beta"),),
            {"alpha": "real", "beta": "positive"},
            _real,
            {"alpha": 0.0},
            typical={("alpha", "beta"): lambda alpha, beta: alpha},
        ),
        "ChiSquared": Distribution((("nu",),), {"nu": "positive"}, _positive, aliases=("chi2", "chi_square")),
        "ExGaussian": Distribution(
            (("mu", "sigma", "nu"),), {"mu": "real", "sigma": "positive", "nu": "positive"}, _real, _AT_ZERO
        ),
        "Exponential": Distribution(
            (("lam",), ("scale",)),
            {"lam": "positive", "scale": "positive"},
            _positive,
            aliases=("expon", "exp"),
            typical={("lam",): lambda lam: 1.0 / lam, ("scale",): lambda scale: scale},
        ),
        "Flat": Distribution(((),), {}, _real, proper=False, aliases=("improper",)),
        "Gamma": Distribution(
            (("alpha", "beta"), ("mu", "sigma")),
            {"alpha": "positive", "beta": "positive", "mu": "positive", "sigma": "positive"},
            _positive,
            typical={("alpha", "beta"): lambda alpha, beta: alpha / beta, ("mu", "sigma"): lambda mu, sigma: mu},
        ),
        "Gumbel": Distribution((("mu", "beta"),), {"mu": "real", "beta": "positive"}, _real, _AT_ZERO),
        "HalfCauchy": Distribution(
            (("beta",),), {"beta": "positive"}, _positive, typical={("beta",): lambda beta: beta}
        ),
        "HalfFlat": Distribution(((),), {}, _positive, proper=False),
        "HalfNormal": Distribution(
            (("sigma",), ("tau",)),
            {"sigma": "positive", "tau": "positive"},
            _positive,
            aliases=("half_gaussian",),
            typical={("sigma",): lambda sigma: sigma},
        ),
        "HalfStudentT": Distribution(
            (("nu", "sigma"), ("nu", "lam")),
            {"nu": "positive", "sigma": "positive", "lam": "positive"},
            _positive,
            aliases=("half_t", "half_student"),
            typical={("nu", "sigma"): lambda nu, sigma: sigma},
        ),
        "InverseGamma": Distribution(
            (("alpha", "beta"), ("mu", "sigma")),
            {"alpha": "positive", "beta": "positive", "mu": "positive", "sigma": "positive"},
            _positive,
            aliases=("inv_gamma",),
        ),
        "Kumaraswamy": Distribution((("a", "b"),), {"a": "positive", "b": "positive"}, _unit),
        "Laplace": Distribution(
            (("mu", "b"),), {"mu": "real", "b": "positive"}, _real, _AT_ZERO, aliases=("double_exponential",)
        ),
        "LogNormal": Distribution(
            (("mu", "sigma"), ("mu", "tau")),
            _MU_SIGMA_TAU,
            _positive,
            _AT_ZERO,
            typical={("mu", "sigma"): lambda mu, sigma: math.exp(mu + 0.5 * sigma**2)},
        ),
        "Logistic": Distribution((("mu", "s"),), {"mu": "real", "s": "positive"}, _real, _AT_ZERO),
        "LogitNormal": Distribution(
            (("mu", "sigma"), ("mu", "tau")), _MU_SIGMA_TAU, _unit, _AT_ZERO, transform="logodds"
        ),
        "Moyal": Distribution((("mu", "sigma"),), {"mu": "real", "sigma": "positive"}, _real, _AT_ZERO),
        "Normal": Distribution(
            (("mu", "sigma"), ("mu", "tau")),
            _MU_SIGMA_TAU,
            _real,
            _AT_ZERO,
            aliases=("gaussian", "norm"),
            typical={("mu", "sigma"): lambda mu, sigma: mu},
        ),
        "Pareto": Distribution((("alpha", "m"),), {"alpha": "positive", "m": "positive"}, lambda v: (v["m"], math.inf)),
        "Rice": Distribution(
            (("nu", "sigma"), ("b", "sigma")), {"nu": "nonnegative", "b": "nonnegative", "sigma": "positive"}, _positive
        ),
        "SkewNormal": Distribution(
            (("alpha", "mu", "sigma"), ("alpha", "mu", "tau")), {"alpha": "real"} | _MU_SIGMA_TAU, _real, _AT_ZERO
        ),
        "SkewStudentT": Distribution(
            (("a", "b", "mu", "sigma"), ("a", "b", "mu", "lam")),
            {"a": "positive", "b": "positive", "mu": "real", "sigma": "positive", "lam": "positive"},
            _real,
            _AT_ZERO,
        ),
        "StudentT": Distribution(
            (("nu", "mu", "sigma"), ("nu", "mu", "lam")),
            {"nu": "positive", "mu": "real", "sigma": "positive", "lam": "positive"},
            _real,
            _AT_ZERO,
            aliases=("t", "student"),
            typical={("nu", "mu", "sigma"): lambda nu, mu, sigma: mu},
        ),
        "Triangular": Distribution(
            (("lower", "c", "upper"),),
            {"lower": "real", "c": "real", "upper": "real"},
            _bounds,
            condition=(
                "lower ≤ c ≤ upper and lower < upper",
                lambda v: v["lower"] <= v["c"] <= v["upper"] and _ordered(v),
            ),
        ),
        "TruncatedNormal": Distribution(
            _TRUNCATED,
            _MU_SIGMA_TAU | {"lower": "real", "upper": "real"},
            _bounds,
            _AT_ZERO,
            condition=("lower < upper", _ordered),
            aliases=("trunc_normal",),
        ),
        "Uniform": Distribution(
            (("lower", "upper"),),
            {"lower": "real", "upper": "real"},
            _bounds,
            condition=("lower < upper", _ordered),
            aliases=("unif",),
            typical={("lower", "upper"): lambda lower, upper: 0.5 * (lower + upper)},
        ),
        "VonMises": Distribution(
            (("mu", "kappa"),), {"mu": "real", "kappa": "positive"}, lambda _: (-math.pi, math.pi), _AT_ZERO
        ),
        "Wald": Distribution(
            (("mu", "lam"), ("mu", "phi"), ("lam", "phi")),
            {"mu": "positive", "lam": "positive", "phi": "positive"},
            _positive,
            aliases=("inverse_gaussian",),
        ),
        "Weibull": Distribution((("alpha", "beta"),), {"alpha": "positive", "beta": "positive"}, _positive),
    }
)
"""Canonical (PyMC) name → :class:`Distribution`."""


def _key(name: str) -> str:
    """Names are compared without case, underscores, hyphens and blanks."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


_CANONICAL = {_key(n): name for name, d in DISTRIBUTIONS.items() for n in (name, *d.aliases)}


def find_distribution(name: str) -> str | None:
    """The canonical name of a distribution, or None.

    Examples
    --------
    >>> find_distribution("half_normal"), find_distribution("t"), find_distribution("norml")
    ('HalfNormal', 'StudentT', None)
    """
    return _CANONICAL.get(_key(name))
