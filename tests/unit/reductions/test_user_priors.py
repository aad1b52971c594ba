"""Priors outside the kernels' own: compiled densities, and models with them against the PyMC graph."""

from __future__ import annotations

import gc
import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numba as nb
import numpy as np
import pytest

import hierlm as hl
from hierlm import names
from hierlm.kernels.calling import bits_of, call_prior
from hierlm.kernels.priors import CODES, COMPILED, COMPILED_EVEN, EVEN, REAL_CODES, log_prior, log_real_prior
from hierlm.priors.distributions import DISTRIBUTIONS
from hierlm.reductions import plan, prior_densities
from hierlm.reductions.frozen import Frozen
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.prior_densities import compiled, positive_density, real_density
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.whitened import Whitened
from tests.unit.reductions import gaussian_models, whitened_models
from tests.unit.reductions.changes import effects, thetas
from tests.unit.reductions.dense import Natural, graph_density, natural, point, split
from tests.unit.reductions.gaussian_models import SCALES, rescaled
from tests.unit.reductions.slopes import check_gradient

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

P = hl.Prior

POSITIVE = [
    P("Weibull", alpha=1.5, beta=2),
    P("HalfStudentT", nu=3, lam=2),
    P("Gamma", alpha=2, beta=1, on="precision"),
    P("InverseGamma", alpha=2, beta=1, on="variance"),
    P("TruncatedNormal", mu=1, sigma=2, lower=0),
    P("Gamma", mu=2, sigma=1),
]
MORE_POSITIVE = [
    P("HalfNormal", tau=2),
    P("HalfNormal", sigma=2, on="precision"),
    P("HalfFlat", on="variance"),
    P("HalfFlat", on="precision"),
    P("Exponential", scale=2),
    P("InverseGamma", mu=2, sigma=1),
    P("LogNormal", mu=0.5, tau=2),
    P("LogNormal", mu=0.5, sigma=2, on="variance"),
    P("Rice", nu=1, sigma=2),
    P("Rice", b=0.5, sigma=2),
    P("Wald", mu=1, lam=2),
    P("Wald", mu=1, phi=2),
    P("Wald", lam=1, phi=2),
    P("ChiSquared", nu=3),
    P("Weibull", alpha=0.5, beta=1, on="precision"),
    P("TruncatedNormal", mu=1, tau=2, lower=0),
    P("HalfCauchy", beta=2, on="variance"),
]
REAL = [P("SkewNormal", alpha=2, mu=0.3, sigma=1.5), P("Gumbel", mu=-0.2, beta=2), P("StudentT", nu=3, mu=1, lam=2)]
MORE_REAL = [
    P("Normal", mu=1, tau=2),
    P("SkewNormal", alpha=-1, mu=0.3, tau=2),
    P("AsymmetricLaplace", kappa=2, mu=0.1, b=1),
    P("AsymmetricLaplace", q=0.3, mu=0.1, b=1),
    P("ExGaussian", mu=0.5, sigma=1, nu=2),
    P("Moyal", mu=0.2, sigma=2),
    P("SkewStudentT", a=2, b=3, mu=0.1, sigma=1),
    P("SkewStudentT", a=2, b=3, mu=0.1, lam=2),
]
SOME = [*POSITIVE, *REAL, *(pytest.param(p, marks=pytest.mark.slow) for p in [*MORE_POSITIVE, *MORE_REAL])]
"""Every one takes about a second to compile where PyTensor's cache is empty."""

EXTREMES = [-math.inf, -1e308, -1.0, -0.0, 0.0, 5e-324, 1e-300, 1e-160, 1e-20, 1e20, 1e160, 1e308, math.inf, math.nan]


