"""hmc: trajectories of about a quarter of a period, where coordinates are nearly independent normal ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hierlm.errors import SamplingError
from hierlm.kernels.parameters import parameters
from hierlm.kernels.trajectories import ENERGY, ERROR, LP
from hierlm.samplers.draws import draws_tree
from hierlm.samplers.independence import LARGEST
from hierlm.samplers.moving import Metric, Mover, started
from hierlm.samplers.progress import counting
from hierlm.samplers.reflections import upright
from hierlm.samplers.sampler import ProblemSampler, Settings
from hierlm.samplers.worth import share

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.reductions.reduction import Problem

__all__ = ["HMC", "WARMUP"]

Floats = NDArray[np.float64]

LENGTH, JITTER = 1.9, 0.25
"""Of trajectories, in time: a quarter of a period of N(0, 1) is π/2.  Longer ones are good for skewed coordinates, and
jitter keeps squares from coming back."""

SETTLING, LEARNING, STEPPING = 30, 80, 30
"""Trajectories of each chain that are discarded: to get away from the start, to learn centre and scale, to choose the
number of steps."""

WARMUP = SETTLING + LEARNING + STEPPING

FIRST, FEWEST, MOST = 4, 3, 6
"""Steps of a trajectory at first, at least and at most."""

ACCEPTED, ENOUGH = 0.9, 0.6
"""Acceptance that the number of steps is chosen for, and the least of a run that is kept."""

DIVERGED = 1000.0
"""An error of the energy that says that a trajectory left the density behind."""

STUCK = 40
"""Trajectories in a row that are refused: a place that the chain hardly gets away from."""

WORTH = 0.125
"""Effective share of the draws below which fixed trajectories mix too slowly."""


@final
class HMC(ProblemSampler):
    """Hamiltonian Monte Carlo with trajectories of a fixed length, jittered, on coordinates that are about N(0, I).

    A trajectory of about a quarter of a period leads to a nearly independent point, for even functions of the
    coordinates as well as for odd ones, and the normal part of its motion is exact
    (:mod:`hierlm.kernels.trajectories`), so that three to six gradients are enough in hundreds and thousands of
    dimensions.  NUTS takes seven, and its draws are worth less in the tails.

    Each chain discards 140 trajectories, in which centre and scale of the coordinates are learned and the number of
    steps is chosen for an acceptance of 0.9.  Where coordinates are far from normal the report has a ``reason`` not to
    use the draws.

    Source: Neal (2011), *Handbook of Markov Chain Monte Carlo*, chapter 5, for what a length that is right for all
    coordinates does.
    """

    name: ClassVar[str] = "hmc"
    requires: ClassVar[tuple[str, ...]] = ("numba",)
    warmup: ClassVar[int] = WARMUP

    def suits(self, problem: Problem, *, gradients: bool) -> bool:
        """See :meth:`Sampler.suits`."""
        return gradients and problem.dimension > LARGEST

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`; the ``reason`` in the report is empty where all is well.

        Raises
        ------
        SamplingError
            When trajectories need more than six steps, or no starting point has a finite density.
        """
        if not problem.dimension:
            report: dict[str, Any] = {"steps": 0, "accepted": 1.0, "worth": 1.0, "reason": ""}
            return draws_tree(np.zeros((settings.chains * settings.draws, 0)), settings, None, {self.name: report})
        chains = [started(problem, settings.seed, chain) for chain in range(settings.chains)]
        with counting(settings.progress, settings.chains * (WARMUP + settings.draws)) as told:
            mover = Mover(problem, chains, settings.cores, LENGTH, JITTER, told)
            metric, steps = _warmed(mover)
            zetas, stats, whole = mover.move(metric, steps, settings.draws)
        return _tree(problem, settings, (steps, zetas, stats), whole)


