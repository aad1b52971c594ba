"""R against NumPy formulas of its own: simulated recursions' autocovariances, textbook functions of distance."""

from __future__ import annotations

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.graph.replace import vectorize_graph
from scipy.linalg import toeplitz
from scipy.special import gamma, kv

from hierlm.correlations import get_correlation
from hierlm.errors import ModelError

MODE = Mode(linker="py", optimizer="fast_compile")
TIMES = np.array([[0.0], [1.0], [2.0], [4.0], [7.0]])
PLACES = np.random.default_rng(3).uniform(0, 4, (7, 2))
DISTANCE = np.sqrt(((PLACES[:, None] - PLACES) ** 2).sum(-1))
GAP = np.abs(TIMES - TIMES.T)


def matrix(function, positions, **values):
    given = {k: pt.constant(np.asarray(v, dtype=float)) for k, v in values.items()}
    return np.asarray(pytensor.function([], function.matrix(given, positions), mode=MODE)())


def impulse_autocorrelation(phi, theta, longest, terms=4000):
    """ρ by the definition: z is Σ ψ_j ε_{t−j}, ψ by recursion; γ(h) = Σ ψ_j ψ_{j+h}."""
    psi = np.zeros(terms)
    for j in range(terms):
        psi[j] = 1.0 if j == 0 else (theta[j - 1] if j <= len(theta) else 0.0)
        psi[j] += sum(phi[i] * psi[j - 1 - i] for i in range(len(phi)) if j - 1 - i >= 0)
    g = np.array([psi[: terms - h] @ psi[h:] for h in range(longest + 1)])
    return g / g[0]


def partial_to_ar(partial):
    """Durbin–Levinson, element by element."""
    phi: list[float] = []
    for k, p in enumerate(partial):
        phi = [phi[i] - p * phi[k - 1 - i] for i in range(k)] + [p]
    return phi


def with_nugget(rho, c):
    R = (1 - c) * rho
    np.fill_diagonal(R, 1.0)
    return R


def test_exchangeable():
    R = matrix(get_correlation("cs"), np.zeros((4, 1)), rho=-0.3)
    np.testing.assert_allclose(R, np.full((4, 4), -0.3) + 1.3 * np.eye(4), atol=1e-15)


@pytest.mark.parametrize("phi", [-0.7, 0.0, 0.4])
def test_ar1(phi):
    np.testing.assert_allclose(matrix(get_correlation("ar1"), TIMES, phi=phi), np.power(phi, GAP), atol=1e-15)


def test_car1_at_real_times():
    times = np.array([[0.0], [0.3], [2.7]])
    expected = 0.6 ** np.abs(times - times.T)
    np.testing.assert_allclose(matrix(get_correlation("car1"), times, phi=0.6), expected, atol=1e-15)


def test_arma_at_many_positions():
    """One graph for many draws, evaluated by NumPy, has no operation of more arguments than that can take."""
    function, positions = get_correlation("arma", p=1, q=1), np.arange(48.0)[:, None]
    x = pt.tensor("x", dtype="float64", shape=(2,))
    many = pt.tensor("xs", dtype="float64", shape=(None, 2))
    R = vectorize_graph(function.matrix({"ar": x[:1], "ma": x[1:]}, positions), {x: many})
    found = pytensor.function([many], R, mode=MODE)(np.array([[0.6, 0.0], [0.0, 0.3]]))
    gap = np.abs(positions - positions.T)
    np.testing.assert_allclose(found[0], 0.6**gap, atol=1e-14)
    np.testing.assert_allclose(found[1], np.where(gap == 0, 1, np.where(gap == 1, 0.3 / 1.09, 0.0)), atol=1e-14)


@pytest.mark.parametrize(("ar", "ma"), [([0.5], []), ([], [-0.4]), ([0.7], [0.4]), ([0.5, -0.6, 0.2], [0.3, -0.5])])
def test_arma(ar, ma):
    function = get_correlation("arma", p=len(ar), q=len(ma))
    given = {k: v for k, v in (("ar", ar), ("ma", ma)) if v}
    phi, theta = partial_to_ar(ar), [-t for t in partial_to_ar([-m for m in ma])]
    rho = impulse_autocorrelation(phi, theta, 7)
    np.testing.assert_allclose(matrix(function, TIMES, **given), rho[GAP.astype(int)], atol=1e-12)
    values = {k: pt.constant(np.asarray(v)) for k, v in given.items()}
    reported = {k: float(v.eval(mode=MODE)) for k, v in function.reported(values, [TIMES]).items()}
    expected = {f"phi{i + 1}": p for i, p in enumerate(phi)} | {f"theta{i + 1}": t for i, t in enumerate(theta)}
    assert reported == pytest.approx(expected, abs=1e-14)


def test_arma_of_order_one_has_its_coefficients_themselves():
    assert partial_to_ar([0.7]) == [0.7]
    rho = matrix(get_correlation("arma", p=1, q=1), np.arange(3.0)[:, None], ar=[0.7], ma=[0.4])[0]
    first = (1 + 0.28) * 1.1 / (1 + 0.16 + 0.56)  # Box & Jenkins: ρ₁ = (1 + φθ)(φ + θ)/(1 + θ² + 2φθ)
    np.testing.assert_allclose(rho, [1, first, 0.7 * first], atol=1e-14)


