"""Models and fits that the tests of the tables share."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl
from tests.synthetic import synthetic_fit

ROWS = 72


@cache
def frame() -> pd.DataFrame:
    """Six levels of g × four of h, balanced; a factor t, a number x, and responses of several kinds."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "g": np.repeat([f"s{i}" for i in range(6)], 12),
            "h": np.tile(list("abcd"), 18),
            "t": np.tile(["p", "q", "r"], 24),
            "x": rng.normal(size=ROWS),
            "y": rng.normal(size=ROWS),
            "k": rng.poisson(3, size=ROWS),
            "s": rng.integers(0, 2, size=ROWS),
            "p": rng.gamma(3.0, 1.0, size=ROWS),
        }
    )


MODELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "us": ("y ~ x + (x | g)", {}),
    "reversed": ("y ~ x + (0 + x | g) + (1 | g)", {}),
    "idh": ("y ~ x + (x || g)", {}),
    "us3": ("y ~ 0 + t + (0 + t | g)", {}),
    "cor": ("y ~ 0 + t + cor(0 + t | g)", {}),
    "corh": ("y ~ 0 + t + corh(0 + t | g)", {}),
    "corv": ("y ~ 0 + t + corv(0 + t | g)", {}),
    "idv": ("y ~ 0 + t + idv(0 + t | g)", {}),
    "cells": ("y ~ x + (1 | g) + (1 | h) + (1 | g:h)", {}),
    "none": ("y ~ x", {}),
    "one": ("y ~ 1 + (1 | g)", {}),
    "alone": ("y ~ 1 + (x | g)", {}),
    "sigma": (["y ~ x + (1 | id | g)", "sigma ~ t + (1 | id | g)"], {}),
    "several": (["y ~ x + (1 | id | g)", "k ~ x + (x | id | g)"], {"family": ["gaussian", "poisson"]}),
    "units": ("k ~ x + (1 | g) + (1 | units)", {"family": "poisson"}),
    "fixed": ("y ~ x + (x | g)", {"priors": {"sigma": 2.0, "b[x]": 1.0, "sd_g": 0.5}}),
    "bernoulli": ("s ~ x + (1 | g)", {"family": "bernoulli"}),
    "cauchit": ("s ~ x + (1 | g)", {"family": "bernoulli(cauchit)"}),
    "gamma": ("p ~ x + (1 | g)", {"family": "gamma", "link": "log"}),
    "student": ("y ~ x + (1 | g)", {"family": "student_t"}),
}


@cache
def model(name: str) -> hl.Model:
    formula, options = MODELS[name]
    return hl.Model(formula, frame(), **options)


@cache
def fit(name: str, chains: int = 4, draws: int = 50) -> hl.Fit:
    return synthetic_fit(model(name), chains=chains, draws=draws)
