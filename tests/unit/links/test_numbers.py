"""Links as functions of numbers, against closed forms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import special, stats

from hierlm.links import LINKS, Link
from hierlm.links.numbers import numbers

SHARES = np.array([[0.01, 0.3], [0.5, 0.98]])
CLOSED = {"logit": special.logit, "probit": stats.norm.ppf, "log": np.log, "identity": np.asarray, "sqrt": np.sqrt}


@pytest.mark.parametrize("name", CLOSED)
def test_values_in_the_shape_given(name):
    np.testing.assert_allclose(numbers(LINKS[name], "link", SHARES), CLOSED[name](SHARES), rtol=1e-12)
    assert numbers(LINKS[name], "link", 0.25).shape == ()
    assert numbers(LINKS[name], "link", []).shape == (0,)


@pytest.mark.parametrize("name", LINKS)
def test_inverse_and_derivative(name):
    link, h = LINKS[name], 1e-6
    eta = numbers(link, "link", SHARES)
    np.testing.assert_allclose(numbers(link, "inverse", eta), SHARES, rtol=1e-9)
    slope = (numbers(link, "inverse", eta + h) - numbers(link, "inverse", eta - h)) / (2 * h)
    np.testing.assert_allclose(numbers(link, "derivative", eta), slope, rtol=1e-4)


def test_whole_numbers_are_taken_as_double():
    assert numbers(LINKS["log"], "link", [2]) == pytest.approx(np.log(2.0), rel=1e-15)


def test_a_link_whose_derivative_is_one_number():
    class Doubled(Link):
        name = "doubled"

        def link(self, mu):
            return 2.0 * mu

        def inverse(self, eta):
            return eta / 2.0

        def derivative(self, eta):
            return pt.constant(0.5)

    np.testing.assert_array_equal(numbers(Doubled(), "derivative", SHARES), np.full((2, 2), 0.5))


def test_threads_do_not_mix_their_numbers():
    given = [np.full(50, float(i + 1)) for i in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda v: numbers(LINKS["log"], "link", v), given))
    np.testing.assert_allclose(found, np.log(given), rtol=1e-14)
