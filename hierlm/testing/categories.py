"""What an ordinal family keeps beside the contract of every family."""

from __future__ import annotations

from typing import Any

import numpy as np

from hierlm.families import Predicted
from hierlm.links import LINKS
from hierlm.testing.family_case import FamilyCase
from hierlm.testing.numbers import value_and_gradient, values

__all__ = ["check_categories"]

STEP = 1e-6
EXTREMES = np.array([[-1e3], [-30.0], [0.0], [30.0], [1e3]])
"""Of η, a row each."""


def check_categories(case: FamilyCase) -> None:
    """Probabilities, names and thresholds of an ordinal family.

    Raises
    ------
    AssertionError
        Saying what does not hold.
    """
    _check_probabilities(case)
    _check_batches(case)
    _check_names(case)
    for name in case.elements:
        _check_elements(case, name)


def _probabilities(case: FamilyCase, *natural: Any, **given: Predicted) -> Any:
    return case.family.probabilities(case.additions, **case.predicted(natural, **given))


def _check_probabilities(case: FamilyCase) -> None:
    K = int(case.support[1])
    p = values(lambda *columns: _probabilities(case, *columns), *case.columns)
    assert p.shape == (len(case.points), K), f"{case.family}: probabilities of shape {p.shape}"
    assert np.all(p >= 0), f"{case.family}: negative probabilities {p}"
    assert np.allclose(p.sum(axis=-1), 1, rtol=1e-12), f"{case.family}: probabilities add up to {p.sum(axis=-1)}"
    for k in range(K):
        density = values(case.log_density, np.full(len(p), k + 1.0), *case.columns)
        assert np.allclose(np.exp(density), p[:, k], rtol=1e-9), f"{case.family}: P(y = {k + 1}) is not the density"


def _check_batches(case: FamilyCase) -> None:
    """Thresholds of draws, (draws, 1, k), beside linear predictors (draws, rows)."""
    rows = [np.broadcast_to(column, (2, len(case.points))) for column in case.columns]
    batch = {name: np.stack([tau, tau + 0.3])[:, None, :] for name, tau in case.elements.items()}

    def at(elements: dict[str, Any]) -> Any:
        given = {name: Predicted(value, LINKS["identity"]) for name, value in elements.items()}
        return values(lambda *columns: _probabilities(case, *columns, **given), *rows)

    together = at(batch)
    for s in range(2):
        apart = at({name: value[s, 0] for name, value in batch.items()})[s]
        assert np.allclose(together[s], apart, rtol=1e-12), f"{case.family}: thresholds of draws are misread"


def _check_names(case: FamilyCase) -> None:
    family, names = case.family, ("low", "middle", "high")
    y = np.array([1.0, 2.0, 2.0, 3.0])
    assert family.categories(y - 1, names) == names, f"{family}: the categories are not the levels"
    assert family.categories(y, None) == ("1", "2", "3"), f"{family}: the categories are not the numbers"
    for vector in family.vectors:
        labels = family.elements(names)[vector.name]
        assert len(labels) == len(set(labels)) == 2, f"{family}: elements of {vector.name} are called {labels}"
        for link in family.parameters[0].links:
            start = family.starts(y, LINKS[link], names)[vector.name]
            assert start.shape == (2,), f"{family}: {vector.name} starts at {start}"
            assert np.isfinite(start).all(), f"{family}: {vector.name} starts at {start}"
            assert not vector.ordered or np.all(np.diff(start) > 0), f"{family}: {vector.name} starts at {start}"


def _check_elements(case: FamilyCase, name: str) -> None:
    """The gradient by elements; and close or distant ones, with all extremes of η, give no NaN."""
    first = [column[0] for column in case.columns]
    y = np.arange(case.support[0], case.support[1] + 1)
    tau = case.elements[name]
    steps = STEP * np.eye(len(tau))
    for link in case.family.parameters[0].links:

        def density(tau: Any, eta: Any, link: str = link) -> Any:
            given = {name: Predicted(tau, LINKS["identity"]), "mu": Predicted(eta, LINKS[link])}
            return case.log_density(y, *first, **given)

        where = f"{case.family}: {name} with link {link}"
        found, slope = value_and_gradient(density, tau, first[0])
        moved = values(density, np.concatenate([tau + steps, tau - steps])[:, None, :], first[0]).sum(axis=-1)
        numeric = (moved[: len(tau)] - moved[len(tau) :]) / (2 * STEP)
        assert np.allclose(slope, numeric, rtol=1e-5, atol=1e-5), f"{where}: gradient {slope}, differences {numeric}"
        assert np.isfinite(found).all(), f"{where}: {found}"
        apart = np.stack([tau, 1e-9 * np.arange(len(tau)), 1e3 * tau])
        value, slope = value_and_gradient(density, apart[:, None, None, :], EXTREMES)
        assert not np.isnan(value).any(), f"{where}: NaN at extremes"
        usable = np.isfinite(value).all(axis=(1, 2))
        assert np.isfinite(slope[usable]).all(), f"{where}: gradient {slope[usable]} at extremes"
