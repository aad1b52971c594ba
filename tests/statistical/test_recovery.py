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
    known = OTHERS | dict(response.at) | ({"phi": 1.5} if family == "negbinomial1" else {})
    others = {name: np.asarray(known[name]) for name in response.others}
    rng = np.random.default_rng(sum(map(ord, family)))
    codes = np.repeat(np.arange(LEVELS), ROWS)
    x = rng.normal(size=codes.size)
    r = rng.normal(0, TRUTH["sd_g[Intercept]"], LEVELS)
    truth = {name: value for name, value in TRUTH.items() if response.intercept or name != "b[Intercept]"}
    eta = truth.get("b[Intercept]", 0.0) + truth["b[x]"] * x + r[codes]
    frame: dict[str, Any] = {"x": x, "g": np.array([f"g{c:02d}" for c in codes])} | response.columns(rng, codes.size)
    frame["y"] = response.simulate(rng, eta, frame, others)
    model = hl.Model(f"{response.left} ~ x + (1 | g)", frame, family=response.text)
    fit = model.fit(draws=1000, tune=1000, seed=1, progress=False)
    table = fit.summary().frame
    for name, value in others.items():
        rows = [i for i in table.index if i.partition("[")[0] == name]
        truth |= dict(zip(rows, np.atleast_1d(value), strict=True))
    for name, value in truth.items():
        row = table.loc[name]
        assert abs(row["mean"] - value) < 4 * row["sd"], (name, value, row["mean"], row["sd"])
        assert row["r_hat"] < 1.05
    drawn = fit.posterior["r_g"].sel(effect_g="Intercept")
    z = (drawn.mean(("chain", "draw")) - r) / drawn.std(("chain", "draw"))
    assert float(np.abs(z).max()) < 5.0
    assert int(fit.draws["sample_stats"]["diverging"].sum()) <= 5
