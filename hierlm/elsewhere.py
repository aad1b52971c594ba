"""What people type who know another package, and what hierlm calls it: for messages, never for guessing."""

from __future__ import annotations

import functools
import inspect
from abc import ABC
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hierlm.errors import ModelError, did_you_mean

__all__ = ["Guided", "known_arguments", "lost"]

_FIT = 'hl.Model("y ~ x + (1 | g)", data).fit(seed=1)'
_FITTERS = (
    "lmer",
    "glmer",
    "lme",
    "gls",
    "glmmTMB",
    "brm",
    "bf",
    "MCMCglmm",
    "stan_lmer",
    "stan_glmer",
    "mixedlm",
    "fit",
)
_FAMILIES = ("gaussian", "binomial", "bernoulli", "poisson", "negbinomial", "gamma", "beta")
_DRAWS = ("trace", "idata", "as_draws", "posterior_samples", "extract", "samples", "params")
_ESTIMATES = ("confint", "conf_int", "coefficients", "coefs", "pvalues", "bse", "tvalues", "fe_params")
_CRITERIA = ("aic", "AIC", "bic", "BIC", "llf", "logLik", "loglik", "deviance", "waic", "dic")

MODULE: Mapping[str, str] = {
    **dict.fromkeys(_FITTERS, _FIT),
    **dict.fromkeys(_FAMILIES, 'hl.Model(formula, data, "poisson"): a family is its name, as text'),
    **dict.fromkeys(("set_prior", "prior", "normal"), 'hl.Prior("Normal", mu=0, sigma=5)'),
    **dict.fromkeys(("anova", "loo_compare", "model_comparison"), 'hl.compare({"a": fit, "b": other})'),
    **dict.fromkeys(("emmeans", "ggpredict"), 'fit.marginal_means("f")'),
    **dict.fromkeys(("VarCorr", "var_corr"), "fit.varcorr()"),
}
FIT: Mapping[str, str] = {
    **dict.fromkeys(_DRAWS, "fit.posterior (an xarray Dataset), or fit.tree() for ArviZ"),
    **dict.fromkeys(_ESTIMATES, "fit.summary(level=0.95)"),
    **dict.fromkeys(_CRITERIA, 'fit.loo(), and hl.compare({"a": fit, "b": other})'),
    **dict.fromkeys(("VarCorr", "var_corr", "vcov_re"), "fit.varcorr()"),
    **dict.fromkeys(("fixed_effects", "fixef_"), "fit.fixef()"),
    **dict.fromkeys(("random_effects", "ranef_"), "fit.ranef()"),
    **dict.fromkeys(("sigma", "scale", "vcov"), 'fit.posterior["sigma"], and so on with other names'),
    **dict.fromkeys(("resid", "resids"), "fit.residuals()"),
    **dict.fromkeys(("fitted", "fittedvalues"), "fit.predict()"),
    **dict.fromkeys(("emmeans", "lsmeans"), 'fit.marginal_means("f")'),
    **dict.fromkeys(("pp_check", "ppc"), "fit.plot.ppc()"),
    **dict.fromkeys(("conditional_effects", "marginal_effects"), 'fit.plot.predictions("x")'),
    **dict.fromkeys(("simulate", "posterior_predict"), "fit.posterior_predictive(seed=1)"),
    **dict.fromkeys(("update", "refit", "fit"), "fit.model, and another hl.Model(…).fit() for another formula"),
    **dict.fromkeys(("formula", "data", "family", "priors"), "fit.model: the fit's model has it"),
    "anova": 'hl.compare({"a": fit, "b": other})',
}
PLOTS: Mapping[str, str] = {
    **dict.fromkeys(("pp_check", "posterior_predictive"), "fit.plot.ppc()"),
    **dict.fromkeys(("ranef", "dotplot", "forest", "random"), 'fit.plot.caterpillar("g")'),
    **dict.fromkeys(("qqmath", "qqnorm"), "fit.plot.qq()"),
    **dict.fromkeys(("resid", "resids"), "fit.plot.residuals()"),
    **dict.fromkeys(("conditional_effects", "effect", "ggpredict"), 'fit.plot.predictions("x")'),
    **dict.fromkeys(
        ("trace", "posterior", "rank", "pairs"), "fit.tree(), which ArviZ plots: az.plot_trace(fit.tree())"
    ),
}
MODEL_ARGUMENTS: Mapping[str, str] = {
    "weights": "Weights stand in the formula, y | weights(w) ~ x; trials of a binomial too, y | trials(n) ~ x.",
    "offset": "An offset stands in the formula: y ~ x + offset(log(exposure)).",
    "REML": "There is no REML: the posterior averages over the coefficients.",
    "subset": "Select the rows of the data before.",
    **dict.fromkeys(("na_action", "dropna"), 'missing="drop" leaves out incomplete rows.'),
    **dict.fromkeys(("prior", "set_prior"), 'hierlm calls it priors=, {"b": hl.Prior("Normal", mu=0, sigma=5)}.'),
    **dict.fromkeys(("data2", "ginverse", "relmat", "pedigree"), "hierlm calls it matrices=."),
    **dict.fromkeys(("correlation", "rcov", "autocor"), 'hierlm calls it residual=, "ar1(time | g)".'),
    **dict.fromkeys(("dispformula", "sigma"), 'Write two formulas: ["y ~ x + (1 | g)", "sigma ~ z"].'),
    "ziformula": 'Write two formulas and a family: ["y ~ x", "zi ~ z"], family="zero_inflated_poisson".',
    **dict.fromkeys(("groups", "re_formula", "vc_formula"), "Group terms stand in the formula: (1 + x | g)."),
    **dict.fromkeys(
        ("draws", "chains", "iter", "warmup", "tune", "cores", "seed"), "That is for the fit: model.fit(…)."
    ),
}


def lost(owner: object, name: str, words: Mapping[str, str], otherwise: str = "") -> AttributeError:
    """The error for an attribute that is not there: what to write instead, where that is known."""
    who = "hierlm" if inspect.ismodule(owner) else f"A {type(owner).__name__}"
    hint = f"Write {words[name]}." if name in words else otherwise
    return AttributeError(f"{who} has no {name!r}.{' ' if hint else ''}{hint}", name=name, obj=owner)


class Guided(ABC):  # noqa: B024 - the part of Model, Fit and Plots that answers for what they lack
    """Names that are not there are answered with the name that hierlm has."""

    _words: Mapping[str, str] = {}
    _otherwise: str = ""

    if not TYPE_CHECKING:  # a type checker still sees which names there are

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property that failed says itself why
                return object.__getattribute__(self, name)
            raise lost(self, name, self._words, "" if name.startswith("_") else self._otherwise)


def known_arguments[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Answer arguments of ``Model`` that it does not have with what to write instead."""
    known = [p.name for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
    every = {*inspect.signature(function).parameters}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in kwargs:
            if name not in every:
                hint = MODEL_ARGUMENTS.get(name) or did_you_mean(name, known, n=1)
                raise ModelError(f"Model() has no argument '{name}'.", hint=hint)
        return function(*args, **kwargs)

    return checked
