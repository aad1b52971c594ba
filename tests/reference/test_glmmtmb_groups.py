"""glmmTMB's −2 log-likelihood at its own estimates, for structures on group effects of Gaussian models: exact."""

from __future__ import annotations

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats

import hierlm as hl
from hierlm.graph.evaluate import evaluate
from tests.reference.tables import reference_table


@pytest.mark.reference
@pytest.mark.parametrize("name", ["orthodont_ar1"])
def test_minus_two_log_likelihood(name, reference):
    """y ~ N(Xb, Z V Z' + σ²), V from the structure's own root at glmmTMB's standard deviation and correlation."""
    fit = next(f for f in reference("glmmTMB") if f["id"] == name)
    data = reference_table("Orthodont", hl.load_data)
    data = data.assign(fage=data["age"].astype(int).astype(str).str.zfill(2))
    model = hl.Model("distance ~ Sex * age8 + ar1(0 + fage | Subject)", data)
    (block,) = model.blocks
    V = fit["varcorr"]["Subject"]
    sd, phi = V["sd"][0], V["cor"][0][1]
    L = evaluate(lambda phi, sds: block.covariance.root({"phi": phi[0]}, sds, 4), phi=[phi], sds=np.full(4, sd))
    np.testing.assert_allclose(L @ L.T / sd**2, V["cor"], atol=1e-8)
    (piece,) = block.pieces
    same = block.codes[:, None] == block.codes[None, :]
    total = same * (piece.Z @ L @ L.T @ piece.Z.T) + fit["dispersion"] ** 2 * np.eye(fit["n"])
    assert -2 * density(model, fit, total) == pytest.approx(fit["minus2loglik"], abs=1e-5)


NAMES = {"Intercept": "(Intercept)", "Sex[Female]": "SexFemale", "age8": "age8", "Sex[Female]:age8": "SexFemale:age8"}


def density(model: hl.Model, fit: dict, V: np.ndarray) -> float:
    """Log-density of the response, multivariate normal around glmmTMB's mean."""
    mean = model.predictors[0].X @ [fit["fixef"]["cond"][NAMES[label]] for label in model.predictors[0].labels]
    return float(stats.multivariate_normal(mean, V).logpdf(model.responses[0].y))


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore:'Subject' has 27 × 4 effects:hierlm.errors.DataWarning")
def test_compound_symmetry_with_a_standard_deviation_each(reference):
    """glmmTMB's cs is corh; its correlation is at the bound."""
    fit = next(f for f in reference("glmmTMB") if f["id"] == "orthodont_cs")
    data = reference_table("Orthodont", hl.load_data)
    data = data.assign(fage=data["age"].astype(int).astype(str).str.zfill(2))
    model = hl.Model("distance ~ Sex * age8 + corh(0 + fage | Subject)", data)
    (block,) = model.blocks
    (piece,) = block.pieces
    V, L = fit["varcorr"]["Subject"], np.zeros((4, 4))
    for i in range(4):
        for j in range(i + 1):
            entry = evaluate(
                lambda u, i=i, j=j: pt.as_tensor(block.covariance.correlation_factor(u, 4)[i][j]) + 0.0 * u,
                u=(1 + 3 * np.float64(V["cor"][0][1])) / 4,
            )
            L[i, j] = V["sd"][i] * float(entry)
    np.testing.assert_allclose(L @ L.T, np.outer(V["sd"], V["sd"]) * V["cor"], rtol=1e-8)
    same = block.codes[:, None] == block.codes[None, :]
    total = same * (piece.Z @ L @ L.T @ piece.Z.T) + fit["dispersion"] ** 2 * np.eye(fit["n"])
    assert -2 * density(model, fit, total) == pytest.approx(fit["minus2loglik"], abs=1e-5)


@pytest.mark.reference
def test_dispersion_by_a_factor(reference):
    """``dispformula = ~Sex`` is ``sigma ~ Sex``; that version of glmmTMB has the logarithm of the variance."""
    fit = next(f for f in reference("glmmTMB") if f["id"] == "orthodont_disp")
    model = hl.Model(
        ["distance ~ Sex * age8 + (1 | Subject)", "sigma ~ Sex"], reference_table("Orthodont", hl.load_data)
    )
    (block,), scale = model.blocks, model.predictors[1]
    disp = {"Intercept": "(Intercept)", "Sex[Female]": "SexFemale"}
    log_sd = scale.X @ [fit["fixef"]["disp"][disp[label]] / 2 for label in scale.labels]
    sd = evaluate(model.responses[0].links["sigma"].inverse, eta=log_sd)
    same = block.codes[:, None] == block.codes[None, :]
    total = same * fit["varcorr"]["Subject"]["sd"] ** 2 + np.diag(sd**2)
    assert -2 * density(model, fit, total) == pytest.approx(fit["minus2loglik"], abs=1e-5)
