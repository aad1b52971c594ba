"""The dense marginal: the graph integrated over effects and coefficients, for any structure of a normal response."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.fit.sampling import _way
from hierlm.graph.evaluate import PYTHON
from hierlm.graph.moments import integrated
from hierlm.reductions.dense import DenseDensity, DenseEffects, DenseMarginal
from hierlm.samplers import get_sampler

Floats = np.ndarray
GROUPS, EACH = 8, 5


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = GROUPS * EACH
    g = np.repeat(np.arange(GROUPS), EACH)
    x = rng.uniform(1.0, 2.0, n)
    y = 1.0 + x + rng.normal(size=GROUPS)[g] + rng.normal(size=n)
    return pd.DataFrame(
        {
            "y": y,
            "positive": np.exp(y / 4),
            "x": x,
            "z": rng.normal(size=n),
            "f": np.tile(list("abc"), n)[:n],
            "g": g.astype(str),
            "h": np.tile(np.arange(EACH), GROUPS).astype(str),
            "t": np.tile(np.arange(EACH), GROUPS).astype(float),
            "o": pd.Categorical(np.tile(list("uvwxy"), GROUPS)),
            "lat": rng.normal(size=n),
            "lon": rng.normal(size=n),
            "zg": rng.normal(size=GROUPS)[g],
            "half": np.where(g < GROUPS // 2, "A", "B"),
            "m1": rng.choice(list("pqrs"), n),
            "m2": rng.choice(list("pqrs"), n),
        }
    )


DATA = table()
UNEVEN = DATA.drop(index=[3, 4, 12, 30, 31, 32])
CASES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "one grouping": (["y ~ x + (1 | g)"], {}),
    "slopes": (["y ~ x + (1 + x | g)", "sigma ~ varPower(x | f)"], {}),
    "two variance functions": (["y ~ x + (1 | g)", "sigma ~ varIdent(f) + varExp(z)"], {}),
    "us": (["y ~ x"], {"residual": "us(o | g)"}),
    "space": (["y ~ x"], {"residual": "exp(lat + lon, nugget=True)"}),
    "arma": (["positive ~ x + (1 | g)"], {"residual": "arma(t | g, p=1, q=1)", "family": "lognormal"}),
    "toep": (["y ~ x + (1 | g)"], {"residual": "toep(o | g)"}),
    "smooth": (["y ~ x + hetar1(0 + o | g) + s(z)"], {}),
    "reduced rank": (["y ~ x + rr(0 + o | g, d=2)"], {}),
    "memberships": (["y ~ x + (1 | mm(m1, m2)) + cor(0 + f | g)"], {}),
    "sds with a formula": (["y ~ x + (1 | g)", "sd(g) ~ zg", "sigma ~ f"], {}),
    "sub-populations": (["y ~ x + us(1 + z | gr(g, by=half))"], {}),
    "crossed": (["y ~ x + (1 + x | g) + corh(0 + f | h)"], {}),
    "known errors": (["y | se(x) ~ z + (1 | g)"], {}),
    "held fixed": (["y ~ x + ar1(0 + o | g)"], {"priors": {"b[x]": 0.3, "sd_g": 1.2}}),
    "offset": (["y ~ offset(z) + (1 | g)", "sigma ~ varFixed(x)"], {}),
}


def model(name: str, data: pd.DataFrame = DATA) -> hl.Model:
    formulas, options = CASES[name]
    return hl.Model(formulas, data, **options)


class Quadratic:
    """log p(y, u, θ) of the graph as a function of u, all that is integrated out: quadratic, so exact from gradients."""

    def __init__(self, of: hl.Model) -> None:
        self.graph = of.pymc
        own = integrated(of)
        self.thetas = [rv for rv in self.graph.free_RVs if rv.name not in own]
        self.us = [rv for rv in self.graph.free_RVs if rv.name in own]
        self.start = self.graph.initial_point()
        outputs = [self.graph.logp(), self.graph.dlogp(vars=self.us)] if self.us else [self.graph.logp()]
        self.function = self.graph.compile_fn(outputs, mode=PYTHON)

    def sizes(self, rvs: list[Any]) -> list[tuple[str, tuple[int, ...]]]:
        names = [str(self.graph.rvs_to_values[rv].name) for rv in rvs]
        return [(name, np.shape(self.start[name])) for name in names]

    def filled(self, rvs: list[Any], values: Floats) -> dict[str, Floats]:
        found, at = {}, 0
        for name, shape in self.sizes(rvs):
            size = int(np.prod(shape, dtype=int))
            found[name] = values[at : at + size].reshape(shape)
            at += size
        return found

    def moments(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """(log ∫ p(y, u, θ) du, mean and precision of u given y and θ)."""
        n = sum(int(np.prod(shape, dtype=int)) for _, shape in self.sizes(self.us))

        def at(u: Floats) -> tuple[float, Floats]:
            found = self.function(self.start | self.filled(self.thetas, theta) | self.filled(self.us, u))
            return float(found[0]), np.ravel(found[1]) if n else np.zeros(0)

        value, slope = at(np.zeros(n))
        H = np.array([slope - at(e)[1] for e in np.eye(n)]).reshape(n, n)
        H = (H + H.T) / 2
        mean = np.linalg.solve(H, slope) if n else slope
        whole = value + 0.5 * slope @ mean + 0.5 * n * np.log(2 * np.pi)
        return whole - (0.5 * np.linalg.slogdet(H)[1] if n else 0.0), mean, H


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("data", [DATA, UNEVEN], ids=["even", "uneven"])
def test_it_is_the_graph_integrated(name: str, data: pd.DataFrame):
    """log p(y, θ) with all constants, at points where sets have different matrices and where they have one."""
    of = model(name, data)
    density, exact = DenseDensity(of), Quadratic(of)
    rng = np.random.default_rng(1)
    zetas = rng.normal(0.0, 0.3, (2, density.dimension))
    expected = [exact.moments(at)[0] for at in density.coordinates(zetas)]
    np.testing.assert_allclose(density.values(zetas), expected, rtol=0, atol=1e-8)
    gradient = np.zeros(density.dimension)
    assert density(zetas[0], np.zeros(0), gradient) == pytest.approx(expected[0], abs=1e-8)
    step = 1e-3 * np.eye(density.dimension)
    up, down = density.values(zetas[0] + step), density.values(zetas[0] - step)
    np.testing.assert_allclose(gradient, (up - down) / 2e-3, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name", ["one grouping", "slopes", "memberships", "sds with a formula", "smooth", "crossed", "toep"]
)
def test_effects_have_their_conditional_distribution(name: str):
    """Means and covariances of 4,000 draws at one θ against the graph's, natural effects as linear maps of its own."""
    import pytensor

    of = model(name, UNEVEN)
    density, exact, draws = DenseDensity(of), Quadratic(of), 4000
    zeta = np.random.default_rng(2).normal(0.0, 0.3, density.dimension)
    _, mean, H = exact.moments(density.coordinates(zeta[None])[0])
    wanted = ["b", *(f"r_{g}" for g in of.groups)]
    outputs = exact.graph.replace_rvs_by_values([exact.graph.named_vars[name] for name in wanted])
    inputs = exact.graph.value_vars
    function = pytensor.function(inputs, outputs, mode=PYTHON, on_unused_input="ignore")
    theta = exact.filled(exact.thetas, density.coordinates(zeta[None])[0])

    def natural(u: Floats) -> Floats:
        point = exact.start | theta | exact.filled(exact.us, u)
        return np.concatenate([np.ravel(v) for v in function(*(point[str(v.name)] for v in inputs))])

    zero = natural(np.zeros(len(mean)))
    J = np.array([natural(e) - zero for e in np.eye(len(mean))]).T
    drawn = DenseEffects(density, np.broadcast_to(zeta, (4, draws // 4, len(zeta))), seed=3)
    shared = density.shared
    b = np.broadcast_to(shared.means, (draws, len(shared.means))).copy()
    b[:, shared.free] += drawn.shared()[:, : len(shared.free)]
    later = drawn.groups()
    found = np.concatenate(
        [b, *(np.asarray(later[g].lazily().get_duck_array()).reshape(draws, -1) for g in of.groups)], axis=1
    )
    V = J @ np.linalg.solve(H, J.T)
    sd = np.sqrt(np.maximum(np.diag(V), 1e-300))
    moving = sd > 1e-9
    error = (found.mean(axis=0) - (zero + J @ mean))[moving] / sd[moving]
    assert np.abs(error).max() < 5.0 / np.sqrt(draws)
    R, S = (C[np.ix_(moving, moving)] / np.outer(sd[moving], sd[moving]) for C in (np.cov(found.T), V))
    assert np.abs(R - S).max() < 6.0 * np.sqrt(2.0 / draws)


def test_sets_with_the_same_matrix_have_it_computed_once():
    assert [len(b.first) for b in DenseDensity(model("one grouping")).batches] == [1]
    assert [
        len(b.first) for b in DenseDensity(model("sub-populations", DATA.assign(z=1.0 * (DATA.t > 2)))).batches
    ] == [2]
    assert [len(b.first) for b in DenseDensity(model("slopes")).batches] == [GROUPS]
    assert sum(len(b.sets.rows) for b in DenseDensity(model("one grouping", UNEVEN)).batches) == GROUPS


def test_the_same_with_any_number_of_cores_and_large_matrices(monkeypatch: pytest.MonkeyPatch):
    from hierlm.reductions.dense import density as module

    density = DenseDensity(model("crossed"))
    zetas = np.random.default_rng(0).normal(0.0, 0.3, (7, density.dimension))
    small = density.values(zetas)
    monkeypatch.setattr(module, "LARGE", 1)
    one, two = density.values(zetas), density.values(zetas, cores=2)
    assert np.array_equal(one, two)
    np.testing.assert_allclose(one, small, atol=1e-9)


def test_matrices_without_a_factor_are_minus_infinity():
    density = DenseDensity(model("us"))
    zetas = np.vstack([np.zeros(density.dimension), np.full(density.dimension, 60.0)])
    values = density.values(zetas)
    assert np.isfinite(values[0])
    assert values[1] == -np.inf


def test_the_plan_says_it_and_fit_follows():
    data = hl.load_data("Orthodont")
    of = hl.Model("distance ~ age * Sex", data, residual="us(C(age) | Subject)")
    assert of.plan().name == "dense marginal"
    assert "independent proposals of 7 numbers" in of.plan().cost
    fit = of.fit(seed=1, progress=False)
    assert fit.provenance["plan"] == "dense marginal"
    assert fit.provenance["sampler"] == "independence"
    assert fit.diagnose().ok
    assert set(fit.posterior.data_vars) == {"b", "sigma", "rescor"}
    again = of.fit(seed=1, progress=False, cores=1)
    assert np.array_equal(fit.posterior["b"], again.posterior["b"])


def test_nuts_has_the_graph():
    of = model("toep")
    if of.plan().name != "dense marginal":
        pytest.fail(str(of.plan()))
    way = _way(of, get_sampler("nutpie"), True, ())
    assert way.chosen is None
    assert any("NUTS is asked for" in reason for reason in way.reasons)


@pytest.mark.slow  # compiles a graph
def test_proposals_that_are_no_good_give_way_to_the_graph(monkeypatch: pytest.MonkeyPatch):
    from hierlm.samplers import independence

    monkeypatch.setattr(independence, "PARETO_K", -10.0)
    fit = model("one grouping", DATA).fit(20, chains=1, seed=1, progress=False)  # has another way: no change
    assert fit.provenance["plan"] == "gaussian marginal"
    fit = model("sds with a formula").fit(20, chains=1, seed=1, progress=False)
    assert fit.provenance["plan"] == "joint NUTS on the PyMC graph"
    assert "Pareto" in fit.provenance["independence"]["reason"]
    assert any("its proposals were no good" in reason for reason in fit.provenance["plan_reasons"])


@pytest.mark.parametrize(
    ("formulas", "options", "why"),
    [
        (["y ~ x + (1 | g)"], {"family": "student_t"}, "student_t, not normal"),
        (["y | weights(x) ~ z", "sigma ~ f"], {}, "have weights"),
        (["y ~ x", "sigma ~ varPower(fitted)"], {}, "depends on the fitted mean"),
        (["y ~ x + (1 | k | g)", "sigma ~ 1 + (1 | k | g)"], {}, "reach beyond the mean"),
        (
            ["y ~ x"],
            {"residual": "exp(lat + lon)", "priors": {"b[x]": hl.Prior("StudentT", nu=3, mu=0, sigma=1)}},
            "needs Normal",
        ),
    ],
)
def test_what_it_refuses(formulas: list[str], options: dict[str, Any], why: str):
    verdict = DenseMarginal().accepts(hl.Model(formulas, DATA, **options))
    assert not verdict.accepted
    assert why in verdict.reason


def test_too_many_numbers_and_rows():
    rng = np.random.default_rng(0)
    n = 1600
    many = pd.DataFrame({"y": rng.normal(size=n), "a": rng.normal(size=n), "b": rng.normal(size=n)})
    verdict = DenseMarginal().accepts(hl.Model("y ~ 1", many, residual="exp(a + b)"))
    assert "1,600 rows depend on each other" in verdict.reason
    wide = hl.Model("y ~ x", DATA, residual="us(o | g)")
    assert "numbers are left to sample, more than 10" in DenseMarginal().accepts(wide).reason
