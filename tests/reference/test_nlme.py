"""nlme's −2 log-likelihoods at its estimates, from hierlm's own design, variance functions and correlation matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm import names
from hierlm.graph.evaluate import evaluate
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
