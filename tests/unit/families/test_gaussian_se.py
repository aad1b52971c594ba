"""Known standard errors: y | se(s)."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from hierlm.families import FAMILIES, Predicted
from hierlm.links import LINKS
from hierlm.testing.numbers import values

GAUSSIAN = FAMILIES["gaussian"]
SE = np.array([0.5, 2.0, 1.0])
Y = np.array([0.2, -1.0, 3.0])
MEANS = np.array([0.0, 1.0, 2.0])
MU = Predicted(MEANS, LINKS["identity"])
SIGMA = Predicted(1.5, LINKS["identity"])


@pytest.mark.parametrize(
    ("options", "additions", "names"),
    [
        ({}, {}, ("mu", "sigma")),
        ({}, {"se": SE}, ("mu",)),
        ({"se.sigma": False}, {"se": SE}, ("mu",)),
        ({"se.sigma": True}, {"se": SE}, ("mu", "sigma")),
    ],
)
def test_which_parameters_there_are(options, additions, names):
    assert tuple(p.name for p in GAUSSIAN.active_parameters(options, additions)) == names


@pytest.mark.parametrize(("extra", "sd"), [({}, SE), ({"sigma": SIGMA}, np.hypot(SE, 1.5))])
def test_the_standard_deviation_of_each_row(extra, sd):
    additions = {"se": SE}
    found = values(lambda y: pm.logp(GAUSSIAN.distribution(additions, mu=MU, **extra), y), Y)
    np.testing.assert_allclose(found, stats.norm.logpdf(Y, MEANS, sd), rtol=1e-12)
    np.testing.assert_allclose(values(lambda: GAUSSIAN.variance(additions, mu=MU, **extra)), sd**2)
    np.testing.assert_allclose(values(lambda: GAUSSIAN.latent_variance(additions, mu=MU, **extra)), sd**2)


def test_equal_responses_are_fine_with_known_errors():
    np.testing.assert_array_equal(GAUSSIAN.prepare("y", np.ones(3), None, None, {"se": SE}), np.ones(3))
