"""Coefficients and group effects that were integrated out, drawn exactly given everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hierlm.reductions.arrangement import Arrangement
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.later import Columns, Later

__all__ = ["ExactDraws"]

Floats = NDArray[np.float64]
FEW = 1_000_000
"""Effects of all draws, 8 MB, that are kept once they are made."""


@dataclass(frozen=True, eq=False)
class ExactDraws:
    """One draw of all effects for every draw of the rest, always the same; in memory is what was asked for, or few.

    Parameters
    ----------
    place : Arrangement
    zetas : (chains, draws, dimension) array
    data : array
        The packed problem.
    draw : kernel
        (ζ (D, dimension), data, standard normal numbers (D, columns) that become effects) → (whether it worked, …).
    seed : int
    """

    place: Arrangement
    zetas: Floats
    data: Floats
    draw: Callable[..., tuple[NDArray[Any], ...]]
    seed: int

    def columns(self, wanted: Columns) -> list[Floats]:
        """What the kernel returns of the parameters, then the effects (chains × draws, wanted columns)."""
        if self.zetas.shape[0] * self.zetas.shape[1] * self.place.columns > FEW:
            return self._made(wanted)
        *rest, effects = self._all
        return [*rest, effects[:, wanted]]

    @cached_property
    def _all(self) -> list[Floats]:
        return self._made(np.arange(self.place.columns))

    def _made(self, wanted: Columns) -> list[Floats]:
        chains, draws, dimension = self.zetas.shape
        flat = np.ascontiguousarray(self.zetas.reshape(chains * draws, dimension))
        kept = np.empty((len(flat), len(wanted)))

        def make(some: slice, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
            effects = rng.standard_normal((some.stop - some.start, self.place.columns))
            found = self.draw(flat[some], self.data, effects)
            np.take(effects, wanted, axis=1, out=kept[some])
            return found

        return [*recover_in_chunks(len(flat), self.place.columns, self.seed, make), kept]

    def parameters(self) -> list[Floats]:
        """What the kernel returns of the parameters, then the coefficients less their prior means."""
        return self.columns(np.arange(self.place.columns - len(self.place.free), self.place.columns))

    def groups(self) -> dict[str, Later]:
        """The effects of every grouping, drawn when somebody looks at them."""
        place = self.place
        return {
            group: self._later(place.columns_of(g), place.levels[g], place.sizes[g])
            for g, group in enumerate(place.groups)
        }

    def _later(self, every: Columns, J: int, k: int) -> Later:
        chains, draws, _ = self.zetas.shape
        return Later((chains, draws, J, k), lambda some: self.columns(every if some is None else every[some])[-1])
