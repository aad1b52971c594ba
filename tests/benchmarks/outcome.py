"""What one call of a contender gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import xarray as xr

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """Draws, and what is known about how they were made.

    Parameters
    ----------
    posterior : Dataset
        Every scalar whose ESS counts.
    stats : Dataset
        ArviZ's sample_stats.
    seconds : dict
        Of the parts of the call, which add up to the whole.
    notes : callable
        Returns anything else worth keeping; called after the clock has stopped.
    """

    posterior: xr.Dataset
    stats: xr.Dataset
    seconds: dict[str, float]
    notes: Callable[[], Mapping[str, object]]

    @property
    def divergences(self) -> int | None:
        """How many draws diverged."""
        return int(self.stats["diverging"].sum()) if "diverging" in self.stats else None

    @property
    def steps(self) -> float | None:
        """Gradients for each kept draw."""
        return float(self.stats["n_steps"].mean()) if "n_steps" in self.stats else None
