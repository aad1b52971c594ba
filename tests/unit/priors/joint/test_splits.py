"""TotalVariance in several splits: what it implies, by simulation and by SciPy, and which trees are refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl
from hierlm.posterior.predictive import prior_draws
from hierlm.posterior.priors.log_prior import log_prior
from hierlm.priors.joint import joint_from_json
from hierlm.testing import check_joint_prior

DRAWS = 4000


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"a": np.repeat(list("abcd"), 12), "b": np.tile(np.repeat(list("uvw"), 4), 4)})
    return data.assign(c=np.tile(list("pqrs"), 12), x=rng.normal(size=48), y=rng.normal(size=48) * 5)


NESTED = hl.TotalVariance(
    scale=2,
    splits={"groups": ["cells", "sd_c"], "cells": ["sd_a", "sd_a:b"]},
    concentrations={"share": 0.8, "cells": 2},
)
SOURCES = ("sd_a", "sd_a:b", "sd_c", "sigma")


@pytest.fixture(scope="module")
def model() -> hl.Model:
    return hl.Model("y ~ 1 + (1 | a/b) + (1 | c)", table(), priors=dict.fromkeys(SOURCES, NESTED))


def test_what_the_splits_imply(model):
    """Standard deviations drawn from the prior: the total, and the share of every split, have their distributions."""
    drawn = prior_draws(model, DRAWS, seed=2)["posterior"].to_dataset()
    a, ab, c, e = (drawn[v].to_numpy().ravel() ** 2 for v in SOURCES)
    total = a + ab + c + e
    wanted = {
        "total": (np.sqrt(total), stats.halfnorm(scale=2 * table()["y"].std())),
        "residual": (e / total, stats.beta(0.8, 0.8)),
        "crossed": (c / (a + ab + c), stats.beta(1, 1)),
        "outer": (a / (a + ab), stats.beta(2, 2)),
    }
    for name, (values, law) in wanted.items():
        assert stats.kstest(values, law.cdf).pvalue > 1e-3, name
    shares = np.stack([e / total, c / (a + ab + c), a / (a + ab)])
    off = np.corrcoef(shares)[np.triu_indices(3, 1)]
    assert np.abs(off).max() < 4.5 / np.sqrt(DRAWS)  # splits are independent
    np.testing.assert_allclose(drawn["total_sd"].to_numpy().ravel(), np.sqrt(total), rtol=1e-10)
    own = drawn["share_groups"].sel(row_share_groups="sd_c[Intercept]").to_numpy().ravel()
    np.testing.assert_allclose(own, c / (a + ab + c), rtol=1e-8)


def test_the_first_share_does_not_depend_on_how_many_groupings_there_are():
    """With one split the residual's share falls as groupings are added; with two it keeps its prior."""
    means = {}
    for splits in ((), {"groups": ["sd_a", "sd_a:b", "sd_c"]}):
        joint = hl.TotalVariance(splits=splits)
        model = hl.Model("y ~ 1 + (1 | a/b) + (1 | c)", table(), priors=dict.fromkeys(SOURCES, joint))
        drawn = prior_draws(model, DRAWS, seed=3)["posterior"].to_dataset()
        own = drawn["share"].to_numpy().reshape(DRAWS, -1)[:, -1 if not splits else 0]
        means[bool(splits)] = own.mean()
    error = 1 / np.sqrt(12 * DRAWS)
    assert abs(means[False] - 0.25) < 4 * error and abs(means[True] - 0.5) < 4 * error


def test_labels_and_log_priors(model):
    """The density of every split by SciPy."""
    labels = {v: [str(x) for x in model.pymc.coords[f"row_{v}"]] for v in ("share", "share_groups", "share_cells")}
    assert labels["share"] == ["sigma", "groups"] and labels["share_groups"] == ["cells", "sd_c[Intercept]"]
    assert labels["share_cells"] == ["sd_a[Intercept]", "sd_a:b[Intercept]"]
    fit = hl.Fit(model, prior_draws(model, 30, seed=1, effects=True))
    found = log_prior(fit)
    laws = {"share": 0.8, "share_groups": 1.0, "share_cells": 2.0}
    for variable, alpha in laws.items():
        drawn = fit.posterior[variable].transpose("chain", "draw", ...).to_numpy()[0]
        wanted = [stats.dirichlet([alpha, alpha]).logpdf(s) for s in drawn]
        np.testing.assert_allclose(found[variable][0], wanted, rtol=1e-8)


