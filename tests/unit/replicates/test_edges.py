"""Edges of replicates: nothing random in a prior, half a store, an interrupted design, all parameters known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.replicates import power
from hierlm.replicates.calibration import Calibration, judged
from hierlm.replicates.laplace import LARGE, Laplace
from hierlm.replicates.likelihoods import _obstacles
from hierlm.replicates.runner import Records
from hierlm.replicates.simulate import from_prior
from hierlm.replicates.store import _lines
from hierlm.replicates.variance_test import variance_test
from tests.unit.replicates.test_laplace import made, table

FIXED = {"b[Intercept]": 1.0, "b[x]": 0.5, "sd_g": 0.3, "sigma": 1.0}


def model(formula: str = "y ~ x + (1 | g)", **options: Any) -> hl.Model:
    return hl.Model(formula, table(0.5), **options)


def test_a_prior_without_anything_random() -> None:
    found = from_prior(model(priors=FIXED), 1)
    assert dict(found.sizes) == {"chain": 1, "draw": 1}
    assert not found.data_vars
    some = from_prior(model(priors={**FIXED, "sigma": hl.Prior("HalfNormal", sigma=1)}), 1)
    assert some["sigma"].item() > 0
    np.testing.assert_array_equal(some["b"].to_numpy().ravel(), [1.0, 0.5])


def test_half_a_line_of_a_store_is_none(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    assert _lines(file) == []
    file.write_bytes(b'{"number": 1}\n[2]\n\xff\xfe\n{"number": 3}\n{"numb')
    assert _lines(file) == [{"number": 1}, {"number": 3}]


@pytest.mark.parametrize(("few", "diverging"), [(0, 0), (30, 0), (0, 3)])
def test_what_a_calibration_says_of_its_fits(few: int, diverging: int) -> None:
    good = tuple({"ess": 20 if i < few else 500, "divergences": int(i < diverging)} for i in range(100))
    ranks = pd.DataFrame({"sigma": np.arange(100)})
    said = repr(Calibration(model(), judged(ranks), ranks, Records(100, good, ()), 1))
    assert (f"{few} of 100 fits have fewer than" in said) == bool(few)
    assert (f"{diverging} of 100 fits have divergences" in said) == bool(diverging)
    assert "Default priors" in said


def test_a_design_that_was_interrupted_before_it_began_has_no_row() -> None:
    job = SimpleNamespace(designs=((5, None), (10, None)), target=None)
    good = tuple({"number": n, "reached": n % 4 == 0, "mean": 0.0, "width": 1.0} for n in (0, 2, 4))
    found = sys.modules[power.__module__]._table(job, Records(10, good, ({"number": 6, "error": "no"},)))
    assert found["groups"].tolist() == [5]
    assert found["n"].tolist() == [3]
    assert found["failed"].tolist() == [1]
    np.testing.assert_allclose(found["power"], 2 / 4)  # the one that failed has not reached it


def test_points_without_a_likelihood_are_very_unlikely_and_flat() -> None:
    """The optimiser turns back from where an exponential overflows, and starts at zero after a mode that is lost."""
    y, of = made("poisson")
    for far, start in (("coefficient", 0.0), ("coefficient", np.nan), ("sd", 50.0)):
        x = np.concatenate([[0.7], [0.3, 0.5]])
        x[{"coefficient": 2, "sd": 0}[far]] = {"coefficient": 1e6, "sd": 1e200}[far]
        with np.errstate(all="ignore"):
            value, gradient = of._deviance(x, y, np.full(12, start))
        assert value == LARGE
        assert not gradient.any()
    near = np.array([0.7, 0.3, 0.5])
    values = [of._deviance(near, y, np.full(12, start))[0] for start in (0.0, np.nan, 1e4)]
    np.testing.assert_allclose(values, values[0], rtol=1e-9)
    assert isinstance(of, Laplace)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: variance_test(m, "k"), "no grouping 'k'"),
        (lambda m: variance_test(m, "g", "x"), "has no effect 'x'"),
    ],
)
def test_what_a_test_of_a_variance_does_not_find(ask: Any, message: str) -> None:
    with pytest.raises(PosteriorError, match=message) as caught:
        ask(model())
    assert caught.value.hint


def test_too_many_effects_for_the_approximation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hierlm.replicates.likelihoods.MOST_EFFECTS", 10)
    assert any(
        "12 effects, more than 10" in reason for reason in _obstacles(model("c ~ x + (1 | g)", family="poisson"))
    )
