"""Compound symmetry near its lower bound: what is sampled, how effects are centred, and that it samples well."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.kernels.residuals import Residuals, residual_parameters
from hierlm.model.correlated_signals import exchangeable_rho, gain
from hierlm.model.parameterization import CENTRED_ABOVE

B, M = 20, 4


def table(least: float, seed: int, sd: float = 0.7) -> pd.DataFrame:
    """Blocks of four with 1 + 3ρ = least; seven levels of h cut across them."""
    rng, rho = np.random.default_rng(seed), (least - 1) / (M - 1)
    values, vectors = np.linalg.eigh(np.full((M, M), rho) + (1 - rho) * np.eye(M))
    e = ((vectors * np.sqrt(np.clip(values, 0, None))) @ rng.normal(size=(M, B))).T.ravel()
    h = rng.permutation(np.arange(B * M) % 7)
    frame = pd.DataFrame({"block": np.repeat([f"b{i}" for i in range(B)], M), "h": [f"h{c}" for c in h]})
    frame["x"], frame["t"] = rng.normal(size=B * M), np.tile(np.arange(M), B)
    frame["y"] = 1 + 0.5 * frame["x"] + sd * rng.normal(size=7)[h] + e
    return frame


def crossed(least: float, seed: int, **options: object) -> hl.Model:
    return hl.Model("y ~ x + (1 | h)", table(least, seed), residual="cs(1 | block)", **options)


def test_the_coordinate_is_the_ratio_of_the_eigenvalues() -> None:
    """Of graph and kernel: v = log((1 + (m − 1) ρ)/(1 − ρ)) − log(m − 1), which is without bounds at either end."""
    model = hl.Model("y ~ x", table(0.1, 1), residual="cs(1 | block)").pymc
    rescor = next(v for v in model.free_RVs if v.name == "rescor")
    transform = model.rvs_to_transforms[rescor]
    kernel = Residuals(*(np.zeros(s) for s in ((0, 7), (1, 8), (1, 0), (1,), (1,), (0, 4), (0, 3))))
    kernel.rho[0] = [0, 0, -1 / (M - 1), 1, 0, 0, 1, 0]
    for v in (-12.0, -3.0, 0.0, 2.0):
        rho = transform.backward(np.array([v]), *rescor.owner.inputs).eval().item()
        ratio = np.log((1 + (M - 1) * rho) / (1 - rho))
        assert ratio == pytest.approx(v + np.log(M - 1), abs=1e-9)
        assert residual_parameters(np.array([v]), kernel, np.zeros(0))[1] == pytest.approx(rho, abs=1e-15)


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.6])
def test_gain_is_that_of_dense_matrices(rho: float) -> None:
    frame = table(0.5, 3).iloc[:-3]  # a block that is smaller
    model = hl.Model("y ~ x", frame, residual="cs(1 | block)")
    assert model.residual is not None
    same = frame["block"].to_numpy()[:, None] == frame["block"].to_numpy()
    R = np.where(same, rho, 0.0) + (1 - rho) * np.eye(len(frame))
    codes, z = frame["h"].astype("category").cat.codes.to_numpy(np.int64), frame["x"].to_numpy()
    for column in (np.ones(len(frame)), z):
        Z = column[:, None] * np.eye(7)[codes]
        ratios = np.diag(Z.T @ np.linalg.solve(R, Z)) / np.diag(Z.T @ Z)
        assert gain(model.residual, rho, column, codes) == pytest.approx(max(1.0, np.median(ratios)))


@pytest.mark.parametrize("least", [0.5, 0.05, 1e-3, 1e-5])
def test_rho_is_estimated_beside_effects_that_cut_across_blocks(least: float) -> None:
    found = []
    for seed in range(12):
        model = crossed(least, seed)
        assert model.residual is not None
        X = np.column_stack([np.ones(B * M), model.data["x"].values])
        rho = exchangeable_rho(model.residual, model.responses[0].y, [(np.ones(B * M), model.blocks[0].codes)], X)
        found.append(1 + (M - 1) * rho)
    assert least / 2 < np.median(found) < least * 2 + 4e-6


def test_effects_that_block_sums_determine_are_centred() -> None:
    """They are known far better than rows tell; elsewhere the choice is what it was."""
    for seed in range(4):
        assert crossed(1e-3, seed).blocks[0].centred
        alone = hl.Model("y ~ x + (1 | h)", table(1e-3, seed)).blocks[0].centred
        assert hl.Model("y ~ x + (1 | h)", table(1e-3, seed), residual="ar1(t | block)").blocks[0].centred == alone
        assert crossed(1.0, seed).blocks[0].centred == hl.Model("y ~ x + (1 | h)", table(1.0, seed)).blocks[0].centred
        assert not crossed(1e-3, seed, parameterization="noncentered").blocks[0].centred
    assert CENTRED_ABOVE > 1


def test_few_blocks_columns_and_residuals_without_variance_are_no_trouble() -> None:
    """Nothing is estimated where effects leave too few sums, and constant residuals have no correlation."""
    frame = table(0.5, 1)
    model = hl.Model(
        "y ~ x + (1 | h)", frame[frame["block"].isin(["b0", "b1", "b2", "b3", "b4"])], residual="cs(1 | block)"
    )
    assert model.residual is not None
    X = np.ones((len(model.residual.codes), 1))
    columns = [(np.ones(len(X)), model.blocks[0].codes)]
    assert exchangeable_rho(model.residual, model.responses[0].y, columns, X) == 0.0
    assert exchangeable_rho(crossed(0.5, 1).residual, np.ones(B * M), [], np.ones((B * M, 1))) == 0.0  # type: ignore[arg-type]


@pytest.mark.parametrize("least", [1e-2, 1e-5])
def test_near_the_bound_the_default_samples_without_divergences(least: float) -> None:
    """SS/((1 + (m − 1) ρ) σ²) of the block sums is χ² with B − 3 degrees of freedom: flat in ρ, b integrated out."""
    frame = table(least, 5, sd=0.0).drop(columns=["x"])
    fit = hl.Model("y ~ 1", frame, residual="cs(1 | block)").fit(seed=1, draws=1000, chains=4, progress=False)
    stats = fit.draws["sample_stats"]
    assert "diverging" not in stats or not stats["diverging"].any()
    sums = frame.groupby("block")["y"].sum().to_numpy()
    SS = np.sum((sums - sums.mean()) ** 2) / M
    least_now = (1 + (M - 1) * fit.posterior["rescor"].to_numpy().ravel()) * fit.posterior[
        "sigma"
    ].to_numpy().ravel() ** 2
    q = SS / least_now
    assert q.mean() == pytest.approx(B - 3, abs=0.6)
    assert q.std() == pytest.approx(np.sqrt(2 * (B - 3)), rel=0.12)


@pytest.mark.slow
def test_near_the_bound_the_graph_samples_without_divergences() -> None:
    """With effects of h that are not centred a draw takes some 700 gradients, and some chains diverge."""
    for family in ("gaussian", "student_t"):
        model = hl.Model("y ~ x + (1 | h)", table(1e-4, 1), family, residual="cs(1 | block)")
        fit = model.fit(seed=1, draws=500, tune=500, chains=2, progress=False, reduce=False)
        stats = fit.draws["sample_stats"]
        assert not stats["diverging"].any()
        assert float(stats["n_steps"].mean()) < 60