def _tree(problem: Problem, settings: Settings, found: tuple[int, Floats, Floats], whole: bool) -> xr.DataTree:
    steps, zetas, stats = found
    error = stats[:, :, ERROR]
    rates = np.where(np.isnan(error), np.nan, np.exp(-np.maximum(np.nan_to_num(error, nan=np.inf), 0.0)))
    size = settings.chains, settings.draws
    extra = {
        "diverging": error > DIVERGED,
        "energy": stats[:, :, ENERGY],
        "acceptance_rate": rates,
        "step_size": np.full(size, LENGTH / steps),
        "n_steps": np.full(size, steps, dtype=np.int64),
    }
    worth = share(upright(problem)(zetas)) if whole else float("nan")
    report = {
        "steps": steps,
        "accepted": round(float(np.nanmean(rates)), 4) if np.isfinite(rates).any() else None,
        "worth": round(worth, 4) if np.isfinite(worth) else None,
        "reason": _reason(rates, zetas, worth) if whole else "",
    }
    return draws_tree(zetas, settings, stats[:, :, LP], {HMC.name: report}, extra)


def _warmed(mover: Mover) -> tuple[Metric, int]:
    """Centre and scale of the coordinates, and the number of steps; chains are then where they may be kept."""
    d, plain = mover.problem.dimension, len(parameters(mover.problem.data).centre)
    metric, steps = Metric(np.zeros(d), np.ones(d), min(plain, d)), FIRST
    for _ in range(3):
        _, stats = _moved(mover, metric, steps, SETTLING // 3)
        if _acceptance(stats) < ENOUGH:
            steps = min(2 * steps, 2 * MOST)
    points, _ = _moved(mover, metric, steps, LEARNING)
    metric = _learned(upright(mover.problem)(points).reshape(-1, d), metric.plain)
    _, stats = _moved(mover, metric, steps, STEPPING)
    needed = _steps(steps, _acceptance(stats))
    if needed > MOST:
        raise SamplingError(
            f"Trajectories of a fixed length need about {needed} steps here, more than {MOST}.",
            hint="Leave out sampler=, for NUTS.",
        )
    return metric, needed


def _moved(mover: Mover, metric: Metric, steps: int, count: int) -> tuple[Floats, Floats]:
    points, stats, whole = mover.move(metric, steps, count)
    if not whole:
        raise KeyboardInterrupt  # nothing was kept yet
    return points, stats


def _acceptance(stats: Floats) -> float:
    return float(np.exp(-np.maximum(stats[:, :, ERROR], 0.0)).mean())


def _steps(steps: int, accepted: float) -> int:
    """How many steps have the acceptance that is wanted, where ``steps`` have that which was found.

    Errors of the energy are about normal, of variance σ² and mean ½σ², so that acceptance is 2Φ(−σ/2); σ is in
    proportion to the square of a step.
    """
    spread, wanted = (-2.0 * float(ndtri(a / 2.0)) for a in (min(max(accepted, 1e-6), 1.0), ACCEPTED))
    return max(FEWEST, math.ceil(steps * math.sqrt(max(spread, 0.0) / wanted)))


def _learned(points: Floats, plain: int) -> Metric:
    """Means and standard deviations of points (n, d), those of effects drawn in to 0 and 1 by what they tell apart."""
    n = len(points)
    centre, log_scale = points.mean(axis=0), np.log(np.maximum(points.std(axis=0), 1e-3))
    for values, noise in ((centre[plain:], 1.0 / n), (log_scale[plain:], 0.5 / n)):
        if len(values):
            spread = float(np.mean(values**2))
            values *= max(0.0, 1.0 - noise / spread) if spread > 0 else 0.0
    return Metric(centre, np.exp(log_scale), plain)


def _reason(rates: Floats, zetas: Floats, worth: float) -> str:
    """Why the draws should not be used; empty where they may be."""
    accepted = float(rates.mean())
    if accepted < ENOUGH:
        return f"only {accepted:.0%} of the trajectories were accepted"
    if _longest_stand(zetas) > STUCK:
        return f"a chain stood still for more than {STUCK} trajectories"
    if worth < WORTH:
        return f"a number's draws are worth less than {WORTH:.1%} of as many independent ones"
    return ""


def _longest_stand(zetas: Floats) -> int:
    """The largest number of trajectories in a row that left a chain where it was."""
    longest = 0
    for chain in zetas:
        moved = np.flatnonzero((np.diff(chain, axis=0) != 0.0).any(axis=1))
        edges = np.concatenate([[-1], moved, [len(chain) - 1]])
        longest = max(longest, int(np.diff(edges).max()) - 1)
    return longest
