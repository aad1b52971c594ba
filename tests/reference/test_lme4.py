"""At lme4's estimates, the Gaussian marginal likelihood built from hierlm's own pieces is lme4's deviance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.graph.evaluate import evaluate
from hierlm.model.values import GroupBlock
from tests.reference.tables import reference_table

GAUSSIAN = ("dyestuff", "sleepstudy_us", "sleepstudy_idh", "penicillin", "orthodont", "oats")


def _factor(block: GroupBlock, correlation: np.ndarray) -> np.ndarray:
    """C with C Cᵀ = R, through the structure's own rows."""
    k = len(block.effects)
    if not block.covariance.correlated(k):
        return np.eye(k)
    assert k == 2
    u = np.float64((1 + correlation[0][1]) / 2)  # the parameter of two correlated effects
    C = np.zeros((2, 2))
    for i in range(2):
        for j in range(i + 1):
            C[i, j] = evaluate(lambda p, i=i, j=j: block.covariance.correlation_factor(p, 2)[i][j] + 0.0 * p, p=u)
    return C


def _estimates(entry: dict[str, Any], group: str, effects: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """lme4's sds and correlations of the effects of one block, by name."""
    wanted = ["(Intercept)" if e == "Intercept" else e for e in effects]
    for name, term in entry["varcorr"].items():
        labels = np.atleast_1d(term["names"]).tolist()
        same = {*name.split(".")[0].split(":")} == {*group.split(":")}
        if same and set(wanted) <= set(labels):
            order = [labels.index(w) for w in wanted]
            return np.atleast_1d(term["sd"])[order], np.asarray(term["cor"])[np.ix_(order, order)]
    raise AssertionError(f"{group} {effects} is not in the reference")


@pytest.mark.parametrize("id_", GAUSSIAN)
def test_minus_two_log_likelihood(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    entry = next(e for e in reference("lme4") if e["id"] == id_)
    model = hl.Model(entry["formula"], reference_table(entry["data"], data))
    predictor, response = model.predictors[0], model.responses[0]
    V = entry["sigma"] ** 2 * np.eye(len(response.y))
    for block in model.blocks:
        sds, correlation = _estimates(entry, block.group, block.effects)
        L = sds[:, None] * _factor(block, correlation)
        (piece,) = block.pieces
        U = piece.Z @ L
        V += np.where(block.codes[:, None] == block.codes[None, :], U @ U.T, 0.0)
    names = {"(Intercept)": "Intercept"}
    beta = {names.get(k, k): v for k, v in entry["fixef"].items()}
    b = np.array([beta[_r_name(label)] for label in predictor.labels])
    residual = response.y - predictor.offset - predictor.X @ b
    _, logdet = np.linalg.slogdet(V)
    deviance = len(residual) * np.log(2 * np.pi) + logdet + residual @ np.linalg.solve(V, residual)
    assert deviance == pytest.approx(entry["minus2loglik"], abs=1e-6)


def _r_name(label: str) -> str:
    """``age8:Sex[Female]`` → ``age8:SexFemale``."""
    return label.replace("[", "").replace("]", "")
