"""glmmTMB's −2 log-likelihood at its own estimates, for structures on group effects of Gaussian models: exact."""

from __future__ import annotations

import numpy as np
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
    b = fit["fixef"]["cond"]
    names = {
        "Intercept": "(Intercept)",
        "Sex[Female]": "SexFemale",
        "age8": "age8",
        "Sex[Female]:age8": "SexFemale:age8",
    }
    coefficients = [b[names[label]] for label in model.predictors[0].labels]
    mean = model.predictors[0].X @ coefficients
    density = stats.multivariate_normal(mean, total).logpdf(model.responses[0].y)
    assert -2 * density == pytest.approx(fit["minus2loglik"], abs=1e-5)
