"""The joint density of a mixed model from its table and its natural values, by NumPy and SciPy.

log p(y, b, r, sd, C, …) = Σ log p(y | η) + log p(b) + log p(sd) + log p(C) + Σ_j log N(r_j; 0, V) + log p(others), with
η = X b + Z r by levels looked up by name.  Correlations are seen as the elements of their Cholesky factor below its
diagonal, or as one number where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

import hierlm as hl
from tests.trust.densities import LINKS, log_density
from tests.trust.priors import Proper, gamma, half_normal, normal
from tests.trust.responses import RESPONSES, TRIALS, Response

Floats = np.ndarray
Values = Mapping[str, Floats]
N = 24
LEVELS, OTHER_LEVELS, FACTOR = ("g0", "g1", "g2", "g3", "g4"), ("h0", "h1", "h2"), ("p", "q", "r")
ETA = 1.5

SDS, SD_H, SLOPE = (half_normal(0.1), gamma(2.0, 20.0), half_normal(0.2)), gamma(3.0, 30.0), normal(0.05, 0.1)

STRUCTURES: dict[str, tuple[str, str]] = {
    "us": ("own", "unstructured"),
    "idh": ("own", "none"),
    "idv": ("shared", "none"),
    "corh": ("own", "exchangeable"),
    "corv": ("shared", "exchangeable"),
    "cor": ("unit", "unstructured"),
}
"""Name → (standard deviations, correlations) of three effects: what a structure means, said once more."""


@dataclass(frozen=True)
class Spec:
    """One point of the grid: ``y ~ x + structure(0 + f | g) + (1 | h)``."""

    family: str
    link: str
    structure: str

    @property
    def response(self) -> Response:
        return RESPONSES[self.family]

    @property
    def centre(self) -> float:
        """The mean that responses have at the centre of the prior."""
        return 0.4 if self.response.link == "logit" else 2.0

    @property
    def intercept(self) -> Proper:
        """Prior of b[Intercept], about the centre, narrow enough for every link."""
        return normal(float(LINKS[self.link](np.float64(self.centre))), 0.05)

    @property
    def coefficients(self) -> dict[str, Proper]:
        """The priors of b, in its order."""
        return {"b[Intercept]": self.intercept, "b[x]": SLOPE} if self.response.intercept else {"b[x]": SLOPE}

    def table(self, seed: int = 0) -> dict[str, Any]:
        """Rows in no order; every level is there."""
        rng = np.random.default_rng([17, seed])
        response = self.response
        table: dict[str, Any] = response.columns(rng, N)
        for name, levels in (("g", LEVELS), ("h", OTHER_LEVELS), ("f", FACTOR)):
            table[name] = rng.permutation(np.resize(levels, N))
        table["x"] = rng.uniform(-1, 1, N)
        eta = LINKS[response.link](np.float64(self.centre)) + 0.1 * rng.normal(size=N)
        table["y"] = response.simulate(rng, eta, table, response.typical())
        return table

    def priors(self) -> dict[str, Any]:
        """Of everything, by hierlm's names."""
        found = {name: prior.ours for name, prior in self.coefficients.items()} | {"sd_h": SD_H.ours}
        kind, correlations = STRUCTURES[self.structure]
        labels = [f"f[{level}]" for level in FACTOR]
        if kind == "own":
            found |= {f"sd_g[{e}]": prior.ours for e, prior in zip(labels, SDS, strict=True)}
        if kind == "shared":
            found["sd_g"] = SDS[0].ours
        if correlations != "none":
            found["cor_g"] = hl.LKJ(ETA)
        return found | {name: prior.ours for name, prior in self.response.others.items()}

    def model(self, table: Mapping[str, Any], parameterization: str = "auto") -> hl.Model:
        """hierlm's."""
        formula = f"{self.response.left} ~ x + {self.structure}(0 + f | g) + (1 | h)"
        family = f"{self.family}({self.link})"
        return hl.Model(formula, table, family, priors=self.priors(), parameterization=parameterization)


def _rows(table: Mapping[str, Any]) -> tuple[Floats, Floats, Floats]:
    """Position of every row's level of g, h and f."""
    pairs = (("g", LEVELS), ("h", OTHER_LEVELS), ("f", FACTOR))
    g, h, f = (np.array([levels.index(v) for v in table[name]]) for name, levels in pairs)
    return g, h, f


def predictor(table: Mapping[str, Any], values: Values) -> Floats:
    """η of every row."""
    g, h, f = _rows(table)
    *intercept, slope = values["b"]
    return sum(intercept) + slope * table["x"] + values["r_g"][g, f] + values["r_h"][h, 0]


