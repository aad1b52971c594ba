"""What bridge sampling works on: log p(y, ζ) over few or many unbounded numbers, draws of it, and a proposal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.fit.mixing import normal_scores, rank_r_hat, split_chains
from hierlm.graph.evaluate import PYTHON
from hierlm.kernels.callbacks import values_at
from hierlm.model import Model
from hierlm.model.kernel_cache import readable_kernels
from hierlm.reductions import Problem, Reduction, plan
from hierlm.samplers import Settings, get_sampler

__all__ = ["Sampled", "sampled"]

Floats = NDArray[np.float64]
LARGEST = 1000
"""Numbers beyond which bridge sampling is not tried."""

CHUNK = 1_000_000


@dataclass(frozen=True, eq=False)
class Sampled:
    """log q − log g at draws of the posterior and of the proposal.

    Parameters
    ----------
    posterior : (chain, draw) array
    proposed : (n,) array
    dimension : int
    how : str
        What was sampled, in words.
    r_hat : float
        Of the log density.
    exact : float or None
        log p(y) where there was nothing to sample.
    """

    posterior: Floats
    proposed: Floats
    dimension: int
    how: str
    r_hat: float
    exact: float | None = None


def sampled(model: Model, settings: Settings, *, reduce: bool = True) -> Sampled:
    """Sample what a model's plan leaves, or its graph where the plan's density has no known constant."""
    with readable_kernels():
        chosen = plan(model, reduce=reduce).chosen
        if chosen is not None:
            found = _reduced(model, chosen, settings)
            if found is not None:
                return found
    return _graph(model, settings)


def _reduced(model: Model, reduction: Reduction, settings: Settings) -> Sampled | None:
    from hierlm.samplers.proposal import split_t_proposal

    nuts = get_sampler("nutpie")
    problem: Problem | None = reduction.apply(model)
    assert problem is not None
    if reduction.log_constant(model, problem) is None:
        return None
    if not problem.dimension:
        value = _densities(problem, np.zeros((1, 0)))[0] + _constant(model, reduction, problem)
        return Sampled(np.zeros((1, 1)), np.zeros(1), 0, reduction.name, 1.0, float(value))
    _affordable(problem.dimension)
    used, zetas = problem, np.zeros((0, 0, 0))
    while problem is not None:  # more exact, where the draws show that it was not exact enough
        used = problem
        zetas = _finite(nuts.sample_problem(used, settings)["posterior"]["theta"].to_numpy())
        problem = reduction.mend(model, used, zetas)
    proposal = split_t_proposal(used)
    constant = _constant(model, reduction, used)
    scale = float(np.linalg.slogdet(proposal.axes)[1]) + float(np.log1p(len(proposal.reflections)))

    def ratio(points: Floats) -> tuple[Floats, Floats]:
        lp = _densities(used, points) + constant
        return lp, lp - (proposal.log_density(points) - scale)

    flat = zetas.reshape(-1, used.dimension)
    lp, at_draws = ratio(flat)
    rng = np.random.default_rng([settings.seed, 3])
    _, at_proposed = ratio(proposal.draw(len(flat), rng))
    shape = zetas.shape[:2]
    return Sampled(at_draws.reshape(shape), at_proposed, used.dimension, reduction.name, _r_hat(lp.reshape(shape)))


def _constant(model: Model, reduction: Reduction, problem: Problem) -> float:
    found = reduction.log_constant(model, problem)
    assert found is not None
    return found


def _densities(problem: Problem, zetas: Floats) -> Floats:
    return values_at(problem.density, zetas, problem.data)


def _graph(model: Model, settings: Settings) -> Sampled:
    """All numbers of the PyMC graph; the proposal is normal, with the moments of the first half of each chain."""
    graph = model.pymc
    ratio = _joint(graph)
    tree = get_sampler("nutpie").sample(graph, settings)
    points = _unbounded(graph, tree["posterior"].to_dataset())
    dimension = points.shape[2]
    _affordable(dimension)
    points = _finite(points)
    half = points.shape[1] // 2
    first, second = points[:, :half].reshape(-1, dimension), points[:, half:]
    if len(first) < 10 * dimension:
        raise PosteriorError(
            f"{len(first):,} draws are too few for a proposal in {dimension:,} dimensions.",
            hint=f"Ask for draws={int(np.ceil(20 * dimension / points.shape[0])):,} or more.",
        )
    centre, L = first.mean(axis=0), np.linalg.cholesky(np.cov(first, rowvar=False).reshape(dimension, dimension))
    rng = np.random.default_rng([settings.seed, 3])
    z = rng.standard_normal((second.shape[0] * second.shape[1], dimension))
    log_volume = float(np.log(np.diag(L)).sum()) + 0.5 * dimension * float(np.log(2.0 * np.pi))

    def log_g(at: Floats) -> Floats:
        white = np.linalg.solve(L, (at - centre).T)
        return np.asarray(-0.5 * (white**2).sum(axis=0) - log_volume)

    flat = second.reshape(-1, dimension)
    lp = ratio(flat)
    proposed = centre + z @ L.T
    shape = second.shape[:2]
    return Sampled(
        (lp - log_g(flat)).reshape(shape),
        ratio(proposed) - log_g(proposed),
        dimension,
        "the PyMC graph",
        _r_hat(lp.reshape(shape)),
    )


def _joint(graph: pm.Model) -> Callable[[Floats], Floats]:
    """Points (n, dimension) → log p(y, all free values) with Jacobians, −∞ where it is not finite."""
    import pytensor
    from pymc.pytensorf import join_nonshared_inputs

    start = graph.initial_point()
    values = graph.value_vars
    (joined,), point = join_nonshared_inputs(start, [graph.logp()], values)
    function = pytensor.function([point], joined)

    def at(points: Floats) -> Floats:
        with np.errstate(all="ignore"):
            found = np.array([float(function(row)) for row in np.ascontiguousarray(points)])
        return np.where(np.isfinite(found), found, -np.inf)

    return at


def _unbounded(graph: pm.Model, posterior: xr.Dataset) -> Floats:
    """Draws of the free variables as they are sampled, (chain, draw, dimension), in the order of the values."""
    import pytensor
    from pytensor.graph.replace import vectorize_graph

    free = list(graph.free_RVs)
    raw = [posterior[rv.name].transpose("chain", "draw", ...).to_numpy() for rv in free]
    transformed, inputs = [], {rv: rv.clone(name=rv.name) for rv in free}
    for rv in free:
        transform = graph.rvs_to_transforms[rv]
        transformed.append(rv if transform is None else transform.forward(rv, *rv.owner.inputs))
    batched = {rv: pytensor.tensor.tensor(rv.name, dtype=rv.dtype, shape=(None, *rv.type.shape)) for rv in inputs}
    outputs = vectorize_graph(transformed, replace=batched)
    function = pytensor.function(list(batched.values()), outputs, mode=PYTHON, on_unused_input="ignore")
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    found = function(*[values.reshape(chains * draws, *values.shape[2:]) for values in raw])
    return np.concatenate([np.asarray(v).reshape(chains, draws, -1) for v in found], axis=2)


def _affordable(dimension: int) -> None:
    if dimension > LARGEST:
        raise PosteriorError(
            f"Bridge sampling of {dimension:,} numbers is hopeless; this is for up to {LARGEST:,}.",
            hint="Compare the models by fit.loo() and hl.compare().",
        )


def _finite(draws: Floats) -> Floats:
    """Chains without a draw that is not finite."""
    kept = np.isfinite(draws).all(axis=(1, 2))
    if not kept.any():
        raise PosteriorError("No chain was finished.", hint="Do not interrupt it, or fit first and see fit.diagnose().")
    return draws[kept]


def _r_hat(lp: Floats) -> float:
    if lp.shape[0] < 2 or lp.shape[1] < 8 or np.ptp(lp) == 0:
        return float("nan")
    halves = split_chains(lp[None])
    return float(rank_r_hat(halves, normal_scores(halves))[0])
