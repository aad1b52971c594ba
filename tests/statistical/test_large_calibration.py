"""Simulation-based calibration of the marginal of large designs, on small ones that are made to have it."""

from __future__ import annotations

import pytest

from hierlm.fit import sampling
from tests.trust.cells import CELLS
from tests.trust.judge import judge
from tests.trust.replicate import replicate
from tests.unit.reductions.test_large import only_large

NAMES = ("gaussian/crossed", "gaussian/nested", "gaussian/slope us", "gaussian/slope idh")
REPLICATIONS = 200
MISS = 1e-4
"""Probability that all of these cells together fail by chance."""


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")
@pytest.mark.parametrize("name", NAMES)
def test_ranks_are_uniform(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both tests of every quantity; no fit fails, nine of ten keep their independent proposals."""
    monkeypatch.setattr(sampling, "plan", only_large)
    records = [replicate(CELLS[name], "default", number) for number in range(REPLICATIONS)]
    assert not [r["error"] for r in records if "error" in r]
    assert sum(r["plan"] == "large marginal" for r in records) >= 0.9 * REPLICATIONS
    tests = 2 * len(NAMES) * 16  # no cell has more than 16 quantities
    for quantity in records[0]["ranks"]:
        found = judge([r["ranks"][quantity] for r in records])
        assert min(found.p_ecdf, found.p_z) * tests > MISS, quantity
