"""Responses and predictors to try the compiled densities at."""

from __future__ import annotations

import ctypes
import zlib
from dataclasses import dataclass, replace

import numpy as np

from hierlm.families import FAMILIES
from hierlm.kernels.observations import Observations
from hierlm.kernels.responses import RESPONSES
from hierlm.links import LINKS
from hierlm.reductions.quadrature import gauss_hermite

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
    """Values (n,) and slope, weight and derivatives by aux (n, 4)."""
    every = np.array([RESPONSES[key].log_density(y, t, e, a) for e, a in zip(eta, aux, strict=True)])
    return every[:, 0], every[:, 1:]


REALS = ctypes.POINTER(ctypes.c_double)
C_ROWS = ctypes.CFUNCTYPE(
    ctypes.c_double, ctypes.c_int64, *[REALS] * 8, ctypes.c_double, REALS, ctypes.c_int64, *[REALS] * 3
)


@dataclass(frozen=True)
class Rows:
    """What a C function of rows gives back."""

    total: float
    slopes: np.ndarray
    weights: np.ndarray
    bars: np.ndarray
    modes: np.ndarray


def call_rows(function, y, t, eta, aux, w=1.0, tau=0.0, start=0.0, nodes=3):
    """The C function of rows, called from outside."""
    eta = np.atleast_1d(np.asarray(eta, dtype=float))
    n, (points, mass) = len(eta), gauss_hermite(nodes)
    y, t, w, start = (np.ascontiguousarray(np.broadcast_to(np.asarray(v, dtype=float), (n,))) for v in (y, t, w, start))
    out = Rows(0.0, np.full(n, 7.0), np.full(n, 7.0), np.zeros(3), np.full(n, 7.0))
    before = [y, t, w, eta, np.ascontiguousarray(aux, dtype=float), out.slopes, out.weights, out.bars]
    after = [points, mass, out.modes]
    total = C_ROWS(function.address)(n, *map(_pointer, before), tau, _pointer(start), nodes, *map(_pointer, after))
    return replace(out, total=total)


def _pointer(array):
    return array.ctypes.data_as(REALS)


def same_rows(key, y, t, eta, n):
    """Observations of a row n times over, without effects."""
    points, mass = gauss_hermite(3)
    nothing = np.zeros((0, n))
    return Observations(
        RESPONSES[key].integrated_rows.address,
        RESPONSES[key].n_aux,
        0,
        nothing.astype(np.int64),
        nothing,
        nothing,
        *(np.full(n, float(v)) for v in (eta, y, t, 1.0)),
        np.zeros(n),
        points,
        mass,
    )
