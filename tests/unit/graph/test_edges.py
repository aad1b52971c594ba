"""Edges of graphs: expressions kept for several questions, rows of one effect, variables without a use."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

import hierlm as hl
from hierlm.errors import ModelError
from hierlm.graph.build import _check_used
from hierlm.graph.evaluate import evaluate, kept, kept_sample
from hierlm.graph.structured import slots
from hierlm.model.values import Piece


def test_an_expression_is_set_up_once_for_each_kind_of_arrays() -> None:
    made = []

    def square(x):
        made.append(x.type.shape)
        return x**2

    compute = kept()
    for x in ([1.0, 2.0], [3.0, 4.0, 5.0], [[1.0], [2.0]], [7.0]):
        np.testing.assert_array_equal(compute(square, x=x), np.square(x))
        np.testing.assert_array_equal(evaluate(lambda x: x**2, x=x), np.square(x))
    assert made == [(None,), (None, 1), (1,)]


def test_a_kept_random_variable_draws_anew_and_repeats_with_its_seed() -> None:
    def poisson(mu):
        return pm.Poisson.dist(mu)

    mu, draw = np.full(200, 4.0), kept_sample()
    rng = np.random.default_rng(1)
    first, second = draw(poisson, seed=rng, mu=mu), draw(poisson, seed=rng, mu=mu)
    assert (first != second).any()
    assert abs(first.mean() - 4) < 4.5 * np.sqrt(4 / 200)
    np.testing.assert_array_equal(draw(poisson, seed=np.random.default_rng(1), mu=mu), first)


@pytest.mark.parametrize(
    ("Z", "expected"),
    [
        ([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [4, 2, 4]),
        ([[1.0, 0.0], [0.0, 2.0]], None),  # a factor other than 1
        ([[1.0, 1.0], [0.0, 1.0]], None),
        ([[1.0], [1.0]], None),
    ],
)
def test_rows_of_one_effect_each(Z: list[list[float]], expected: list[int] | None) -> None:
    found = slots(Piece("y", "mu", np.array(Z), (4, 2)[: len(Z[0])], None))
    assert expected is None if found is None else found.tolist() == expected


def test_a_variable_without_a_use_is_a_bug_that_is_told() -> None:
    with pm.Model() as graph:
        mu = pm.Normal("mu")
        pm.Normal("idle")
        pm.Normal("y", mu, observed=np.zeros(3))
    with pytest.raises(ModelError, match="idle would not influence any observation") as caught:
        _check_used(graph)
    assert "bug" in caught.value.hint


@pytest.mark.parametrize(
    ("prior", "kind", "support"),
    [
        (hl.Prior("Uniform", lower=-0.5, upper=0.5), "UniformRV", (-0.5, 0.5)),
        (hl.Prior("Normal", mu=0, sigma=2), None, (-1.0, 1.0)),
        (0.25, None, (0.25, 0.25)),
    ],
)
def test_a_coefficient_between_bounds(prior, kind, support) -> None:
    """As it is where its prior ends inside, cut off at the bounds otherwise, a constant where it is fixed."""
    rng = np.random.default_rng(2)
    data = {"y": rng.normal(size=24), "f": np.tile(list("abcd"), 6), "g": np.repeat(np.arange(6), 4)}
    graph = hl.Model("y ~ 1 + ar1(0 + f | g)", data, priors={"phi_g": prior}).pymc
    drawn = pm.draw(graph["phi_g"], 200, random_seed=1, mode="FAST_COMPILE")
    assert drawn.min() >= support[0]
    assert drawn.max() <= support[1]
    assert (np.ptp(drawn) > 0.1) == (support[0] < support[1])
