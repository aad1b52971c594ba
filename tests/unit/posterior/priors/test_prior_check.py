"""prior_check and penalised_complexity: closed forms, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hierlm as hl


@pytest.fixture(scope="module")
def model() -> hl.Model:
    data = pd.DataFrame({"y": np.linspace(-1, 1, 20), "g": list("abcd") * 5})
    priors = {"b[Intercept]": hl.Prior("Normal", mu=2, sigma=3), "sd_g": 1.5, "sigma": 2.0}
    return hl.Model("y ~ 1 + (1 | g)", data, priors=priors)


def test_data_of_the_prior_have_its_moments(model):
    """ȳ ~ N(2, 9 + 1.5²/4 + 4/20) where the standard deviations are known."""
    row = model.prior_check("mean", draws=4000, seed=1).iloc[0]
    sd = np.sqrt(9 + 1.5**2 / 4 + 4 / 20)
    assert row["observed"] == pytest.approx(0, abs=1e-12)
    assert row["mean"] == pytest.approx(2, abs=4 * sd / np.sqrt(4000))
    assert row["sd"] == pytest.approx(sd, rel=0.05)
    assert row["upper"] == pytest.approx(2 + 1.96 * sd, rel=0.07)
    assert row["p"] == pytest.approx(stats.norm.sf(0, 2, sd), abs=0.03)


def test_it_says_what_was_drawn_and_by_level(model):
    found = model.prior_check(["sd", "max"], by="g", draws=50, seed=1)
    assert len(found) == 8 and "50 data sets drawn from the prior" in repr(found) and "too wide" in repr(found)
    assert "the fit" not in repr(found)
    again = model.prior_check(["sd", "max"], by="g", draws=50, seed=1)
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(again))


def test_pictures_name_the_prior(model):
    for kind in ("density", "ecdf", "stat"):
        drawn = model.plot.prior(kind, draws=60, seed=1)
        figure = drawn.figure if hasattr(drawn, "figure") else drawn.viz["figure"].item()
        text = " ".join(t.get_text() for t in figure.texts)
        assert "Prior predictive check of y" in text and "the prior" in text and "the fit" not in text
    assert "prior" in dir(model.plot) and "prior" in repr(model.plot)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda m: m.prior_check("mode"), "no statistic"),
        (lambda m: m.prior_check(by="h"), "no grouping or column"),
        (lambda m: m.prior_check(draws=0), "whole number"),
        (lambda m: m.prior_check(seed=-1), "seed"),
        (lambda m: m.plot.prior("bars"), "continuous"),
        (
            lambda m: hl.Model("y ~ 1", {"y": [1.0, 2.0]}, priors={"sigma": hl.Prior("HalfFlat")}).prior_check(),
            "improper",
        ),
        (
            lambda m: hl.Model(
                "y ~ 1", {"y": [1, 2, 9]}, "poisson", priors={"b[Intercept]": hl.Prior("Normal", sigma=500)}
            ).prior_check(seed=1),
            "cannot be computed",
        ),  # fmt: skip
    ],
)
def test_refused(model, ask, words):
    with pytest.raises(hl.HierlmError, match=words):
        ask(model)


def test_penalised_complexity():
    for upper, probability in ((60.0, 0.05), (0.3, 0.01), (2, 0.5)):
        prior = hl.penalised_complexity(upper, probability)
        assert stats.expon(scale=1 / prior.arguments["lam"]).sf(upper) == pytest.approx(probability)
    data = hl.load_data("Dyestuff")
    model = hl.Model("Yield ~ 1 + (1 | Batch)", data, priors={"sd_Batch": hl.penalised_complexity(100)})
    assert "Exponential(0.02996)" in model.priors()["prior"].tolist() and model.plan().name == "gaussian marginal"


@pytest.mark.parametrize("given", [(0, 0.05), (-1, 0.05), (1, 0), (1, 1), (float("nan"), 0.1), ("1", 0.1), (True, 0.1)])
def test_penalised_complexity_refuses(given):
    with pytest.raises(hl.PriorError):
        hl.penalised_complexity(*given)
