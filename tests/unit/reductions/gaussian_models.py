"""Gaussian models, small enough for dense algebra, and their densities by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import hierlm as hl
from hierlm.kernels.correlations import EXCHANGEABLE
from hierlm.kernels.parameters import constrained, parameters, pick
from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.reduction import Problem
from tests.unit.reductions.dense import Natural, dense_design, prior_factor

REDUCTION = GaussianMarginal()
SCALES = ("chosen", "softplus", "signed")


def frame(seed: int = 0, n: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 7, n), rng.integers(0, 4, n)
    return {
        "y": rng.normal(2.0, 3.0, n),
        "x": rng.normal(size=n),
        "w": rng.uniform(0.5, 2.0, n),
        "s": rng.uniform(0.5, 2.0, n),
        "f": np.array(["p", "q", "r"])[rng.integers(0, 3, n)],
        "g": np.array([f"g{i}" for i in a]),
        "h": np.array([f"h{i}" for i in b]),
    }


MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "intercept": ("y ~ x + (1 | g)", {}),
    "us 2": ("y ~ x + (x | g)", {}),
    "us 3": ("y ~ x + us(0 + f | g)", {}),
    "us 4": ("y ~ us(0 + f + x | g) + (1 | h)", {"cor_g": hl.LKJ(1.5)}),
    "idh": ("y ~ x + (x || g)", {}),
    "idv": ("y ~ x + idv(0 + f | g)", {}),
    "corh": ("y ~ x + corh(0 + f | g)", {}),
    "corv": ("y ~ x + corv(0 + f | g)", {}),
    "cor 2": ("y ~ x + cor(1 + x | g)", {}),
    "cor 3": ("y ~ cor(0 + f | g)", {}),
    "crossed": ("y ~ x + (x | g) + (1 | h)", {}),
    "nested": ("y ~ x + (1 | h/g)", {}),
    "mixed": ("y ~ x * f + us(1 + x | g) + (1 | h) + (0 + x | h)", {}),
    "weights": ("y | weights(w) ~ x + (x | g) + (1 | h)", {}),
    "se": ("y | se(s) ~ x + (1 | g)", {}),
    "offset": ("y ~ offset(x) + (1 | g) + (1 | h)", {}),
    "no intercept": ("y ~ 0 + (1 | g)", {}),
    "no groups": ("y ~ x", {}),
    "one row a level": ("y ~ x + (1 | units)", {}),
    "smooth": ("y ~ s(x, k=6) + (1 | g)", {}),
    "smooth alone": ("y ~ s(x, k=5)", {"sd_s(x)": hl.Prior("Gamma", alpha=2, beta=1)}),
    "smooths": ("y ~ f + s(x, k=4, by=f) + s(w, k=5, bs='cc') + (x | g) + (1 | h)", {"sd_s(w)": 0.7}),
    "surface": ("y ~ t2(x, w, k=4) + s(s, by=x, k=5) + (1 | g)", {}),
    "fixed": ("y ~ x + (x | g)", {"b[x]": 0.5, "sigma": 2.0, "sd_g[x]": 0.7}),
    "priors": (
        "y ~ x + (x | g) + (1 | h)",
        {
            "b[x]": hl.Prior("Normal", mu=1, sigma=2),
            "sd_g[x]": hl.Prior("Gamma", alpha=2, beta=1),
            "sd_g[Intercept]": hl.Prior("HalfCauchy", beta=1),
            "sd_h": hl.Prior("LogNormal", mu=0, sigma=1),
            "sigma": hl.Prior("InverseGamma", alpha=3, beta=4),
            "cor_g": hl.LKJ(3.5),
        },
    ),
    "even priors": (
        "y ~ x + (x | g) + (1 | h)",
        {
            "sd_g[x]": hl.Prior("HalfStudentT", nu=3, sigma=1.5),
            "sd_g[Intercept]": hl.Prior("Exponential", lam=0.7),
            "sd_h": hl.Prior("HalfNormal", sigma=2),
        },
    ),
}


def related() -> dict[str, Any]:
    """Relations of the levels of g: parents of other generations, a tree with inner nodes, a full matrix."""
    parents = {
        "animal": [f"g{i}" for i in range(7)] + ["dam"],
        "sire": [None, None, "g0", "g0", None, "g0", "g3", None],
        "dam": ["dam", None, "g1", "dam", None, "g2", "g1", None],
    }
    root = np.random.default_rng(6).normal(size=(7, 9))
    full = pd.DataFrame(root @ root.T, *2 * [[f"g{i}" for i in range(7)]])
    tree = "((g0:1,g1:1.5)inner:1,((g2:1,g3:1):0.5,(g4:0.5,(g5:0.2,g6:0.2):0.4):1):0.7);"
    return {"A": hl.pedigree(parents), "tree": hl.phylogeny(tree), "K": full}


def related_by(formula: str) -> dict[str, Any]:
    """Those that a formula names."""
    return {k: v for k, v in related().items() if f", {k})" in formula or f"={k})" in formula}


RELATED: dict[str, tuple[str, dict[str, Any]]] = {
    "pedigree": ("y ~ x + known(1 | g, A)", {}),
    "pedigree, slopes": ("y ~ x + (1 + x | gr(g, cov=A)) + (1 | h)", {"cor_g": hl.LKJ(2)}),
    "pedigree, factor": ("y ~ us(0 + f | gr(g, cov=A))", {}),
    "tree": ("y | weights(w) ~ x + known(1 | g, tree)", {}),
    "tree, rows": ("y ~ x + known(1 | g, tree) + (1 | units)", {}),
    "tree, smooth": ("y ~ s(x, k=5) + (x || gr(g, cov=tree))", {}),
    "matrix": ("y ~ x + known(1 | g, K) + (1 | h)", {"sd_g": 0.7}),
    "matrix, slopes": ("y ~ x + (x | gr(g, cov=K))", {}),
    "permanent": ("y ~ x + known(1 | g, A) + (1 | g2) + (1 | h)", {}),
}
"""Models whose levels are related."""


@cache
def gaussian(name: str) -> tuple[hl.Model, Problem]:
    """A model of :data:`MODELS` or :data:`RELATED` and its problem."""
    formula, priors = (MODELS | RELATED)[name]
    data, matrices = frame() | {"g2": frame()["g"]}, related_by(formula)
    model = hl.Model(formula, data, priors=priors, parameterization="noncentered", matrices=matrices)
    return model, REDUCTION.apply(model)


def rescaled(data: np.ndarray, scale: str, seed: int = 0) -> np.ndarray:
    """A copy whose sds are on one scale, with coordinates that mix everything; ``chosen`` leaves all as it is."""
    copy = data.copy()
    if scale == "chosen":
        return copy
    p, rng = parameters(copy), np.random.default_rng([5, seed])
    K = len(p.centre)
    p.centre[:] = rng.normal(0.2, 0.3, K)
    p.centre[p.positives[p.positives[:, 0] >= 0, 0].astype(int)] = 1.0  # σ of about the size of y
    p.axes[:] = 0.7 * np.eye(K) + 0.15 * rng.normal(size=(K, K))
    p.sds[:, 2] = (-1 if scale == "signed" else 1) * rng.uniform(0.5, 1.5, len(p.sds))
    return copy


def has_a_sign(data: np.ndarray) -> bool:
    """Whether every sd may have one: not those of more than two exchangeable effects."""
    return all(row[3] != EXCHANGEABLE or row[2] <= 2 for row in parameters(data).cors)


def coordinates(dimension: int, seed: int) -> np.ndarray:
    return np.random.default_rng([7, seed]).normal(0.2, 0.7, dimension)


def log_prior(data: np.ndarray, zeta: np.ndarray) -> float:
    """The kernel's log prior with log Jacobians; the identity with the graph is what tests it."""
    p = parameters(data)
    return float(constrained(pick(zeta, p), p)[0])


