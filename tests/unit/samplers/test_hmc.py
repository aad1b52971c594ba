"""Trajectories of a fixed length: what they sample, when they are refused, and the default for many numbers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numba as nb
import numpy as np
import pytest
from arviz_stats.base import array_stats
from scipy import stats

import hierlm as hl
from hierlm.errors import InterruptedWarning
from hierlm.kernels.callbacks import DENSITY, Called
from hierlm.kernels.trajectories import ENERGY, ERROR, LP
from hierlm.samplers import Settings, get_sampler
from hierlm.samplers.hmc import WARMUP, _longest_stand, _steps
from hierlm.samplers.moving import Chain, Metric, Mover
from hierlm.samplers.worth import share

SETTINGS = Settings(draws=1000, chains=4, cores=2, seed=1)
CBPP = "incidence | trials(size) ~ period + (1 | herd)"


def cbpp() -> hl.Model:
    return hl.Model(CBPP, hl.load_data("cbpp"), "binomial")


def problem_of(density: Callable[..., float], dimension: int = 20) -> Any:
    """A problem of one θ and more, with another density: a function of (ζ, gradient) that numba compiles."""
    function = nb.njit(density)

    def called(n, zeta, gradient, value, buffer):  # type: ignore[no-untyped-def]
        nb.carray(value, 1)[0] = function(nb.carray(zeta, n), nb.carray(gradient, n))
        return 0

    callback = nb.cfunc(DENSITY)(called)
    model = cbpp()
    problem = model.plan().chosen.apply(model)
    return replace(problem, dimension=dimension, density=Called(callback), callbacks=lambda: (callback, None))


def normal(zeta, gradient):  # type: ignore[no-untyped-def]
    gradient[:] = -zeta
    return -0.5 * (zeta**2).sum()


def skewed(zeta, gradient):  # type: ignore[no-untyped-def]
    """A t with 8 degrees of freedom, and logarithms of gamma variables of shape 6, moved and scaled to be about N(0, 1)."""
    u = zeta / np.sqrt(8.0 / 6.0)
    x = 1.7 + 0.42 * zeta
    gradient[:] = 0.42 * (6.0 - np.exp(x))
    gradient[0] = -9.0 * u[0] / (8.0 + u[0] ** 2) / np.sqrt(8.0 / 6.0)
    return (6.0 * x[1:] - np.exp(x[1:])).sum() - 4.5 * np.log1p(u[0] ** 2 / 8.0)


def funnel(zeta, gradient):  # type: ignore[no-untyped-def]
    """Neal's: log sd ~ N(0, 3²) of all others."""
    v, rest = 3.0 * zeta[0], zeta[1:]
    n, square = len(rest), (rest**2).sum() * np.exp(-2.0 * v)
    gradient[0] = -zeta[0] - 3.0 * (n - square)
    gradient[1:] = -rest * np.exp(-2.0 * v)
    return -0.5 * zeta[0] ** 2 - n * v - 0.5 * square


def two_modes(zeta, gradient):  # type: ignore[no-untyped-def]
    """Seven standard deviations apart in the second coordinate."""
    gradient[:] = -zeta
    a, b = -0.5 * zeta[1] ** 2, -0.5 * (zeta[1] - 7.0) ** 2
    top = max(a, b)
    total = top + np.log(np.exp(a - top) + np.exp(b - top))
    gradient[1] += 7.0 * np.exp(b - total)
    return -0.5 * (zeta**2).sum() - a + total


def drawn(problem: Any, settings: Settings = SETTINGS) -> tuple[np.ndarray, dict[str, Any], Any]:
    tree = get_sampler("hmc").sample_problem(problem, settings)
    return tree["posterior"]["theta"].to_numpy(), dict(tree.attrs["report"]["hmc"]), tree["sample_stats"]


def test_a_skewed_density_is_sampled():
    """Means, standard deviations and tails are SciPy's, of all coordinates alike."""
    zeta, report, told = drawn(problem_of(skewed), replace(SETTINGS, draws=2500))
    assert not report["reason"]
    gamma, t = stats.loggamma(6), stats.t(8, scale=np.sqrt(8 / 6))
    for x, expected, worth in ((zeta[:, :, 0], t, 3000), (1.7 + 0.42 * zeta[:, :, 1:], gamma, 19 * 3000)):
        error = 1 / np.sqrt(worth)
        assert abs(x.mean() - expected.mean()) < 4 * expected.std() * error
        for p in (0.01, 0.05, 0.5, 0.95, 0.99):
            assert abs(np.mean(x < expected.ppf(p)) - p) < 4 * np.sqrt(p * (1 - p)) * error
    assert not told["diverging"].any()
    assert 0.85 < float(told["acceptance_rate"].mean()) <= 1.0
    density = problem_of(skewed)
    lp = [density.density(z, density.data, np.zeros(20)) for z in zeta[2, :5]]
    np.testing.assert_allclose(told["lp"][2, :5], lp, rtol=1e-10)


