"""Models whose effects are sampled whitened, small enough for dense algebra, and their densities by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import expit, logsumexp

import hierlm as hl
from hierlm import names
from hierlm.kernels.problem import moments, structure_of
from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.reduction import Problem
from hierlm.reductions.whitened import Whitened
from tests.unit.reductions.dense import Natural, dense_design, relations, unpacked, unrelated_factor
from tests.unit.reductions.gaussian_models import related_by

REDUCTION = Whitened()


def frame(seed: int = 0, n: int = 48) -> dict[str, Any]:
    """Rows in no order; ``u`` has one level a row, ``a`` lies inside ``h``."""
    rng = np.random.default_rng(seed)
    g, h = rng.integers(0, 6, n), rng.integers(0, 4, n)
    x, eta = rng.normal(size=n), rng.normal(0.5, 0.7, n) + 0.4 * rng.normal(size=6)[g]
    trials = rng.integers(1, 9, n)
    labels = {key: np.array([f"{key}{i}" for i in v]) for key, v in (("g", g), ("h", h), ("u", rng.permutation(n)))}
    return labels | {
        "a": np.array([f"a{i % 2}" for i in g]),
        "m": np.array([f"m{i}" for i in rng.integers(0, 3, n)]),
        "f": np.array(["p", "q", "r"])[rng.integers(0, 3, n)],
        "x": x,
        "w": rng.uniform(0.5, 2.0, n),
        "n": trials,
        "k": rng.poisson(np.exp(eta)),
        "t": rng.binomial(trials, expit(eta)),
        "s": rng.binomial(1, expit(eta)),
        "y": rng.normal(eta, 1.0),
        "p": rng.gamma(2.0, np.exp(eta) / 2.0),
        "q": np.clip(rng.beta(3 * expit(eta), 3 * expit(-eta)), 1e-3, 1 - 1e-3),
    }


HEAVY = {"b[Intercept]": hl.Prior("StudentT", nu=3, mu=0.5, sigma=2), "b[x]": hl.Prior("Cauchy", alpha=0.2, beta=1)}
SHARP = {"b[Intercept]": hl.Prior("Logistic", mu=0.3, s=1.5), "b[x]": hl.Prior("Laplace", mu=-0.2, b=1)}

MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "one factor": ("k ~ x + (1 | g)", "poisson", {}),
    "us 2": ("k ~ x + (x | g)", "poisson", {}),
    "us 3": ("k ~ us(0 + f | g)", "poisson", {}),
    "idh": ("k ~ x + (x || g)", "poisson", {}),
    "idv": ("k ~ idv(0 + f | g)", "poisson", {}),
    "corh": ("k ~ corh(0 + f | g)", "poisson", {}),
    "cor": ("k ~ x + cor(1 + x | g)", "poisson", {}),
    "nested": ("k ~ x + (1 | h/a)", "poisson", {}),
    "crossed": ("k ~ x + (x | g) + (1 | h)", "poisson", {}),
    "three factors": ("k ~ x + (1 | g) + (0 + x | h) + (1 | m)", "poisson", {}),
    "offset": ("k ~ offset(x) + (1 | g)", "poisson", {}),
    "weights": ("k | weights(w) ~ x + (1 | g)", "poisson", {}),
    "weights a row": ("k | weights(w) ~ x + (1 | g) + (1 | u)", "poisson", {}),
    "duplicates": ("k ~ f + (1 | h)", "poisson", {}),
    "duplicate trials": ("t | trials(n) ~ f + (1 | m)", "binomial", {}),
    "duplicate shapes": ("k ~ f + (1 | m)", "negbinomial", {}),
    "no groups": ("k ~ x", "poisson", HEAVY),
    "no coefficients": ("k ~ 0 + (1 | g)", "poisson", {}),
    "fixed": ("k ~ x + (x | g)", "negbinomial", {"b[x]": 0.2, "sd_g[x]": 0.4, "shape": 2.5}),
    "all fixed": ("k ~ x + (1 | g)", "poisson", {"sd_g": 0.5}),
    "heavy": ("k ~ x + (1 | g)", "poisson", HEAVY),
    "sharp": ("k ~ x + (x | g)", "poisson", SHARP),
    "flat": ("k ~ x + (1 | g)", "poisson", {"b": hl.Prior("Flat"), "sd_g": hl.Prior("Gamma", alpha=2, beta=1)}),
    "logit": ("s ~ x + (1 | g) + (1 | h)", "bernoulli", {"sd_g": hl.Prior("HalfCauchy", beta=1)}),
    "probit": ("s ~ x + (1 | g)", "bernoulli(probit)", {}),
    "cloglog": ("s ~ x + (1 | g)", "bernoulli(cloglog)", {}),
    "binomial": ("t | trials(n) ~ x + (1 | h/a)", "binomial", {}),
    "negbinomial": ("k ~ x + (x | g)", "negbinomial", {}),
    "negbinomial1": ("k ~ x + (1 | g)", "negbinomial1", {}),
    "gamma": ("p ~ x + (1 | g)", "gamma(log)", {}),
    "inverse gaussian": ("p ~ x + (1 | g)", "inverse_gaussian(log)", {}),
    "exponential": ("p ~ x + (1 | g)", "exponential", {}),
    "beta": ("q ~ x + (1 | g)", "beta", {}),
    "beta-binomial": ("t | trials(n) ~ x + (1 | g)", "beta_binomial", {}),
    "student": ("y ~ x + (x | g)", "student_t", {}),
    "lognormal": ("p ~ x + (1 | g)", "lognormal", {}),
    "gaussian": ("y ~ x + (x | g)", "gaussian", HEAVY),
    "smooth": ("k ~ s(x, k=6) + (1 | g)", "poisson", {}),
    "smooths": ("p ~ f + s(x, k=4, by=f) + s(w, k=5, bs='cc') + (1 | h)", "gamma(log)", {"sd_s(w)": 0.7}),
    "surface": ("t | trials(n) ~ t2(x, w, k=4) + (1 | g)", "binomial", {}),
}
"""Every effect is sampled: formula, family, priors."""

RELATED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "pedigree": ("k ~ x + known(1 | g, A)", "poisson", {}),
    "pedigree, slopes": ("t | trials(n) ~ x + (1 + x | gr(g, cov=A)) + (1 | h)", "binomial", {}),
    "tree": ("s ~ x + known(1 | g, tree)", "bernoulli", HEAVY),
    "tree, crossed": ("p ~ x + known(1 | g, tree) + (1 | m)", "gamma(log)", {}),
    "matrix": ("k ~ x + known(1 | g, K) + (1 | h)", "negbinomial", {}),
}
"""Levels are related, and every effect is sampled."""

INTEGRATED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "alone": ("k ~ x + (1 | u)", "poisson", {}),
    "nested": ("k ~ x + (1 | g) + (1 | u)", "poisson", {}),
    "crossed": ("k ~ x + (x | g) + (1 | h) + (1 | u)", "poisson", {}),
    "nothing else": ("k ~ 0 + (1 | u)", "poisson", {}),
    "offset": ("k ~ x + offset(x) + (1 | u)", "poisson", {"sd_u": hl.Prior("HalfStudentT", nu=3, sigma=1)}),
    "sd known": ("k ~ x + (1 | g) + (1 | u)", "poisson", {"sd_u": 0.8}),
    "binomial": ("t | trials(n) ~ x + (1 | g) + (1 | u)", "binomial", {"sd_u": hl.Prior("Gamma", alpha=2, beta=2)}),
    "logit": ("s ~ x + (1 | g) + (1 | u)", "bernoulli", {}),
    "probit": ("s ~ x + (1 | u)", "bernoulli(probit)", {}),
    "cloglog": ("t | trials(n) ~ x + (1 | u)", "binomial(cloglog)", {}),
    "negbinomial": ("k ~ x + (1 | g) + (1 | u)", "negbinomial", {}),
    "gamma": ("p ~ x + (1 | g) + (1 | u)", "gamma(log)", {}),
    "lognormal": ("p ~ x + (1 | g) + (1 | u)", "lognormal", {}),
    "gaussian": ("y ~ x + (1 | u)", "gaussian", HEAVY),
    "smooth": ("k ~ s(x, k=6) + s(w, k=5) + (1 | g) + (1 | u)", "poisson", {}),
    "tree": ("k ~ x + known(1 | g, tree) + (1 | u)", "poisson", {}),
}
"""The effect of ``u`` is integrated out."""


@cache
def whitened(name: str, *, integrated: bool = False) -> tuple[hl.Model, Problem]:
    """A model of the tables above and its problem."""
    formula, family, priors = (INTEGRATED if integrated else MODELS | RELATED)[name]
    matrices = related_by(formula)
    model = hl.Model(formula, frame(), family, priors=priors, parameterization="noncentered", matrices=matrices)
    return model, REDUCTION.apply(model)


def whitening(
    model: hl.Model, place: Arrangement, data: np.ndarray, n: Natural
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(Λ, L, c): B = K⁻¹ + ΛᵀSΛ = L Lᵀ and L c = Λᵀr, dense, columns in the order of elimination."""
    S, r = moments(data)
    factor, precision = unrelated_factor(place, n), np.linalg.inv(relations(model, place))
    L = np.linalg.cholesky(precision + factor.T @ unpacked(structure_of(data), S) @ factor)
    return factor, L, np.linalg.solve(L, factor.T @ r)


