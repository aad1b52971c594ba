"""importance: independent draws of what a reduction left to sample, with a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from hierlm.errors import SamplingError
from hierlm.kernels.callbacks import values_at
from hierlm.samplers.draws import draws_tree
from hierlm.samplers.sampler import ProblemSampler, Settings

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.reductions.reduction import Problem
    from hierlm.samplers.proposal import Proposal

__all__ = ["Importance", "affordable", "weighted_draws"]

FEWEST = 2000
"""Points that are proposed at least: fewer say little about the tail of the weights."""

CHUNK = 1_000_000
"""Numbers that are drawn at once."""

LARGEST = 1000
"""Dimensions beyond which weights are not even tried."""


@final
class Importance(ProblemSampler):
    """Importance sampling from a split Student-t at the mode, twice as many points as draws are kept.

    Draws are independent where no point has to be kept twice.  Pareto's k̂ of the weights says whether they can be
    trusted, which no amount of NUTS can say of itself; but it cannot see a mode that no point came near.  Fit for few
    dimensions: a Gaussian marginal, or some dozens of whitened effects.
    """

    name: ClassVar[str] = "importance"
    requires: ClassVar[tuple[str, ...]] = ("arviz_stats",)

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`; an interrupt loses this run, and nothing else."""
        from hierlm.samplers.proposal import split_t_proposal

        affordable(problem, self.name)
        proposal = split_t_proposal(problem) if problem.dimension else None
        return weighted_draws(problem, settings, proposal, 2, "importance sampling")


def weighted_draws(
    problem: Problem, settings: Settings, proposal: Proposal | None, times: int, method: str
) -> xr.DataTree:
    """Equally weighted draws by way of a proposal's.

    Parameters
    ----------
    proposal : Proposal or None
        None: there is nothing to sample.
    times : int
        So many points are proposed for each draw that is kept.
    method : str
        In words.

    Returns
    -------
    DataTree
        As :meth:`Sampler.sample_problem` says.  Its report has ``importance``: the ``method``, ``pareto_k`` (None
        where it is not finite), ``weights_ess`` of so many ``proposals``, and ``ess``, what the draws are worth.

    Raises
    ------
    SamplingError
        When the density is hardly ever finite, or has more dimensions than weights can deal with.
    """
    from hierlm.samplers.weights import effective, resampled, smoothed

    size = settings.chains * settings.draws
    if proposal is None:
        exact = {"method": method, "pareto_k": 0.0, "weights_ess": float(size), "proposals": size, "ess": float(size)}
        return draws_tree(np.zeros((size, 0)), settings, np.zeros(size), {"importance": exact})
    rng = np.random.default_rng([settings.seed, 2])
    proposed = max(times * size, FEWEST)
    zetas = np.empty((proposed, problem.dimension))
    lp, log_weights = np.empty(proposed), np.empty(proposed)
    step = max(1, CHUNK // problem.dimension)
    for first in range(0, proposed, step):
        some = slice(first, min(first + step, proposed))
        zetas[some] = proposal.draw(some.stop - first, rng)
        lp[some] = values_at(problem.density, zetas[some], problem.data, settings.cores)
        log_weights[some] = lp[some] - proposal.log_density(zetas[some])
    weights, k = smoothed(log_weights)
    kept = resampled(weights, size, rng)
    worth = effective(np.bincount(kept).astype(np.float64))
    certificate = {
        "method": method,
        "pareto_k": round(k, 4) if np.isfinite(k) else None,
        "weights_ess": round(effective(weights), 1),
        "proposals": proposed,
        "ess": round(min(effective(weights), worth), 1),
    }
    return draws_tree(zetas[kept], settings, lp[kept], {"importance": certificate})


def affordable(problem: Problem, name: str) -> None:
    """Refuse a problem in which weights are hopeless: their variance grows with the dimension."""
    if problem.dimension > LARGEST:
        raise SamplingError(
            f"The sampler '{name}' cannot weigh draws of {problem.dimension:,} numbers; this is for up to {LARGEST:,}.",
            hint="Leave out sampler=, for NUTS.",
        )
