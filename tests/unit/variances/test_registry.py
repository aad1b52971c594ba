"""Variance functions by name."""

from __future__ import annotations

import pytest

from hierlm.errors import ModelError
from hierlm.variances import VARIANCES, get_variance


def test_they_are_found_by_name() -> None:
    assert all(get_variance(name).name == name for name in VARIANCES)
    with pytest.raises(ModelError, match=r"no variance function 'varPowr'(.|\n)*varPower"):
        get_variance("varPowr")
