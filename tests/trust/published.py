"""Well-known published models: their data, their formula and priors in hierlm, and their log-density as printed.

The log-densities follow the books line by line, with precisions where BUGS has precisions.  Data are facts of the cited
sources.  BUGS: Spiegelhalter, Thomas, Best & Gilks (1996), *BUGS 0.5 Examples Volume 1* and *2*; the same models are in
the manuals of WinBUGS and OpenBUGS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

import hierlm as hl
from hierlm.datasets import load_data

Floats = np.ndarray
Values = Mapping[str, Floats]


@dataclass(frozen=True)
class Published:
    """A model.

    Parameters
    ----------
    formula, family : str
    table : function
        () → columns.
    priors : mapping
    log_density : function
        ``log_density(table, values)``; of precisions where these have the prior.
    precisions : tuple of str
        Standard deviations whose precision has the prior, by variable.
    """

    formula: str
    family: str
    table: Callable[[], dict[str, Any]]
    priors: Mapping[str, Any]
    log_density: Callable[[Mapping[str, Any], Values], float]
    precisions: tuple[str, ...] = field(default=())


VAGUE = hl.Prior("Normal", mu=0, sigma=1e3)
"""dnorm(0, 1.0E-6)."""

PRECISION = hl.Prior("Gamma", alpha=0.001, beta=0.001, on="precision")
"""dgamma(0.001, 0.001) of a precision."""


def dnorm(x: Any, mean: Any, precision: Any) -> Any:
    """BUGS's: Σ log N(x; mean, 1/precision)."""
    return np.sum(stats.norm.logpdf(x, mean, np.asarray(precision) ** -0.5))


def dgamma(x: Any, shape: float, rate: float) -> Any:
    """BUGS's: log of its density."""
    return np.sum(stats.gamma.logpdf(x, shape, scale=1 / rate))


def dbin(r: Floats, logit: Floats, n: Floats) -> Any:
    """Σ log of the binomial density at probabilities on the logit scale."""
    return np.sum(stats.binom.logpmf(r, n, 1 / (1 + np.exp(-logit))))


def tau(values: Values, name: str, column: int | None = None) -> Any:
    """The precision of a standard deviation."""
    sd = values[name] if column is None else values[name][column]
    return np.asarray(sd) ** -2.0


# ------------------------------------------------------------------------------------------------- eight schools
def eight_schools() -> dict[str, Any]:
    """Effects of coaching and their standard errors: Rubin (1981), J. Educational Statistics 6:377–401, table 1."""
    y, se = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    return {"y": np.array(y, float), "se": np.array(se, float), "school": list("ABCDEFGH")}


def _eight_schools(d: Mapping[str, Any], v: Values) -> float:
    """μ ~ N(0, 5), τ ~ half-Cauchy(5), θ_j ~ N(μ, τ), y_j ~ N(θ_j, s_j): the priors of Stan's example."""
    mu, sd = v["b"][0], v["sd_school"][0]
    theta = mu + v["r_school"][:, 0]
    prior = stats.norm.logpdf(mu, 0, 5) + stats.halfcauchy.logpdf(sd, scale=5)
    return prior + stats.norm.logpdf(theta, mu, sd).sum() + stats.norm.logpdf(d["y"], theta, d["se"]).sum()


# ---------------------------------------------------------------------------------------------------------- rats
RATS = """151 199 246 283 320  145 199 249 293 354  147 214 263 312 328  155 200 237 272 297  135 188 230 280 323
159 210 252 298 331  141 189 231 275 305  159 201 248 297 338  177 236 285 350 376  134 182 220 260 296
160 208 261 313 352  143 188 220 273 314  154 200 244 289 325  171 221 270 326 358  163 216 242 281 312
160 207 248 288 324  142 187 234 280 316  156 203 243 283 317  157 212 259 307 336  152 203 246 286 321
154 205 253 298 334  139 190 225 267 302  146 191 229 272 302  157 211 250 285 323  132 185 237 286 331
160 207 257 303 345  169 216 261 295 333  157 205 248 289 316  137 180 219 258 291  153 200 244 286 324"""


