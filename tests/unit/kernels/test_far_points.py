"""Far from the posterior a compiled density says that it failed; it never leaves the host with an old number."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.reductions import plan


def _exact_response() -> pd.DataFrame:
    """No residual: σ runs to zero."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    return pd.DataFrame({"y": 2 * x, "x": x, "g": np.repeat(list("abcdefgh"), 5)})


MODELS: dict[str, tuple[str, Callable[[], Any], str]] = {
    "no residual": ("y ~ x + (1 | g)", _exact_response, "gaussian"),
    "sleepstudy": ("Reaction ~ Days + (Days | Subject)", lambda: hl.load_data("sleepstudy"), "gaussian"),
    "cbpp": ("cbind(incidence, size - incidence) ~ period + (1 | herd)", lambda: hl.load_data("cbpp"), "binomial"),
    "gamma": ("Reaction ~ Days + (1 | Subject)", lambda: hl.load_data("sleepstudy"), "gamma"),
}
OLD = 123.0


@pytest.mark.parametrize("name", MODELS)
def test_a_density_is_written_or_refused(name: str) -> None:
    formula, frame, family = MODELS[name]
    model = hl.Model(formula, frame(), family)
    problem = plan(model).chosen.apply(model)
    density, double = problem.callbacks()[0].ctypes, ctypes.POINTER(ctypes.c_double)
    rng, stale = np.random.default_rng(1), 0
    for _ in range(600):
        zeta = rng.normal(size=problem.dimension) * 10 ** rng.uniform(-1, 5)
        gradient, value = np.zeros(problem.dimension), ctypes.c_double(OLD)
        status = density(
            problem.dimension, zeta.ctypes.data_as(double), gradient.ctypes.data_as(double), ctypes.byref(value),
            problem.data.ctypes.data_as(double),
        )  # fmt: skip
        stale += status == 0 and value.value == OLD
        assert status != 0 or np.isfinite(value.value)
    assert stale == 0
