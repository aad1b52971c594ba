"""Gradients against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def check_gradient(
    density: Any, data: np.ndarray, zeta: np.ndarray, *, step: float = 1e-5, tolerance: float = 1e-6
) -> None:
    """Every element, relative 1e-6, of a size that rounding of the value allows."""
    gradient, scratch = np.zeros(len(zeta)), np.zeros(len(zeta))
    value = density(zeta, data, gradient)
    assert np.isfinite(value)
    rounding = 4e-16 * max(1.0, np.abs(value)) / step
    for i in range(len(zeta)):
        ahead, behind = zeta.copy(), zeta.copy()
        ahead[i] += step
        behind[i] -= step
        slope = (density(ahead, data, scratch) - density(behind, data, scratch)) / (2 * step)
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=tolerance + 10 * rounding), i
