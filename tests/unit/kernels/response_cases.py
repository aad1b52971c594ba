"""Responses and predictors to try the compiled densities at."""

from __future__ import annotations

import zlib

import numpy as np

from hierlm.families import FAMILIES
from hierlm.kernels.responses import RESPONSES
from hierlm.links import LINKS

COUNTS = [(0.0, 1.0), (1.0, 1.0), (2.5, 1.0), (7.0, 1.0), (12.0, 1.0), (40.0, 1.0)]
SHARES = [(0.0, 1.0), (1.0, 1.0), (0.0, 9.0), (2.0, 9.0), (9.0, 9.0), (11.4, 30.0), (35.0, 60.0)]
POSITIVE = [(y, 1.0) for y in (1e-3, 0.4, 1.0, 6.0, 80.0)]
ROWS = {
    **dict.fromkeys(["gaussian", "student_t"], [(y, 1.0) for y in (-30.0, -1.0, 0.0, 0.7, 5.0)]),
    **dict.fromkeys(["lognormal", "gamma", "inverse_gaussian", "exponential"], POSITIVE),
    **dict.fromkeys(["poisson", "negbinomial", "negbinomial1"], COUNTS),
    **dict.fromkeys(["binomial", "beta_binomial"], SHARES),
    "bernoulli": [(0.0, 1.0), (1.0, 1.0)],
    "beta": [(y, 1.0) for y in (1e-5, 0.2, 0.5, 0.93, 1 - 1e-7)],
}
"""(y, t) by family; counts are not whole wherever the density allows it."""


def split(key):
    family, link = key.split(":")
    return FAMILIES[family], LINKS[link]


def positive_only(key):
    return split(key)[1].eta_lower == 0


def points(key, n=60):
    """η (n,) and aux (n, 2): random, and aux far out."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    eta = rng.normal(0, 2, n)
    eta[: n // 6] = rng.uniform(-12, 12, n // 6)
    aux = rng.normal(0, 1.5, (n, 2))
    aux[-6:, RESPONSES[key].n_aux - 1] = [-5, -4, 8, 10, 14, 27]  # the last: what makes a family a simpler one
    if split(key)[0].parameters[-1].name == "sigma":
        aux = np.clip(aux, -4, 6)
    return np.exp(eta / 2) if positive_only(key) else eta, aux


def kernel(key, y, t, eta, aux):
    """Values (n,) and out (n, 4)."""
    out = np.full((len(eta), 4), 7.0)
    values = [RESPONSES[key].log_density(y, t, e, a, o) for e, a, o in zip(eta, aux, out, strict=True)]
    return np.array(values), out
