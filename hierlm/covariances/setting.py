"""What a structure knows of its effects beside their number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.correlations import Coefficient

__all__ = ["Coefficient", "Setting"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Setting:
    """The effects of one block, as far as a structure needs to know them.

    Parameters
    ----------
    effects : tuple of k str
        Their labels.
    scales : (k,) array
        The size that is expected of each effect's standard deviation (that of its default prior).
    levels : tuple of k str or None
        Where the effects are the levels of one factor, these, in order.
    positions : (k, d) array or None
        Coordinates of the effects.
    matrix : (k, k) array or None
        The matrix handed over, its rows and columns matched with the effects by name.
    """

    effects: tuple[str, ...]
    scales: Floats
    levels: tuple[str, ...] | None = None
    positions: Floats | None = None
    matrix: Floats | None = None

    @property
    def k(self) -> int:
        """The number of effects."""
        return len(self.effects)