@pytest.mark.parametrize(("density", "why"), [(funnel, ""), (two_modes, "worth")])
def test_what_is_far_from_normal_is_refused_in_words(density: Callable[..., float], why: str):
    try:
        reason = drawn(problem_of(density))[1]["reason"]
    except hl.SamplingError as error:
        reason = str(error)
    assert why in reason
    assert any(word in reason for word in ("worth", "steps", "accepted", "stood still"))


def test_a_normal_distribution_is_followed_exactly():
    """Coordinates that are N(m, s²) turn with (x, p), whatever the step; the others are those of the leapfrog method."""

    def density(zeta, gradient):  # type: ignore[no-untyped-def]
        gradient[:] = -(zeta - 0.3) / 4.0
        gradient[0] = -(zeta[0] ** 3)
        return -0.125 * ((zeta[1:] - 0.3) ** 2).sum() - 0.25 * zeta[0] ** 4

    problem, d = problem_of(density, 5), 5
    rng = np.random.default_rng(3)
    zeta, gradient = rng.normal(size=d), np.zeros(d)
    lp = problem.density(zeta, problem.data, gradient)
    chain = Chain(np.concatenate([zeta, gradient, [lp]]), np.random.default_rng(1), np.random.default_rng(2))
    metric = Metric(np.full(d, 0.3), np.array([0.5, 2.0, 2.0, 2.0, 2.0]), plain=1)
    told: list[int] = []
    mover = Mover(problem, [chain], 1, 1.8, 0.25, told.append)
    points, found, whole = mover.move(metric, 3, 1)
    assert (whole, told) == (True, [1])
    p = np.random.default_rng(1).standard_normal(d)
    time = 1.8 * (1 + 0.25 * (2 * np.random.default_rng(2).random(2)[0] - 1))
    x, v = zeta[0] / 0.5, p[0]
    for _ in range(3):  # dx/dt = p, dp/dt = -(0.5)(0.5 x)³
        v -= 0.5 * time / 3 * 0.5 * (0.5 * x) ** 3
        x += time / 3 * v
        v -= 0.5 * time / 3 * 0.5 * (0.5 * x) ** 3
    turned = 0.3 + 2 * (np.cos(time) * (zeta[1:] - 0.3) / 2 + np.sin(time) * p[1:])
    end = np.concatenate([[0.5 * x], turned])
    error = 0.5 * (v**2 - p[0] ** 2) + 0.25 * ((0.5 * x) ** 4 - zeta[0] ** 4)
    assert found[0, 0, ERROR] == pytest.approx(error, abs=1e-12)
    np.testing.assert_allclose(points[0, 0], end, rtol=1e-12)  # accepted: the error is small
    assert found[0, 0, LP] == pytest.approx(problem.density(end, problem.data, np.zeros(d)))
    assert found[0, 0, ENERGY] == pytest.approx(0.5 * p @ p - lp + error)


def test_a_density_that_fails_is_a_wall():
    """−∞ beyond 2 in the last coordinate: trajectories that end there are refused, and told as divergences."""

    def density(zeta, gradient):  # type: ignore[no-untyped-def]
        gradient[:] = -zeta
        return -0.5 * (zeta**2).sum() if zeta[-1] < 2.0 else np.nan

    zeta, report, told = drawn(problem_of(density), replace(SETTINGS, draws=500))
    assert zeta[:, :, -1].max() < 2.0
    assert int(told["diverging"].sum()) > 10
    assert np.isfinite(zeta).all()
    assert report["accepted"] < 0.99


def test_draws_do_not_depend_on_cores_or_blocks(monkeypatch: pytest.MonkeyPatch):
    from hierlm.samplers import moving

    problem, some = problem_of(skewed), replace(SETTINGS, draws=50, cores=1)
    one = drawn(problem, some)[0]
    assert np.array_equal(one, drawn(problem, replace(some, cores=3))[0])
    monkeypatch.setattr(moving, "LONGEST", 7)
    assert np.array_equal(one, drawn(problem, some)[0])
    assert not np.array_equal(one, drawn(problem, replace(some, seed=2))[0])
    assert not np.array_equal(one[0], one[1])


def test_its_draws_are_those_of_nuts():
    """Means and standard deviations of every number of a real model, within Monte-Carlo error."""
    model = cbpp()
    fits = [model.fit(draws=2500, seed=1, progress=False, sampler=name) for name in ("hmc", "nutpie")]
    one, other = (fit.posterior.load() for fit in fits)
    for name, values in one.items():
        a, b = (v.to_numpy().reshape(10_000, -1) for v in (values, other[name]))
        spread = b.std(axis=0)
        assert (abs(a.mean(axis=0) - b.mean(axis=0)) < 5 * spread / np.sqrt(2500)).all()
        assert (abs(a.std(axis=0) / spread - 1) < 5 / np.sqrt(2500)).all()
    assert fits[0].provenance["sampler"] == "hmc"
    assert fits[0].diagnose().ok