def rats() -> dict[str, Any]:
    """Weights of 30 young rats at 8 to 36 days: Gelfand, Hills, Racine-Poon & Smith (1990), JASA 85:972–985, table 3."""
    days = np.tile([8.0, 15.0, 22.0, 29.0, 36.0], 30)
    return {"y": np.array(RATS.split(), float), "t": days - 22.0, "rat": np.repeat([f"r{i:02d}" for i in range(30)], 5)}


def _rats(d: Mapping[str, Any], v: Values) -> float:
    """BUGS volume 1, *Rats*: α_i ~ N(α_c, τ_α), β_i ~ N(β_c, τ_β), independent."""
    rat = np.repeat(np.arange(30), 5)
    (alpha_c, beta_c), tau_c = v["b"], tau(v, "sigma")
    alpha, beta = alpha_c + v["r_rat"][:, 0], beta_c + v["r_rat"][:, 1]
    tau_alpha, tau_beta = tau(v, "sd_rat", 0), tau(v, "sd_rat", 1)
    total = dnorm(d["y"], alpha[rat] + beta[rat] * d["t"], tau_c)
    total += dnorm(alpha, alpha_c, tau_alpha) + dnorm(beta, beta_c, tau_beta)
    total += dnorm(alpha_c, 0, 1e-6) + dnorm(beta_c, 0, 1e-6)
    return total + dgamma(tau_c, 0.001, 0.001) + dgamma(tau_alpha, 0.001, 0.001) + dgamma(tau_beta, 0.001, 0.001)


# --------------------------------------------------------------------------------------------------------- seeds
def seeds() -> dict[str, Any]:
    """Germination on 21 plates: Crowder (1978), Applied Statistics 27:34–37, table 3."""
    r = [10, 23, 23, 26, 17, 5, 53, 55, 32, 46, 10, 8, 10, 8, 23, 0, 3, 22, 15, 32, 3]
    n = [39, 62, 81, 51, 39, 6, 74, 72, 51, 79, 13, 16, 30, 28, 45, 4, 12, 41, 30, 51, 7]
    x1, x2 = np.repeat([0.0, 1.0], [11, 10]), np.repeat([0.0, 1.0, 0.0, 1.0], [5, 6, 5, 5])
    return {"r": np.array(r), "n": np.array(n), "x1": x1, "x2": x2, "plate": [f"p{i:02d}" for i in range(21)]}


def _seeds(d: Mapping[str, Any], v: Values) -> float:
    """BUGS volume 1, *Seeds*: a random effect for every plate."""
    (a0, a1, a2, a12), b = v["b"], v["r_plate"][:, 0]
    tau_b = tau(v, "sd_plate", 0)
    logit = a0 + a1 * d["x1"] + a2 * d["x2"] + a12 * d["x1"] * d["x2"] + b
    total = dbin(d["r"], logit, d["n"]) + dnorm(b, 0, tau_b)
    return total + dnorm(v["b"], 0, 1e-6) + dgamma(tau_b, 0.001, 0.001)


# ------------------------------------------------------------------------------------------------------ surgical
def surgical() -> dict[str, Any]:
    """Deaths after heart surgery on babies in 12 hospitals: BUGS volume 1, *Surgical: institutional ranking*."""
    n = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
    r = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]
    return {"r": np.array(r), "n": np.array(n), "hospital": list("ABCDEFGHIJKL")}


def _surgical(d: Mapping[str, Any], v: Values) -> float:
    """The same: b_i ~ N(μ, τ), logit p_i = b_i."""
    mu, tau_b = v["b"][0], tau(v, "sd_hospital", 0)
    b = mu + v["r_hospital"][:, 0]
    return dbin(d["r"], b, d["n"]) + dnorm(b, mu, tau_b) + dnorm(mu, 0, 1e-6) + dgamma(tau_b, 0.001, 0.001)


