"""The templates of docs/extending are complete: they run, pass the contracts, and give working models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.links import LINKS
from hierlm.posterior.predictive import prior_draws
from hierlm.testing import check_covariance, check_family, check_joint_prior, check_link, check_sampler
from tests.synthetic import synthetic_fit

PAGE = Path(__file__).resolve().parents[2] / "docs" / "extending" / "README.md"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """What the page's code defines, run from top to bottom; its own checks pass."""
    names: dict[str, Any] = {"np": np}
    for code in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)  # annotations as users have them
    return names


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    g = np.repeat(list("abcdefgh"), 15)
    return pd.DataFrame(
        {"y": rng.logistic(3, 1, size=120), "x": rng.normal(size=120), "g": g, "t": np.tile(list("pqr"), 40)}
    )


def test_the_checks_are_the_registered_plugins(made: dict[str, Any]):
    assert made["check_family"] is check_family
    assert made["check_link"] is check_link
    assert made["check_covariance"] is check_covariance


def test_a_joint_prior_of_ones_own_makes_a_model(made: dict[str, Any], table: pd.DataFrame, tmp_path: Path):
    assert made["check_joint_prior"] is check_joint_prior
    ridge = made["Ridge"](scale=2.0)
    model = hl.Model("y ~ x + t + (1 | g)", table, priors={"b": ridge})
    assert "shrink_b" in model.priors()["parameter"].tolist()
    drawn = prior_draws(model, 2000, seed=1)["posterior"].to_dataset()
    standard = drawn["b"].sel(coef="x") * table["x"].std() / (drawn["shrink_b"] * table["y"].std())
    assert float(standard.std()) == pytest.approx(1.0, abs=0.07)
    with pytest.raises(hl.HierlmError, match="Ridge"):
        hl.Fit(model, prior_draws(model, 5, seed=1, effects=True)).save(tmp_path / "ridge.zarr")


def test_the_checks_would_notice(made: dict[str, Any]):
    wrong = type(
        "Wrong", (made["Logistic"],), {"variance": lambda self, a, **p: p["sigma"].value ** 2 + 0 * p["mu"].eta}
    )
    with pytest.raises(AssertionError, match="variance"):
        check_family(wrong(), size=2000)
    wrong = type("Wrong", (made["Asinh"],), {"derivative": lambda self, eta: 1.0 + 0 * eta})
    with pytest.raises(AssertionError, match="derivative"):
        check_link(wrong())
    wrong = type("Wrong", (made["Chain"],), {"n_parameters": lambda self, k: k})
    with pytest.raises(AssertionError):
        check_covariance(wrong(), largest=2)


def test_a_family_of_ones_own_makes_a_model(made: dict[str, Any], table: pd.DataFrame):
    model = hl.Model("y ~ x + (1 | g)", table, made["Logistic"]())
    assert set(model.priors()["parameter"]) == {"b[Intercept]", "b[x]", "sd_g[Intercept]", "sigma"}
    fit = synthetic_fit(model, draws=20)
    assert len(fit.predict(seed=1).frame) == len(table)
    [_, residual] = fit.varcorr().frame.query("quantity == 'var'").itertuples()
    assert residual.mean == pytest.approx(float((np.pi**2 / 3 * fit.posterior["sigma"] ** 2).mean()))


def test_chain_is_what_it_says(made: dict[str, Any]):
    r = np.float64(-0.6)
    with np.errstate(all="raise"):
        rows = made["Chain"]().correlation_factor(r, 4)
    C = np.zeros((4, 4))
    for i, row in enumerate(rows):
        C[i, : i + 1] = [float(getattr(v, "eval", lambda v=v: v)()) for v in row]
    i = np.arange(4)
    np.testing.assert_allclose(C @ C.T, r ** np.abs(i[:, None] - i), atol=1e-12)


def test_a_link_of_ones_own_is_not_registered_by_accident(made: dict[str, Any]):
    assert made["Asinh"].name not in LINKS


def test_a_summary_shows_its_level(made: dict[str, Any], table: pd.DataFrame):
    fit = synthetic_fit(hl.Model("y ~ x + (x | g)", table))
    found = made["spread_of_levels"](fit, level=0.5)
    r = fit.posterior["r_g"].to_numpy().reshape(-1, 8, 2)
    np.testing.assert_allclose(found["mean"], (r.max(axis=1) - r.min(axis=1)).mean(axis=0))
    assert "50% equal-tailed interval" in repr(found)
    assert found["effect"].tolist() == ["Intercept", "x"]


def test_a_plot_is_drawn(made: dict[str, Any], table: pd.DataFrame, tmp_path: Path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    picture = made["draws_of"](synthetic_fit(hl.Model("y ~ x + (x | g)", table)), "sigma")
    picture.savefig(tmp_path / "draws.png")
    assert len(picture.axes[0].lines) == 4
    pyplot.close("all")


@pytest.mark.slow
def test_the_sampler_samples(made: dict[str, Any]):
    check_sampler(made["Careful"]())
