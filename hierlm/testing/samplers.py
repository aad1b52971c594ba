"""The contract of every sampler."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pymc as pm
import xarray as xr
from pytensor.compile.mode import Mode

from hierlm.model import Model
from hierlm.reductions import Problem, plan
from hierlm.samplers import Sampler, Settings
from hierlm.samplers.sampler import FLAGS, STATISTICS

__all__ = ["check_sampler"]

_PYTHON: Final = Mode(linker="py", optimizer="fast_compile")
_LEVELS: Final = ("a", "b", "c")
_CODES: Final = np.array([0, 0, 0, 1, 1, 2])
_Y: Final = np.array([0.5, 1.0, 2.1, -1.0, -0.4, 3.0])


def check_sampler(sampler: Sampler, *, draws: int = 400, seed: int = 1) -> None:
    """Check a sampler on a small model with a known posterior; a plugin's test is this one call.

    * ``posterior`` has every free variable and Deterministic, dims (chain, draw, …) with their labels, as NumPy arrays;
    * ``sample_stats`` has :data:`~hierlm.samplers.sampler.STATISTICS`, one a draw; ``lp`` is the log density, up to a
      constant; no tree is deeper than asked for;
    * the same seed gives the same draws with one core and two, another seed gives others;
    * means and variances are those of the closed form, within six Monte-Carlo standard errors.

    One that samples problems is checked on what a reduction leaves of a small model likewise, its moments against
    quadrature; one that samples nothing else, on that alone.

    Parameters
    ----------
    sampler : Sampler
    draws : int
        Of each of two chains.
    seed : int

    Raises
    ------
    AssertionError
        Saying what does not hold.

    Examples
    --------
    >>> from hierlm.samplers import get_sampler
    >>> check_sampler(get_sampler("nutpie"))  # doctest: +SKIP
    """
    settings = Settings(draws=draws, tune=500, chains=2, cores=1, seed=seed)
    assert sampler.samples_graphs or sampler.samples_problems, "it samples neither graphs nor problems"
    if sampler.samples_graphs:
        _check_graph(sampler, settings)
    if sampler.samples_problems:
        _check_problem(sampler, settings)


def _check_graph(sampler: Sampler, settings: Settings) -> None:
    first = sampler.sample(_model(), settings)
    posterior, stats = first["posterior"].to_dataset(), first["sample_stats"].to_dataset()
    _check_posterior(posterior, settings)
    _check_statistics(stats, settings)
    _check_density(posterior, stats)
    _check_moments(posterior)
    again = sampler.sample(_model(), replace(settings, cores=2))["posterior"].to_dataset()
    assert all(np.array_equal(posterior[v], again[v]) for v in ("r", "sd")), (
        "the same seed gives other draws on 2 cores"
    )
    shallow = sampler.sample(_model(), replace(settings, seed=settings.seed + 1, max_treedepth=1))
    other = shallow["posterior"].to_dataset()
    assert not np.array_equal(posterior["r"], other["r"]), "another seed gives the same draws"
    cut = shallow["sample_stats"].to_dataset()
    assert int(cut["tree_depth"].max()) <= 1, "max_treedepth has no effect"
    assert bool(cut["reached_max_treedepth"].any()), "reached_max_treedepth is not said"


def _check_problem(sampler: Sampler, settings: Settings) -> None:
    model = Model("y ~ 1 + (1 | g)", {"y": _Y, "g": np.array(_LEVELS)[_CODES]}, priors={"sd_g": 1.0})
    way = plan(model).chosen
    assert way is not None
    problem = way.apply(model)
    tree = sampler.sample_problem(problem, settings)
    theta, size = tree["posterior"]["theta"], (settings.chains, settings.draws)
    assert theta.dims[:2] == ("chain", "draw"), f"theta has the dims {theta.dims}"
    assert theta.shape == (*size, problem.dimension), f"theta has the shape {theta.shape}"
    for name in FLAGS:
        assert name in tree["sample_stats"], f"sample_stats lacks {name}"
        assert tree["sample_stats"][name].shape == size, f"{name} has the wrong shape"
    again, other = (
        sampler.sample_problem(problem, s)["posterior"]["theta"]
        for s in (replace(settings, cores=2), replace(settings, seed=settings.seed + 1))
    )
    assert np.array_equal(theta, again), "the same seed gives other draws on 2 cores"
    assert not np.array_equal(theta, other), "another seed gives the same draws"
    mean, variance = _quadrature(problem)
    error = np.sqrt(variance / (theta.size / 3))
    assert abs(float(theta.mean()) - mean) < 6 * error, "the mean is not that of the density"
    assert abs(float(theta.var()) / variance - 1) < 6 * np.sqrt(4 / (theta.size / 3)), "nor the variance"


def _quadrature(problem: Problem) -> tuple[float, float]:
    """Mean and variance of one coordinate."""
    assert problem.dimension == 1
    grid = np.linspace(-12, 12, 2001)
    log = np.array([problem.density(np.array([z]), problem.data, np.zeros(1)) for z in grid])
    weights = np.exp(log - log.max())
    mean = float(np.average(grid, weights=weights))
    return mean, float(np.average((grid - mean) ** 2, weights=weights))


def _model() -> pm.Model:
    """y_i ~ N(r_j, 1), r_j ~ N(0, 1), and sd ~ HalfNormal(2) apart."""
    with pm.Model(coords={"level": list(_LEVELS)}) as model:
        pm.HalfNormal("sd", 2.0)
        r = pm.Normal("r", 0.0, 1.0, dims="level")
        pm.Deterministic("doubled", 2.0 * r, dims="level")
        pm.Normal("y", r[_CODES], 1.0, observed=_Y)
    return model


def _check_posterior(posterior: xr.Dataset, settings: Settings) -> None:
    dims = {"sd": (), "r": ("level",), "doubled": ("level",)}
    for name, own in dims.items():
        assert name in posterior, f"posterior lacks {name}"
        assert posterior[name].dims == ("chain", "draw", *own), f"{name} has the dims {posterior[name].dims}"
        assert isinstance(posterior[name].data, np.ndarray), f"{name} is no NumPy array"
        assert np.isfinite(posterior[name]).all(), f"{name} has draws that are not finite"
    assert (posterior.sizes["chain"], posterior.sizes["draw"]) == (settings.chains, settings.draws), "too few draws"
    assert tuple(map(str, posterior["level"].to_numpy())) == _LEVELS, "labels are lost"
    assert np.allclose(posterior["doubled"], 2 * posterior["r"]), "a Deterministic does not belong to its draw"
    assert (posterior["sd"] > 0).all(), "sd is not on its own scale"


def _check_statistics(stats: xr.Dataset, settings: Settings) -> None:
    for name in STATISTICS:
        assert name in stats, f"sample_stats lacks {name}"
        assert stats[name].dims == ("chain", "draw"), f"{name} has the dims {stats[name].dims}"
        assert stats[name].shape == (settings.chains, settings.draws), f"{name} has the shape {stats[name].shape}"
        assert np.isfinite(stats[name].astype(float)).all(), f"{name} is not finite"
    for name in ("diverging", "reached_max_treedepth"):
        assert stats[name].dtype == bool, f"{name} is not true or false"
    assert (stats["n_steps"] >= 1).all(), "a draw took no step"
    assert (stats["n_steps"] < 2.0 ** (stats["tree_depth"].astype(float) + 1)).all(), "too many steps for the tree"
    assert ((stats["acceptance_rate"] >= 0) & (stats["acceptance_rate"] <= 1)).all(), "acceptance_rate is no rate"


def _check_density(posterior: xr.Dataset, stats: xr.Dataset) -> None:
    model = _model()
    density = model.compile_logp(mode=_PYTHON)
    some: list[dict[str, Any]] = [{"chain": 0, "draw": d} for d in range(5)]
    differences = []
    for at in some:
        sd, r = (posterior[v].isel(at).to_numpy() for v in ("sd", "r"))
        differences.append(float(stats["lp"].isel(at)) - float(density({"sd_log__": np.log(sd), "r": r})))
    assert np.ptp(differences) < 1e-6, "lp is not the log density of the draw"


def _check_moments(posterior: xr.Dataset) -> None:
    """r_j | y ~ N(Σ y/(n_j + 1), 1/(n_j + 1)); E sd = 2 √(2/π)."""
    n = np.bincount(_CODES)
    mean, variance = np.bincount(_CODES, _Y) / (n + 1), 1 / (n + 1)
    r = posterior["r"].to_numpy().reshape(-1, len(n))
    error = np.sqrt(variance / (len(r) / 3))  # as if one draw in three were independent
    assert (abs(r.mean(axis=0) - mean) < 6 * error).all(), "posterior means are not those of the closed form"
    assert (abs(r.var(axis=0) / variance - 1) < 6 * np.sqrt(2 / (len(r) / 3))).all(), "posterior variances are wrong"
    sd = posterior["sd"].to_numpy()
    spread = 2 * np.sqrt(1 - 2 / np.pi)
    assert abs(sd.mean() - 2 * np.sqrt(2 / np.pi)) < 6 * spread / np.sqrt(sd.size / 3), "the prior of sd is not sampled"
