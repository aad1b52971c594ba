"""p(y_g | θ) with a group's effects integrated out: closed forms, dense grids, brute sums, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import binom, multivariate_normal, norm, poisson

import hierlm as hl
from hierlm.posterior.draws import covariance_draws, select
from hierlm.posterior.integrals import Integrated, Units, inside, integrate, units_of
from hierlm.posterior.integrals.rules import hermite, scattered
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, thinned

FEW = 5


def integrated(fit: hl.Fit, group: str, *, leave_one: bool = True) -> tuple[Integrated, Units, Draws]:
    model = fit.model
    draws, rows = Draws(model, thinned(fit, FEW)), at_rows(model)
    units = units_of(model, rows, group)
    ys = {r.name: r.y for r in model.responses}
    new = NewLevels(model, draws, 0, zero=True)
    return integrate(model, rows, draws, ys, units, new, leave_one=leave_one), units, draws


def few(fit: hl.Fit) -> hl.Fit:
    return hl.Fit(fit.model, fit.draws.isel(draw=np.linspace(0, 499, FEW).round().astype(int)), fit.provenance)


def test_gaussian_group_is_the_multivariate_normal(fitted: Callable[[str], hl.Fit]):
    fit = fitted("sleepstudy_us")
    out, units, draws = integrated(fit, "Subject")
    part = few(fit)
    V, b = covariance_draws(part, fit.model.blocks[0]), select(part, "b", ["Intercept", "Days"])
    sigma, Z, y = draws.labelled("sigma"), fit.model.blocks[0].pieces[0].Z, fit.model.responses[0].y
    assert out.method == "closed form"
    for s in range(draws.size):
        for u, rows in enumerate(units.rows):
            mean, cov = Z[rows] @ b[s], Z[rows] @ V[s] @ Z[rows].T + np.eye(len(rows)) * sigma[s] ** 2
            whole = multivariate_normal(mean, cov).logpdf(y[rows])
            assert out.units[s, u] == pytest.approx(whole, abs=1e-8)
            for i, row in enumerate(rows):
                o = np.delete(np.arange(len(rows)), i)
                rest = multivariate_normal(mean[o], cov[np.ix_(o, o)]).logpdf(y[rows][o])
                assert out.rows[s, row] == pytest.approx(whole - rest, abs=1e-8)


def test_crossed_groups_are_given(fitted: Callable[[str], hl.Fit]):
    """Of plates and samples, both crossed: those of the sample out, those of the plates as drawn."""
    fit = fitted("penicillin")
    out, units, draws = integrated(fit, "sample")
    assert units.groupings == ("sample",)
    plates = fit.model.groups["plate"][0]
    r = draws.labelled("r_plate", level_plate=plates.levels, effect_plate=["Intercept"])[:, plates.codes, 0]
    b, sd = (
        draws.labelled("b", coef=["Intercept"])[:, 0],
        draws.labelled("sd_sample", effect_sample=["Intercept"])[:, 0],
    )
    sigma, y = draws.labelled("sigma"), fit.model.responses[0].y
    for s in range(draws.size):
        for u, rows in enumerate(units.rows):
            cov = sd[s] ** 2 + np.eye(len(rows)) * sigma[s] ** 2
            wanted = multivariate_normal(b[s] + r[s, rows], cov).logpdf(y[rows])
            assert out.units[s, u] == pytest.approx(wanted, abs=1e-8)


def test_binomial_group_is_the_dense_integral(fitted: Callable[[str], hl.Fit]):
    fit = fitted("cbpp")
    out, units, draws = integrated(fit, "herd")
    model, grid = fit.model, np.linspace(-9, 9, 6001)
    b = draws.labelled("b", coef=model.predictors[0].labels)
    sd = draws.labelled("sd_herd", effect_herd=["Intercept"])[:, 0]
    y, n, X = model.responses[0].y, model.responses[0].additions["trials"], model.predictors[0].X
    for s in range(draws.size):
        for u, rows in enumerate(units.rows):
            each = binom.logpmf(y[rows][:, None], n[rows][:, None], expit((X[rows] @ b[s])[:, None] + sd[s] * grid))

            def log_integral(which: Any, each: Any = each) -> float:
                return float(np.log(np.trapezoid(np.exp(each[which].sum(axis=0)) * norm.pdf(grid), grid)))

            every = np.arange(len(rows))
            whole = log_integral(every)
            assert out.units[s, u] == pytest.approx(whole, abs=2e-4)
            for i, row in enumerate(rows):
                assert out.rows[s, row] == pytest.approx(whole - log_integral(np.delete(every, i)), abs=4e-4)
    assert out.error.max() < 1e-4


def nested_counts(seed: int = 4) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    g, h = np.repeat(np.arange(6), 6), np.repeat(np.arange(12), 3)
    eta = 0.5 + 0.6 * rng.standard_normal(6)[g] + 0.4 * rng.standard_normal(12)[h]
    return {"y": rng.poisson(np.exp(eta)), "g": [f"g{i}" for i in g], "h": [f"h{i}" for i in h]}


def test_groups_inside_are_integrated_too():
    """Two nested effects a unit of g and more: against half a million draws of all of them."""
    model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", nested_counts(), "poisson")
    assert set(inside(model, "g")) == {"g", "h"} and inside(model, "h") == ("h",)
    fit = model.fit(draws=FEW, tune=200, chains=1, seed=1, progress=False)
    out, units, draws = integrated(fit, "g", leave_one=False)
    rng, y, h = np.random.default_rng(1), model.responses[0].y, model.groups["h"][0].codes
    b = draws.labelled("b", coef=["Intercept"])[:, 0]
    sg, sh = (draws.labelled(f"sd_{k}", **{f"effect_{k}": ["Intercept"]})[:, 0] for k in "gh")
    for s in range(draws.size):
        for u in (0, 3):
            rows = units.rows[u]
            zg, zh = rng.standard_normal(500_000), rng.standard_normal((2, 500_000))
            inner = np.unique(h[rows], return_inverse=True)[1]
            terms = [
                poisson.logpmf(y[r], np.exp(b[s] + sg[s] * zg + sh[s] * zh[c]))
                for r, c in zip(rows, inner, strict=True)
            ]
            total = np.sum(terms, axis=0)
            wanted = logsumexp(total) - np.log(len(total))
            noise = np.exp(total - total.max()).std() / np.exp(total - total.max()).mean() / np.sqrt(len(total))
            assert out.units[s, u] == pytest.approx(wanted, abs=5 * noise + 2 * out.error[u])
    assert out.error.max() < 0.05


def test_effects_on_the_scale():
    """Effects of the mean and of log σ with one id: Monte-Carlo over both."""
    data = hl.load_data("sleepstudy")
    formulas = ["Reaction ~ Days + (1 | p | Subject)", "sigma ~ 1 + (1 | p | Subject)"]
    priors = {"b[Intercept]": hl.Prior("Normal", mu=250, sigma=10), "b[Days]": hl.Prior("Normal", mu=10, sigma=2),
              "sd_Subject[Intercept]": hl.Prior("Gamma", mu=30, sigma=5), "sd_Subject[sigma:Intercept]": hl.Prior("Gamma", mu=0.4, sigma=0.1),
              "b_sigma[Intercept]": hl.Prior("Normal", mu=3.2, sigma=0.1)}  # fmt: skip
    model = hl.Model(formulas, data, priors=priors)
    draws, rows = Draws(model, model.prior_predictive(3, seed=1)["prior"].to_dataset()), at_rows(model)
    units = units_of(model, rows, "Subject")
    new = NewLevels(model, draws, 0, zero=True)
    y = model.responses[0].y
    out = integrate(model, rows, draws, {"Reaction": y}, units, new)
    root = new.root("Subject")
    b = draws.labelled("b", coef=["Intercept", "Days"])
    log_sigma = draws.labelled("b_sigma", coef_sigma=["Intercept"])[:, 0]
    z = np.random.default_rng(1).standard_normal((200_000, 2))
    for s in range(draws.size):
        r = z @ root[s].T
        at = units.rows[4]
        mean = (model.predictors[0].X[at] @ b[s])[:, None] + r[:, 0]
        total = norm.logpdf(y[at][:, None], mean, np.exp(log_sigma[s] + r[:, 1])).sum(axis=0)
        weight = np.exp(total - total.max())
        wanted, noise = logsumexp(total) - np.log(len(z)), weight.std() / weight.mean() / np.sqrt(len(z))
        assert out.units[s, 4] == pytest.approx(wanted, abs=5 * noise + 1e-3)


@pytest.mark.parametrize("order", [3, 7])
def test_grid_integrates_polynomials(order: int):
    rule = hermite(order, 2)
    w = np.exp(rule.log_weights)
    assert w.sum() == pytest.approx(1) and len(w) == order**2
    assert w @ (rule.nodes[:, 0] ** 4 * rule.nodes[:, 1] ** 2) == pytest.approx(3)


def test_scattered_points_are_normal():
    nodes = scattered(512, 3, 1).nodes
    assert np.abs(nodes.mean(axis=0)).max() < 0.02 and np.abs(nodes.var(axis=0) - 1).max() < 0.05


def test_units_of_new_levels(fitted: Callable[[str], hl.Fit]):
    model = fitted("sleepstudy_us").model
    rows = at_rows(model, {"Days": [0, 1, 2], "Subject": ["new", "308", "new"]})
    units = units_of(model, rows, "Subject")
    assert units.labels == ("308", "new") and [r.tolist() for r in units.rows] == [[1], [0, 2]]


def test_unknown_grouping(fitted: Callable[[str], hl.Fit]):
    model = fitted("sleepstudy_us").model
    with pytest.raises(hl.PosteriorError, match=r"no grouping 'Subjct'.*\n.*Subject"):
        units_of(model, at_rows(model), "Subjct")