def log_joint(spec: Spec, table: Mapping[str, Any], values: Values) -> float:
    """Everything, at natural values: ``b``, ``sd_g``, ``cor_g``, ``r_g``, ``sd_h``, ``r_h`` and further parameters."""
    others = {name: values[name] for name in spec.response.others}
    trials = {"trials": table[TRIALS]} if spec.response.trials else {}
    eta = predictor(table, values)
    total = log_density(spec.family, spec.link, np.asarray(table["y"]), eta, **others, **trials).sum()
    total += sum(p.log_density(b) for p, b in zip(spec.coefficients.values(), values["b"], strict=True))
    total += sum(prior.log_density(values[name]) for name, prior in spec.response.others.items())
    sd, R = standard_deviations(spec, values), correlations(spec, values)
    total += _log_prior_of_sds(spec, sd) + log_prior_of_correlations(spec, R)
    total += stats.multivariate_normal(np.zeros(len(sd)), sd[:, None] * R * sd).logpdf(values["r_g"]).sum()
    sd_h = values["sd_h"][0]
    return float(total + SD_H.log_density(sd_h) + stats.norm.logpdf(values["r_h"], 0, sd_h).sum())


def standard_deviations(spec: Spec, values: Values) -> Floats:
    """Of the three effects; of the form that the structure promises."""
    kind = STRUCTURES[spec.structure][0]
    if kind == "unit":
        assert "sd_g" not in values
        return np.ones(len(FACTOR))
    sd = values["sd_g"]
    assert sd.shape == (len(FACTOR),)
    assert kind == "own" or np.ptp(sd) == 0
    return sd


def correlations(spec: Spec, values: Values) -> Floats:
    """R, of the form that the structure promises."""
    kind, k = STRUCTURES[spec.structure][1], len(FACTOR)
    if kind == "none":
        assert "cor_g" not in values
        return np.eye(k)
    R = values["cor_g"]
    np.testing.assert_allclose(np.diag(R), 1.0, rtol=1e-12)
    if kind == "exchangeable":
        np.testing.assert_allclose(R[np.tril_indices(k, -1)], R[1, 0], rtol=1e-10)
    return R


def _log_prior_of_sds(spec: Spec, sd: Floats) -> float:
    free = {"own": len(FACTOR), "shared": 1, "unit": 0}[STRUCTURES[spec.structure][0]]
    return float(sum(prior.log_density(s) for prior, s in zip(SDS[:free], sd[:free], strict=True)))


def log_prior_of_correlations(spec: Spec, R: Floats) -> float:
    """LKJ(η), p(R) ∝ det(R)^(η−1), as a density of one correlation or of the factor's elements; up to a constant.

    |∂R/∂C| over the elements below the diagonals is Π_i C_ii^(k−i), i = 2 … k.
    """
    kind, k = STRUCTURES[spec.structure][1], len(R)
    if kind == "none":
        return 0.0
    if kind == "exchangeable":
        return float((ETA - 1) * np.linalg.slogdet(R)[1])
    diagonal = np.diag(np.linalg.cholesky(R))[1:]
    return float(np.sum((2 * ETA - 2 + k - np.arange(2, k + 1)) * np.log(diagonal)))


def log_scale(spec: Spec, values: Values) -> float:
    """Σ log |∂r/∂z| of standardised effects r = L z of both groupings."""
    sd, R = standard_deviations(spec, values), correlations(spec, values)
    of_g = len(LEVELS) * (np.log(sd).sum() + np.linalg.slogdet(R)[1] / 2)
    return float(of_g + len(OTHER_LEVELS) * np.log(values["sd_h"][0]))


def natural_coordinates(spec: Spec, values: Values) -> Floats:
    """All free values in a row, as many as the graph samples."""
    sd, R = standard_deviations(spec, values), correlations(spec, values)
    free = {"own": len(FACTOR), "shared": 1, "unit": 0}[STRUCTURES[spec.structure][0]]
    below = np.linalg.cholesky(R)[np.tril_indices(len(R), -1)]
    kept = {"none": below[:0], "exchangeable": below[:1], "unstructured": below}[STRUCTURES[spec.structure][1]]
    others = [np.atleast_1d(values[name]) for name in spec.response.others]
    return np.concatenate(
        [values["b"], sd[:free], kept, values["r_g"].ravel(), values["sd_h"], values["r_h"].ravel(), *others]
    )
