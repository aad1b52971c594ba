"""Families and links as PyMC distributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hierlm.errors import TranslationError
from hierlm.model.values import ModelResponse

__all__ = ["distribution", "inverse_link"]

Values = Mapping[str, str]

INVERSES: Mapping[str, str] = {
    "identity": "{}",
    "log": "pt.exp({})",
    "inverse": "(1.0 / {})",
    "inverse_squared": "(1.0 / pt.sqrt({}))",
    "sqrt": "({}) ** 2",
    "softplus": "pt.softplus({})",
    "logit": "pt.sigmoid({})",
    "probit": "(0.5 * pt.erfc(-({}) / np.sqrt(2.0)))",
    "cloglog": "(-pt.expm1(-pt.exp({})))",
    "loglog": "pt.exp(-pt.exp(-({})))",
    "cauchit": "(0.5 + pt.arctan({}) / np.pi)",
}
"""Link → its inverse."""

DISTRIBUTIONS: Mapping[str, Callable[[Values], str]] = {
    "gaussian": lambda v: f"Normal(mu={v['mu']}, sigma={_sd(v)})",
    "student_t": lambda v: f"StudentT(nu={v['nu']}, mu={v['mu']}, sigma={v['sigma']})",
    "lognormal": lambda v: f"LogNormal(mu={v['mu']}, sigma={v['sigma']})",
    "gamma": lambda v: f"Gamma(alpha={v['shape']}, beta={v['shape']} / {v['mu']})",
    "inverse_gaussian": lambda v: f"Wald(mu={v['mu']}, lam={v['shape']})",
    "beta": lambda v: f"Beta(alpha={v['mu']} * {v['phi']}, beta=(1.0 - {v['mu']}) * {v['phi']})",
    "poisson": lambda v: f"Poisson(mu={v['mu']})",
    "negbinomial": lambda v: f"NegativeBinomial(mu={v['mu']}, alpha={v['shape']})",
    "negbinomial1": lambda v: f"NegativeBinomial(mu={v['mu']}, alpha={v['mu']} / {v['phi']})",
    "binomial": lambda v: f"Binomial(n={v['trials']}.astype(int), p={v['mu']})",
    "bernoulli": lambda v: f"Bernoulli(p={v['mu']})",
    "beta_binomial": lambda v: (
        f"BetaBinomial(n={v['trials']}.astype(int), alpha={v['mu']} * {v['phi']}, beta=(1.0 - {v['mu']}) * {v['phi']})"
    ),
    "exponential": lambda v: f"Exponential(scale={v['mu']})",
}
"""Family → its distribution, of the texts of its parameters and additions."""

ADDITIONS = frozenset({"trials", "weights", "se"})


def _sd(values: Values) -> str:
    if "se" not in values:
        return values["sigma"]
    return (
        f"np.sqrt({values['se']} ** 2)"
        if "sigma" not in values
        else (f"pt.sqrt({values['se']} ** 2 + {values['sigma']} ** 2)")
    )


def inverse_link(link: str, eta: str) -> str:
    """The parameter from the text of its linear predictor.

    Raises
    ------
    TranslationError
        For a link that is not written yet.
    """
    if link not in INVERSES:
        raise TranslationError(f"A script does not write the link '{link}' yet.", hint="Write the script by hand.")
    return INVERSES[link].format(eta)


def distribution(response: ModelResponse, values: Values) -> tuple[str, str]:
    """The distribution of a response and its arguments.

    Raises
    ------
    TranslationError
        For a family or an addition that is not written yet.
    """
    unknown = set(response.additions) - ADDITIONS
    if response.family.name not in DISTRIBUTIONS or unknown:
        what = f"{sorted(unknown)[0]}()" if unknown else f"the family '{response.family.name}'"
        known = ", ".join(DISTRIBUTIONS)
        raise TranslationError(f"A script does not write {what} yet.", hint=f"Families that it writes: {known}.")
    name, _, arguments = DISTRIBUTIONS[response.family.name](values).partition("(")
    return name, arguments.removesuffix(")")
