"""The sparse block Cholesky, its solves and its reverse mode against dense algebra, for random designs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_triangular

from hierlm.kernels import structure as structures
from hierlm.kernels.elimination import add_outer, factorise, factorise_back, solve_lower, solve_upper
from hierlm.kernels.scaling import back_scale, back_transposed, scale, times, transposed
from tests.unit.kernels.structures import DENSE, DESIGNS, Design, make, stored
from tests.unit.reductions.dense import unpacked

SEEDS = (0, 1)


@pytest.fixture(params=DESIGNS)
def design(request: pytest.FixtureRequest) -> Design:
    return make(request.param)


def _factor(d: Design, values: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """(L as stored, Σ log of its diagonal) of I + MᵀSM, or of the given values."""
    V = np.zeros(d.structure.values) if values is None else values.copy()
    if values is None:
        scale(d.F, d.structure, d.S, V)
    ok, half = factorise(V, d.structure)
    assert ok
    return V, half


def _matrix(d: Design) -> np.ndarray:
    return np.eye(d.structure.columns) + d.M.T @ (d.W.T @ (d.weights[:, None] * d.W)) @ d.M


def test_cross_products(design: Design) -> None:
    """WᵀΩW and WᵀΩy; nothing lies outside the pattern."""
    S = design.W.T @ (design.weights[:, None] * design.W)
    np.testing.assert_allclose(unpacked(design.structure, design.S), S, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(design.r, design.W.T @ (design.weights * design.scores), rtol=1e-12, atol=1e-12)


def test_scaling(design: Design) -> None:
    """I + MᵀSM, M x and Mᵀ x."""
    V, x, out = np.zeros(design.structure.values), np.random.default_rng(1).normal(size=len(design.r)), design.r.copy()
    scale(design.F, design.structure, design.S, V)
    np.testing.assert_allclose(unpacked(design.structure, V), _matrix(design), rtol=1e-11, atol=1e-11)
    times(design.F, design.structure, x, out)
    np.testing.assert_allclose(out, design.M @ x, rtol=1e-12, atol=1e-12)
    transposed(design.F, design.structure, x, out)
    np.testing.assert_allclose(out, design.M.T @ x, rtol=1e-12, atol=1e-12)


def test_factor_and_solves(design: Design) -> None:
    """L, ½ log|B|, L⁻¹x and L⁻ᵀx, 1e-10: elimination in this order fills nothing outside the pattern."""
    L = np.linalg.cholesky(_matrix(design))
    V, half = _factor(design)
    np.testing.assert_allclose(unpacked(design.structure, V, symmetric=False), L, rtol=1e-10, atol=1e-10)
    assert half == pytest.approx(np.log(np.diag(L)).sum(), rel=1e-11, abs=1e-11)
    x = np.random.default_rng(2).normal(size=len(design.r))
    for solve, transpose in ((solve_lower, 0), (solve_upper, 1)):
        mine = x.copy()
        solve(V, design.structure, mine)
        theirs = solve_triangular(L, x, lower=True, trans=transpose) if len(x) else x
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)


def test_reverse_of_the_factor(design: Design) -> None:
    """∂/∂B of any function of L: against the difference of that function along a random direction of the pattern."""
    st, rng = design.structure, np.random.default_rng(3)
    lower = stored(st)
    B = np.zeros(st.values)
    scale(design.F, st, design.S, B)
    V, _ = _factor(design, B)
    for _ in SEEDS:
        slope, direction = rng.normal(size=st.values) * lower, rng.normal(size=st.values) * lower
        bar = slope.copy()
        factorise_back(V, bar, st)
        step = 1e-6
        ahead, behind = (_factor(design, B + s * direction)[0] for s in (step, -step))
        numeric = (slope * (ahead - behind))[lower].sum() / (2 * step)
        assert (bar * direction)[lower].sum() == pytest.approx(numeric, rel=1e-6, abs=1e-6)


def test_reverse_of_the_scaling(design: Design) -> None:
    """∂/∂M of any function of MᵀSM and of Mᵀx."""
    st, rng = design.structure, np.random.default_rng(4)
    slope, x, out_bar = (
        rng.normal(size=st.values) * stored(st),
        rng.normal(size=st.columns),
        rng.normal(size=st.columns),
    )

    def value(F: np.ndarray) -> float:
        V, out = np.zeros(st.values), np.empty(st.columns)
        scale(F, st, design.S, V)
        transposed(F, st, x, out)
        return float((slope * np.where(stored(st), V, 0.0)).sum() + out_bar @ out)

    F_bar, step = np.zeros(design.F.shape), 1e-6
    back_scale(design.F, st, design.S, slope.copy(), F_bar)
    back_transposed(st, x, out_bar, F_bar)
    for _ in SEEDS:
        direction = np.tril(rng.normal(size=design.F.shape))
        numeric = (value(design.F + step * direction) - value(design.F - step * direction)) / (2 * step)
        assert (F_bar * direction).sum() == pytest.approx(numeric, rel=1e-6, abs=1e-6)


def test_what_a_solve_says_about_the_factor(design: Design) -> None:
    """bar −= left rightᵀ on the pattern of L."""
    st, rng = design.structure, np.random.default_rng(5)
    left, right, bar = rng.normal(size=st.columns), rng.normal(size=st.columns), np.zeros(st.values)
    add_outer(bar, st, left, right)
    pattern = unpacked(st, np.where(stored(st), 1.0, 0.0), symmetric=False)
    np.testing.assert_allclose(unpacked(st, bar, symmetric=False), -np.outer(left, right) * pattern)


@pytest.mark.parametrize("name", DENSE)
def test_products_of_matrices_or_of_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes coupled with the whole root are dealt with together; the same factor and derivative as one by one."""
    together = make(name)
    assert together.structure.dense < together.structure.nodes
    monkeypatch.setattr(structures, "DENSE_ROOT", 10**6)
    single = make(name)
    assert single.structure.dense == single.structure.nodes
    slope = np.random.default_rng(6).normal(size=(single.structure.columns,) * 2)
    found = []
    for d in (together, single):
        V, half = _factor(d)
        pattern = unpacked(single.structure, stored(single.structure).astype(float), symmetric=False)
        bar = _packed(d, slope * pattern)
        factorise_back(V, bar, d.structure)
        found.append(
            (unpacked(d.structure, V, symmetric=False), half, unpacked(d.structure, bar, symmetric=False) * pattern)
        )
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-9)


def _packed(d: Design, A: np.ndarray) -> np.ndarray:
    """The values of a lower triangle in the structure's pattern."""
    st, places = d.structure, np.arange(1.0, d.structure.values + 1)
    at = unpacked(st, np.where(stored(st), places, 0.0), symmetric=False).astype(int)
    values = np.zeros(st.values)
    values[at[at > 0] - 1] = A[at > 0]
    return values


@pytest.mark.parametrize(
    "name", ["k = 1", "k = 4", "nested", "crossed", "LAPACK", "dense", "dense slopes", "dense and LAPACK"]
)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e9])
def test_what_is_not_positive_definite_is_refused(name: str, bad: float) -> None:
    """A bad pivot in a node, or in the root: no exception, no factor."""
    d = make(name)
    st = d.structure
    places = [st.start[0], st.start[max(st.nodes - 1, 0)]] + ([st.start[st.nodes]] if st.root else [])
    for place in places:
        V = np.zeros(st.values)
        scale(d.F, st, d.S, V)
        V[place] = bad
        ok, _ = factorise(V, st)
        assert not ok
