"""laplace: the normal approximation of what a reduction left to sample, importance-weighted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from hierlm.samplers.importance import affordable, weighted_draws
from hierlm.samplers.sampler import ProblemSampler, Settings

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.reductions.reduction import Problem

__all__ = ["Laplace"]


@final
class Laplace(ProblemSampler):
    """Draws of the normal approximation at the mode, weighted by what it lacks: a preview.

    The tails of a normal distribution are lighter than those of most posteriors, so that k̂ is often above its limit;
    the draws are then said not to be trusted.
    """

    name: ClassVar[str] = "laplace"
    requires: ClassVar[tuple[str, ...]] = ("arviz_stats",)

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`; an interrupt loses this run, and nothing else."""
        from hierlm.samplers.proposal import normal_proposal

        affordable(problem, self.name)
        proposal = normal_proposal(problem) if problem.dimension else None
        return weighted_draws(problem, settings, proposal, 1, "weighted normal approximation")