@pytest.mark.parametrize("prior", SOME, ids=repr)
def test_density_and_derivative(prior: hl.Prior, capfd: pytest.CaptureFixture[str]) -> None:
    """log p of Prior.log_density, and its derivative by central differences; −∞ and 0 where it has none.

    1e-9: PyTensor's log(1 + erf) and PyMC's cancel differently.  An exception within C would be written to stderr.
    """
    function, points = compiled(prior), np.geomspace(0.02, 30, 25) if prior.positive else np.linspace(-3, 4, 24)
    for x in points:
        value, slope = function(x)
        assert value == pytest.approx(float(prior.log_density(x)), rel=1e-9, abs=1e-12)
        h = 1e-5 * abs(x)
        assert slope == pytest.approx((function(x + h)[0] - function(x - h)[0]) / (2 * h), rel=1e-6, abs=1e-6)
    for x in EXTREMES:
        value, slope = function(x)
        assert math.isfinite(slope)
        assert math.isfinite(value) or (value == -math.inf and slope == 0.0)
        assert value == -math.inf or math.isfinite(x)
        assert value == -math.inf or not prior.positive or x >= 0
    assert capfd.readouterr().err == ""


def test_every_distribution_is_there() -> None:
    """Of those whose support kernels can deal with: none that does not compile is met by a user first."""
    here = {p.name for p in [*POSITIVE, *MORE_POSITIVE, *REAL, *MORE_REAL]}
    bounded = {"Beta", "Kumaraswamy", "LogitNormal", "Pareto", "Triangular", "Uniform", "VonMises"}
    assert here | bounded | set(CODES) | set(REAL_CODES) | {"Normal"} == set(DISTRIBUTIONS)


