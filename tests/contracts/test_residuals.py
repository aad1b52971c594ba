"""The density of correlated residuals, every correlation × every law, against dense matrices in NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from scipy.special import gamma, kv

import hierlm as hl
from hierlm.correlations import CORRELATIONS
from hierlm.graph.evaluate import PYTHON

SIZES = (5, 1, 3, 5, 4, 2, 5)
Values = dict[str, Any]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = sum(SIZES)
    frame = pd.DataFrame({"g": np.repeat([f"g{i}" for i in range(len(SIZES))], SIZES), "x": rng.normal(size=n)})
    frame["step"] = np.concatenate([np.sort(rng.choice(7, m, replace=False)) for m in SIZES])
    frame.loc[frame.g == "g3", "step"] = frame.loc[frame.g == "g0", "step"].to_numpy()  # two blocks of one pattern
    frame["t"] = frame["step"] + rng.uniform(0, 0.5, n)
    frame["u"], frame["v"] = rng.uniform(0, 3, n), rng.uniform(0, 3, n)
    frame["occasion"] = [f"o{k}" for k in frame["step"]]
    frame["code"] = np.unique(frame["step"], return_inverse=True)[1]
    frame["y"] = np.exp(rng.normal(0.5, 0.4, n))
    return frame.sample(frac=1, random_state=3).reset_index(drop=True)


def levinson(partial: list[float]) -> list[float]:
    phi: list[float] = []
    for k, p in enumerate(partial):
        phi = [phi[i] - p * phi[k - 1 - i] for i in range(k)] + [p]
    return phi


def autocorrelation(phi: list[float], theta: list[float], longest: int) -> np.ndarray:
    psi = np.zeros(3000)
    for j in range(len(psi)):
        psi[j] = 1.0 if j == 0 else (theta[j - 1] if j <= len(theta) else 0.0)
        psi[j] += sum(phi[i] * psi[j - 1 - i] for i in range(len(phi)) if j - 1 - i >= 0)
    g = np.array([psi[: len(psi) - h] @ psi[h:] for h in range(longest + 1)])
    return g / g[0]


def from_partial_by_lag(partial: list[float]) -> np.ndarray:
    """Each new correlation is the one that its partial correlation given all in between asks for."""
    rho = [1.0]
    for k, p in enumerate(partial):
        inner = np.array([[rho[abs(i - j)] for j in range(k)] for i in range(k)]).reshape(k, k)
        first, last = np.array(rho[1 : k + 1]), np.array(rho[1 : k + 1])[::-1]
        solved = np.linalg.solve(inner, last) if k else np.zeros(0)
        left = 1 - first @ np.linalg.solve(inner, first) if k else 1.0
        rho.append(float(p * left + first @ solved))
    return np.array(rho)


def from_vine(partial: list[float], k: int) -> np.ndarray:
    C, n = np.zeros((k, k)), 0
    for s in range(k):
        rest = 1.0
        for t in range(s):
            C[s, t] = partial[n] * np.sqrt(rest)
            rest *= 1 - partial[n] ** 2
            n += 1
        C[s, s] = np.sqrt(rest)
    return C @ C.T


def distance(p: np.ndarray) -> np.ndarray:
    return np.sqrt(((p[:, None] - p) ** 2).sum(-1))


def spatial(rho: Any) -> Any:
    def matrix(p: np.ndarray, v: np.ndarray, nugget: bool) -> np.ndarray:
        d = distance(p) / v[0]
        R = rho(np.where(d > 0, d, 1.0)) * ((1 - v[1]) if nugget else 1.0)
        np.fill_diagonal(R, 1.0)
        return R

    return matrix


def matern(d: np.ndarray, nu: float = 1.5) -> np.ndarray:
    a = np.sqrt(2 * nu) * d
    return 2 ** (1 - nu) / gamma(nu) * a**nu * kv(nu, a)


MATRICES: dict[str, Any] = {
    "cs": lambda p, v, _: np.where(np.eye(len(p)), 1.0, v[0]),
    "ar1": lambda p, v, _: np.power(v[0], np.abs(p - p.T)),
    "car1": lambda p, v, _: np.power(v[0], np.abs(p - p.T)),
    "arma": lambda p, v, _: autocorrelation([v[0]], [v[1]], 7)[np.abs(p - p.T).astype(int)],
    "toep": lambda p, v, _: from_partial_by_lag(list(v))[np.abs(p - p.T).astype(int)],
    "us": lambda p, v, _: from_vine(list(v), 6)[np.ix_(p[:, 0].astype(int), p[:, 0].astype(int))],
    "exp": spatial(lambda d: np.exp(-d)),
    "gau": spatial(lambda d: np.exp(-(d**2))),
    "ratio": spatial(lambda d: 1 / (1 + d**2)),
    "lin": spatial(lambda d: np.where(d < 1, 1 - d, 0.0)),
    "sph": spatial(lambda d: np.where(d < 1, 1 - 1.5 * d + 0.5 * d**3, 0.0)),
    "mat": spatial(matern),
}
TYPED = {
    "cs": ("cs(1 | g)", []),
    "ar1": ("ar1(step | g)", ["step"]),
    "car1": ("car1(t | g)", ["t"]),
    "arma": ("arma(step | g, p=1, q=1)", ["step"]),
    "toep": ("toep(step | g)", ["step"]),
    "us": ("us(occasion | g)", ["code"]),
    "lin": ("lin(u | g, nugget=True)", ["u"]),
    **{name: (f"{name}(u + v | g, nugget=True)", ["u", "v"]) for name in ("exp", "gau", "ratio", "sph", "mat")},
}
CASES = [
    *((typed, name, columns) for name, (typed, columns) in TYPED.items()),
    ("exp(u + v | g)", "exp", ["u", "v"]),
    ("exp(u + v)", "exp", ["u", "v"]),
    ("car1(t)", "car1", ["t"]),
]


def test_every_correlation_is_here() -> None:
    assert MATRICES.keys() == TYPED.keys() == CORRELATIONS.keys()


def coefficients(model: hl.Model, rng: np.random.Generator) -> np.ndarray:
    """Somewhere within their bounds."""
    assert model.residual is not None
    found = []
    for c in model.residual.coefficients:
        top = c.upper if np.isfinite(c.upper) else 2.0
        found.append(c.lower + (top - c.lower) * rng.uniform(0.35, 0.75))
    return np.array(found)


def dense(frame: pd.DataFrame, typed: str, name: str, columns: list[str], v: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """V of all rows."""
    n = len(frame)
    groups = frame["g"] if "| g" in typed else pd.Series(np.zeros(n))
    V = np.zeros((n, n))
    for _, rows in frame.groupby(groups).groups.items():
        at = np.asarray(rows)
        p = frame.loc[at, columns].to_numpy(float) if columns else np.zeros((len(at), 1))
        V[np.ix_(at, at)] = MATRICES[name](p, v, "nugget" in typed)
    return sd[:, None] * V * sd


def blockwise(frame: pd.DataFrame, typed: str, e: np.ndarray, V: np.ndarray, nu: float) -> float:
    """One multivariate t for each block."""
    groups = frame["g"] if "| g" in typed else pd.Series(np.zeros(len(frame)))
    return sum(
        stats.multivariate_t.logpdf(e[at], shape=V[np.ix_(at, at)], df=nu)
        for at in (np.asarray(rows) for rows in frame.groupby(groups).groups.values())
    )


def model_of(typed: str, family: str) -> hl.Model:
    return hl.Model(["y ~ x", "sigma ~ varPower(u)"], table(), family=family, residual=typed)


def point_of(model: hl.Model, v: np.ndarray) -> Values:
    return {
        "b": np.array([0.3, 0.2]),
        "b_sigma": np.array([-0.2]),
        "varfun": np.array([0.4]),
        "nu": np.array(4.5),
        "rescor": v,
        "rescor__0": v[:1],
        "rescor__1": v[1:],
    }


@pytest.mark.parametrize("family", ["gaussian", "lognormal", "student_t"])
@pytest.mark.parametrize(("typed", "name", "columns"), CASES, ids=[c[0] for c in CASES])
def test_density(typed: str, name: str, columns: list[str], family: str) -> None:
    frame, model = table(), model_of(typed, family)
    v = coefficients(model, np.random.default_rng(5))
    given = point_of(model, v)
    sd = np.exp(-0.2) * frame["u"].to_numpy() ** 0.4
    y = np.log(frame["y"]) if family == "lognormal" else frame["y"]
    e = (y - 0.3 - 0.2 * frame["x"]).to_numpy()
    V = dense(frame, typed, name, columns, v, sd)
    if family == "student_t":
        expected = blockwise(frame, typed, e, V, 4.5)
    else:
        expected = stats.multivariate_normal.logpdf(e, cov=V) - (
            np.log(frame["y"]).sum() if family != "gaussian" else 0
        )
    point = {rv.name: np.asarray(given[rv.name]) for rv in model.pymc.free_RVs}
    evaluate = density(model)
    found, *slopes = evaluate(*point.values())
    assert float(found) == pytest.approx(expected, rel=1e-8, abs=1e-8)
    if family == "gaussian":
        return  # the others have its parameters, and more
    for (key, value), slope in zip(point.items(), slopes, strict=True):
        for k in np.ndindex(value.shape):
            step = np.zeros(value.shape)
            step[k] = 1e-6
            ends = [evaluate(*{**point, key: value + sign * step}.values())[0] for sign in (1, -1)]
            assert slope[k] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-4), key


def density(model: hl.Model) -> Any:
    """The density of the response given the free variables, and its gradient."""
    graph = model.pymc
    free = graph.free_RVs
    total = pm.logp(graph["y"], graph.rvs_to_values[graph["y"]])
    return pytensor.function(free, [total, *pt.grad(total, free)], mode=PYTHON)
