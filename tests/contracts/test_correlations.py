"""Every registered correlation function keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

import pytensor.tensor as pt
import pytest

from hierlm.correlations import CORRELATIONS, Correlation, get_correlation
from hierlm.errors import ModelError
from hierlm.testing import check_correlation

CASES = [
    *((name, {"p": 1, "q": 1} if name == "arma" else {}) for name in CORRELATIONS),
    *(("arma", {"p": p, "q": q}) for p, q in ((2, 0), (0, 2), (3, 2), (1, 0))),
    *((name, {"nugget": True}) for name in ("exp", "gau", "ratio", "lin", "sph", "mat")),
    ("mat", {"nu": 0.5}),
    ("mat", {"nu": 2.5, "nugget": True}),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_registered_function(name, options):
    check_correlation(get_correlation(name, **options))


def _broken(name: str, **methods) -> Correlation:
    return type("Broken", (type(get_correlation(name)),), methods)()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (_broken("exp", at=lambda self, ratio: 1 - ratio), "positive definite|not finite"),
        (_broken("ar1", step=lambda self, values, gaps: (values["phi"] * pt.ones(gaps.shape),) * 2), "1 − a²"),
        (_broken("cs", coefficients=lambda self, places: ()), "no coefficients"),
        (_broken("cs", matrix=lambda self, values, positions: values["rho"] * pt.eye(positions.shape[-2])), "diagonal"),
        (_broken("cs", needs="luck"), "not known"),
    ],
)
def test_contract_notices(function, message):
    with pytest.raises(AssertionError, match=message):
        check_correlation(function)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ar2", {}, "no correlation structure 'ar2'"),
        ("arma", {}, "no order"),
        ("arma", {"p": 1.5}, "no whole number"),
        ("ar1", {"p": 1}, "no option 'p'"),
        ("exp", {"nugget": 0.1}, "neither True nor False"),
        ("mat", {"nu": 2}, "0.5, 1.5 or 2.5"),
    ],
)
def test_refused(name, options, message):
    with pytest.raises(ModelError, match=message) as caught:
        get_correlation(name, **options)
    assert caught.value.hint
