"""Simulation-based calibration of the Gaussian marginal: truths drawn from the prior are uniform among the draws.

Cook, Gelman & Rubin (2006); Talts et al. (2018), arXiv:1804.06788.  The simulator is NumPy code of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl

REPLICATIONS, ROWS, LEVELS = 200, 80, 10
PRIORS: dict[str, Any] = {
    "b[Intercept]": hl.Prior("Normal", mu=1, sigma=2),
    "b[x]": hl.Prior("Normal", mu=0, sigma=1),
    "sigma": hl.Prior("HalfNormal", sigma=1),
}
SD = hl.Prior("HalfNormal", sigma=1)


def _simulate(structure: str, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, float]]:
    """Data of one replication, and the truths by name."""
    x, g = rng.normal(size=ROWS), rng.permutation(np.arange(ROWS) % LEVELS)
    h = rng.permutation(np.arange(ROWS) % 4)
    b, sd, sigma = rng.normal([1, 0], [2, 1]), np.abs(rng.normal(size=2)), abs(rng.normal())
    u = 2 * rng.beta(2, 2) - 1 if structure == "us" else 0.0  # LKJ(2) of two effects
    z = rng.normal(size=(LEVELS, 2))
    r = sd * np.column_stack([z[:, 0], u * z[:, 0] + np.sqrt(1 - u * u) * z[:, 1]])
    truth = {"b[Intercept]": b[0], "b[x]": b[1], "sigma": sigma, "sd_g[Intercept]": sd[0]}
    eta = b[0] + b[1] * x + r[g, 0]
    if structure == "crossed":
        s = rng.normal(size=4) * sd[1]
        eta = eta + s[h]
        truth |= {"sd_h[Intercept]": sd[1], "r_h": s[0]}
    else:
        eta = eta + r[g, 1] * x
        truth |= {"sd_g[x]": sd[1], "r_g x": r[0, 1]}
    if structure == "us":
        truth["cor"] = u
    frame = {
        "y": rng.normal(eta, sigma),
        "x": x,
        "g": np.array([f"g{i}" for i in g]),
        "h": np.array([f"h{i}" for i in h]),
    }
    return frame, truth | {"r_g": r[0, 0]}


def _drawn(posterior: Any, name: str) -> np.ndarray:
    """Thinned draws of one quantity."""
    if name == "cor":
        values = posterior["cor_g"][..., 0, 1]
    elif name.startswith("r_"):
        group, effect = (name.split() + ["Intercept"])[:2]
        values = posterior[group].isel({f"level_{group[2:]}": 0}).sel({f"effect_{group[2:]}": effect})
    elif "[" in name:
        variable, label = name[:-1].split("[")
        dim = posterior[variable].dims[-1]
        values = posterior[variable].sel({dim: label})
    else:
        values = posterior[name]
    return values.to_numpy()[:, ::5].ravel()


FORMULAS = {
    "us": "y ~ x + (x | g)",
    "idh": "y ~ x + (x || g)",
    "crossed": "y ~ x + (1 | g) + (1 | h)",
}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("structure", FORMULAS)
def test_ranks_are_uniform(structure: str) -> None:
    """A χ² test in 10 bins and a test of var(z) for every quantity; by chance it fails once in about 500 runs."""
    priors = PRIORS | {"sd_g": SD} | ({"sd_h": SD} if structure == "crossed" else {})
    ranks: dict[str, list[float]] = {}
    for replication in range(REPLICATIONS):
        frame, truth = _simulate(structure, np.random.default_rng([11, replication]))
        model = hl.Model(FORMULAS[structure], frame, priors=priors)
        assert model.plan().name == "gaussian marginal"
        posterior = model.fit(draws=250, tune=300, seed=replication, progress=False).posterior
        for name, value in truth.items():
            drawn = _drawn(posterior, name)
            ranks.setdefault(name, []).append((np.sum(drawn < value) + 0.5) / (drawn.size + 1))
    for name, found in ranks.items():
        assert len(found) == REPLICATIONS
        counts = np.histogram(found, bins=10, range=(0, 1))[0]
        assert stats.chisquare(counts).pvalue > 1e-4, (name, counts)
        z = stats.norm.ppf(found)
        upper, lower = stats.chi2.isf([5e-5, 1 - 5e-5], REPLICATIONS)
        assert lower < np.sum(z**2) < upper, (name, float(np.var(z)))
