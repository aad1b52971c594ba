"""The Bernoulli family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm.errors import DataError, did_you_mean, warn_data
from hierlm.families.checks import check_additions, check_codes, check_finite, check_varies
from hierlm.families.density import DensityFamily
from hierlm.families.family import Additions, Predicted
from hierlm.families.probability import MU, latent_threshold_variance
from hierlm.families.scale import probability_link_scale
from hierlm.links import Link
from hierlm.priors.prior import Prior

__all__ = ["Bernoulli"]

Tensor = Any
Floats = NDArray[np.float64]

_PLAIN = frozenset({("false", "true"), ("no", "yes"), ("n", "y"), ("f", "t"), ("0", "1"), ("absent", "present"),
                    ("failure", "success"), ("off", "on")})  # fmt: skip
"""Pairs of levels whose second one is a success beyond doubt."""


@final
class Bernoulli(DensityFamily):
    """y ~ Bernoulli(μ), 0 or 1: mean μ, variance μ(1 − μ).

    Of two categories the second is 1, unless the formula picks one: ``y["yes"] ~ …``.
    """

    name = "bernoulli"
    aliases = ("binary",)
    parameters = (MU,)
    support = (0.0, 1.0)
    discrete = True

    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """y log μ + (1 − y) log(1 − μ)."""
        mu = parameters["mu"]
        inside = pt.eq(y, 0) | pt.eq(y, 1)
        return pt.switch(inside, mu.link.log_mass(mu.eta, y, 1 - y), -np.inf)

    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """PyMC's Bernoulli."""
        return pm.Bernoulli.dist(p=parameters["mu"].value, size=size)

    def mean(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ."""
        return parameters["mu"].value

    def variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """μ(1 − μ)."""
        mu = parameters["mu"]
        return pt.exp(mu.log + mu.log_complement)

    def prepare(
        self,
        name: str,
        values: Floats,
        levels: tuple[str, ...] | None,
        success: str | None,
        additions: Mapping[str, Floats],
    ) -> Floats:
        """0 and 1, or two categories; always 0 is a warning, always 1 an error.

        Warns
        -----
        DataWarning
            When the second category of a text column becomes 1 and its name does not say so by itself.
        """
        check_finite(name, values)
        if levels is None:
            values = _binary(name, values, success)
        else:
            chosen = _success(name, levels, success)
            check_codes(name, values, levels)
            values = (values == levels.index(chosen)).astype(float)
        check_additions(additions)
        check_varies(self.name, name, values, zeros=True)
        return values

    def default_priors(self, y: Floats, additions: Mapping[str, Floats]) -> dict[str, Prior]:
        """None: the probability is the only parameter."""
        return {}

    def link_scale(self, y: Floats, link: Link, additions: Mapping[str, Floats]) -> tuple[float, float]:
        """g(share of ones) and 1."""
        return probability_link_scale(y, np.ones_like(y), link)

    def latent_variance(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """Var(ε) of the latent threshold model: π²/3 logit, 1 probit, π²/6 cloglog and loglog, exact.

        The identity and log links have no threshold model: delta method and log(1 + Var/μ²) = −log μ.
        """
        return latent_threshold_variance(parameters["mu"])


def _binary(name: str, values: Floats, success: str | None) -> Floats:
    """Numbers as 0 and 1."""
    if success is not None:
        try:
            wanted = float(success)
        except ValueError:
            wanted = np.nan
        if not np.any(values == wanted):
            raise DataError(
                f"'{name}' is numeric and has no value {success!r}.", column=name, hint="Pick a number in it."
            )
        return (values == wanted).astype(float)
    other = np.flatnonzero(~np.isin(values, (0.0, 1.0)))
    if other.size == 0:
        return values
    found = np.unique(values)
    if len(found) == 2:
        raise DataError(
            f"The response '{name}' is coded {found[0]:g} and {found[1]:g}, but bernoulli needs 0 and 1.",
            column=name,
            rows=other.tolist(),
            hint=f'Pick the success, {name}["{found[1]:g}"] ~ …, or make a column of 0 and 1.',
        )
    raise DataError(
        f"The response '{name}' has {len(found)} different values, but bernoulli needs 0 and 1.",
        column=name,
        rows=other.tolist(),
        hint='Counts: family="poisson". Successes of several trials: y | trials(n) with family="binomial".',
    )


def _success(name: str, levels: tuple[str, ...], success: str | None) -> str:
    """The category that counts as 1."""
    if success is not None:
        if success not in levels:
            raise DataError(f"'{name}' has no level {success!r}.", column=name, hint=did_you_mean(success, levels))
        return success
    if len(levels) > 2:
        raise DataError(
            f"The response '{name}' has {len(levels)} levels, but bernoulli needs two.",
            column=name,
            hint=f'Pick one against the rest: {name}["{levels[-1]}"] ~ …',
        )
    if len(levels) < 2:
        raise DataError(
            f"The response '{name}' has one level only: there is nothing to model.",
            column=name,
            hint="Check the column, and whether a filter has left only one value.",
        )
    if tuple(level.strip().casefold() for level in levels) not in _PLAIN:
        warn_data(
            f"The response '{name}' has the levels {levels[0]!r} and {levels[1]!r}: {levels[1]!r} counts as 1. "
            f'Write {name}["{levels[1]}"] ~ … or {name}["{levels[0]}"] ~ … to say which you mean.'
        )
    return levels[1]
