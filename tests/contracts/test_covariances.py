"""Every registered covariance structure keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import pytest

from hierlm.covariances import COVARIANCES, get_covariance
from hierlm.covariances.covariance import Covariance
from hierlm.testing.covariances import check_covariance


@pytest.mark.parametrize("name", COVARIANCES)
def test_registered_structure(name):
    check_covariance(get_covariance(name))


def _broken(**methods) -> Covariance:
    """An unstructured covariance with some methods replaced."""
    return type("Broken", (type(get_covariance("us")),), methods)()


def _not_a_correlation(self, parameter, k):
    if k == 1:
        return [[1.0]]
    rows = get_covariance("us").correlation_factor(parameter, k)
    return [*rows[:-1], [2.0 * x for x in rows[-1]]]


def _density_of_another_correlation(self, parameter, k):
    return [[1.0]] if k == 1 else get_covariance("corh").correlation_factor(parameter**2, k)


@pytest.mark.parametrize(
    ("structure", "message"),
    [
        (_broken(parts=lambda self, k: ((self, tuple(range(k))),), n_parameters=lambda self, k: k), "free parameters"),
        (_broken(parts=lambda self, k: ((self, (0,)),)), "share out effects"),
        (_broken(parts=lambda self, k: ((get_covariance("us"), tuple(range(k))),)), "not canonical"),
        (_broken(sd_groups=lambda self, k: tuple((0,) for _ in range(k))), "two standard deviations"),
        (_broken(correlation_factor=_not_a_correlation), "unit diagonal"),
        (_broken(correlation_factor=lambda self, p, k: [[1.0] * k] * k), "triangular"),
        (_broken(correlation_factor=_density_of_another_correlation), "det"),
    ],
)
def test_contract_notices(structure, message):
    with pytest.raises(AssertionError, match=message):
        check_covariance(structure, largest=2)
