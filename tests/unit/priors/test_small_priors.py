"""A parameter held fixed, and an exponential prior by one statement about its tail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytest
from scipy import stats

import hierlm as hl
from hierlm.errors import PriorError
from hierlm.priors.defaults import _cell_means
from hierlm.priors.fixed import Fixed


@pytest.mark.parametrize(("upper", "probability"), [(1.0, 0.05), (60, 0.01), (0.2, 0.5)])
def test_the_probability_beyond_upper_is_what_was_said(upper: float, probability: float) -> None:
    prior = hl.penalised_complexity(upper, probability)
    assert stats.expon(scale=1 / prior.arguments["lam"]).sf(upper) == pytest.approx(probability, rel=1e-12)


@pytest.mark.parametrize(
    ("upper", "probability", "says"),
    [
        ("60", 0.05, "upper must be a number, not '60'"),
        (True, 0.05, "upper must be a number"),
        (np.inf, 0.05, "upper must be a number"),
        (60, None, "probability must be a number"),
        (0, 0.05, "upper must be greater than 0, not 0"),
        (-1, 0.05, "greater than 0"),
        (60, 0.0, "between 0 and 1, not 0"),
        (60, 1, "between 0 and 1, not 1"),
    ],
)
def test_statements_that_say_nothing_are_refused(upper: Any, probability: Any, says: str) -> None:
    with pytest.raises(PriorError, match=says):
        hl.penalised_complexity(upper, probability)


@pytest.mark.parametrize("value", [True, "2", None, np.nan, np.inf, 1j])
def test_a_parameter_is_fixed_at_a_finite_number(value: Any) -> None:
    with pytest.raises(PriorError, match=r"fixed at"):
        Fixed(value)


def test_a_fixed_parameter_is_a_constant_of_the_graph() -> None:
    with pm.Model(coords={"k": ["a", "b"]}) as model:
        Fixed(np.float32(2.5)).build("one")
        Fixed(3).build("two", dims="k", shape=2)
    assert not model.free_RVs
    assert model["one"].eval() == 2.5
    assert model["two"].eval().tolist() == [3.0, 3.0]
    assert str(Fixed(2.5)) == "fixed at 2.5"


@pytest.mark.parametrize(
    ("X", "cells"),
    [
        ([[5.0, 1, 0], [6, 0, 1]], (1, 2)),
        ([[1.0, 0, 3], [0, 1, 2]], (0, 1)),
        ([[1.0, 1, 0], [1, 0, 1]], (0,)),  # an intercept
        ([[0.5, 2], [1, 3]], ()),
        ([[1.0, 0.5, 0], [0, 0.5, 1]], ()),  # what is between is no indicator
        ([[1.0, 1], [0, 1]], (1,)),
    ],
)
def test_indicators_that_add_up_to_one_are_means_of_cells(X: Any, cells: tuple[int, ...]) -> None:
    assert tuple(_cell_means(np.array(X)) or ()) == cells
