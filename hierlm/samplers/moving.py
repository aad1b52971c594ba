"""Chains of trajectories: their states and random numbers, and moving all of them on with some cores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import SamplingError
from hierlm.kernels.trajectories import trajectories

if TYPE_CHECKING:
    from hierlm.reductions.reduction import Problem

__all__ = ["Chain", "Metric", "Mover", "started"]

Floats = NDArray[np.float64]

SHORTEST, LONGEST, EFFORT = 10, 250, 5e5
"""Trajectories between two looks at whether the run is to stop; what they take, in operations of the density."""

TRIES = 100
"""Starting points that are tried, ever nearer to the mode."""


@dataclass(frozen=True, eq=False)
class Metric:
    """Where coordinates are, and how wide.

    Parameters
    ----------
    centre, scale (d,)
    plain : int
        So many coordinates, the first, are not taken for normal: they drift as in the leapfrog method.
    """

    centre: Floats
    scale: Floats
    plain: int


@dataclass(frozen=True, eq=False)
class Chain:
    """A chain; its state is written in place.

    Parameters
    ----------
    state (2d + 1,)
        ζ, the gradient and the log density there.
    momenta, others : Generator
        Apart, so that draws do not depend on how many are made at once.
    """

    state: Floats
    momenta: np.random.Generator
    others: np.random.Generator


def started(problem: Problem, seed: int, number: int) -> Chain:
    """A chain at a random point within one unit of the mode.

    Raises
    ------
    SamplingError
        When the density is not finite anywhere near.
    """
    d, rng = problem.dimension, np.random.default_rng([seed, 6, number])
    state = np.zeros(2 * d + 1)
    for i in range(TRIES):
        zeta, gradient = rng.uniform(-1.0, 1.0, d) * (1.0 - i / TRIES), np.zeros(d)
        value = float(problem.density(zeta, problem.data, gradient))
        if np.isfinite(value) and np.isfinite(gradient).all():
            state[:d], state[d : 2 * d], state[2 * d] = zeta, gradient, value
            return Chain(state, rng, np.random.default_rng([seed, 7, number]))
    raise SamplingError("No starting point has a finite density.", hint="Check the priors and the scale of the data.")


class Mover:
    """Moves chains on, a thread each on some cores; the same draws with any number of them.

    Parameters
    ----------
    problem : Problem
    chains : sequence of Chain
    cores : int
    length, jitter : float
        Trajectories take a time between length·(1 ± jitter).
    told : callable
        Told how many trajectories were made, now and then, from several threads.
    """

    def __init__(
        self,
        problem: Problem,
        chains: list[Chain],
        cores: int,
        length: float,
        jitter: float,
        told: Callable[[int], Any],
    ) -> None:
        self.problem, self.chains, self.cores, self.told = problem, chains, cores, told
        self.length, self.jitter = length, jitter
        self._block = int(np.clip(EFFORT / max(problem.operations, 1.0), SHORTEST, LONGEST))
        self._density = problem.callbacks()[0]
        self._function = trajectories()[0]

    def move(self, metric: Metric, steps: int, count: int) -> tuple[Floats, Floats, bool]:
        """Points (chains, count, d), what is told of each (chains, count, 3), and whether all were made.

        An interrupt leaves NaN in those that were not.
        """
        points = np.empty((len(self.chains), count, self.problem.dimension))
        stats, stop = np.empty((len(self.chains), count, 3)), Event()
        scales, whole = np.concatenate([metric.centre, metric.scale]), True

        def one(number: int) -> int:
            for first in range(0, count, self._block):
                if stop.is_set():
                    return first
                some = slice(first, min(first + self._block, count))
                self._make(
                    self.chains[number], scales, (metric.plain, steps), points[number, some], stats[number, some]
                )
                self.told(some.stop - first)
            return count

        with ThreadPoolExecutor(self.cores) as pool:
            jobs = [pool.submit(one, number) for number in range(len(self.chains))]
            try:
                for job in jobs:
                    job.exception()  # waits
            except KeyboardInterrupt:
                stop.set()
                whole = False
            made = [job.result() for job in jobs]
        for number, done in enumerate(made):
            points[number, done:] = np.nan
            stats[number, done:] = np.nan
        return points, stats, whole

    def _make(self, chain: Chain, scales: Floats, sizes: tuple[int, int], points: Floats, stats: Floats) -> None:
        count, d = points.shape
        chain.momenta.standard_normal(out=points)
        random = chain.others.random((count, 2))
        times = self.length * (1.0 + self.jitter * (2.0 * random[:, 0] - 1.0))
        bars = np.log1p(-random[:, 1])
        arrays = (points, times, bars, chain.state, scales, stats, self.problem.data)
        self._function(self._density.address, d, *sizes, count, *(array.ctypes.data for array in arrays))