def test_equal_priors_compile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One function a prior, from several threads too, and for good: its address is all that a problem has."""
    calls: list[hl.Prior] = []
    compile_ = prior_densities._compile
    monkeypatch.setattr(prior_densities, "_compile", lambda prior: calls.append(prior) or compile_(prior))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: compiled(P("half_normal", tau=2.718)), range(4)))
    assert len({id(f) for f in found}) == len(calls) == 1
    bits = found[0].bits
    del found
    gc.collect()
    assert compiled(P("HalfNormal", tau=2.718)).bits == bits
    assert compiled(P("HalfNormal", tau=2.718, on="variance")).bits != bits
    assert len(calls) == 2
    assert log_prior(COMPILED, bits, 0.0, 0.4)[1] == pytest.approx(-2.718 * 0.4)


def test_an_address_survives_a_table() -> None:
    """Its bits are those of a float that no arithmetic touches, whatever the address."""
    addresses = [1, 0x7FFF_FFFF_FFF8, 2**53 + 1, 2**56 - 1]
    assert np.array([bits_of(a) for a in addresses]).view(np.int64).tolist() == addresses


def test_calls() -> None:
    """Through the kernels, at a location or without; where the limit at zero is finite x may be |x|."""
    weibull, gumbel = P("Weibull", alpha=1.5, beta=2), P("Gumbel", mu=-0.2, beta=2)
    code, bits, rest = positive_density(weibull)
    assert (code, rest) == (COMPILED, 0.0)
    assert (
        log_prior(code, bits, 0.0, 0.7) == compiled(weibull)(0.7) == nb.njit(lambda b, x: call_prior(b, x))(bits, 0.7)
    )
    code, bits, location = real_density(gumbel, -0.2)
    assert (code, location) == (COMPILED, -0.2)
    assert log_real_prior(code, bits, location, 1.0) == compiled(gumbel)(0.8)
    assert positive_density(P("HalfStudentT", nu=3, lam=2))[0] == COMPILED_EVEN
    assert COMPILED_EVEN in EVEN
    assert COMPILED not in EVEN
    assert positive_density(P("Gamma", alpha=2, beta=1, on="precision"))[0] == COMPILED
    assert positive_density(P("HalfNormal", sigma=3)) == [1.0, 3.0, 0.0]
    assert real_density(P("Laplace", mu=1, b=2), 1.0) == [3.0, 2.0, 0.0]
    assert real_density(P("Normal", mu=1, sigma=2), 1.0) == [-1.0, 0.0, 0.0]


GAUSSIAN = gaussian_models.frame()
COUNTS = whitened_models.frame()
COEFFICIENTS = {"b[Intercept]": P("SkewNormal", alpha=2, mu=0.3, sigma=1.5), "b[x]": P("StudentT", nu=3, mu=1, lam=2)}

MODELS: dict[str, tuple[Reduction, dict[str, Any], str, str, dict[str, Any]]] = {
    "marginal": (
        GaussianMarginal(),
        GAUSSIAN,
        "y ~ x + (x | g) + (1 | h)",
        "gaussian",
        {
            "sd_g[Intercept]": P("HalfStudentT", nu=3, lam=2),
            "sd_g[x]": P("Weibull", alpha=1.5, beta=2),
            "sd_h": P("Gamma", alpha=2, beta=1, on="precision"),
            "sigma": P("InverseGamma", alpha=2, beta=1, on="variance"),
        },
    ),
    "marginal, truncated": (
        GaussianMarginal(),
        GAUSSIAN,
        "y ~ x + (1 | g)",
        "gaussian",
        {"sd_g": P("TruncatedNormal", mu=1, sigma=2, lower=0), "sigma": P("Gamma", mu=2, sigma=1)},
    ),
    "whitened": (
        Whitened(),
        COUNTS,
        "k ~ x + (x | g) + (1 | h)",
        "negbinomial",
        COEFFICIENTS
        | {
            "sd_g[Intercept]": P("TruncatedNormal", mu=1, sigma=2, lower=0),
            "sd_h": P("InverseGamma", alpha=2, beta=1, on="variance"),
            "shape": P("Gamma", mu=2, sigma=1),
        },
    ),
    "whitened, normal": (
        Whitened(),
        COUNTS,
        "y ~ x + (1 | g)",
        "gaussian",
        {
            "b[x]": P("Gumbel", mu=-0.2, beta=2),
            "sd_g": P("Weibull", alpha=1.5, beta=2),
            "sigma": P("Gamma", alpha=2, beta=1, on="precision"),
        },
    ),
    "frozen": (
        Frozen(),
        COUNTS,
        "k ~ x + (1 | g) + (1 | h)",
        "poisson",
        COEFFICIENTS | {"sd_g": P("Weibull", alpha=1.5, beta=2), "sd_h": P("HalfStudentT", nu=3, lam=2)},
    ),
}


@cache
def _problem(name: str) -> tuple[hl.Model, Problem]:
    reduction, table, formula, family, priors = MODELS[name]
    model = hl.Model(formula, table, family, priors=priors, parameterization="noncentered")
    return model, reduction.apply(model)


@pytest.mark.parametrize("name", MODELS)
def test_the_density_is_the_graphs(name: str) -> None:
    """But for a constant, at four points, on every scale of the sds; its gradient is that of the value.

    1e-7, and rounding: at an sd near zero the density on its precision is exp(−10⁷).
    """
    model, problem = _problem(name)
    reduction, place, graph = MODELS[name][0], problem.place, graph_density(model)
    assert reduction.accepts(model).accepted
    if not isinstance(reduction, Frozen):
        assert plan(model).chosen.name == reduction.name
    for scale in SCALES if not isinstance(reduction, Frozen) else SCALES[:1]:
        data, constants, size = rescaled(problem.data, scale), [], 0.0
        for seed in range(4):
            zeta = np.random.default_rng([3, seed]).normal(0.1, 0.7, problem.dimension)
            n, value = natural(data, zeta[: thetas(data)]), problem.density(zeta, data, np.zeros(len(zeta)))
            u, log_jacobian = effects(reduction, model, problem, data, zeta, n)
            joint = graph(_point(model, place, n, split(model, place, u))) + _described(model, n) + n.log_jacobian
            constants.append(value - joint - log_jacobian)
            size = max(size, abs(value))
        np.testing.assert_allclose(constants, constants[0], atol=1e-7 + 1e-12 * size, err_msg=scale)
        check_gradient(problem.density, data, zeta)


WHAT = {"value": lambda x: x, "variance": lambda x: x**2, "precision": lambda x: x**-2}


def _on(model: hl.Model, n: Natural) -> list[tuple[str, str, np.ndarray]]:
    """(variable, on, value) of parameters whose prior is that of something else."""
    sds = [a for a in model.assignments if a.kind == "positive" and a.variable.startswith("sd_")]
    values = {a.name: n.sds[[i]] for i, a in enumerate(sds)}
    values |= {p: np.asarray(v) for p, v in zip(model.responses[0].free, n.positives, strict=False)}
    found = [(a, a.prior.on) for a in model.assignments if isinstance(a.prior, hl.Prior) and a.prior.on != "value"]
    return [(a.variable, on, values[a.name]) for a, on in found]


def _point(model: hl.Model, place: Any, n: Natural, effects: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return point(model, place, n, effects, {names.internal(v, on): WHAT[on](x) for v, on, x in _on(model, n)})


def _described(model: hl.Model, n: Natural) -> float:
    """log |∂ what the distribution describes / ∂ the value|."""
    log_slopes = {"variance": lambda x: np.log(2 * x), "precision": lambda x: np.log(2 * x**-3)}
    return float(sum(np.sum(log_slopes[on](x)) for _, on, x in _on(model, n)))


@pytest.mark.parametrize("name", ["marginal", "whitened"])
def test_a_fit(name: str) -> None:
    model, _ = _problem(name)
    fit = model.fit(draws=200, chains=2, cores=1, seed=1, progress=False)
    posterior = fit.draws["posterior"]
    assert posterior.sizes["draw"] == 200
    assert all(np.isfinite(v).all() for v in posterior.data_vars.values())
    assert float(posterior["sd_h"].min()) > 0


REFUSED: dict[str, tuple[str, dict[str, hl.Prior], str]] = {
    "upper end": ("(1 | g)", {"sd_g": P("Uniform", lower=0, upper=5)}, "(0, ∞), not on (0, 5)"),
    "lower end": ("(1 | g)", {"sigma": P("Pareto", alpha=2, m=1)}, "(0, ∞), not on (1, ∞)"),
    "on": ("(1 | g)", {"sd_g": P("Uniform", lower=1, upper=4, on="precision")}, "(0, ∞), not on (0.5, 1)"),
    "unit": ("(1 | g)", {"sd_g": P("Beta", alpha=2, beta=2)}, "(0, ∞), not on (0, 1)"),
    "coefficient": ("(1 | g)", {"b[x]": P("Exponential", lam=1)}, "whole real line, not on (0, ∞)"),
    "interval": ("(1 | g)", {"b[x]": P("Uniform", lower=-2, upper=1)}, "whole real line, not on (-2, 1)"),
    "correlation": ("(x | g)", {"cor_g": P("Uniform", lower=-1, upper=1)}, "LKJ only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    """By name, and with the reason; the PyMC graph takes it where NUTS is asked for."""
    bars, priors, reason = REFUSED[name]
    way = plan(hl.Model(f"y ~ x + {bars}", GAUSSIAN, priors=priors), gradients="NUTS is asked for")
    assert way.chosen is None
    verdicts = dict(way.verdicts)
    del verdicts["dense marginal"]
    assert "no structure in the residuals" in verdicts.pop("structured marginal").reason
    for verdict in verdicts.values():
        assert next(iter(priors)) in verdict.reason
    assert reason in verdicts["whitened effects"].reason


def test_coefficients_that_are_integrated_out_are_normal() -> None:
    model = hl.Model("y ~ x + (1 | g)", GAUSSIAN, priors={"b[x]": P("Gumbel", beta=1)})
    verdict = GaussianMarginal().accepts(model)
    assert not verdict.accepted
    assert "b[x] is Gumbel(0, 1), but a coefficient that is integrated out needs Normal" in verdict.reason
    assert plan(model).chosen.name == "whitened effects"


def test_planning_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prior_densities, "_compile", lambda prior: pytest.fail("compiled"))
    plan(hl.Model("y ~ x + (1 | g)", GAUSSIAN, priors={"sd_g": P("Weibull", alpha=1.75, beta=2)}))