def dense_parts(model: hl.Model, place: Arrangement, n: Natural) -> tuple[np.ndarray, ...]:
    """(W, prior covariance of u, Ω/σ², y less everything known)."""
    W, y = dense_design(model, place)
    additions, factor = model.responses[0].additions, prior_factor(model, place, n)
    omega = np.ones(len(y)) * additions.get("weights", 1.0) / additions.get("se", 1.0) ** 2 / n.positives[0] ** 2
    return W, factor @ factor.T, omega, y


def dense_log_density(model: hl.Model, place: Arrangement, n: Natural) -> float:
    """log p(y | θ), weights being powers of each row's density."""
    W, D, omega, y = dense_parts(model, place, n)
    total = stats.multivariate_normal(np.zeros(len(y)), W @ D @ W.T + np.diag(1 / omega)).logpdf(y)
    additions, sigma = model.responses[0].additions, n.positives[0]
    powers = additions.get("weights", 1.0) * stats.norm.logpdf(0, 0, sigma * additions.get("se", np.ones(len(y))))
    return float(total + np.sum(powers - stats.norm.logpdf(0, 0, 1 / np.sqrt(omega))))


def conditional(model: hl.Model, place: Arrangement, n: Natural) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of u given y and θ."""
    W, D, omega, y = dense_parts(model, place, n)
    covariance = np.linalg.inv(np.linalg.inv(D) + W.T @ (omega[:, None] * W))
    covariance = (covariance + covariance.T) / 2
    return covariance @ (W.T @ (omega * y)), covariance