@pytest.mark.parametrize("phi", [-0.6, 0.0, 0.9])
def test_a_long_arma_of_order_one_is_a_power(phi):
    """Sixty lags once became one product of sixty factors, more than PyTensor's Python mode takes."""
    times = np.arange(60.0)[:, None]
    R = matrix(get_correlation("arma", p=1, q=1), times, ar=[phi], ma=[0.4])
    np.testing.assert_allclose(R[0], impulse_autocorrelation([phi], [0.4], 59), atol=1e-12)
    value = pt.dvector()
    R = get_correlation("arma", p=1, q=1).matrix({"ar": value, "ma": pt.constant([0.4])}, times)
    slope = pytensor.function([value], pytensor.grad(R[0, 1:].sum(), value), mode=MODE)
    total = [sum(impulse_autocorrelation([phi + h], [0.4], 59)[1:]) for h in (-1e-6, 1e-6)]
    np.testing.assert_allclose(slope([phi]), (total[1] - total[0]) / 2e-6, rtol=1e-5)


def test_a_long_arma_is_no_chain_of_nodes():
    R = get_correlation("arma", p=2, q=1).matrix(
        {"ar": pt.vector(shape=(2,)), "ma": pt.vector(shape=(1,))}, np.arange(500.0)[:, None]
    )
    assert len(list(pytensor.graph.traversal.ancestors([R]))) < 400


def test_toeplitz():
    partial = [0.5, -0.3, 0.8]
    R = matrix(get_correlation("toep"), np.arange(4.0)[:, None], partial=partial)
    np.testing.assert_allclose(R, toeplitz(R[0]), atol=1e-15)
    for k in range(1, 4):  # the partial autocorrelation is the last coefficient of the regression on k lags
        np.testing.assert_allclose(np.linalg.solve(R[:k, :k], R[0, 1 : k + 1])[-1], partial[k - 1], atol=1e-12)


def test_unstructured_partial_correlations():
    p = [0.5, -0.3, 0.6]
    R = matrix(get_correlation("us"), np.arange(3.0)[:, None], partial=p)
    np.testing.assert_allclose(R[0, 1:], [0.5, -0.3], atol=1e-15)
    given_first = (R[1, 2] - R[0, 1] * R[0, 2]) / np.sqrt((1 - R[0, 1] ** 2) * (1 - R[0, 2] ** 2))
    np.testing.assert_allclose(given_first, 0.6, atol=1e-14)


SPATIAL = {
    "exp": lambda u: np.exp(-u),
    "gau": lambda u: np.exp(-(u**2)),
    "ratio": lambda u: 1 - u**2 / (1 + u**2),
    "sph": lambda u: np.where(u < 1, 1 - 1.5 * u + 0.5 * u**3, 0),
}


@pytest.mark.parametrize("name", SPATIAL)
@pytest.mark.parametrize("nugget", [None, 0.2])
def test_spatial(name, nugget):
    function = get_correlation(name, **({} if nugget is None else {"nugget": True}))
    given = {"range": 1.7} | ({} if nugget is None else {"nugget": nugget})
    expected = with_nugget(SPATIAL[name](DISTANCE / 1.7), nugget or 0.0)
    np.testing.assert_allclose(matrix(function, PLACES, **given), expected, atol=1e-14)


def test_linear():
    np.testing.assert_allclose(matrix(get_correlation("lin"), TIMES, range=3.0), np.maximum(1 - GAP / 3, 0), atol=1e-15)


@pytest.mark.parametrize("nu", [0.5, 1.5, 2.5])
def test_matern_is_the_bessel_function(nu):
    a = np.sqrt(2 * nu) * DISTANCE / 1.3 + np.eye(7)
    expected = 2 ** (1 - nu) / gamma(nu) * a**nu * kv(nu, a)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_allclose(matrix(get_correlation("mat", nu=nu), PLACES, range=1.3), expected, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "positions", "message"),
    [
        ("lin", np.zeros((3, 2)), "2 coordinates"),
        ("sph", np.zeros((3, 4)), "4 coordinates"),
        ("us", np.arange(31.0)[:, None], "465 correlations"),
        ("toep", np.array([[0.0], [200.0]]), "200 correlations"),
    ],
)
def test_positions_that_cannot_be(name, positions, message):
    with pytest.raises(ModelError, match=message) as caught:
        get_correlation(name).check([positions])
    assert caught.value.hint


def test_default_priors_follow_the_scale_of_positions():
    (near,), (far,) = (get_correlation("exp").coefficients([PLACES * s]) for s in (1, 10))
    assert far.prior.arguments["mu"] - near.prior.arguments["mu"] == pytest.approx(np.log(10))
    (phi,) = get_correlation("car1").coefficients([np.array([[0.0], [7.0], [14.0]])])
    assert phi.prior.arguments == {"alpha": 7.0, "beta": 1.0}
