"""With the variances known, group effects follow the textbook formula of partial pooling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl

TAU, SIGMA, MU = 37.26, 49.51, 1527.5


@pytest.mark.parametrize(("parameterization", "reduce"), [("centered", False), ("noncentered", False), ("auto", True)])
def test_posterior_mean_is_the_precision_weighted_average(
    parameterization: str, reduce: bool, data: Callable[[str], Any]
) -> None:
    frame = data("Dyestuff")
    known = {"sd_Batch": TAU, "sigma": SIGMA, "b[Intercept]": MU}
    model = hl.Model("Yield ~ 1 + (1 | Batch)", frame, priors=known, parameterization=parameterization)
    fit = model.fit(draws=2000, tune=500, seed=1, progress=False, reduce=reduce)
    r = fit.posterior["r_Batch"].sel(effect_Batch="Intercept")
    groups = frame.groupby("Batch", observed=True)["Yield"]
    n, mean = groups.size(), groups.mean()
    for level in r["level_Batch"].to_numpy():
        precision = n[level] / SIGMA**2 + 1 / TAU**2
        expected = (n[level] * mean[level] / SIGMA**2 + MU / TAU**2) / precision
        draws = r.sel(level_Batch=level).to_numpy()
        sd = 1 / np.sqrt(precision)
        error = sd / np.sqrt(draws.size / 4)  # at least a quarter of the draws are worth an independent one
        assert abs(MU + draws.mean() - expected) < 4.5 * error
        assert abs(draws.std() / sd - 1) < 4.5 / np.sqrt(2 * draws.size / 4)


@pytest.mark.parametrize("reduce", [False, True])
def test_known_parameters_stay_among_the_draws(reduce: bool, data: Callable[[str], Any]) -> None:
    known = {"sd_Batch": TAU, "sigma": SIGMA}
    fit = hl.Model("Yield ~ 1 + (1 | Batch)", data("Dyestuff"), priors=known).fit(
        draws=50, tune=100, chains=2, seed=1, progress=False, reduce=reduce
    )
    assert np.all(fit.posterior["sigma"] == SIGMA)
    assert np.all(fit.posterior["sd_Batch"] == TAU)
