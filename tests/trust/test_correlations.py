"""Every correlation function, of residuals and group effects alike, against its meaning in NumPy at 20 random coefficients.

R to 1e-10 at regular and at irregular positions; what is registered later enters by being registered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

from hierlm.correlations import CORRELATIONS, Correlation, get_correlation
from tests.trust.correlations import MEANINGS, Meaning
from tests.trust.densities import needed
from tests.trust.priors import Several

MODE = Mode(linker="py", optimizer="fast_compile")
FOUR = np.arange(4.0)[:, None]
"""What the coefficients of :data:`MEANINGS` are for."""


def positions(function: Correlation) -> list[np.ndarray]:
    """Four in order, and three of what the function takes."""
    rng = np.random.default_rng(2)
    other = {
        "nothing": rng.normal(size=(3, 1)),
        "occasions": np.array([[3.0], [0.0], [2.0]]),
        "steps": np.array([[3.0], [0.0], [1.0]]),
        "times": rng.uniform(0, 3, (3, 1)),
        "coordinates": rng.uniform(0, 2, (3, min(2, function.most_dimensions))),
    }
    return [FOUR, other[function.needs]]


def test_everything_registered_has_an_independent_meaning() -> None:
    needed(CORRELATIONS, MEANINGS, "meaning of the correlation function")


@pytest.mark.parametrize("name", MEANINGS)
def test_r_is_what_it_says(name: str) -> None:
    meaning: Meaning = MEANINGS[name]
    function, rng = get_correlation(meaning.name, **meaning.options), np.random.default_rng(8)
    declared = [c.name for c in function.coefficients([FOUR])]
    wanted = [n for n, p in meaning.priors.items() for _ in range(p.size if isinstance(p, Several) else 1)]
    assert declared == wanted
    symbols: dict[str, Any] = {
        n: pt.tensor(n, dtype="float64", shape=(p.size,) if isinstance(p, Several) else ())
        for n, p in meaning.priors.items()
    }
    places = positions(function)
    evaluate = pytensor.function([*symbols.values()], [function.matrix(symbols, at) for at in places], mode=MODE)
    for _ in range(20):
        values = {n: np.asarray(p.draw(rng)) for n, p in meaning.priors.items()}
        for found, at in zip(evaluate(*values.values()), places, strict=True):
            np.testing.assert_allclose(found, meaning.matrix(values, at), rtol=0, atol=1e-10)


def test_a_wrong_meaning_is_noticed() -> None:
    right = MEANINGS["exp"]
    wrong = Meaning("exp", lambda v, at: right.matrix(v, at) ** (1 + 1e-8), right.priors)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(MEANINGS, "exp", wrong)
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            test_r_is_what_it_says("exp")