# ---------------------------------------------------------------------------------------------------------- salm
def salm() -> dict[str, Any]:
    """Revertant colonies of salmonella, 3 plates at 6 doses of quinoline: Breslow (1984), Applied Statistics 33:38–44."""
    y = [15, 21, 29, 16, 18, 21, 16, 26, 33, 27, 41, 60, 33, 38, 41, 20, 27, 42]
    x = np.repeat([0.0, 10.0, 33.0, 100.0, 333.0, 1000.0], 3)
    return {"y": np.array(y), "x": x, "l": np.log(x + 10), "plate": [f"p{i:02d}" for i in range(18)]}


def _salm(d: Mapping[str, Any], v: Values) -> float:
    """BUGS volume 1, *Salm*: extra-Poisson variation in a dose-response study."""
    (alpha, beta, gamma), b = v["b"], v["r_plate"][:, 0]
    tau_b = tau(v, "sd_plate", 0)
    total = stats.poisson.logpmf(d["y"], np.exp(alpha + beta * d["l"] + gamma * d["x"] + b)).sum()
    return total + dnorm(b, 0, tau_b) + dnorm(v["b"], 0, 1e-6) + dgamma(tau_b, 0.001, 0.001)


# ---------------------------------------------------------------------------------------------------------- epil
def epil() -> dict[str, Any]:
    """Seizures of 59 patients at 4 visits: Thall & Vail (1990), Biometrics 46:657–671; covariates as BUGS has them."""
    d = load_data("epilepsy")
    base, trt = np.log(d["Base"].to_numpy(float) / 4), (d["Trt"].astype(str) == "1").to_numpy(float)
    columns = {"base": base, "trt": trt, "bt": base * trt, "age": np.log(d["Age"].to_numpy(float))}
    columns["v4"] = (d["visit"].astype(str) == "4").to_numpy(float)
    centred = {name: x - x.mean() for name, x in columns.items()}
    rows = [f"o{i:03d}" for i in range(len(d))]
    return centred | {"y": d["count"].to_numpy(), "patient": _padded(d["patient"]), "row": rows}


def _epil(d: Mapping[str, Any], v: Values) -> float:
    """BUGS volume 1, *Epil*, with effects of subjects and of visits within subjects."""
    patient = np.unique(d["patient"], return_inverse=True)[1]
    b1, b = v["r_patient"][:, 0], v["r_row"][:, 0]
    tau_b1, tau_b = tau(v, "sd_patient", 0), tau(v, "sd_row", 0)
    a0, base, trt, bt, age, v4 = v["b"]
    fixed = a0 + base * d["base"] + trt * d["trt"] + bt * d["bt"] + age * d["age"] + v4 * d["v4"]
    total = stats.poisson.logpmf(d["y"], np.exp(fixed + b1[patient] + b)).sum()
    total += dnorm(b1, 0, tau_b1) + dnorm(b, 0, tau_b) + dnorm(v["b"], 0, 1e-4)
    return total + dgamma(tau_b1, 0.001, 0.001) + dgamma(tau_b, 0.001, 0.001)


# ---------------------------------------------------------------------------------------------------------- dyes
def dyes() -> dict[str, Any]:
    """Yields of six batches: Davies (1967), in Box & Tiao (1973), table 5.1.2; hierlm's ``Dyestuff``."""
    d = load_data("Dyestuff")
    return {"y": d["Yield"].to_numpy(float), "batch": d["Batch"].astype(str).tolist()}


def _dyes(d: Mapping[str, Any], v: Values) -> float:
    """BUGS volume 1, *Dyes*: μ_i ~ N(θ, τ_btw), θ ~ N(0, 1.0E-10)."""
    batch = np.array(["ABCDEF".index(b) for b in d["batch"]])
    theta, tau_within, tau_between = v["b"][0], tau(v, "sigma"), tau(v, "sd_batch", 0)
    mu = theta + v["r_batch"][:, 0]
    total = dnorm(d["y"], mu[batch], tau_within) + dnorm(mu, theta, tau_between) + dnorm(theta, 0, 1e-10)
    return total + dgamma(tau_within, 0.001, 0.001) + dgamma(tau_between, 0.001, 0.001)


