"""Every sampler keeps the contract."""

from __future__ import annotations

import pytest

from hierlm.samplers import SAMPLERS, get_sampler
from hierlm.testing import check_sampler


@pytest.mark.parametrize("name", ["nutpie", "pymc", "independence", "hmc"])
def test_contract(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    check_sampler(get_sampler(name))
    assert capfd.readouterr() == ("", ""), "a sampler talks though nobody watches"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"nutpie", "pymc", "independence", "hmc"}))
def test_contract_of_extras(name: str) -> None:
    for module in SAMPLERS[name].requires:
        pytest.importorskip(module)
    check_sampler(get_sampler(name))
