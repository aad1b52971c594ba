"""Densities as C functions: many points at once, without gradients, and draws by the same function."""

from __future__ import annotations

import numpy as np
import pytest

import hierlm as hl
from hierlm.kernels.callbacks import Called, gaussian_callbacks, gaussian_draws, values_at
from hierlm.reductions.reduction import Problem


def problem_of(formula: str | list[str], data: str, family: str = "gaussian") -> Problem:
    model = hl.Model(formula, hl.load_data(data), family)
    chosen = model.plan().chosen
    assert chosen is not None
    return chosen.apply(model)


@pytest.mark.parametrize(
    ("formula", "data", "family"),
    [
        ("Reaction ~ Days + (Days | Subject)", "sleepstudy", "gaussian"),
        ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", "gaussian"),
        (["Reaction ~ Days + (1 | Subject)", "sigma ~ Days"], "sleepstudy", "gaussian"),
        ("incidence | trials(size) ~ period + (1 | herd)", "cbpp", "binomial"),
    ],
)
def test_many_points_have_the_values_of_one_at_a_time(formula: str | list[str], data: str, family: str):
    """Bit for bit with any number of cores; beside a call with the gradient up to rounding."""
    problem = problem_of(formula, data, family)
    zetas = np.random.default_rng(1).standard_normal((37, problem.dimension))
    found = values_at(problem.density, zetas, problem.data)
    gradient = np.zeros(problem.dimension)
    single = [problem.density(zeta, problem.data, gradient) for zeta in zetas]
    np.testing.assert_allclose(found, single, rtol=1e-12)
    np.testing.assert_array_equal(found, values_at(problem.density, zetas, problem.data, cores=3))
    np.testing.assert_array_equal(found, [problem.density(z, problem.data, np.zeros(0)) for z in zetas])
    assert gradient.any()


def test_failures_are_minus_infinity():
    problem = problem_of("Yield ~ 1 + (1 | Batch)", "Dyestuff")
    zetas = np.array([[0.0, 0.0], [np.nan, 0.0], [0.0, 1e9], [0.0, np.inf]])
    found = values_at(problem.density, zetas, problem.data)
    assert np.isfinite(found[0])
    assert (found[1:] == -np.inf).all()


def test_a_python_function_does_as_well():
    zetas = np.arange(6.0).reshape(3, 2)
    found = values_at(lambda zeta, data, gradient: float(zeta.sum()), zetas, np.zeros(1))
    np.testing.assert_array_equal(found, [1.0, 5.0, 9.0])


def test_draws_say_what_failed():
    problem = problem_of("Yield ~ 1 + (1 | Batch)", "Dyestuff")
    noise = np.random.default_rng(1).standard_normal((3, problem.place.columns))
    zetas = np.array([[0.0, 0.0], [np.nan, 0.0], [0.3, -0.2]])
    ok, sds, C, positives = gaussian_draws(zetas, problem.data, noise)
    assert ok.tolist() == [True, False, True]
    assert sds.shape == (3, 1)
    assert C.shape == (3, 1, 1, 1)
    assert positives.shape == (3, 1)
    assert np.isfinite(noise[[0, 2]]).all()


def test_the_callback_is_that_of_the_sampler():
    """One C function is loaded, whoever calls it."""
    assert gaussian_callbacks() is gaussian_callbacks()
    assert isinstance(problem_of("Yield ~ 1 + (1 | Batch)", "Dyestuff").density, Called)
