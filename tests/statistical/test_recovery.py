"""Every family, sampled for real on data from an independent simulator: the truth is inside the posterior."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hierlm as hl
from tests.trust.responses import RESPONSES

LEVELS, ROWS = 30, 20
TRUTH = {"b[Intercept]": 0.4, "b[x]": 0.5, "sd_g[Intercept]": 0.6}


OTHERS = {"sigma": 0.8, "nu": 5.0, "shape": 3.0, "phi": 8.0}
"""Further parameters; of ``negbinomial1``, whose φ is the variance over the mean less one, 1.5."""


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("family", RESPONSES)
def test_truth_is_inside_the_posterior(family: str) -> None:
    """Each truth within 4 posterior sds (about one miss in 15,000 a parameter), and the chains agree."""
    response = RESPONSES[family]
    others = {name: 1.5 if family == "negbinomial1" else OTHERS[name] for name in response.others}
    rng = np.random.default_rng(sum(map(ord, family)))
    codes = np.repeat(np.arange(LEVELS), ROWS)
    x = rng.normal(size=codes.size)
    r = rng.normal(0, TRUTH["sd_g[Intercept]"], LEVELS)
    eta = TRUTH["b[Intercept]"] + TRUTH["b[x]"] * x + r[codes]
    frame: dict[str, Any] = {"x": x, "g": np.array([f"g{c:02d}" for c in codes])} | response.columns(rng, codes.size)
    frame["y"] = response.simulate(rng, eta, frame, others)
    model = hl.Model(f"{response.left} ~ x + (1 | g)", frame, family=response.text)
    fit = model.fit(draws=1000, tune=1000, seed=1, progress=False)
    table = fit.summary().frame
    for name, truth in (TRUTH | others).items():
        row = table.loc[name]
        assert abs(row["mean"] - truth) < 4 * row["sd"], (name, truth, row["mean"], row["sd"])
        assert row["r_hat"] < 1.05
    drawn = fit.posterior["r_g"].sel(effect_g="Intercept")
    z = (drawn.mean(("chain", "draw")) - r) / drawn.std(("chain", "draw"))
    assert float(np.abs(z).max()) < 5.0
    assert int(fit.draws["sample_stats"]["diverging"].sum()) <= 5
