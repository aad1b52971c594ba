"""The intraclass correlation and partial pooling are two sides of one ratio of variances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from tests.synthetic import synthetic_fit

SIGMA = 50.0


@pytest.mark.parametrize("tau", [5.0, 20.0, 60.0, 200.0])
def test_weight_is_the_spearman_brown_reliability(tau: float, data: Callable[[str], Any]) -> None:
    """weight = n ICC / (1 + (n − 1) ICC) for n rows a level."""
    known = {"sd_Batch": tau, "sigma": SIGMA}
    model = hl.Model("Yield ~ 1 + (1 | Batch)", data("Dyestuff"), priors=known)
    fit = synthetic_fit(model, seed=1, values={"sd_Batch": [tau], "sigma": SIGMA})
    icc = fit.icc()
    frame = getattr(icc, "frame", icc)
    ratio = frame.loc[(frame["group"] == "Batch") & (frame["icc"] == "adjusted"), "mean"].item()
    assert ratio == pytest.approx(tau**2 / (tau**2 + SIGMA**2))
    n = 5
    weights = fit.shrinkage("Batch").levels["weight"].to_numpy(float)
    assert weights == pytest.approx(np.full(6, n * ratio / (1 + (n - 1) * ratio)))