# --------------------------------------------------------------------------------------------- a crossed binary
def verbal_aggression() -> dict[str, Any]:
    """A binary response of crossed persons and items, as of crossed females and males in the salamander matings.

    The table of the matings (McCullagh & Nelder 1989, §14.5) is not here; the model is of its kind, the data
    are hierlm's ``VerbAgg`` (De Boeck & Wilson 2004).
    """
    d = load_data("VerbAgg")
    columns = {
        "y": (d["r2"].astype(str) == "Y").to_numpy(int),
        "want": (d["mode"].astype(str) == "want").to_numpy(float),
    }
    return columns | {"id": _padded(d["id"]), "item": d["item"].astype(str).tolist()}


def _verbal_aggression(d: Mapping[str, Any], v: Values) -> float:
    """logit p = b₀ + b₁ want + u_person + v_item, with the priors of BUGS's examples."""
    u, w = v["r_id"][:, 0], v["r_item"][:, 0]
    person, item = (np.unique(d[name], return_inverse=True)[1] for name in ("id", "item"))
    logit = v["b"][0] + v["b"][1] * d["want"] + u[person] + w[item]
    tau_u, tau_w = tau(v, "sd_id", 0), tau(v, "sd_item", 0)
    total = dbin(d["y"], logit, np.ones(len(logit))) + dnorm(u, 0, tau_u) + dnorm(w, 0, tau_w)
    return total + dnorm(v["b"], 0, 1e-6) + dgamma(tau_u, 0.001, 0.001) + dgamma(tau_w, 0.001, 0.001)


def _padded(labels: Any) -> list[str]:
    """Numbers as text of one width, so that there is one order only."""
    return [f"{int(str(label)):03d}" for label in labels]


def _vague(*coefficients: str) -> dict[str, Any]:
    return {f"b[{c}]": VAGUE for c in ("Intercept", *coefficients)}


MODELS: dict[str, Published] = {
    "eight schools": Published(
        "y | se(se) ~ 1 + (1 | school)",
        "gaussian",
        eight_schools,
        {
            "b[Intercept]": hl.Prior("Normal", mu=0, sigma=5),
            "sd_school": hl.Prior("HalfCauchy", beta=5),
        },
        _eight_schools,
    ),
    "rats": Published(
        "y ~ t + (t || rat)",
        "gaussian",
        rats,
        _vague("t") | {"sd_rat": PRECISION, "sigma": PRECISION},
        _rats,
        ("sd_rat", "sigma"),
    ),
    "seeds": Published(
        "r | trials(n) ~ x1 * x2 + (1 | plate)",
        "binomial",
        seeds,
        _vague("x1", "x2", "x1:x2") | {"sd_plate": PRECISION},
        _seeds,
        ("sd_plate",),
    ),
    "surgical": Published(
        "r | trials(n) ~ 1 + (1 | hospital)",
        "binomial",
        surgical,
        _vague() | {"sd_hospital": PRECISION},
        _surgical,
        ("sd_hospital",),
    ),
    "salm": Published(
        "y ~ l + x + (1 | plate)", "poisson", salm, _vague("l", "x") | {"sd_plate": PRECISION}, _salm, ("sd_plate",)
    ),
    "epil": Published(
        "y ~ base + trt + bt + age + v4 + (1 | patient) + (1 | row)",
        "poisson",
        epil,
        {f"b[{c}]": hl.Prior("Normal", mu=0, sigma=100) for c in ("Intercept", "base", "trt", "bt", "age", "v4")}
        | {"sd_patient": PRECISION, "sd_row": PRECISION},
        _epil,
        ("sd_patient", "sd_row"),
    ),
    "dyes": Published(
        "y ~ 1 + (1 | batch)",
        "gaussian",
        dyes,
        {"b[Intercept]": hl.Prior("Normal", mu=0, sigma=1e5), "sd_batch": PRECISION, "sigma": PRECISION},
        _dyes,
        ("sd_batch", "sigma"),
    ),
    "crossed binary": Published(
        "y ~ want + (1 | id) + (1 | item)",
        "bernoulli",
        verbal_aggression,
        _vague("want") | {"sd_id": PRECISION, "sd_item": PRECISION},
        _verbal_aggression,
        ("sd_id", "sd_item"),
    ),
}
