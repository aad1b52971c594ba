"""independence: Metropolis–Hastings whose proposals do not depend on where the chain is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from hierlm.kernels.callbacks import values_at
from hierlm.samplers.draws import draws_tree
from hierlm.samplers.sampler import ProblemSampler, Settings

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.reductions.reduction import Problem
    from hierlm.samplers.proposal import Proposal

__all__ = ["LARGEST", "Independence"]

Floats = NDArray[np.float64]

LARGEST = 10
"""Numbers beyond which it is not tried by itself: good proposals become rare."""

PARETO_K = 0.5
"""Beyond, the variance of the weights may be infinite, and a chain may stay where their largest is."""

ACCEPTED, RARELY = 0.5, 0.25
"""Least number of proposals that are accepted for each draw that is kept, and least share of all of them."""

LONG = 1000
"""Proposals of a chain at least: shorter chains keep one state of several, and so hardly repeat themselves."""

SEVERAL, CHEAP = 3, 20_000
"""Proposals of each draw where a density takes at most so many operations, and so microseconds."""

TOLERANCE = 0.02
"""Of the standard deviation of a polynomial's error at the draws, where one stands for a density that takes long:
weights that would make the draws exact differ by two per cent."""

FIRST = 200
"""Points that each chain's first draw is chosen from, by weight."""

NEAR, FAR, FARTHER = 6.0, 10.0, 8
"""Searches for another mode begin so far on each half axis, and so far in so many random directions, in standard
deviations of the normal approximation."""

LOOKS = 6
"""Points on the line from such a start to the mode, where a density is dear: where it rises there is no search."""

APART, DEEP = 3.0, 8.0
"""How far another mode lies, and how much lower its log density may be, to count."""


