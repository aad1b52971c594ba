"""Calibration of models with correlated residuals, where a fit takes a second; AR(1) is in test_structured_calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl

REPLICATES = 150
SCALE, NARROW = hl.Prior("HalfNormal", sigma=1), hl.Prior("Normal", mu=0, sigma=0.5)
CELLS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "cs": ("y ~ x", "student_t", {"nu": hl.Prior("Uniform", lower=3, upper=10), "sigma": SCALE}),
    "car1": (["y ~ x", "sigma ~ varExp(x)"], "lognormal", {"b_sigma[Intercept]": NARROW, "varfun": NARROW}),
}
RESIDUALS = {"cs": "cs(1 | g)", "car1": "car1(u | g)"}


def table() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    sizes = [4, 3, 2, 4, 3, 4, 4, 3, 4, 4]
    frame = pd.DataFrame({"g": np.repeat([f"g{i}" for i in range(10)], sizes)})
    frame["t"] = np.concatenate([np.sort(rng.choice(4, m, replace=False)) for m in sizes])
    frame["u"], frame["x"] = rng.uniform(0, 2, len(frame)), rng.normal(size=len(frame))
    frame["y"] = np.exp(rng.normal(size=len(frame)))
    return frame


def model_of(cell: str) -> hl.Model:
    formula, family, own = CELLS[cell]
    coefficients = {"b": hl.Prior("Normal", mu=0, sigma=1), "b[Intercept]": hl.Prior("Normal", mu=0, sigma=1)}
    return hl.Model(formula, table(), family, residual=RESIDUALS[cell], priors=coefficients | own)


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("cell", CELLS)
def test_posteriors_are_calibrated(cell: str) -> None:
    found = model_of(cell).calibrate(REPLICATES, seed=11, draws=300, chains=1, progress=False)
    assert found.ok, str(found)
    assert any("rescor" in quantity for quantity in found.table["quantity"])
