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
from tests.trust.covariances import FACTOR, MEANINGS, PLACES, TIMES, Meaning
from tests.trust.densities import LINKS, log_density
from tests.trust.priors import Proper, gamma, half_normal, normal
from tests.trust.responses import RESPONSES, TRIALS, Response

Floats = np.ndarray
Values = Mapping[str, Floats]
N = 24
LEVELS, OTHER_LEVELS = ("g0", "g1", "g2", "g3", "g4"), ("h0", "h1", "h2")
ETA = 1.5

SDS, SD_H, SLOPE = (half_normal(0.1), gamma(2.0, 20.0), half_normal(0.2)), gamma(3.0, 30.0), normal(0.05, 0.1)


@dataclass(frozen=True)
class Spec:
    """One point of the grid: ``y ~ x + structure(0 + f | g) + (1 | h)``, the structure one of :data:`MEANINGS`."""

    family: str
    link: str
    structure: str

    @property
    def response(self) -> Response:
        return RESPONSES[self.family]

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self.structure]

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
        place = [FACTOR.index(level) for level in table["f"]]
        table |= {"t": TIMES[place, 0], "lat": PLACES[place, 0], "lon": PLACES[place, 1]}
        table["x"] = rng.uniform(-1, 1, N)
        eta = LINKS[response.link](np.float64(self.centre)) + 0.1 * rng.normal(size=N)
        table["y"] = response.simulate(rng, eta, table, response.typical())
        return table

    def priors(self) -> dict[str, Any]:
        """Of everything, by hierlm's names."""
        found = {name: prior.ours for name, prior in self.coefficients.items()} | {"sd_h": SD_H.ours}
        meaning, labels = self.meaning, [f"f[{level}]" for level in FACTOR]
        if meaning.sds == "own":
            found |= {f"sd_g[{e}]": prior.ours for e, prior in zip(labels, SDS, strict=True)}
        if meaning.sds == "shared":
            found["sd_g"] = SDS[0].ours
        if meaning.correlations != "none":
            found["cor_g"] = hl.LKJ(ETA)
        found |= {f"{name}_g": prior.ours for name, prior in meaning.coefficients.items()}
        found |= {name: prior.ours for name, prior in meaning.rows.items()}
        return found | {name: prior.ours for name, prior in self.response.others.items()}

    def model(self, table: Mapping[str, Any], parameterization: str = "auto") -> hl.Model:
        """hierlm's."""
        formula = f"{self.response.left} ~ x + {self.meaning.bar} + (1 | h)"
        return hl.Model(
            formula,
            table,
            f"{self.family}({self.link})",
            priors=self.priors(),
            parameterization=parameterization,
            matrices=self.meaning.matrices,
        )


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
    total += _log_prior_of_sds(spec, values) + log_prior_of_correlations(spec, values) + spec.meaning.log_prior(values)
    total += _log_density_of_effects(spec, values)
    sd_h = values["sd_h"][0]
    return float(total + SD_H.log_density(sd_h) + stats.norm.logpdf(values["r_h"], 0, sd_h).sum())


def _log_density_of_effects(spec: Spec, values: Values) -> float:
    """Of r, or of the scores f of r = Λ f where V has no inverse."""
    if spec.meaning.loadings:
        return float(stats.norm.logpdf(_scores(spec, values)).sum())
    V = covariance(spec, values)
    return float(stats.multivariate_normal(np.zeros(len(V)), V).logpdf(values["r_g"]).sum())


def _scores(spec: Spec, values: Values) -> Floats:
    """f of r = Λ f, which r must be: (levels, d)."""
    assert spec.meaning.loadings is not None
    L = spec.meaning.loadings(values)
    scores = np.linalg.lstsq(L, values["r_g"].T)[0].T
    np.testing.assert_allclose(scores @ L.T, values["r_g"], atol=1e-9 * np.abs(values["r_g"]).max())
    return np.asarray(scores)


def covariance(spec: Spec, values: Values) -> Floats:
    """V of one level's effects."""
    sd = standard_deviations(spec, values)
    if spec.meaning.covariance:
        return spec.meaning.covariance(sd, values)
    return np.asarray(sd[:, None] * correlations(spec, values) * sd)


def standard_deviations(spec: Spec, values: Values) -> Floats:
    """Of the three effects; of the form that the structure promises."""
    kind = spec.meaning.sds
    if kind == "none":
        assert "sd_g" not in values
        return np.ones(len(FACTOR))
    sd = np.broadcast_to(values["sd_g"], len(FACTOR))
    assert kind == "own" or np.ptp(sd) == 0
    return sd


def correlations(spec: Spec, values: Values) -> Floats:
    """R where ``cor_g`` has it, of the form that the structure promises."""
    kind, k = spec.meaning.correlations, len(FACTOR)
    if kind == "none":
        assert "cor_g" not in values
        return np.eye(k)
    R = values["cor_g"]
    np.testing.assert_allclose(np.diag(R), 1.0, rtol=1e-12)
    if kind == "exchangeable":
        np.testing.assert_allclose(R[np.tril_indices(k, -1)], R[1, 0], rtol=1e-10)
    return R


def _free_sds(spec: Spec, values: Values) -> Floats:
    count = {"own": len(FACTOR), "shared": 1, "none": 0}[spec.meaning.sds]
    return standard_deviations(spec, values)[:count]


def _log_prior_of_sds(spec: Spec, values: Values) -> float:
    return float(sum(prior.log_density(s) for prior, s in zip(SDS, _free_sds(spec, values), strict=False)))


def log_prior_of_correlations(spec: Spec, values: Values) -> float:
    """LKJ(η), p(R) ∝ det(R)^(η−1), as a density of one correlation or of the factor's elements; up to a constant.

    |∂R/∂C| over the elements below the diagonals is Π_i C_ii^(k−i), i = 2 … k.
    """
    kind, R = spec.meaning.correlations, correlations(spec, values)
    if kind == "none":
        return 0.0
    if kind == "exchangeable":
        return float((ETA - 1) * np.linalg.slogdet(R)[1])
    k, diagonal = len(R), np.diag(np.linalg.cholesky(R))[1:]
    return float(np.sum((2 * ETA - 2 + k - np.arange(2, k + 1)) * np.log(diagonal)))


def log_scale(spec: Spec, values: Values) -> float:
    """Σ log |∂r/∂z| of standardised effects r = L z of both groupings; scores are standardised already."""
    of_g = 0.0 if spec.meaning.loadings else len(LEVELS) * np.linalg.slogdet(covariance(spec, values))[1] / 2
    return float(of_g + len(OTHER_LEVELS) * np.log(values["sd_h"][0]))


def natural_coordinates(spec: Spec, values: Values) -> Floats:
    """All free values in a row, as many as the graph samples."""
    R = correlations(spec, values)
    below = np.linalg.cholesky(R)[np.tril_indices(len(R), -1)]
    kept = {"none": below[:0], "exchangeable": below[:1], "unstructured": below}[spec.meaning.correlations]
    effects = _scores(spec, values) if spec.meaning.loadings else values["r_g"]
    others = [np.atleast_1d(values[name]) for name in spec.response.others]
    free = [_free_sds(spec, values), kept, *spec.meaning.free(values)]
    return np.concatenate([values["b"], *free, effects.ravel(), values["sd_h"], values["r_h"].ravel(), *others])
