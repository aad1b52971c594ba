"""Models whose posterior means and standard deviations are known without sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

import hierlm as hl
from tests.statistical.quadrature import Conditional, Moments, gaussian, grid, intercepts, mixture, moments

Frame = pd.DataFrame


@dataclass(frozen=True)
class Exact:
    """A model, and its posterior by name (``"b[x]"``, ``"sd_g[Intercept]"``, ``"r_g[a, Intercept]"``)."""

    formula: str | list[str]
    frame: Callable[[], Frame]
    expected: Callable[[Frame], Moments]
    family: str = "gaussian"
    link: str | None = None
    priors: dict[str, Any] = field(default_factory=dict)

    def model(self) -> hl.Model:
        return hl.Model(self.formula, self.frame(), self.family, link=self.link, priors=self.priors)


def _regression() -> Frame:
    rng = np.random.default_rng(3)
    n = 24
    frame = pd.DataFrame({"x": rng.normal(1, 1, n), "w": rng.uniform(0.5, 2, n), "o": rng.normal(size=n)})
    frame["g"], frame["h"] = np.resize(list("abcd"), n), np.repeat(list("pqr"), 8)
    frame["y"] = (
        1 + 0.5 * frame["x"] + rng.normal(size=n) + frame["g"].map(dict(zip("abcd", (1, -1, 0.5, 0), strict=True)))
    )
    frame["t"], frame["k"] = rng.gamma(2, 2, n), rng.negative_binomial(1.5, 0.3, n)
    frame["z"] = (rng.uniform(size=n) < 0.3).astype(int)
    return frame


def _one_hot(frame: Frame, group: str) -> tuple[np.ndarray, list[str]]:
    levels = sorted(frame[group].unique())
    return np.array([[float(v == level) for level in levels] for v in frame[group]]), levels


# ------------------------------------------------------------------------------------------- normal, in closed form
NORMAL = {"b[Intercept]": hl.Prior("Normal", mu=2, sigma=1.5), "b[x]": hl.Prior("Normal", mu=-1, sigma=0.8)}
B, B_COV = np.array([2.0, -1.0]), np.diag([1.5**2, 0.8**2])
LABELS = ["b[Intercept]", "b[x]"]


def _plain(frame: Frame, sd: Any = 1.3, offset: Any = 0.0) -> Moments:
    X = np.column_stack([np.ones(len(frame)), frame["x"]])
    return mixture([gaussian((frame["y"] - offset).to_numpy(), X, B, B_COV, np.asarray(sd), LABELS)])


def _crossed(frame: Frame) -> Moments:
    (G, g), (H, h) = _one_hot(frame, "g"), _one_hot(frame, "h")
    W = np.column_stack([np.ones(len(frame)), frame["x"], G, H, H * frame[["x"]].to_numpy()])
    labels = [*LABELS, *(f"r_g[{v}, Intercept]" for v in g)]
    labels += [f"r_h[{v}, {e}]" for e in ("Intercept", "x") for v in h]
    cov = np.diag([*np.diag(B_COV), *[0.9**2] * len(g), *[0.6**2] * len(h), *[0.4**2] * len(h)])
    location = np.zeros(len(labels))
    location[:2] = B
    return mixture([gaussian(frame["y"].to_numpy(), W, location, cov, np.asarray(1.3), labels)])


def _normal_inverse_gamma(frame: Frame) -> Moments:
    """Flat b, σ² ~ IG(3, 2): b is Student-t about least squares, σ² ~ IG(3 + (n − p)/2, 2 + RSS/2)."""
    X, y = np.column_stack([np.ones(len(frame)), frame["x"]]), frame["y"].to_numpy()
    inverse = np.linalg.inv(X.T @ X)
    b = inverse @ X.T @ y
    alpha, beta = 3 + (len(y) - 2) / 2, 2 + ((y - X @ b) ** 2).sum() / 2
    sd = np.sqrt(np.diag(inverse) * beta / (alpha - 1))
    return {LABELS[0]: (b[0], sd[0]), LABELS[1]: (b[1], sd[1])} | _root_inverse_gamma("sigma", alpha, beta)


def _known_mean(frame: Frame) -> Moments:
    """μ = 2 known, 1/σ² ~ Gamma(3, 2)."""
    return _root_inverse_gamma("sigma", 3 + len(frame) / 2, 2 + ((frame["y"] - 2) ** 2).sum() / 2)


def _root_inverse_gamma(name: str, alpha: float, beta: float) -> Moments:
    """Mean and sd of σ for σ² ~ IG(alpha, beta)."""
    mean = np.sqrt(beta) * np.exp(special.gammaln(alpha - 0.5) - special.gammaln(alpha))
    return {name: (float(mean), float(np.sqrt(beta / (alpha - 1) - mean**2)))}


# ------------------------------------------------------------------------------------- conjugate, on the identity link
def _gamma(shape: float, rate: float) -> Moments:
    return {"b[Intercept]": (shape / rate, np.sqrt(shape) / rate)}


def _beta(a: float, b: float) -> Moments:
    return {"b[Intercept]": (a / (a + b), np.sqrt(a * b / (a + b) ** 2 / (a + b + 1)))}


# ---------------------------------------------------------------------------------------- normal, by one or two numbers
SCHOOLS = {"y": [28, 8, -3, 7, -1, 1, 18, 12], "s": [15, 10, 16, 11, 9, 11, 10, 18], "school": list("ABCDEFGH")}
"""Rubin (1981), Journal of Educational Statistics 6:377–401: effects of coaching in eight schools."""


def _one_way(
    frame: Frame, y: str, group: str, points: list[tuple[float, Any, float]], prior: tuple[float, float]
) -> Moments:
    """y ~ N(b + r_g, σ): a mixture over points (sd, σ, log prior density of their coordinates)."""
    Z, levels = _one_hot(frame, group)
    W, labels = (
        np.column_stack([np.ones(len(frame)), Z]),
        ["b[Intercept]", *(f"r_{group}[{v}, Intercept]" for v in levels)],
    )
    location = np.array([prior[0], *[0.0] * len(levels)])
    found = []
    for sd, sigma, log_prior in points:
        cov = np.diag([prior[1] ** 2, *[sd**2] * len(levels)])
        at = gaussian(frame[y].to_numpy(float), W, location, cov, np.asarray(sigma), labels)
        more = {f"sd_{group}[Intercept]": sd} | ({} if np.ndim(sigma) else {"sigma": sigma})
        zero = dict.fromkeys(more, 0.0)
        found.append(Conditional(at.log_density + log_prior, {**at.mean, **more}, {**at.variance, **zero}))
    return mixture(found)


def _schools(frame: Frame) -> Moments:
    """Gelman et al. (2013), Bayesian Data Analysis, section 5.5, with μ ~ N(0, 5) and τ ~ half-Cauchy(5)."""
    logs = np.linspace(np.log(1e-4), np.log(500), 800)
    points = [(t, frame["s"].to_numpy(), stats.halfcauchy(scale=5).logpdf(t) + np.log(t)) for t in np.exp(logs)]
    return _one_way(frame, "y", "school", points, (0, 5))


def _dyestuff(frame: Frame) -> Moments:
    sds, sigmas = np.exp(np.linspace(np.log(0.01), np.log(500), 90)), np.exp(np.linspace(np.log(25), np.log(130), 60))
    prior = stats.halfnorm(scale=50)
    points = [(t, s, prior.logpdf(t) + prior.logpdf(s) + np.log(t * s)) for t in sds for s in sigmas]
    return _one_way(frame, "Yield", "Batch", points, (1500, 50))


def _correlation(frame: Frame) -> Moments:
    """Correlated intercepts and slopes with all variances known: a mixture over ρ ~ LKJ(2), density (1 − ρ²)."""
    Z, levels = _one_hot(frame, "g")
    W = np.column_stack([np.ones(len(frame)), frame["x"], Z, Z * frame[["x"]].to_numpy()])
    labels = [*LABELS, *(f"r_g[{v}, {e}]" for e in ("Intercept", "x") for v in levels)]
    location = np.array([*B, *[0.0] * (2 * len(levels))])
    found = []
    for rho in np.linspace(-1, 1, 401)[1:-1]:
        V = np.array([[0.9**2, rho * 0.9 * 0.7], [rho * 0.9 * 0.7, 0.7**2]])
        cov = np.block([[B_COV, np.zeros((2, 8))], [np.zeros((8, 2)), np.kron(V, np.eye(4))]])
        at = gaussian(frame["y"].to_numpy(), W, location, cov, np.asarray(0.8), labels)
        name = "cor_g[Intercept, x]"
        found.append(
            Conditional(at.log_density + np.log1p(-(rho**2)), {**at.mean, name: rho}, {**at.variance, name: 0.0})
        )
    return mixture(found)


# --------------------------------------------------------------------------------------------- not normal: two numbers
def _random_intercept(
    frame: Frame, group: str, likelihood: Any, b: tuple[float, float, int], sd: tuple[float, float, int], prior: float
) -> Moments:
    """b ~ N(0, 2) and sd ~ half-normal(prior), with every group's intercept integrated out."""
    levels = frame.groupby(group, observed=True).size().index  # the order of _sums
    bs, logs = (a.ravel() for a in np.meshgrid(np.linspace(*b), np.linspace(*sd), indexing="ij"))
    sds = np.exp(logs)
    density, mean, square = intercepts(likelihood, bs, sds)
    density = density + stats.norm(0, 2).logpdf(bs) + stats.halfnorm(scale=prior).logpdf(sds) + logs
    weights = np.exp(density - density.max())
    weights /= weights.sum()
    found = moments(weights, **{"b[Intercept]": bs, f"sd_{group}[Intercept]": sds})
    for level, m, m2 in zip(levels, mean.T, square.T, strict=True):
        centre = weights @ m
        found[f"r_{group}[{level}, Intercept]"] = (float(centre), float(np.sqrt(weights @ m2 - centre**2)))
    return found


