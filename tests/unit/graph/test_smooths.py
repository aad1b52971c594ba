"""The graph of models with smooths against NumPy and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pymc.model.transform.conditioning import remove_value_transforms
from scipy import stats

import hierlm as hl

MODE = "FAST_COMPILE"


def frame(n: int = 40) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "y": rng.gamma(3.0, 1.0, n),
        "x": rng.uniform(0, 5, n),
        "z": rng.normal(size=n),
        "w": rng.uniform(size=n),
        "f": np.array(list("ab"))[rng.integers(0, 2, n)],
        "g": np.array(list("pqrst"))[rng.integers(0, 5, n)],
    }


def density(model: hl.Model, point: dict[str, Any]) -> float:
    """The graph's log density on the scales of the user."""
    plain = remove_value_transforms(model.pymc)
    logp = plain.compile_logp(jacobian=False, mode=MODE)
    assert {rv.name for rv in plain.free_RVs} == set(point)
    return float(logp({plain.rvs_to_values[rv].name: np.asarray(point[rv.name], dtype=float) for rv in plain.free_RVs}))


def prior(model: hl.Model, name: str, value: Any) -> float:
    """Log prior density of a variable, by each element's own prior."""
    rows = [a.prior for a in model.assignments if a.variable == name]
    return float(sum(p.log_density(v) for p, v in zip(rows, np.atleast_1d(value), strict=True)))


@pytest.mark.parametrize("seed", range(3))
def test_smooths_in_mean_and_sigma(seed: int) -> None:
    """log p(y, b, sd, z): η = Xb + sd Z z, log σ likewise, z standard normal."""
    model = hl.Model(
        ["y ~ f + s(x, k=6, by=f) + (1 | g)", "sigma ~ s(z, k=5)"], frame(), parameterization="noncentered"
    )
    rng = np.random.default_rng(seed)
    sizes = {b.group: len(b.effects) for b in model.smooths}
    assert sizes == {"s(x, by=f):a": 4, "s(x, by=f):b": 4, "sigma:s(z)": 3}
    point: dict[str, Any] = {"b": rng.normal(size=4), "b_sigma": rng.normal(0, 0.3, 2)}
    point |= {f"sd_{g}": rng.gamma(2.0, 0.3) for g in sizes} | {f"z_{g}": rng.normal(size=k) for g, k in sizes.items()}
    point |= {"sd_g": np.array([0.7]), "z_g": rng.normal(size=(5, 1))}
    mean, spread = (p.X for p in model.predictors)
    Z = {b.group: b.pieces[0].Z for b in model.smooths}
    eta = mean @ point["b"] + 0.7 * point["z_g"][model.blocks[0].codes, 0]
    for g in ("s(x, by=f):a", "s(x, by=f):b"):
        eta = eta + point[f"sd_{g}"] * (Z[g] @ point[f"z_{g}"])
    log_sigma = spread @ point["b_sigma"] + point["sd_sigma:s(z)"] * (Z["sigma:s(z)"] @ point["z_sigma:s(z)"])
    expected = stats.norm.logpdf(frame()["y"], eta, np.exp(log_sigma)).sum()
    expected += sum(stats.norm.logpdf(v).sum() for k, v in point.items() if k.startswith("z_"))
    expected += sum(prior(model, k, v) for k, v in point.items() if not k.startswith("z_"))
    assert density(model, point) == pytest.approx(expected, abs=1e-8)


def test_a_surface_and_a_varying_coefficient_in_a_gamma_model() -> None:
    model = hl.Model("y ~ t2(x, z, k=4) + s(x, by=w, k=5)", frame(), "gamma(log)", priors={"sd_t2(x, z):z": 0.4})
    rng = np.random.default_rng(1)
    r = {b.group: rng.normal(size=len(b.effects)) for b in model.smooths}
    sds = {g: 0.4 if g == "t2(x, z):z" else rng.gamma(2.0, 0.2) for g in r}
    b, shape = rng.normal(0, 0.2, 6), 2.5
    eta = model.predictors[0].X @ b + sum(sds[k.group] * (k.pieces[0].Z @ r[k.group]) for k in model.smooths)
    expected = stats.gamma.logpdf(frame()["y"], shape, scale=np.exp(eta) / shape).sum()
    expected += prior(model, "b", b) + prior(model, "shape", shape)
    expected += sum(stats.norm.logpdf(v).sum() for v in r.values())
    expected += sum(prior(model, f"sd_{g}", sd) for g, sd in sds.items() if g != "t2(x, z):z")
    point = {"b": b, "shape": shape} | {f"z_{g}": v for g, v in r.items()}
    point |= {f"sd_{g}": sd for g, sd in sds.items() if g != "t2(x, z):z"}
    assert density(model, point) == pytest.approx(expected, abs=1e-8)


