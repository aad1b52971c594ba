"""Large crossed groupings: whatever LAPACK does on a thread of the sampler has to fit on its stack."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RUN = """
import numpy as np, pandas as pd, hierlm as hl
rng = np.random.default_rng(4)
codes = rng.integers(220, size=(2200, 2))
y = rng.normal(size=(2, 220))[[0, 1], codes].sum(axis=1) + rng.normal(size=2200)
data = pd.DataFrame({"y": y, "g": codes[:, 0].astype(str), "h": codes[:, 1].astype(str)})
model = hl.Model("y ~ 1 + (1 | g) + (1 | h)", data)
assert model.plan().name == "gaussian marginal"
fit = model.fit(draws=5, tune=5, chains=1, cores=1, seed=7, progress=False)
assert fit.posterior["r_g"].shape == (1, 5, 220, 1)
"""


@pytest.mark.slow
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="OpenBLAS with one thread factorises without recursion")
def test_two_groupings_of_220_levels_are_sampled() -> None:
    """A segmentation fault cannot be caught, so the fit has a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in {"OPENBLAS_NUM_THREADS", "RUST_MIN_STACK"}}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.returncode
