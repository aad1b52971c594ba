"""Shares of the variance: they add up to 1, and are what icc, r2 and hand arithmetic say."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import hierlm as hl
from tests.synthetic import synthetic_fit
from tests.unit.posterior.effects.test_targets import fit, table


def test_shares_by_hand() -> None:
    made = fit("y ~ x + (x | g) + (1 | h)")
    found = made.variance_shares().set_index("part")
    assert found.index.tolist() == ["(common effects)", "g", "h", "(residual)"]
    assert found["mean"].sum() == pytest.approx(1.0)
    x, post = table()["x"].to_numpy(), made.posterior
    sd = post["sd_g"].to_numpy().reshape(-1, 2)
    rho = post["cor_g"].to_numpy().reshape(-1, 2, 2)[:, 0, 1]
    own = {
        "(common effects)": post["b"].to_numpy().reshape(-1, 2)[:, 1] ** 2 * x.var(ddof=1),
        "g": sd[:, 0] ** 2 + 2 * x.mean() * rho * sd[:, 0] * sd[:, 1] + (x**2).mean() * sd[:, 1] ** 2,
        "h": post["sd_h"].to_numpy().reshape(-1) ** 2,
        "(residual)": post["sigma"].to_numpy().reshape(-1) ** 2,
    }
    total = sum(own.values())
    for part, values in own.items():
        share = values / total
        assert found.loc[part, "mean"] == pytest.approx(share.mean())
        assert found.loc[part, "upper"] == pytest.approx(np.quantile(share, 0.975))


def test_overdispersion_and_several_responses() -> None:
    made = fit("c ~ x + (1 | g) + (1 | units)", family="poisson")
    found = made.variance_shares(level=0.5).set_index("part")
    assert found.index.tolist() == ["(common effects)", "g", "units", "(residual)"]
    r2, icc = made.r2(), made.icc().set_index(["group", "icc"])
    assert found.loc["(common effects)", "mean"] == pytest.approx(r2["mean"][0])
    assert found.loc["g", "mean"] == pytest.approx(icc.loc[("g", "unadjusted"), "mean"])
    assert "50% equal-tailed interval; latent scale" in repr(made.variance_shares(level=0.5))
    both = fit(["y ~ x + (1 | a | g)", "c ~ x + (1 | a | g)"], family=["gaussian", "poisson"]).variance_shares()
    np.testing.assert_allclose(both.groupby("response")["mean"].sum(), 1.0)


def test_a_link_without_a_latent_variance() -> None:
    with pytest.raises(hl.PosteriorError):
        fit("b ~ x + (1 | g)", family="bernoulli(cauchit)").variance_shares()


def test_bends_of_smooths_are_counted() -> None:
    """Draws from the exact normal posterior at fixed sds: the trace of the hat matrix that belongs to the bends."""
    made = synthetic_fit(hl.Model("y ~ s(x, k=8)", table()), chains=1, draws=20_000)
    (block,) = made.model.smooths
    X, Z = made.model.predictors[0].X, block.pieces[0].Z
    W, tau, sigma = np.column_stack([X, Z]), 0.7, 0.9
    penalty = np.diag([*[0.0] * X.shape[1], *[1 / tau**2] * Z.shape[1]])
    V = np.linalg.inv(W.T @ W / sigma**2 + penalty)
    drawn = np.random.default_rng(0).multivariate_normal(np.zeros(len(V)), V, size=20_000)
    posterior = made.posterior
    posterior[f"sd_{block.group}"] = xr.full_like(posterior[f"sd_{block.group}"], tau)
    posterior[f"r_{block.group}"] = posterior[f"r_{block.group}"].copy(data=drawn[None, :, X.shape[1] :])
    exact = hl.Fit(made.model, xr.DataTree.from_dict({"posterior": posterior}))
    found = exact.effective_parameters().set_index("term")
    hat = np.diag(V @ W.T @ W / sigma**2)[X.shape[1] :].sum()
    assert found.loc[block.group, "parameters"] == Z.shape[1]
    assert found.loc[block.group, "effective"] == pytest.approx(hat, abs=0.1)
