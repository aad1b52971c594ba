"""θ: scales of the standard deviations, signs, correlations and priors, each by itself."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

import hierlm as hl
from hierlm.graph.evaluate import evaluate
from hierlm.kernels.correlations import EXCHANGEABLE, UNSTRUCTURED, correlation, correlation_gradient
from hierlm.kernels.parameters import Parameters, constrained, pick, without_signs
from hierlm.kernels.priors import CODES, REAL_CODES, log_prior, log_real_prior

ARGUMENTS = {
    "HalfFlat": (),
    "HalfNormal": (1.7,),
    "HalfStudentT": (3.5, 0.8),
    "HalfCauchy": (2.0,),
    "Exponential": (0.7,),
    "Gamma": (2.5, 1.5),
    "InverseGamma": (3.0, 2.0),
    "LogNormal": (0.3, 0.9),
    "Flat": (),
    "StudentT": (3.5, 0.8),
    "Cauchy": (2.0,),
    "Laplace": (1.3,),
    "Logistic": (0.6,),
}


@pytest.mark.parametrize("name", [*CODES, *REAL_CODES])
def test_priors(name: str) -> None:
    """PyMC's log-density but for a constant, and its derivative by differences."""
    code, arguments = (CODES | REAL_CODES)[name]
    kernel, x = (
        (log_prior, np.array([1e-3, 0.2, 1.0, 3.0, 40.0]))
        if name in CODES
        else (log_real_prior, np.array([-30.0, -1.0, -1e-3, 0.4, 8.0]))
    )
    a, b = [*ARGUMENTS[name], 0.0, 0.0][:2]
    prior = hl.Prior(name, **dict(zip(arguments, ARGUMENTS[name], strict=True)))
    theirs = evaluate(lambda v: pm.logp(prior.dist(), v) + 0.0 * v, v=x)
    mine = np.array([kernel(code, a, b, v)[0] for v in x])
    np.testing.assert_allclose(mine - mine[0], theirs - theirs[0], rtol=1e-10, atol=1e-10)
    for v in x:
        step = 1e-6 * abs(v)
        numeric = (kernel(code, a, b, v + step)[0] - kernel(code, a, b, v - step)[0]) / (2 * step)
        assert kernel(code, a, b, v)[1] == pytest.approx(numeric, rel=1e-5, abs=1e-8)


def _packed(sizes: list[int], owner: list[list[int]], units: list[float], cors: list[list[float]]) -> Parameters:
    """Half-normal priors everywhere; θ holds the sds, then the correlations, then one positive parameter."""
    K = len(units) + sum(1 if c[3] == EXCHANGEABLE else int(c[2] * (c[2] - 1) // 2) for c in cors) + 1
    return Parameters(
        centre=np.linspace(-0.5, 0.7, K),
        axes=np.eye(K) + 0.1 * np.random.default_rng(1).normal(size=(K, K)),
        sizes=np.array(sizes),
        owner=np.array(owner),
        sds=np.array([[i, 1.0, u, 1.0, 2.0, 0.0] for i, u in enumerate(units)]),
        cors=np.array(cors, dtype=float).reshape(-1, 6),
        positives=np.array([[K - 1, 1.0, 1.0, 1.0, 2.0, 0.0]]),
        scales=np.array([3.0]),
    )


def test_both_scales_of_a_standard_deviation() -> None:
    """s log(1 + eᵛ), and with a negative unit s v; the densities of v are p(sd) s σ(v), and p(|s v|) s but for a half."""
    p = _packed([1, 1], [[0], [1]], [0.8, -0.8], [])
    totals = []
    for v in (-1.3, -0.2, 0.4, 2.0):
        theta = np.array([v, v, 0.1])
        total, values, _, F, positives = constrained(theta, p)
        assert values == pytest.approx([0.8 * np.logaddexp(0, v), 0.8 * v])
        assert [F[0, 0, 0], F[1, 0, 0], F[2, 0, 0]] == pytest.approx([*values, 3.0])
        assert positives == pytest.approx([np.exp(0.1)])
        priors = -0.5 * ((values / 2) ** 2).sum() - 0.5 * (positives[0] / 2) ** 2
        totals.append(total - priors + np.logaddexp(0, -v) - 0.1)
    np.testing.assert_allclose(totals, totals[0], atol=1e-12)


def test_coordinates() -> None:
    p = _packed([1], [[0]], [1.0], [])
    zeta = np.array([0.3, -1.2])
    np.testing.assert_allclose(pick(zeta, p), p.centre + p.axes @ zeta)


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, -1, -1), (-1, -1, -1)])
def test_signs_go_to_the_correlations(signs: tuple[int, ...]) -> None:
    """D C → |D| (S C S), S the signs: the covariance stays, the diagonal of C stays positive; others are left alone."""
    p = _packed(
        [3, 2],
        [[0, 1, 2], [3, -1, -1]],
        [-0.5, -1.0, -2.0, -1.0],
        [[0, 0, 3, UNSTRUCTURED, 2.0, 4], [1, 0, 2, EXCHANGEABLE, 2.0, 7]],
    )
    theta = np.array([*signs, -1.0, 0.4, -0.7, 1.1, 0.6, 0.0])
    _, values, C, F, _ = constrained(theta, p)
    assert np.sign(values).tolist() == [*signs, -1]
    without_signs(p, values, C)
    assert np.all(values > 0)
    for g, k, sd in ((0, 3, values[:3]), (1, 2, np.array([values[3], 1.0]))):
        mine = sd[:, None] * C[g, :k, :k]
        np.testing.assert_allclose(mine @ mine.T, F[g, :k, :k] @ F[g, :k, :k].T, rtol=1e-12)
        assert np.all(np.diag(C[g, :k, :k]) > 0)
        assert np.all(np.triu(C[g, :k, :k], 1) == 0)


@pytest.mark.parametrize(
    ("kind", "k"), [(EXCHANGEABLE, k) for k in (2, 3, 5)] + [(UNSTRUCTURED, k) for k in (2, 3, 4, 6)]
)
def test_correlations(kind: int, k: int) -> None:
    """C Cᵀ is a correlation matrix, of one r or of any; derivatives of the log prior and of any function of C."""
    n, rng = (1 if kind == EXCHANGEABLE else k * (k - 1) // 2), np.random.default_rng(k)
    slope = np.tril(rng.normal(size=(k, k)))

    def value(v: np.ndarray) -> float:
        C = np.zeros((k, k))
        return correlation(kind, k, 1.7, v, C) + float((slope * C).sum())

    for _ in range(3):
        v, C, out = rng.normal(size=n), np.zeros((k, k)), np.zeros(n)
        correlation(kind, k, 1.7, v, C)
        R = C @ C.T
        np.testing.assert_allclose(np.diag(R), 1, rtol=1e-12)
        if kind == EXCHANGEABLE:
            np.testing.assert_allclose(R[np.triu_indices(k, 1)], R[0, 1], rtol=1e-12)
        correlation_gradient(kind, k, 1.7, v, C, slope, out)
        numeric = [(value(v + s) - value(v - s)) / 2e-6 for s in np.eye(n) * 1e-6]
        np.testing.assert_allclose(out, numeric, rtol=1e-6, atol=1e-7)
