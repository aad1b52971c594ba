"""What makes a kept fit another one: everything that a likelihood hangs on, wherever it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.storage.fingerprint import fingerprint

N = 24


def table(**change: Any) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    own = {
        "y": rng.normal(size=N),
        "g": np.resize(list("abcd"), N),
        "h": np.roll(np.resize(list("abcd"), N), 1),
        "v": np.linspace(1.0, 2.0, N),
        "w": np.linspace(2.0, 1.0, N),
        "z": np.resize([0.0, 1.0, 2.0, 4.0], N),
        "t": np.repeat(np.arange(N // 4), 4),
    }
    return pd.DataFrame(own | change)


def related(share: float) -> dict[str, Any]:
    return {"K": pd.DataFrame(np.eye(4) + share * (1 - np.eye(4)), index=list("abcd"), columns=list("abcd"))}


def times(values: Any) -> hl.Model:
    return hl.Model("y ~ 1", table(t=values), residual="car1(t | g)")


PAIRS: dict[str, tuple[Callable[[], hl.Model], Callable[[], hl.Model]]] = {
    "a matrix": tuple(
        lambda s=s: hl.Model("y ~ 1 + known(1 | g, K)", table(), matrices=related(s)) for s in (0.1, 0.2)
    ),
    "weights of memberships": tuple(
        lambda s=s: hl.Model("y ~ 1 + (1 | mm(g, h, weights=cbind(v, w)))", table(v=np.linspace(1, s, N)))
        for s in (2.0, 3.0)
    ),
    "what a standard deviation hangs on": tuple(
        lambda s=s: hl.Model(["y ~ 1 + (1 | g)", "sd(g) ~ z"], table(z=np.resize([0.0, 1.0, 2.0, s], N)))
        for s in (4.0, 5.0)
    ),
    "times of residuals": (
        lambda: times(np.repeat(np.arange(6.0), 4)),
        lambda: times(np.repeat([0.0, 1, 2, 3, 4, 6], 4)),
    ),
    "blocks of residuals": tuple(
        lambda s=s: hl.Model("y ~ 1", table(t=np.arange(N)), residual=f"ar1(t | {s})") for s in ("g", "h")
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_another_likelihood_is_another_fit(name: str) -> None:
    one, other = PAIRS[name]
    assert fingerprint(one(), {}) == fingerprint(one(), {})
    assert fingerprint(one(), {}) != fingerprint(other(), {})


def test_options_that_fit_does_not_have_are_refused() -> None:
    with pytest.raises(TypeError, match="drawz"):
        fingerprint(hl.Model("y ~ 1", table()), {"drawz": 3})
