"""The table that the pages' examples are run on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def table() -> pd.DataFrame:
    """Columns of the names that the pages use."""
    rng = np.random.default_rng(1)
    n = 120
    n_trials = rng.integers(5, 20, size=n)
    yes = rng.binomial(n_trials, 0.4)
    return pd.DataFrame(
        {
            "y": rng.normal(size=n) + 5,
            "x": rng.normal(size=n),
            "age": rng.normal(size=n),
            "tarsus": rng.normal(size=n),
            "exposure": rng.uniform(1, 3, size=n),
            "positive": rng.gamma(4, size=n),
            "share": rng.beta(2, 3, size=n),
            "count": rng.poisson(3, size=n),
            "yes": yes,
            "no": n_trials - yes,
            "n": n_trials,
            "w": rng.uniform(0.5, 2, size=n),
            "s": rng.uniform(0.5, 2, size=n),
            "rating": rng.integers(1, 5, size=n),
            "answer": rng.choice(["no", "yes"], size=n),
            "my column": rng.normal(size=n),
            "k": np.tile([1, 2, 3], 40),
            "day": np.tile(np.arange(1, 11), 12),
            "f": np.tile(["p", "q", "r"], 40),
            "sex": np.tile(["f", "m", "u"], 40),
            "trt": np.tile(["u", "v"], 60),
            "g": np.repeat([f"g{i}" for i in range(12)], 10),
            "kind": np.repeat(["p", "q"], 60),
            "line": np.repeat([f"l{i}" for i in range(8)], 15),
            "animal": np.tile(["a", "b", "c"], 40),
            "weight": rng.normal(size=n) + 20,
            "dam": np.repeat([f"d{i}" for i in range(10)], 12),
            "fosternest": np.tile([f"n{i}" for i in range(10)], 12),
            "a": np.repeat([f"a{i}" for i in range(6)], 20),
            "b": np.tile(np.repeat(["b0", "b1", "b2", "b3"], 5), 6),
            "c": np.tile(["c0", "c1", "c2", "c3", "c4"], 24),
        }
    )