def test_two_responses_have_each_their_own_curve() -> None:
    data = frame()
    data["y2"] = data["y"] ** 2
    model = hl.Model(["y ~ s(x, k=5)", "y2 ~ s(x, k=5)"], data)
    assert [b.group for b in model.smooths] == ["y:s(x)", "y2:s(x)"]
    assert {"sd_y:s(x)", "r_y:s(x)", "sd_y2:s(x)", "r_y2:s(x)"} <= {v.name for v in model.pymc.unobserved_RVs}
    assert model.predictors[1].labels == ("y2:Intercept", "y2:s(x):x")


def test_a_reduction_that_does_not_say_that_it_takes_smooths_never_gets_one() -> None:
    from hierlm.reductions.gaussian_marginal import GaussianMarginal
    from hierlm.reductions.plan import REDUCTIONS, plan
    from hierlm.reductions.reduction import Reduction

    assert Reduction.takes_smooths is False and all(r.takes_smooths for r in REDUCTIONS[:3])
    model = hl.Model("y ~ s(x)", frame())
    before = GaussianMarginal.takes_smooths
    try:
        GaussianMarginal.takes_smooths = False
        found = dict(plan(model).verdicts)["gaussian marginal"]
        assert not found.accepted and "smooths" in found.reason
    finally:
        GaussianMarginal.takes_smooths = before
    assert plan(model).name == "gaussian marginal"
    assert plan(hl.Model(["y ~ x", "sigma ~ s(x)"], frame())).chosen is None


def test_no_dimension_has_a_comma() -> None:
    """nutpie joins dimensions by commas: a variable of such a dimension could not be returned."""
    data = frame()
    data["p,q"] = data["g"]
    model = hl.Model("y ~ f + s(x, k=5, by=f) + (1 | `p,q`)", data)
    named = model.pymc.named_vars_to_dims
    assert {"r_p,q", "r_s(x, by=f):a", "sd_s(x, by=f):b"} <= {v.name for v in model.pymc.unobserved_RVs}
    assert not [dim for dims in named.values() for dim in dims if dim is not None and "," in dim]


def test_in_the_chance_of_a_structural_zero() -> None:
    """Zero-inflated counts with a curve in log μ and another one in logit π."""
    data = frame()
    data["n"] = np.random.default_rng(5).poisson(1.5, 40) * (data["x"] > 1)
    model = hl.Model(["n ~ s(x, k=5)", "zi ~ s(z, k=5)"], data, "zero_inflated_poisson")
    rng = np.random.default_rng(2)
    point = {"b": rng.normal(0, 0.3, 2), "b_zi": rng.normal(0, 0.3, 2), "sd_s(x)": 0.4, "sd_zi:s(z)": 0.6}
    point |= {"z_s(x)": rng.normal(size=3), "z_zi:s(z)": rng.normal(size=3)}
    mean, zero = (
        p.X @ point[name] + point[f"sd_{g}"] * (b.pieces[0].Z @ point[f"z_{g}"])
        for p, name, g, b in zip(model.predictors, ("b", "b_zi"), ("s(x)", "zi:s(z)"), model.smooths, strict=True)
    )
    pi, pmf = 1 / (1 + np.exp(-zero)), stats.poisson.pmf(data["n"], np.exp(mean))
    expected = np.log(pi * (data["n"] == 0) + (1 - pi) * pmf).sum()
    expected += sum(stats.norm.logpdf(v).sum() for k, v in point.items() if k.startswith("z_"))
    expected += sum(prior(model, k, v) for k, v in point.items() if not k.startswith("z_"))
    assert density(model, point) == pytest.approx(expected, abs=1e-8)
