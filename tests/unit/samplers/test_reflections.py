"""Changes of signs that leave a density as it is: found where standard deviations have signs, with all that goes with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.kernels.parameters import parameters
from hierlm.reductions import Problem, plan
from hierlm.samplers import reflections as module
from hierlm.samplers.reflections import reflections


def table(seed: int = 0) -> dict[str, Any]:
    """Groups that hardly differ: the posterior of every sd reaches to zero."""
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(6), 8), rng.normal(size=48)
    eta = 0.1 * rng.normal(size=6)[g] + 0.1 * rng.normal(size=6)[g] * x
    labels = {"g": np.array(list("abcdef"))[g], "h": np.array(list("uvwx"))[rng.integers(0, 4, 48)]}
    return labels | {"x": x, "z": rng.normal(size=48), "y": rng.normal(eta), "k": rng.poisson(np.exp(0.5 + eta))}


MODELS = {
    "one": ("y ~ 1 + (1 | g)", "gaussian", 1),
    "us": ("y ~ x + (x | g)", "gaussian", 2),
    "us 3": ("y ~ x + z + (x + z | g)", "gaussian", 3),
    "corh": ("y ~ x + corh(1 + x | g)", "gaussian", 2),
    "idv": ("y ~ x + idv(1 + x | g)", "gaussian", 1),
    "crossed": ("y ~ 1 + (1 | g) + (1 | h)", "gaussian", 2),
    "whitened us": ("k ~ x + (x | g)", "poisson", 2),
    "whitened crossed": ("k ~ x + (x || g) + (1 | h)", "poisson", 3),
}


def problem(formula: str, family: str) -> Problem:
    model = hl.Model(formula, table(), family)
    way = plan(model).chosen
    assert way is not None
    return way.apply(model)


@pytest.mark.parametrize("name", MODELS)
def test_the_density_does_not_see_them(name: str):
    formula, family, expected = MODELS[name]
    made = problem(formula, family)
    assert int((parameters(made.data).sds[:, 2] < 0).sum()) == expected, "the example has lost its signs"
    found = reflections(made)
    assert len(found) == 2**expected - 1
    points = np.random.default_rng(3).normal(size=(20, made.dimension))
    gradient = np.zeros(made.dimension)
    density = [made.density(z, made.data, gradient) for z in points]
    for reflection in found:
        image = reflection(points)
        np.testing.assert_allclose([made.density(z, made.data, gradient) for z in image], density, rtol=1e-8)
        np.testing.assert_allclose(reflection(image), points, atol=1e-8)
        assert not np.allclose(image, points)


def test_what_does_not_hold_is_not_used(monkeypatch: pytest.MonkeyPatch):
    made = problem("k ~ x + (x | g)", "poisson")
    right = module._reflection
    wrong = lambda *a: replace(right(*a), signs=np.ones(made.dimension - len(right(*a).shift)))  # noqa: E731
    monkeypatch.setattr(module, "_reflection", wrong)
    assert reflections(made) == ()


def test_there_are_none_without_signs():
    model = hl.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", hl.load_data("Penicillin"))
    way = plan(model).chosen
    assert way is not None
    assert reflections(way.apply(model)) == ()
