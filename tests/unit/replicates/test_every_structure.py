"""What a model may contain: it is drawn, ranked, read back by name, and drawn as PyMC's graph draws it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import DataWarning
from hierlm.replicates.quantities import LIKELIHOOD, quantities
from hierlm.replicates.recover import compared
from hierlm.replicates.simulate import as_fit, from_prior, simulate
from hierlm.replicates.values import known_values, parameter_names


def table(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    groups = n // 10
    return pd.DataFrame({
        "y": rng.poisson(3, n), "u": rng.normal(size=n), "w": rng.normal(size=n), "p": rng.uniform(0.1, 0.9, n),
        "x": rng.normal(size=n), "g": np.repeat(np.arange(groups), 10).astype(str), "h": np.resize(list("abcdef"), n),
        "h2": np.resize(list("fedcba"), n), "t": np.tile(np.arange(10), groups), "f": np.resize(list("pqrst"), n),
        "c": pd.Categorical(rng.choice(["lo", "mid", "up"], n), categories=["lo", "mid", "up"], ordered=True),
        "s": np.repeat(["A", "B"], n // 2), "z": np.repeat(rng.normal(size=groups), 10),
    })  # fmt: skip


PARENTS = {
    "animal": list("abcdef"),
    "sire": [None, None, "a", "a", "c", "c"],
    "dam": [None, None, "b", "b", "d", "d"],
}

CASES: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "members": ("u ~ x + (1 | mm(h, h2))", "gaussian", {}),
    "units": ("y ~ x + (1 | g) + (1 | units)", "poisson", {}),
    "populations": ("u ~ x + (1 | gr(g, by = s))", "gaussian", {}),
    "relation": ("u ~ x + known(1 | h, A)", "gaussian", {"matrices": {"A": hl.pedigree(PARENTS)}}),
    "cs": ("u ~ 0 + f + cs(0 + f | g)", "gaussian", {}),
    "ar1": ("u ~ 0 + f + ar1(0 + f | g)", "gaussian", {}),
    "rr": ("u ~ 0 + f + rr(0 + f | g, d = 1)", "gaussian", {}),
    "toep": ("u ~ 0 + f + toep(0 + f | g)", "gaussian", {}),
    "residual": ("u ~ x + (1 | g)", "gaussian", {"residual": "ar1(t | g)"}),
    "variance": (["u ~ x + (1 | g)", "sigma ~ varPower(fitted)"], "gaussian", {}),
    "sd": (["u ~ x + (1 | g)", "sd(g) ~ z"], "gaussian", {}),
    "ordinal": ("c ~ x + (1 | g)", "cumulative", {}),
    "two": ("mvbind(u, w) ~ x + (1 |q| g)", "gaussian", {}),
    "smooths": ("u ~ t2(x, w) + s(p, by = s)", "gaussian", {}),
    "zeros": ("y | trials(30) ~ x + (1 | g)", "zero_inflated_binomial", {}),
    "se": ("u | se(p) ~ x + (1 | g)", "gaussian", {}),
    "fixed": ("u ~ x + (x | g)", "gaussian", {"priors": {"sd_g[x]": 1.0, "b[x]": 2.0}}),
    "nested": ("u ~ x + (1 | s/g)", "gaussian", {}),
    "horseshoe": ("u ~ x + t + p + (1 | g)", "gaussian", {"priors": {"b": hl.Horseshoe()}}),
    "shared": (["u ~ x + (1 |p| g)", "sigma ~ 1 + (1 |p| g)"], "gaussian", {}),
    "offset": ("y ~ x + offset(p) + (1 | g)", "poisson", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_everything_is_drawn_ranked_and_read_back(case: str):
    formula, family, options = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        model = hl.Model(formula, table(), family, **options)
    drawn = from_prior(model, 3)
    made = simulate(model, drawn, 4)
    found = quantities(made.truth, 1)
    assert all(v.shape == (1,) and np.isfinite(v).all() for v in found.values())
    assert set(parameter_names(model)) < set(found)
    assert LIKELIHOOD in found
    for group in model.batches:
        assert any(name.startswith(f"r_{group}[") for name in found)
    again = known_values(model, {name: float(found[name][0]) for name in parameter_names(model)})
    for variable in again:
        np.testing.assert_allclose(again[variable], drawn[variable].transpose(*again[variable].dims), rtol=1e-12)
    twice = xr.concat([made.truth.posterior, made.truth.posterior], dim="draw").assign_coords(draw=[0, 1])
    same = compared(as_fit(made.model, twice), made.truth, 0.9)
    assert (same["true"] == same["mean"]).all()


FIXED = {"b[Intercept]": 1.0, "b[x]": 0.5, "sigma": 0.5}
MOMENTS: dict[str, tuple[Any, dict[str, Any], dict[str, float]]] = {
    "members": ("u ~ x + (1 | mm(h, h2))", {}, FIXED | {"sd_mm(h,h2)": 1.0}),
    "populations": (
        "u ~ x + (1 | gr(g, by = s))",
        {},
        FIXED | {"sd_g[Intercept:s[A]]": 0.5, "sd_g[Intercept:s[B]]": 2.0},
    ),
    "relation": ("u ~ x + known(1 | h, A)", {"matrices": {"A": hl.pedigree(PARENTS)}}, FIXED | {"sd_h": 1.0}),
    "sd": (["u ~ x + (1 | g)", "sd(g) ~ z"], {}, FIXED | {"sd_g": 1.0, "b_sd_g[z]": 0.7}),
    "residual": ("u ~ x + (1 | g)", {"residual": "ar1(t | g)"}, FIXED | {"sd_g": 1.0, "rescor[phi]": 0.6}),
    "smooths": ("u ~ x + s(p)", {}, FIXED | {"b[s(p):p]": 0.3, "sd_s(p)": 1.0}),
    "heterogeneous": ("u ~ x + idh(0 + s | g)", {}, FIXED | {"sd_g[s[A]]": 0.5, "sd_g[s[B]]": 1.5}),
}


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("case", MOMENTS)
def test_moments_are_those_of_the_graph(case: str):
    """Means and covariances of 20 rows over 400 draws of each; of 230 numbers one is 5.5 off once in 10⁵."""
    formula, options, values = MOMENTS[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        free = hl.Model(formula, table(20), **options)
        unknown = set(parameter_names(free)) - {
            n for a in free.assignments for n in a.keys if n in values or a.variable in values
        }
        assert not unknown, unknown
        model = hl.Model(formula, table(20), priors=values, **options)
    graph = model.prior_predictive(400, seed=1)["prior_predictive/y"].to_numpy()[0]
    drawn = from_prior(model, 0)
    ours = np.array([simulate(model, drawn, seed).model.responses[0].y for seed in range(400)])
    V = (np.cov(graph.T) + np.cov(ours.T)) / 2
    assert np.all(np.abs(graph.mean(axis=0) - ours.mean(axis=0)) < 5.5 * np.sqrt(2 * np.diag(V) / 400))
    error = np.sqrt(2 * (V**2 + np.outer(np.diag(V), np.diag(V))) / 400)
    assert np.all(np.abs(np.cov(graph.T) - np.cov(ours.T)) < 5.5 * error)
