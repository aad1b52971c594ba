"""Truths from the prior and data given them, by NumPy alone, for simulation-based calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import expit

import hierlm as hl

Rng = np.random.Generator
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Replication:
    """One simulated data set: columns, and the truth by the names of the posterior (``r_g`` by level and effect)."""

    frame: dict[str, Any]
    truth: dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """A model with its priors, its simulator, and Σ log p(y | η) of rows (…, n)."""

    formula: str
    family: str
    plan: str
    priors: dict[str, Any]
    simulate: Callable[[Rng], Replication]
    log_likelihood: Callable[[Mapping[str, Any], np.ndarray, Arrays], np.ndarray]
    replications: int = 500


HALF = hl.Prior("HalfNormal", sigma=1)
INTERCEPT, SLOPE = hl.Prior("Normal", mu=0.5, sigma=1), hl.Prior("Normal", mu=0, sigma=0.7)
PRIORS: dict[str, Any] = {"b[Intercept]": INTERCEPT, "b[x]": SLOPE}


def _coefficients(rng: Rng) -> np.ndarray:
    return rng.normal([0.5, 0.0], [1.0, 0.7])


def _balanced(rng: Rng, levels: int, n: int) -> np.ndarray:
    return rng.permutation(np.arange(n) % levels)


def _labels(prefix: str, codes: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{c:02d}" for c in codes])


def _normal(kind: str) -> Callable[[Rng], Replication]:
    """y ~ x + (x | g) or (x || g), or (1 | g) + (1 | h); LKJ(2) of two correlated effects."""

    def simulate(rng: Rng) -> Replication:
        n = 80
        x, g, h = rng.normal(size=n), _balanced(rng, 10, n), _balanced(rng, 4, n)
        b, sd, sigma = _coefficients(rng), np.abs(rng.normal(size=2)), abs(rng.normal())
        rho = 2 * rng.beta(2, 2) - 1 if kind == "us" else 0.0
        z = rng.normal(size=(10, 2))
        r = sd * np.column_stack([z[:, 0], rho * z[:, 0] + np.sqrt(1 - rho * rho) * z[:, 1]])
        truth: dict[str, np.ndarray] = {"b": b, "sigma": np.array(sigma), "sd_g": sd, "r_g": r}
        eta = b[0] + b[1] * x + r[g, 0]
        if kind == "crossed":
            s = rng.normal(size=4) * sd[1]
            eta = eta + s[h]
            truth |= {"sd_g": sd[:1], "r_g": r[:, :1], "sd_h": sd[1:], "r_h": s[:, None]}
        else:
            eta = eta + r[g, 1] * x
        if kind == "us":
            truth["cor_g"] = np.array([[1.0, rho], [rho, 1.0]])
        return Replication({"y": rng.normal(eta, sigma), "x": x, "g": _labels("g", g), "h": _labels("h", h)}, truth)

    return simulate


def _poisson(rng: Rng) -> Replication:
    n = 80
    x, g, b, sd = rng.normal(size=n), _balanced(rng, 8, n), _coefficients(rng), abs(rng.normal())
    r = sd * rng.normal(size=8)
    y = rng.poisson(np.exp(b[0] + b[1] * x + r[g]))
    return Replication({"y": y, "x": x, "g": _labels("g", g)}, {"b": b, "sd_g": np.array([sd]), "r_g": r[:, None]})


def _poisson_rows(rng: Rng) -> Replication:
    """One effect a row."""
    n = 70
    x, b, sd = rng.normal(size=n), _coefficients(rng), abs(rng.normal())
    r = sd * rng.normal(size=n)
    y = rng.poisson(np.exp(b[0] + b[1] * x + r))
    frame = {"y": y, "x": x, "g": _labels("g", np.arange(n))}
    return Replication(frame, {"b": b, "sd_g": np.array([sd]), "r_g": r[:, None]})


def _bernoulli(rng: Rng) -> Replication:
    n = 120
    x, g, h = rng.normal(size=n), _balanced(rng, 8, n), _balanced(rng, 6, n)
    b, sd = _coefficients(rng), np.abs(rng.normal(size=2))
    r, s = sd[0] * rng.normal(size=8), sd[1] * rng.normal(size=6)
    y = rng.binomial(1, expit(b[0] + b[1] * x + r[g] + s[h]))
    truth = {"b": b, "sd_g": sd[:1], "sd_h": sd[1:], "r_g": r[:, None], "r_h": s[:, None]}
    return Replication({"y": y, "x": x, "g": _labels("g", g), "h": _labels("h", h)}, truth)


def _binomial(rng: Rng) -> Replication:
    """Three inner levels in each of five outer ones."""
    n = 75
    x, inner = rng.normal(size=n), _balanced(rng, 15, n)
    b, sd, m = _coefficients(rng), np.abs(rng.normal(size=2)), rng.integers(1, 8, n)
    r, s = sd[0] * rng.normal(size=5), sd[1] * rng.normal(size=15)
    y = rng.binomial(m, expit(b[0] + b[1] * x + r[inner // 3] + s[inner]))
    frame = {"y": y, "x": x, "m": m, "h": _labels("h", inner // 3), "g": _labels("g", inner)}
    return Replication(frame, {"b": b, "sd_h": sd[:1], "sd_g": sd[1:], "r_h": r[:, None], "r_g": s[:, None]})


def _of_binomial(frame: Mapping[str, Any], eta: np.ndarray, values: Arrays) -> np.ndarray:
    y, m = frame["y"], frame.get("m", 1)
    return (y * eta - m * np.logaddexp(0.0, eta)).sum(axis=-1)


def _of_poisson(frame: Mapping[str, Any], eta: np.ndarray, values: Arrays) -> np.ndarray:
    return (frame["y"] * eta - np.exp(eta)).sum(axis=-1)


def _of_normal(frame: Mapping[str, Any], eta: np.ndarray, values: Arrays) -> np.ndarray:
    return stats.norm.logpdf(frame["y"], eta, np.asarray(values["sigma"])[..., None]).sum(axis=-1)


MARGINAL, WHITENED = "gaussian marginal", "whitened effects"
NORMAL = PRIORS | {"sigma": HALF, "sd_g": HALF}
CASES: dict[str, Case] = {
    "marginal, us": Case("y ~ x + (x | g)", "gaussian", MARGINAL, NORMAL, _normal("us"), _of_normal),
    "marginal, idh": Case("y ~ x + (x || g)", "gaussian", MARGINAL, NORMAL, _normal("idh"), _of_normal, 200),
    "marginal, crossed": Case(
        "y ~ x + (1 | g) + (1 | h)", "gaussian", MARGINAL, NORMAL | {"sd_h": HALF}, _normal("crossed"), _of_normal, 200
    ),
    "poisson": Case("y ~ x + (1 | g)", "poisson", WHITENED, PRIORS | {"sd_g": HALF}, _poisson, _of_poisson),
    "bernoulli, crossed": Case(
        "y ~ x + (1 | g) + (1 | h)",
        "bernoulli",
        WHITENED,
        PRIORS | {"sd_g": HALF, "sd_h": HALF},
        _bernoulli,
        _of_binomial,
    ),
    "binomial, nested": Case(
        "y | trials(m) ~ x + (1 | h) + (1 | g)",
        "binomial",
        WHITENED,
        PRIORS | {"sd_g": HALF, "sd_h": HALF},
        _binomial,
        _of_binomial,
    ),
    "poisson, one effect a row": Case(
        "y ~ x + (1 | g)", "poisson", WHITENED, PRIORS | {"sd_g": HALF}, _poisson_rows, _of_poisson
    ),
}