def predictor(model: hl.Model, place: Arrangement, u: np.ndarray) -> np.ndarray:
    """η without an integrated effect, given effects in the order of elimination."""
    W, _ = dense_design(model, place)
    first = np.arange(place.columns - len(place.free), place.columns)
    order = np.concatenate([*(place.columns_of(g) for g in range(len(place.groups))), first])
    return model.predictors[0].offset + model.predictors[0].X @ place.means + W @ u[order]


def row_density(
    model: hl.Model, eta: np.ndarray, positives: np.ndarray, y: np.ndarray, trials: np.ndarray
) -> np.ndarray:
    """log p(y | η) by SciPy; everything broadcasts."""
    response = model.responses[0]
    link = response.links[names.MEAN].name
    share = {"logit": expit, "probit": stats.norm.cdf, "cloglog": lambda e: -np.expm1(-np.exp(np.minimum(e, 500.0)))}
    return {
        "poisson": lambda: stats.poisson.logpmf(y, np.exp(eta)),
        "binomial": lambda: stats.binom.logpmf(y, trials, share[link](eta)),
        "bernoulli": lambda: stats.bernoulli.logpmf(y, share[link](eta)),
        "negbinomial": lambda: stats.nbinom.logpmf(y, positives[0], positives[0] / (positives[0] + np.exp(eta))),
        "gamma": lambda: stats.gamma.logpdf(y, positives[0], scale=np.exp(eta) / positives[0]),
        "lognormal": lambda: stats.norm.logpdf(np.log(y), eta, positives[0]) - np.log(y),
        "gaussian": lambda: stats.norm.logpdf(y, eta, positives[0]),
    }[response.family.name]()


def rows_of(model: hl.Model) -> tuple[np.ndarray, np.ndarray]:
    """(y, trials)."""
    response = model.responses[0]
    return response.y, np.broadcast_to(response.additions.get("trials", 1.0), response.y.shape)


def integrals(model: hl.Model, eta: np.ndarray, tau: float, positives: np.ndarray) -> np.ndarray:
    """log ∫ p(y | η + τ z) φ(z) dz of every row by the trapezoidal rule, exact for what falls off on both sides."""
    z, (y, trials) = np.linspace(-14.0, 14.0, 4001), rows_of(model)
    with np.errstate(all="ignore"):
        terms = row_density(model, eta[:, None] + tau * z, positives, y[:, None], trials[:, None])
    return logsumexp(np.where(np.isfinite(terms), terms, -np.inf) + stats.norm.logpdf(z), axis=1) + np.log(z[1] - z[0])
