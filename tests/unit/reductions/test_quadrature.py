"""How many nodes integrate out one effect a row: few where few will do, none where many would not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

import hierlm as hl
from hierlm.errors import SamplingError
from hierlm.kernels.observations import LOG_WEIGHTS, NODES, observations
from hierlm.kernels.packing import floats, replaced
from hierlm.reductions import quadrature
from hierlm.reductions.observed import integrable
from hierlm.reductions.quadrature import gauss_hermite, inexactness
from hierlm.reductions.whitened import Whitened
from hierlm.samplers import Settings
from hierlm.samplers.compiled import sample_problem

REDUCTION = Whitened()
pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def _frame(n: int, tau: float, base: float = 0.0) -> dict[str, Any]:
    rng = np.random.default_rng([n, int(10 * tau)])
    x, g = rng.normal(size=n), rng.integers(0, 10, n)
    eta = base + 0.5 * x + 0.4 * rng.normal(size=10)[g] + tau * rng.normal(size=n)
    labels = {"u": np.array([f"u{i:04d}" for i in range(n)]), "g": np.array([f"g{i}" for i in g])}
    return labels | {
        "x": x,
        "w": np.ones(n),
        "k": rng.poisson(np.exp(eta)),
        "s": rng.binomial(1, expit(eta)),
        "t": rng.binomial(6, expit(eta)),
    }


def _model(formula: str, family: str, tau: float, base: float = 0.0, n: int = 200, **options: Any) -> hl.Model:
    return hl.Model(f"{formula} ~ x + (1 | g) + (1 | u)", _frame(n, tau, base), family, **options)


def _nodes(buffer: np.ndarray) -> int:
    return len(floats(buffer, NODES))


@pytest.mark.parametrize(("tau", "most"), [(0.1, 13), (0.5, 9), (1.0, 19)])
def test_few_nodes_where_few_will_do(tau: float, most: int) -> None:
    problem = REDUCTION.apply(_model("k", "poisson", tau, 1.0))
    assert "u" not in problem.place.groups
    assert 3 <= _nodes(problem.data) <= most


def test_sampled_where_all_nodes_would_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts that spread over orders of magnitude, and three nodes at most: the effects are sampled like all others."""
    monkeypatch.setattr(quadrature, "CANDIDATES", (3,))
    problem = REDUCTION.apply(_model("k", "poisson", 4.0, 1.0))
    assert "u" in problem.place.groups
    assert observations(problem.data, problem.place.columns).deviation == -1


def test_an_error_where_they_cannot_be_sampled_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a free shape effects of single rows have no mode; the message names the way out."""
    monkeypatch.setattr(quadrature, "CANDIDATES", ())
    with pytest.raises(SamplingError, match="reduce=False"):
        REDUCTION.apply(_model("k", "negbinomial", 1.0))


def test_what_can_be_integrated() -> None:
    """One effect a row with a weight of one in Z, under a log-concave response without weights of rows."""
    assert integrable(_model("k", "poisson", 1.0)).group == "u"
    assert integrable(_model("k | weights(w)", "poisson", 1.0)) is None
    frame = _frame(200, 1.0)
    assert integrable(hl.Model("x ~ 1 + (1 | u)", frame, "student_t")) is None
    assert integrable(hl.Model("k ~ x + (1 | g)", frame, "poisson")) is None
    assert integrable(hl.Model("k ~ x + (0 + x | u)", frame, "poisson")) is None
    assert integrable(hl.Model("k ~ 1 + (x | u)", frame, "poisson")) is None


EXACT = {
    "poisson": ("k", "poisson", 1.0, 300, {}),
    "binomial": ("t | trials(6)", "binomial", 1.0, 300, {}),
    "sd known": ("k", "poisson", 1.0, 300, {"sd_u": 1.0}),
    "bernoulli": ("s", "bernoulli", 0.5, 1000, {}),
}


@pytest.mark.parametrize("name", ["poisson", "binomial", "sd known", pytest.param("bernoulli", marks=pytest.mark.slow)])
def test_the_posterior_is_that_of_many_nodes(name: str) -> None:
    """Among draws of what a fit keeps, the log density with 121 nodes differs by about the same number: sd below 0.05."""
    formula, family, tau, n, priors = EXACT[name]
    model = _model(formula, family, tau, n=n, priors=priors)
    settings = Settings(draws=100, tune=200, chains=2, cores=2, seed=1, target_accept=0.8, progress=False)
    mended: Any = REDUCTION.apply(model)
    while mended is not None:
        problem, drawn = mended, sample_problem(mended, settings)["posterior"]["theta"].to_numpy()
        mended = REDUCTION.mend(model, problem, drawn)
    if observations(problem.data, problem.place.columns).deviation < 0:
        return  # sampled, without quadrature
    points, log_weights = gauss_hermite(121)
    fine, scratch = replaced(problem.data, {NODES: points, LOG_WEIGHTS: log_weights}), np.zeros(problem.dimension)
    flat = drawn.reshape(-1, problem.dimension)
    errors = [problem.density(z, problem.data, scratch) - problem.density(z, fine, scratch) for z in flat]
    assert np.std(errors) < 0.05


def test_every_parameter_known() -> None:
    model = hl.Model("k ~ x + (1 | u)", _frame(40, 1.0), "poisson", priors={"sd_u": 1.0})
    fit = model.fit(draws=50, chains=2, seed=1, progress=False)
    assert np.all(fit.posterior["sd_u"] == 1.0)


def _coarse(problem: Any, nodes: int) -> Any:
    """The problem with so few nodes, whatever they are good for."""
    points, log_weights = gauss_hermite(nodes)
    return replace(problem, data=replaced(problem.data, {NODES: points, LOG_WEIGHTS: log_weights}))


def test_draws_that_reach_further_get_more_nodes() -> None:
    """What was chosen before sampling is looked at again at the draws, and mended; what is exact stays."""
    model = _model("k", "poisson", 1.0, n=300)
    problem = REDUCTION.apply(model)
    zetas = np.random.default_rng(2).normal(size=(2, 50, problem.dimension))
    assert REDUCTION.mend(model, problem, zetas) is None
    rough = _coarse(problem, 1)
    assert inexactness(rough.data, zetas[0]) > 0.1
    mended = REDUCTION.mend(model, rough, zetas)
    assert _nodes(mended.data) > 1
    assert inexactness(mended.data, zetas[0]) < 0.05


def test_a_fit_samples_again_with_more_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first run with one node is recorded, and not kept."""
    model = _model("k", "poisson", 1.0, n=60)
    right = REDUCTION.apply(model)
    monkeypatch.setattr(Whitened, "apply", lambda self, model: _coarse(right, 1))
    fit = model.fit(draws=100, chains=2, seed=1, progress=False)
    first, *_, last = fit.provenance["attempts"]
    assert "quadrature" in first["reason"]
    assert not first["kept"]
    assert last["kept"]