@final
class Independence(ProblemSampler):
    """Metropolis–Hastings with independent proposals from a split Student-t at the mode.

    A proposal ζ' is accepted with probability min(1, w(ζ')/w(ζ)), w = p/q: the chain's stationary distribution is the
    posterior, whatever q.  One evaluation of the density a draw, without its gradient, replaces a trajectory; for a few
    numbers, as a Gaussian marginal has, seven proposals of ten are accepted.  Each chain begins at a point that is
    chosen by weight among 200, so that nothing is discarded.

    It is for problems of up to ten numbers with one mode, and says so: Pareto's k̂ of the weights, the share that was
    accepted, and modes that a search from other points found are in its report, with a ``reason`` not to use the
    draws.

    Source: Tierney (1994), *Annals of Statistics* 22:1701–1728.
    """

    name: ClassVar[str] = "independence"
    requires: ClassVar[tuple[str, ...]] = ("arviz_stats",)

    def suits(self, problem: Problem, *, gradients: bool) -> bool:
        """See :meth:`Sampler.suits`."""
        return problem.dimension <= LARGEST

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`; the ``reason`` in the report is empty where all is well."""
        from hierlm.samplers.importance import affordable
        from hierlm.samplers.tabulated import inexactness, tabulated

        affordable(problem, self.name)
        size = settings.chains * settings.draws
        if not problem.dimension:
            report = {"pareto_k": 0.0, "accepted": 1.0, "reason": ""}
            return draws_tree(np.zeros((size, 0)), settings, np.zeros(size), {self.name: report})
        quick = tabulated(problem, settings.cores)
        if quick is not None:
            zetas, lp, report = _sampled(quick, settings)
            error = inexactness(quick, zetas)
            if error < TOLERANCE:
                report["polynomial"] = {"terms": len(quick.density.surface.coefficients), "error": round(error, 6)}
                return draws_tree(zetas, settings, lp, {self.name: report})
        zetas, lp, report = _sampled(problem, settings)
        return draws_tree(zetas, settings, lp, {self.name: report})


def _sampled(problem: Problem, settings: Settings) -> tuple[Floats, Floats, dict[str, Any]]:
    """Draws (chains × draws, dimension), their log densities (chains, draws), and the report."""
    from hierlm.samplers.proposal import split_t_proposal
    from hierlm.samplers.weights import smoothed

    proposal = split_t_proposal(problem)
    zetas, lp, log_weights = _proposed(problem, proposal, settings)
    _, k = smoothed(log_weights.ravel())
    every = _every(problem, settings)
    kept, moved = _walks(log_weights, settings, every)
    accepted = float(moved.mean())
    report: dict[str, Any] = {"pareto_k": round(k, 4) if np.isfinite(k) else None, "accepted": round(accepted, 4)}
    report["reason"] = _reason(k, accepted, every) or _another_mode(problem, proposal, settings.seed)
    chain = np.arange(settings.chains)[:, None]
    return zetas[chain, kept].reshape(settings.chains * settings.draws, -1), lp[chain, kept], report


def _proposed(problem: Problem, proposal: Proposal, settings: Settings) -> tuple[Floats, Floats, Floats]:
    """(chains, FIRST + proposals, …) points, their log densities and log weights; the same with any number of cores."""
    count, d = FIRST + settings.draws * _every(problem, settings), problem.dimension
    zetas = np.empty((settings.chains, count, d))
    for chain in range(settings.chains):
        zetas[chain] = proposal.draw(count, np.random.default_rng([settings.seed, 3, chain]))
    flat = zetas.reshape(-1, d)
    lp = values_at(problem.density, flat, problem.data, settings.cores)
    shape = (settings.chains, count)
    return zetas, lp.reshape(shape), (lp - proposal.log_density(flat)).reshape(shape)


def _every(problem: Problem, settings: Settings) -> int:
    """Of how many states one is kept."""
    return max(LONG // settings.draws, SEVERAL if problem.operations <= CHEAP else 1)


def _walks(log_weights: Floats, settings: Settings, every: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which point each draw is, (chains, draws), and which proposals were accepted, (chains, proposals)."""
    proposals = log_weights.shape[1] - FIRST
    states = np.empty((settings.chains, proposals), dtype=np.int64)
    moved = np.zeros(states.shape, dtype=bool)
    log_weights = np.where(np.isnan(log_weights), -np.inf, log_weights)
    for chain, own in enumerate(log_weights):
        rng = np.random.default_rng([settings.seed, 4, chain])
        at = int(np.argmax(own[:FIRST] + rng.gumbel(size=FIRST)))  # with probability proportional to the weight
        bars, offered = np.log(rng.random(proposals)).tolist(), own[FIRST:].tolist()
        here, been = own[at], []
        for i, (bar, weight) in enumerate(zip(bars, offered, strict=True)):
            if weight - here > bar:
                here, at = weight, FIRST + i
            been.append(at)
        states[chain] = been
        moved[chain] = states[chain] == np.arange(FIRST, FIRST + proposals)
    return states[:, every - 1 :: every], moved


def _reason(k: float, accepted: float, every: int) -> str:
    """Why the weights make bad chains; empty where they do not."""
    if not k <= PARETO_K:
        return f"Pareto k̂ of the proposals is {k:.2f}, more than {PARETO_K}"
    return "" if accepted >= max(ACCEPTED / every, RARELY) else f"only {accepted:.0%} of the proposals were accepted"


def _another_mode(problem: Problem, proposal: Proposal, seed: int) -> str:
    """Whether the density has a mode elsewhere that the proposals would rarely meet; empty where none was found."""
    from scipy.optimize import OptimizeResult, minimize

    rng, d = np.random.default_rng([seed, 5]), problem.dimension
    gradient, inverse = np.zeros(d), np.linalg.inv(proposal.axes)
    top = problem.density(proposal.centre, problem.data, gradient)

    def negative(x: Floats) -> tuple[float, Floats]:
        value = problem.density(proposal.centre + proposal.axes @ x, problem.data, gradient)
        return (-value, -proposal.axes.T @ gradient) if np.isfinite(value) else (1e300, np.zeros(d))

    def nearest(x: Floats) -> Floats:
        zeta = (proposal.centre + proposal.axes @ x)[None]
        images = np.vstack([zeta, *(reflection(zeta) for reflection in proposal.reflections)])
        every = (images - proposal.centre) @ inverse.T
        return np.asarray(every[np.linalg.norm(every, axis=1).argmin()])

    def until_near(intermediate_result: OptimizeResult) -> None:
        if np.linalg.norm(intermediate_result.x) < APART and top + intermediate_result.fun < DEEP:
            raise StopIteration  # it goes to the mode that is known

    far = rng.standard_normal((FARTHER, d))
    far *= FAR / np.linalg.norm(far, axis=1, keepdims=True)
    starts = np.vstack([NEAR * np.eye(d), -NEAR * np.eye(d), far])
    if problem.dear:
        starts = starts[~_rising(problem, proposal, np.array([nearest(x) for x in starts]))]
    for start in starts:
        found = minimize(
            negative, start, jac=True, method="BFGS", options={"maxiter": 50, "gtol": 1e-2}, callback=until_near
        )
        if top + found.fun < DEEP and np.linalg.norm(nearest(found.x)) > APART * np.sqrt(d):
            return "the density has another mode"
    return ""


def _rising(problem: Problem, proposal: Proposal, starts: Floats) -> NDArray[np.bool_]:
    """Where the density rises all along the straight line to the mode: a search from there would end at it."""
    lines = np.linspace(1.0, 0.0, LOOKS)[:, None] * starts[:, None]
    zetas = proposal.centre + lines.reshape(-1, starts.shape[1]) @ proposal.axes.T
    lp = values_at(problem.density, zetas, problem.data).reshape(-1, LOOKS)
    return np.asarray((np.diff(lp, axis=1) > 0.0).all(axis=1))
