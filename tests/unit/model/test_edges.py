"""What a model says of all its parts, what copies of it keep, and what it refuses: one line each."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import HierlmError, ModelError
from hierlm.model.respond import with_responses
from hierlm.model.separation import separating
from hierlm.model.subset import subset

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.DataWarning")
N = 48


def table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    g = np.repeat(list("abcdefgh"), 6)
    return pd.DataFrame(
        {
            "y": rng.normal(size=N),
            "z": rng.normal(size=N),
            "c": rng.poisson(2, N),
            "k": rng.integers(1, 5, N),
            "yes": rng.choice(["no", "yes"], N),
            "n": 5,
            "won": rng.integers(0, 6, N),
            "x": rng.normal(size=N),
            "v": rng.uniform(0.5, 2, N),
            "f": rng.choice(list("uvw"), N),
            "g": g,
            "h": np.roll(g, 3),
            "m": np.repeat(np.linspace(0.1, 0.9, 8), 6),
            "t": np.tile(np.arange(6), 8),
            "one": "a",
        }
    )


K = pd.DataFrame(np.eye(8) / 2 + 0.5, index=list("abcdefgh"), columns=list("abcdefgh"))

WORDS: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "correlated residuals": ("y ~ x", {"residual": "ar1(t | g)"}, ["residuals correlated within g (8 of 6 rows)", "with correlated residuals, ar1(t | g)"]),
    "residuals of all rows": ("y ~ x", {"residual": "exp(x + v)"}, ["residuals correlated over all rows"]),
    "a latent process": ("c ~ x", {"family": "poisson", "residual": "ar1(t | g)"}, ["a latent residual process, on the link scale, within g", "V = σ² R"]),
    "variance of strata": (["y ~ x", "sigma ~ varIdent(f)"], {}, ["varfun[varIdent(f)]", "LogNormal(0, 1)"]),
    "variance by a number": (["y ~ x", "sigma ~ varPower(v)"], {}, ["varPower(v)"]),
    "variance by the mean": (["y ~ x", "sigma ~ varExp(fitted)"], {}, ["varExp(fitted)"]),
    "variance by strata of a number": (["y ~ x", "sigma ~ varConstPower(v | f)"], {}, ["varConstPower(v | f)", "const", "power"]),
    "related levels": ("y ~ x + known(1 | g, K)", {"matrices": {"K": K}}, ["covariances of levels", "times K"]),
    "members": ("y ~ x + (1 | mm(g, h))", {}, ["are the levels of g, h", "equal weights"]),
    "weighted members": ("y ~ x + (1 | mm(g, h, weights=cbind(v, m)))", {}, ["the weights v, m"]),
    "an sd with a formula": (["y ~ x + (1 | g)", "sd(g) ~ m"], {}, ["every sd of level", "times exp("]),
    "smooths of many levels": ("y ~ s(x, k=4, by=g) + g", {}, ["more, one for each level of g"]),
    "trials": ("won | trials(n) ~ x + (1 | g)", {"family": "binomial"}, ["trials = n"]),
    "weights": ("y | weights(v) ~ x + (1 | g)", {}, ["weighted by v"]),
    "a picked level": ('yes["yes"] ~ x + (1 | g)', {"family": "bernoulli"}, ["[yes = yes]"]),
    "thresholds": ("k ~ x + (1 | g)", {"family": "cumulative"}, ["thresholds[", "link = logit"]),
    "many effects": ("y ~ x + us(0 + C(t) | g)", {}, ["LKJ(2)", "sd_g[C(t)[5]]"]),
    "MCMCglmm": ("y ~ x", {"random": "us(1 + x):g", "residual": "idh(f):units"}, ["random: us(1 + x):g", "residual: idh(f):units"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_what_a_model_says(name: str) -> None:
    formula, options, expected = WORDS[name]
    model = hl.Model(formula, table(), **options)
    text = f"{model!r}\n{model.equations()}"
    for words in expected:
        assert words in text, text
    html = model._repr_html_()
    assert html.startswith("<") and "</" in html


@pytest.mark.parametrize("name", WORDS)
def test_copies_keep_everything_but_the_response(name: str) -> None:
    formula, options, _ = WORDS[name]
    model = hl.Model(formula, table(), **options)
    values = {r.name: r.y[::-1].copy() for r in model.responses}
    other = with_responses(model, values)
    for old, new in zip(model.responses, other.responses, strict=True):
        np.testing.assert_array_equal(new.y, values[old.name])
    assert other.priors().equals(model.priors())
    assert other.equations() == model.equations()
    again = pickle.loads(pickle.dumps(other))
    assert again.priors().equals(model.priors())
    for p, q in zip(model.predictors, again.predictors, strict=True):
        np.testing.assert_array_equal(p.X, q.X)


@pytest.mark.parametrize("values", [{}, {"y": np.zeros(3)}, {"other": np.zeros(N)}])
def test_responses_of_another_length(values: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="needs 48 values of 'y'"):
        with_responses(hl.Model("y ~ x + (1 | g)", table()), values)


@pytest.mark.parametrize("rows", [[], [-1, 2], [0, N]])
def test_rows_that_are_not_there(rows: list[int]) -> None:
    with pytest.raises(ModelError, match="needs some of its rows"):
        subset(hl.Model("y ~ x + (1 | g)", table()), rows)


@pytest.mark.parametrize("name", WORDS)
def test_some_rows_are_those_rows(name: str) -> None:
    """What has rows in a form that is not known is refused, and never cut."""
    formula, options, _ = WORDS[name]
    model, keep = hl.Model(formula, table(), **options), np.arange(6, N)
    if "members" in name:
        with pytest.raises(ModelError, match="'members' cannot be fitted to some of its rows") as caught:
            subset(model, keep)
        assert "hl.Model(formula, data[rows])" in str(caught.value.hint)
        return
    part = subset(model, keep)
    for whole, own in zip(model.predictors, part.predictors, strict=True):
        np.testing.assert_array_equal(whole.X[keep], own.X)
    for a, b in zip(model.blocks, part.blocks, strict=True):
        np.testing.assert_array_equal(a.codes[keep], b.codes)
    for r, s in zip(model.responses, part.responses, strict=True):
        np.testing.assert_array_equal(r.y[keep], s.y)


def test_separation_of_nothing_and_of_very_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    X, sides = np.column_stack([np.ones(4), [1.0, 2.0, 3.0, 4.0]]), np.array([-1, -1, 1, 1])
    assert separating(X[:, :0], sides) == ()
    assert separating(X, sides) == (1,)
    monkeypatch.setattr("hierlm.model.separation.MOST_ROWS", 3)
    assert separating(X, sides) == ()


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a prior without a name": ("y ~ x", {"priors": {3: hl.Prior("Normal", sigma=1)}}, "by the name of its parameter"),
    "a prior of effects": ("y ~ x + (1 | g)", {"priors": {"r_g": hl.Prior("Normal", sigma=1)}}, "standard deviations 'sd_g'"),
    "a correlation that is not there": ("y ~ x + (x || g)", {"priors": {"cor_g": hl.LKJ(2)}}, "have no correlation"),
    "a prior of a predicted parameter": (["y ~ x", "sigma ~ x"], {"priors": {"sigma": 1.0}}, "coefficients are 'b_sigma'"),
    "a slope prior without slopes": ("y ~ 1", {"priors": {"b": hl.Prior("Normal", sigma=1)}}, "every coefficient but the intercept"),
    "a prior of one threshold": (
        "k ~ x", {"family": "cumulative", "priors": {"thresholds[1|2]": hl.Prior("Normal", sigma=1)}}, "holds for all of them",
    ),
    "a fixed threshold": ("k ~ x", {"family": "cumulative", "priors": {"thresholds": 1.0}}, "which one number cannot fix"),
    "a bounded threshold": (
        "k ~ x", {"family": "cumulative", "priors": {"thresholds": hl.Prior("HalfNormal", sigma=1)}}, "may lie anywhere",
    ),
    "a fixed sd of zero": ("y ~ x + (1 | g)", {"priors": {"sd_g": 0.0}}, "must be positive"),
    "a fixed probability": ("c ~ x", {"family": "zero_inflated_poisson", "priors": {"zi": 1.0}}, "probability above 0 and below 1"),
    "a prior beyond probabilities": (
        "c ~ x", {"family": "zero_inflated_poisson", "priors": {"zi": hl.Prior("Normal", sigma=1)}}, "outside 0 to 1",
    ),
    "a fixed correlation outside": ("y ~ x", {"residual": "ar1(t | g)", "priors": {"rescor[phi]": 1.5}}, "lies between -1 and 1"),
    "a prior on the variance of a slope": (
        "y ~ x", {"priors": {"b": hl.Prior("Gamma", alpha=2, beta=1, on="variance")}}, "has no variance",
    ),
    "no such matrix": ("y ~ known(1 | g, L)", {"matrices": {"K": K}}, "no matrix 'L'"),
    "an idle matrix": ("y ~ x + (1 | g)", {"matrices": {"K": K}}, "does not name the matrix 'K'"),
    "related and not": ("y ~ known(1 | g, K) + (0 + x | g)", {"matrices": {"K": K}}, "related by 'K' in one term"),
    "one level": ("y ~ x + (1 | one)", {}, "only the level"),
    "an effect twice": ("y ~ x + (1 | g) + (1 + x | g)", {}, "g"),
    "an id with other options": (
        ["y ~ x + (1 | p | gr(g, by=m))", "sigma ~ (1 | p | g)"], {}, "",
    ),
    "structure that knows its effects, shared": (["y ~ x + ar1(0 + C(t) | p | g)", "sigma ~ (1 | p | g)"], {}, ""),
    "related levels centred": (
        "y ~ known(1 | g, K)", {"matrices": {"K": K}, "parameterization": {"g": "centered"}}, "non-centred only",
    ),
    "an sd with a formula, centred": (
        ["y ~ x + (x | g)", "sd(g) ~ m"], {"parameterization": "centered"}, "cannot be centred",
    ),
    "an sd with a formula of a structure": (["y ~ ar1(0 + C(t) | g)", "sd(g) ~ m"], {}, "cannot have a formula beside"),
    "a variance function of shape": (["v ~ x", "shape ~ varPower(m)"], {"family": "gamma"}, "a residual standard deviation"),
    "a variance function twice": (["y ~ x", "sigma ~ varPower(v) + varPower(v)"], {}, "twice"),
    "a variance function on another link": (["y ~ x", "sigma ~ varPower(v)"], {"link": {"sigma": "identity"}}, "has the log link"),
    "a variance of numbers below zero": (["y ~ x", "sigma ~ varPower(x)"], {}, "above zero"),
    "weights and correlated residuals": ("y | weights(v) ~ x", {"residual": "ar1(t | g)"}, "about independent rows"),
    "errors and correlated residuals": ("y | se(v, sigma=True) ~ x", {"residual": "ar1(t | g)"}, "about independent rows"),
    "degrees of freedom by row": (
        ["y ~ x", "nu ~ x"], {"family": "student_t", "residual": "ar1(t | g)"}, "one number of a block",
    ),
    "a parameter that is not there": (["y ~ x", "shape ~ x"], {}, ""),
    "a parameter that the left side gives": (["y | se(v) ~ x", "sigma ~ x"], {}, "takes the place of 'sigma'"),
    "a second intercept": ("k ~ 0 + f + (1 | g)", {"family": "cumulative"}, "add up to an intercept"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    formula, options, message = REFUSED[case]
    with pytest.raises(HierlmError) as caught:
        hl.Model(formula, table(), **options)
    said = f"{caught.value.message} {caught.value.hint}"
    assert message in said, said
    assert caught.value.hint