def test_rows_names_and_storage(model, tmp_path):
    frame = model.priors()
    assert frame["parameter"].tolist()[-4:] == ["total_sd", "share", "share_groups", "share_cells"]
    assert "Dirichlet(2 × 2)" in frame["prior"].tolist()
    assert joint_from_json(json.loads(json.dumps(NESTED.to_json()))) == NESTED and hash(NESTED)
    assert "'cells': ['sd_a', 'sd_a:b']" in str(NESTED)
    fit = hl.Fit(model, prior_draws(model, 5, seed=1, effects=True))
    fit.save(tmp_path / "kept.zarr")
    assert hl.load(tmp_path / "kept.zarr").model.priors().equals(frame)
    assert "share" in model.equations("latex")


def test_contract():
    """Splits of the contract's own members: two groupings in one, the residual outside."""
    check_joint_prior(hl.TotalVariance(splits={"groups": ["sd_g0", "sd_g1"]}), smallest=3)


@pytest.mark.parametrize("inside", [["sd_a"], ["sd_a[Intercept]", "sd_a[x]"]])
def test_a_variable_stands_for_all_of_its_rows(inside):
    joint = hl.TotalVariance(splits={"slopes": inside})
    priors = dict.fromkeys(("sd_a", "sd_c", "sigma"), joint)
    model = hl.Model("y ~ x + (x | a) + (1 | c)", table(), priors=priors)
    assert [str(x) for x in model.pymc.coords["row_share_slopes"]] == ["sd_a[Intercept]", "sd_a[x]"]
    assert np.isfinite(model.pymc.compile_logp(mode="FAST_COMPILE")(model.pymc.initial_point()))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"splits": {"g": []}}, "nothing to divide"),
        ({"splits": {"g": "sd_a"}}, "must list names"),
        ({"splits": {"a b": ["sd_a", "sd_c"]}}, "cannot be the name"),
        ({"splits": ["sd_a", "sd_c"]}, "must be a mapping"),
        ({"splits": {"g": ["sd_a", "sd_c"], "h": ["sd_a", "sigma"]}}, "two places"),
        ({"splits": [("g", ["sd_a", "sd_c"]), ("g", ["sigma", "sd_b"])]}, "a name twice"),
        ({"concentrations": {"g": 1}}, "no split 'g'"),
        ({"splits": {"g": ["sd_a", "sd_c"]}, "concentrations": {"g": 0}}, "must be positive"),
    ],
)
def test_arguments_are_checked(arguments, words):
    with pytest.raises(hl.PriorError, match=words):
        hl.TotalVariance(**arguments)


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        ({"g": ["sd_a"]}, "one source"),
        ({"g": ["sd_a", "sd_z"]}, "has 'sd_z', to which this prior is not given"),
        ({"g": ["sd_a", "sd_c", "sigma"]}, "would divide nothing"),
        ({"g": ["h", "sd_a"], "h": ["g", "sd_c"]}, "inside itself"),
        ({"sigma": ["sd_a", "sd_c"]}, "is a parameter"),
        ({"g": ["sd_a", "sd_c"], "h": ["sd_a[Intercept]", "sigma"]}, "two places"),
    ],
)
def test_trees_are_checked(splits, words):
    joint = hl.TotalVariance(splits=splits)
    with pytest.raises(hl.PriorError, match=words) as caught:
        hl.Model("y ~ 1 + (1 | a) + (1 | c)", table(), priors=dict.fromkeys(("sd_a", "sd_c", "sigma"), joint))
    assert caught.value.hint