def _sums(frame: Frame, group: str, column: Any) -> np.ndarray:
    return frame.assign(v=column).groupby(group, observed=True)["v"].sum().sort_index().to_numpy(float)


def _poisson(frame: Frame, y: str, group: str, exposure: Any = 1.0) -> Any:
    total, size = _sums(frame, group, frame[y]), _sums(frame, group, exposure)
    return lambda eta: (total * eta - size * np.exp(eta), total - size * np.exp(eta), -size * np.exp(eta))


def _cbpp(frame: Frame) -> Moments:
    total, size = _sums(frame, "herd", frame["incidence"]), _sums(frame, "herd", frame["size"])

    def likelihood(eta: np.ndarray) -> tuple[np.ndarray, ...]:
        p = special.expit(eta)
        return total * eta - size * np.logaddexp(0, eta), total - size * p, -size * p * (1 - p)

    return _random_intercept(frame, "herd", likelihood, (-5, 0.5, 111), (np.log(1e-3), np.log(6), 121), 1)


def _salamanders(frame: Frame) -> Moments:
    return _random_intercept(
        frame, "site", _poisson(frame, "count", "site"), (-3, 2.5, 111), (np.log(1e-3), np.log(8), 161), 1
    )


PUMPS = {
    "failures": [5, 1, 5, 14, 3, 19, 1, 1, 4, 22],
    "hours": [94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5],
    "pump": [f"p{i}" for i in range(10)],
}
"""Gaver & O'Muircheartaigh (1987), Technometrics 29:1–15: failures of ten pumps in thousands of hours."""


