"""nlme's −2 log-likelihoods at its estimates, from hierlm's own design, variance functions and correlation matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor.tensor as pt
import pytest

import hierlm as hl
from hierlm import names
from hierlm.graph.colouring import Colouring
from hierlm.graph.evaluate import evaluate
from hierlm.graph.residuals import block_density
from hierlm.model.variances import log_factor
from tests.reference.nlme import MODELS, estimates, table, variance_values

SCALES = [id_ for id_, options in MODELS.items() if "residual" not in options]


def fitted(model: hl.Model, entry: dict[str, Any]) -> np.ndarray:
    mean = next(p for p in model.predictors if p.parameter == names.MEAN)
    return mean.X @ estimates(entry, mean.labels)


def sds(model: hl.Model, entry: dict[str, Any], mu: np.ndarray) -> np.ndarray:
    """σ Π g(v) of every row."""
    sd = np.full(len(mu), entry["sigma"])
    labels = [a.label for a in model.assignments if a.variable == names.VARIANCE]
    values = {k: np.float64(v) for k, v in variance_values(entry, labels).items()}
    for p in model.predictors:
        for part in p.variances:
            sd = sd * np.exp(evaluate(lambda mean, part=part: log_factor(part, values, mean) + 0 * mean, mean=mu))
    return sd


def minus_two_log_likelihood(residual: np.ndarray, V: np.ndarray) -> float:
    sign, logdet = np.linalg.slogdet(V)
    assert sign == 1
    return float(len(residual) * np.log(2 * np.pi) + logdet + residual @ np.linalg.solve(V, residual))


@pytest.mark.parametrize("id_", SCALES)
def test_variance_functions(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    entry = next(e for e in reference("nlme") if e["id"] == id_)
    model = hl.Model(data=table(entry["data"], data), **MODELS[id_])
    mu = fitted(model, entry)
    V = np.diag(sds(model, entry, mu) ** 2)
    found = minus_two_log_likelihood(model.responses[0].y - mu, V)
    assert found == pytest.approx(entry["minus2loglik"], abs=1e-5)


NLME = {"Rho": "rho", "Phi": "phi", "range": "range", "nugget": "nugget"}


def residual_matrix(model: hl.Model, entry: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients in their order, and R of all rows."""
    assert model.residual is not None
    stored = {NLME[k]: v for k, v in entry["cor"].items()}
    rescor = np.array([stored[label] for label in model.residual.labels])
    n = model.design.n
    L = Colouring(model.residual)(np.tile(rescor, (n, 1)), np.eye(n))
    return rescor, L.T @ L


def group_matrix(model: hl.Model, entry: dict[str, Any]) -> np.ndarray:
    """Z G Zᵀ."""
    V = np.zeros((model.design.n, model.design.n))
    for term in entry["re_cov"].values():
        G = np.atleast_2d(term["cov"])
        Z = np.hstack([p.Z for b in model.blocks for p in b.pieces])
        codes = model.blocks[0].codes
        V += np.where(codes[:, None] == codes, Z @ G @ Z.T, 0.0)
    return V


CORRELATED = [id_ for id_, options in MODELS.items() if "residual" in options]


@pytest.mark.parametrize("id_", CORRELATED)
def test_correlations(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    entry = next(e for e in reference("nlme") if e["id"] == id_)
    model = hl.Model(data=table(entry["data"], data), **MODELS[id_])
    mu = fitted(model, entry)
    sd, (rescor, R) = sds(model, entry, mu), residual_matrix(model, entry)
    V = sd[:, None] * R * sd + group_matrix(model, entry)
    found = minus_two_log_likelihood(model.responses[0].y - mu, V)
    assert found == pytest.approx(entry["minus2loglik"], abs=1e-5)
    if not model.blocks:  # the density of the graph itself
        assert model.residual is not None
        total = evaluate(
            lambda mu, sd, rescor: block_density(
                model.responses[0], model.residual, pt.constant(model.responses[0].y), mu, sd, {}, rescor
            ),
            mu=mu, sd=sd, rescor=rescor,
        )  # fmt: skip
        assert -2 * float(total) == pytest.approx(entry["minus2loglik"], abs=1e-5)
