"""Group standard deviations with a formula, and location–scale models, against NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.reductions import plan
from tests.unit.graph.test_smooths import density, prior

J, EACH = 6, 7


def frame() -> dict[str, Any]:
    rng = np.random.default_rng(8)
    code = rng.permutation(np.repeat(np.arange(J), EACH))
    z = rng.uniform(-1.0, 1.0, J)
    return {
        "y": rng.normal(size=J * EACH),
        "x": rng.normal(size=J * EACH),
        "g": np.array([f"g{c}" for c in code]),
        "z": z[code],
        "k": np.array(["lo", "mid", "hi"])[np.arange(J) % 3][code],
        "code": code,
    }


def levels(column: str) -> np.ndarray:
    """One value a level, in the order of the labels g0, g1, …."""
    data = frame()
    return np.array([data[column][data["code"] == j][0] for j in range(J)])


CODE = frame()["code"]


def lkj(rho: float) -> float:
    """LKJ(2) of two effects: density ¾(1 − ρ²) of ρ, and so Beta(2, 2) of the graph's (1 + ρ)/2."""
    return float(np.log(1.5 * (1 - rho**2)))


@pytest.mark.parametrize("seed", range(3))
def test_correlated_effects_of_a_level_are_multiplied_together(seed: int) -> None:
    """r_j = exp(γ z_j) diag(sd) C w_j."""
    model = hl.Model(["y ~ x + (x | g)", "sd(g) ~ z + k"], frame())
    assert model.scales["g"].labels == ("z", "k[lo]", "k[mid]") and not model.blocks[0].centred
    rng = np.random.default_rng(seed)
    b, sd, gamma, sigma = rng.normal(size=2), rng.gamma(3, 0.3, 2), rng.normal(0, 0.5, 3), 0.8
    w, rho = rng.normal(size=(J, 2)), rng.uniform(-0.7, 0.7)
    C = np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])
    X = np.column_stack([levels("z"), levels("k") == "lo", levels("k") == "mid"])
    r = np.exp(X @ gamma)[:, None] * (w @ (sd[:, None] * C).T)
    data = frame()
    eta = b[0] + b[1] * data["x"] + r[CODE, 0] + r[CODE, 1] * data["x"]
    expected = stats.norm.logpdf(data["y"], eta, sigma).sum() + stats.norm.logpdf(w).sum()
    expected += sum(prior(model, n, v) for n, v in (("b", b), ("sd_g", sd), ("b_sd_g", gamma), ("sigma", sigma)))
    free = {rv.name: rv for rv in model.pymc.free_RVs}
    point = {"b": b, "sd_g": sd, "b_sd_g": gamma, "sigma": sigma, "z_g": w, "cor_g__0": (1 + rho) / 2}
    assert set(free) == set(point)
    expected += lkj(rho)
    assert density(model, point) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("centred", [True, False])
def test_single_effects_may_be_centred(centred: bool) -> None:
    """r_j ~ N(0, (sd exp(γ z_j))²), each effect with its own sd and the same factor."""
    way = "centered" if centred else "noncentered"
    model = hl.Model(["y ~ 0 + (x || g)", "sd(g) ~ z"], frame(), parameterization=way)
    assert [b.centred for b in model.blocks] == [centred] * 2
    rng = np.random.default_rng(1)
    sd, gamma, r = np.array([0.6, 1.3]), np.array([0.9]), rng.normal(size=(J, 2))
    scale = sd * np.exp(gamma * levels("z"))[:, None]
    data = frame()
    eta = r[CODE, 0] + r[CODE, 1] * data["x"]
    expected = stats.norm.logpdf(data["y"], eta, 0.7).sum() + stats.norm.logpdf(r, 0, scale).sum()
    expected += prior(model, "sd_g", sd) + prior(model, "b_sd_g", gamma) + prior(model, "sigma", 0.7)
    point = {"sd_g": sd, "b_sd_g": gamma, "sigma": 0.7}
    found = density(model, point | ({"r_g": r} if centred else {"z_g": r / scale}))
    jacobian = 0.0 if centred else np.log(scale).sum()
    assert found == pytest.approx(expected + jacobian, abs=1e-8)


def test_a_centred_block_around_its_coefficient() -> None:
    """v_j = b + r_j where the coefficient is hosted: the density of r does not change."""
    both = [
        hl.Model(["y ~ x + (1 | g)", "sd(g) ~ z"], frame(), parameterization=way) for way in ("centered", "noncentered")
    ]
    sd, gamma, b = np.array([0.8]), np.array([-0.6]), np.array([0.4, 1.1])
    r = np.random.default_rng(2).normal(size=(J, 1))
    scale = sd * np.exp(gamma * levels("z"))[:, None]
    known = {"b": b, "sd_g": sd, "b_sd_g": gamma, "sigma": 0.9}
    names = [rv.name for rv in both[0].pymc.free_RVs if rv.name not in known]
    assert len(names) == 1
    shift = b[0] + b[1] * frame()["x"].mean()
    value = r if names[0] == "r_g" else r[:, 0] + shift
    centred = density(both[0], known | {names[0]: value})
    assert centred == pytest.approx(density(both[1], known | {"z_g": r / scale}) - np.log(scale).sum(), abs=1e-8)


def test_no_kernel_takes_it() -> None:
    for formula, family in (("y ~ x + (1 | g)", "gaussian"), ("y2 ~ x + (1 | g)", "poisson")):
        data = frame() | {"y2": np.abs(np.round(3 * frame()["y"]))}
        way = plan(hl.Model([formula, "sd(g) ~ z"], data, family), gradients="its formula of its own has none")
        assert way.chosen is None
        assert all("formula of its own" in v.reason for n, v in way.verdicts if n != "dense marginal")


@pytest.mark.parametrize("seed", range(2))
def test_a_location_scale_model(seed: int) -> None:
    """Group effects in log σ that are correlated with those of the mean, by a shared id, each with sds that follow z.

    This is how groups may differ in their mean, in their residual spread, and in how the two go together
    (Hedeker, Mermelstein & Demirtas 2008, *Biometrics* 64:627–634).
    """
    model = hl.Model(["y ~ x + (1 | p | g)", "sigma ~ 1 + (1 | p | g)", "sd(g) ~ z"], frame())
    (block,) = model.blocks
    assert block.effects == ("Intercept", "sigma:Intercept")
    rng = np.random.default_rng(seed)
    b, a, sd, gamma = rng.normal(size=2), rng.normal(0, 0.3, 1), rng.gamma(3, 0.2, 2), rng.normal(0, 0.5, 1)
    w, rho = rng.normal(size=(J, 2)), rng.uniform(-0.7, 0.7)
    C = np.array([[1.0, 0.0], [rho, np.sqrt(1 - rho**2)]])
    r = np.exp(gamma * levels("z"))[:, None] * (w @ (sd[:, None] * C).T)
    data = frame()
    eta, spread = b[0] + b[1] * data["x"] + r[CODE, 0], np.exp(a[0] + r[CODE, 1])
    expected = stats.norm.logpdf(data["y"], eta, spread).sum() + stats.norm.logpdf(w).sum()
    expected += sum(prior(model, n, v) for n, v in (("b", b), ("b_sigma", a), ("sd_g", sd), ("b_sd_g", gamma)))
    expected += lkj(rho)
    point = {"b": b, "b_sigma": a, "sd_g": sd, "b_sd_g": gamma, "z_g": w, "cor_g__0": (1 + rho) / 2}
    assert density(model, point) == pytest.approx(expected, abs=1e-8)
