"""A table, priors and a Gaussian density, for tests of one term of a model at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

import hierlm as hl
from tests.trust.priors import Proper, gamma, half_normal, normal

Floats = np.ndarray
Values = Mapping[str, Floats]
LEVELS = ("g0", "g1", "g2", "g3", "g4")
N, ETA = 30, 1.5
MIDDLE, SLOPE, SIGMA, SD = normal(1.0, 0.3), normal(0.0, 0.2), half_normal(1.0), gamma(3.0, 6.0)


def table_of(seed: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    g = rng.permutation(np.resize(LEVELS, N))
    table: dict[str, Any] = {"g": g, "g2": rng.permutation(g), "x": rng.uniform(-1, 1, N), "v": rng.uniform(0.4, 2, N)}
    table |= {
        "w1": rng.uniform(0.2, 1, N),
        "w2": rng.uniform(0.2, 1, N),
        "f": rng.permutation(np.resize(["p", "q"], N)),
    }
    table |= {"trt": np.where(np.isin(g, LEVELS[:3]), "a", "b"), "s": rng.uniform(0, 5, N), "t": rng.normal(size=N)}
    table |= {"z": np.array([0.3 * LEVELS.index(level) - 0.5 for level in g])}
    return table | {"y": np.exp(0.1 * rng.normal(size=N)) + 0.5 * table["x"]}


def at(table: Mapping[str, Any], column: str = "g") -> Floats:
    return np.array([LEVELS.index(level) for level in table[column]])


def build(formulas: Any, table: Any, priors: Mapping[str, Any], **options: Any) -> hl.Model:
    ours = {name: p.ours if isinstance(p, Proper) else p for name, p in priors.items()}
    return hl.Model(formulas, table, options.pop("family", "gaussian"), priors=ours, **options)


def two_effects(values: Values) -> tuple[Floats, float]:
    """V of an intercept and a slope, and the log prior of its sds and of its correlation."""
    sd, R = values["sd_g"], values["cor_g"]
    assert R.shape == (2, 2)
    total = SD.log_density(sd).sum() + (ETA - 1) * np.linalg.slogdet(R)[1]
    return np.outer(sd, sd) * R, float(total)


def gaussian(table: Mapping[str, Any], eta: Floats, values: Values) -> float:
    """log p(y) and of b and σ."""
    b, sigma = values["b"], values["sigma"]
    total = stats.norm.logpdf(table["y"], eta, sigma).sum() + SIGMA.log_density(sigma)
    return float(total + MIDDLE.log_density(b[0]) + SLOPE.log_density(b[1]))


USUAL = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sigma": SIGMA}