def test_the_default_for_many_numbers():
    fit = cbpp().fit(seed=1, progress=False)
    assert fit.provenance["sampler"] == "hmc"
    assert fit.provenance["hmc"]["kept"]
    assert fit.provenance["hmc"]["steps"] >= 3
    assert fit.provenance["tune"] == WARMUP
    assert fit.provenance["asked"] == {}
    assert fit.diagnose().ok
    again = cbpp().fit(seed=1, progress=False, cores=1)
    assert np.array_equal(fit.posterior["sd_herd"], again.posterior["sd_herd"])


def test_what_it_refuses_is_sampled_by_nuts(monkeypatch: pytest.MonkeyPatch):
    from hierlm.samplers import hmc

    monkeypatch.setattr(hmc, "WORTH", 2.0)
    fit = cbpp().fit(seed=1, progress=False)
    assert fit.provenance["sampler"] == "nutpie"
    assert "are worth less" in fit.provenance["hmc"]["reason"]
    assert not fit.provenance["hmc"]["kept"]
    monkeypatch.setattr(hmc, "MOST", 2)
    assert "steps here, more than 2" in cbpp().fit(seed=1, progress=False).provenance["hmc"]["reason"]
    with pytest.raises(hl.SamplingError, match=r"(?s)steps here.*Leave out sampler="):
        cbpp().fit(seed=1, progress=False, sampler="hmc")


def interrupting(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """As Ctrl-C does, once so many trajectories were made."""
    from contextlib import contextmanager
    from threading import Lock

    from hierlm.samplers import hmc

    @contextmanager
    def counting(shown: bool, total: int) -> Any:
        made, lock = [0], Lock()  # several threads tell

        def told(many: int) -> None:
            with lock:
                before, made[0] = made[0], made[0] + many
            if before < after <= before + many:
                os.kill(os.getpid(), signal.SIGINT)

        yield told

    monkeypatch.setattr(hmc, "counting", counting)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C is heard: processes that run tests side by side are told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_what_there_is(monkeypatch: pytest.MonkeyPatch):
    model = hl.Model(
        "y ~ age + (1 | district)", hl.load_data("Contraception").assign(y=lambda d: d["use"] == "Y"), "bernoulli"
    )
    interrupting(monkeypatch, 4 * (WARMUP + 100))
    with pytest.warns(InterruptedWarning, match="Sampling stopped early"):
        fit = model.fit(20_000, seed=1, progress=False)
    assert fit.provenance["sampler"] == "hmc"
    assert not fit.provenance["complete"]
    assert 60 <= fit.posterior.sizes["draw"] < 20_000
    assert np.isfinite(fit.posterior["b"]).all()
    interrupting(monkeypatch, 100)
    with pytest.raises(KeyboardInterrupt):
        model.fit(20_000, seed=1, progress=False)


def test_steps_are_chosen_for_an_acceptance():
    """σ falls with the square of the number of steps."""
    for steps in (4, 7):
        spread = -2 * stats.norm.ppf(0.9 / 2)  # an acceptance of 0.9
        assert _steps(steps, 0.9) == steps
        assert _steps(steps, 2 * stats.norm.cdf(-spread * 4 / 2)) == 2 * steps
    assert _steps(4, 1.0) == 3
    assert _steps(4, 0.0) > 12


def test_worth_is_about_that_of_arviz():
    rng = np.random.default_rng(5)
    rho, chains = np.array([0.0, 0.5, 0.9]), np.empty((4, 4000, 3))
    chains[:, 0] = rng.normal(size=(4, 3))
    for t in range(1, 4000):
        chains[:, t] = rho * chains[:, t - 1] + np.sqrt(1 - rho**2) * rng.normal(size=(4, 3))
    for j in range(3):
        own = chains[:, :, j : j + 1]
        expected = min(
            float(array_stats.ess(own[:, :, 0], method="mean")),
            float(array_stats.ess(own[:, :, 0] ** 2, method="mean")),
        )
        assert share(own) == pytest.approx(expected / 16_000, rel=0.35)
    assert share(chains) == pytest.approx(share(chains[:, :, 2:]))
    apart = chains + np.array([0.0, 0.0, 0.0, 3.0])[:, None, None]
    assert share(apart) < 0.03
    assert np.isnan(share(chains[:, :30]))
    assert np.isnan(share(np.ones((4, 400, 2))))


def test_the_longest_stand():
    chain = np.repeat([1.0, 2.0, 3.0], [3, 5, 2])[None, :, None]
    assert _longest_stand(chain) == 4
    assert _longest_stand(np.arange(5.0)[None, :, None]) == 0
    assert _longest_stand(np.zeros((1, 6, 1))) == 5