def _pumps(frame: Frame) -> Moments:
    likelihood = _poisson(frame, "failures", "pump", frame["hours"])
    return _random_intercept(frame, "pump", likelihood, (-5, 3, 161), (np.log(1e-3), np.log(8), 161), 1)


def _logistic(frame: Frame) -> Moments:
    x, z = frame["x"].to_numpy(), frame["z"].to_numpy()

    def density(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        eta = a[..., None] + b[..., None] * x
        prior = stats.norm(2, 1.5).logpdf(a) + stats.norm(-1, 0.8).logpdf(b)
        return (z * eta - np.logaddexp(0, eta)).sum(axis=-1) + prior

    weights, a, b = grid(density, (-6, 6, 200), (-5, 3, 200))
    return moments(weights, **{"b[Intercept]": a, "b[x]": b})


def _two_numbers(frame: Frame, y: str, second: str, scipy: Any, prior: Any, box: tuple[Any, Any]) -> Moments:
    """b ~ N(0, 3) and a positive number, sampled as they are; ``scipy(b, second)`` is the response's distribution."""

    def density(b: np.ndarray, log: np.ndarray) -> np.ndarray:
        s = np.exp(log)
        values = frame[y].to_numpy()
        rows = sum(scipy(b, s, value) for value in values)
        return rows + stats.norm(0, 3).logpdf(b) + prior.logpdf(s) + log

    weights, b, log = grid(density, *box)
    return moments(weights, **{"b[Intercept]": b, second: np.exp(log)})


def _student(b: np.ndarray, s: np.ndarray, y: float) -> np.ndarray:
    return stats.t(4, b, s).logpdf(y)


def _negbinomial(b: np.ndarray, shape: np.ndarray, y: float) -> np.ndarray:
    return stats.nbinom(shape, shape / (shape + np.exp(b))).logpmf(y)


def _gamma_rows(b: np.ndarray, shape: np.ndarray, y: float) -> np.ndarray:
    return stats.gamma(shape, scale=np.exp(b) / shape).logpdf(y)


def _spread(frame: Frame) -> Moments:
    """μ = 2 known, log σ = c₀ + c₁ x with c ~ N(0, 1) each."""
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()

    def density(c: np.ndarray, d: np.ndarray) -> np.ndarray:
        rows = stats.norm(2, np.exp(c[..., None] + d[..., None] * x)).logpdf(y).sum(axis=-1)
        return rows + stats.norm.logpdf(c) + stats.norm.logpdf(d)

    weights, c, d = grid(density, (-2.5, 3, 160), (-2.5, 2.5, 160))
    return moments(weights, **{"b_sigma[Intercept]": c, "b_sigma[x]": d})


def _data(name: str) -> Callable[[], Frame]:
    return lambda: hl.load_data(name)


HALF, UNIT = hl.Prior("HalfNormal", sigma=1), hl.Prior("Normal", mu=0, sigma=1)
WIDE = hl.Prior("Normal", mu=0, sigma=3)
COUNTS = {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=2)}
CASES: dict[str, Exact] = {
    "normal, σ known": Exact("y ~ x", _regression, _plain, priors=NORMAL | {"sigma": 1.3}),
    "normal, weights": Exact(
        "y | weights(w) ~ x", _regression, lambda d: _plain(d, 1.3 / np.sqrt(d["w"])), priors=NORMAL | {"sigma": 1.3}
    ),
    "normal, offset": Exact(
        "y ~ x + offset(o)", _regression, lambda d: _plain(d, 1.3, d["o"]), priors=NORMAL | {"sigma": 1.3}
    ),
    "normal, known standard errors": Exact("y | se(w) ~ x", _regression, lambda d: _plain(d, d["w"]), priors=NORMAL),
    "crossed, variances known": Exact(
        "y ~ x + (1 | g) + (x || h)",
        _regression,
        _crossed,
        priors=NORMAL | {"sigma": 1.3, "sd_g": 0.9, "sd_h[Intercept]": 0.6, "sd_h[x]": 0.4},
    ),
    "normal–inverse-gamma": Exact(
        "y ~ x",
        _regression,
        _normal_inverse_gamma,
        priors={"b[Intercept]": hl.Prior("Flat"), "b[x]": hl.Prior("Flat"), "sigma": hl.Prior("InverseGamma", alpha=3, beta=2, on="variance")},
    ),
    "gamma precision, mean known": Exact(
        "y ~ 1",
        _regression,
        _known_mean,
        priors={"b[Intercept]": 2.0, "sigma": hl.Prior("Gamma", alpha=3, beta=2, on="precision")},
    ),
    "gamma–Poisson": Exact(
        "k ~ 1", _regression, lambda d: _gamma(2 + d["k"].sum(), 0.5 + len(d)), "poisson", "identity",
        {"b[Intercept]": hl.Prior("Gamma", alpha=2, beta=0.5)},
    ),
    "beta–Bernoulli": Exact(
        "z ~ 1", _regression, lambda d: _beta(2 + d["z"].sum(), 3 + (1 - d["z"]).sum()), "bernoulli", "identity",
        {"b[Intercept]": hl.Prior("Beta", alpha=2, beta=3)},
    ),
    "gamma–exponential": Exact(
        "t ~ 1", _regression, lambda d: _gamma(2 + len(d), 5 + d["t"].sum()), "exponential", "inverse",
        {"b[Intercept]": hl.Prior("Gamma", alpha=2, beta=5)},
    ),
    "eight schools": Exact(
        "y | se(s) ~ 1 + (1 | school)",
        lambda: pd.DataFrame(SCHOOLS),
        _schools,
        priors={"b[Intercept]": hl.Prior("Normal", mu=0, sigma=5), "sd_school": hl.Prior("HalfCauchy", beta=5)},
    ),
    "Dyestuff": Exact(
        "Yield ~ 1 + (1 | Batch)",
        _data("Dyestuff"),
        _dyestuff,
        priors={
            "b[Intercept]": hl.Prior("Normal", mu=1500, sigma=50),
            "sd_Batch": hl.Prior("HalfNormal", sigma=50),
            "sigma": hl.Prior("HalfNormal", sigma=50),
        },
    ),
    "correlation": Exact(
        "y ~ x + (x | g)",
        _regression,
        _correlation,
        priors=NORMAL | {"sigma": 0.8, "sd_g[Intercept]": 0.9, "sd_g[x]": 0.7, "cor_g": hl.LKJ(2)},
    ),
    "binomial intercepts": Exact(
        "cbind(incidence, size - incidence) ~ 1 + (1 | herd)", _data("cbpp"), _cbpp, "binomial",
        priors=COUNTS | {"sd_herd": HALF},
    ),
    "Poisson intercepts": Exact(
        "count ~ 1 + (1 | site)", _data("Salamanders"), _salamanders, "poisson", priors=COUNTS | {"sd_site": HALF}
    ),
    "Poisson, one effect a row": Exact(
        "failures ~ 1 + offset(log(hours)) + (1 | pump)", lambda: pd.DataFrame(PUMPS), _pumps, "poisson",
        priors=COUNTS | {"sd_pump": HALF},
    ),
    "logistic": Exact("z ~ x", _regression, _logistic, "bernoulli", priors=NORMAL),
    "Student-t, ν known": Exact(
        "y ~ 1", _regression,
        lambda d: _two_numbers(d, "y", "sigma", _student, stats.halfnorm(), ((-3, 4, 160), (-3, 2, 160))),
        "student_t", priors={"b[Intercept]": WIDE, "sigma": HALF, "nu": 4.0},
    ),
    "negative binomial": Exact(
        "k ~ 1", _regression,
        lambda d: _two_numbers(d, "k", "shape", _negbinomial, stats.halfnorm(), ((-2, 5, 160), (-5, 2, 160))),
        "negbinomial", priors={"b[Intercept]": WIDE, "shape": HALF},
    ),
    "gamma": Exact(
        "t ~ 1", _regression,
        lambda d: _two_numbers(d, "t", "shape", _gamma_rows, stats.halfnorm(), ((-2, 4, 160), (-5, 2, 160))),
        "gamma", "log", {"b[Intercept]": WIDE, "shape": HALF},
    ),
    "formula for σ": Exact(
        ["y ~ 1", "sigma ~ x"], _regression, _spread,
        priors={"b[Intercept]": 2.0, "b_sigma[Intercept]": UNIT, "b_sigma[x]": UNIT},
    ),
}  # fmt: skip
