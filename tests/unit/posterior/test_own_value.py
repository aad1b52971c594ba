"""loo of rows with a latent residual process, their own value integrated out, against numerical integrals."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.comparison.loo import MOST_VALUES, foreseen
from tests.unit.posterior.random_points import fit_of_points

S, LONG = 4, 16


def table(blocks: int = 3) -> pd.DataFrame:
    """Blocks at most of 16 positions, each a little different."""
    rng = np.random.default_rng(3)
    kept = [np.sort(rng.choice(LONG, 14, replace=False)) for _ in range(blocks)]
    frame = pd.DataFrame({"g": np.repeat([f"g{i}" for i in range(blocks)], 14), "t": np.concatenate(kept)})
    frame["x"], frame["m"] = rng.normal(size=len(frame)), 5
    walk = np.concatenate([np.cumsum(rng.normal(0, 0.3, size=14)) for _ in range(blocks)])
    frame["y"] = rng.poisson(np.exp(0.7 + walk))
    frame["k"] = np.minimum(frame["y"], 5)
    return frame


def made_up(formula: str, family: str, typed: str) -> Fit:
    return fit_of_points(hl.Model(formula, table(), family, residual=typed), 2, S // 2)


def draw(fit: Fit, variable: str) -> np.ndarray:
    values = fit.posterior[variable].to_numpy()
    return values.reshape(S, *values.shape[2:])


@pytest.mark.parametrize(
    ("formula", "family", "typed"),
    [
        ("y ~ x + (1 | g)", "poisson", "ar1(t | g)"),
        ("k | trials(m) ~ x", "binomial", "exp(t | g, nugget=True)"),
        ("y ~ x", "negbinomial", "car1(t | g)"),
    ],
)
def test_a_row_is_foreseen_from_all_values_but_its_own(formula: str, family: str, typed: str) -> None:
    """∫ p(y_i | e_i) p(e_i | e_-i) de_i by SciPy, the conditional by dense algebra."""
    fit, data = made_up(formula, family, typed), table()
    found = foreseen(fit, "row_in_known_group", "g", None)
    assert "the row's own value of residual" in found.method
    block = next(b for b in fit.model.blocks if b.process is not None)
    positions = block.pieces[0].source.positions
    assert positions is not None
    d = abs(positions - positions.T)
    offset = len(fit.model.groups["g"]) - 1
    for s in range(S):
        sd = draw(fit, "sd_g").reshape(S, -1)[s, -1]
        if typed.startswith("exp"):
            c = draw(fit, "nugget_g")[s]
            R = (1 - c) * np.exp(-d / draw(fit, "range_g")[s]) + c * np.eye(len(d))
        else:
            R = draw(fit, "phi_g")[s] ** d
        V, r, b = sd**2 * R, draw(fit, "r_g")[s], draw(fit, "b")[s]
        for i in (0, 5, 20, 41):
            j, k = int(data["g"][i][1:]), int(np.flatnonzero(positions[:, 0] == data["t"][i])[0])
            o = np.delete(np.arange(len(d)), k)
            W = np.linalg.solve(V[np.ix_(o, o)], V[o, k])
            m, v = W @ r[j, offset:][o], V[k, k] - W @ V[o, k]
            eta = b[0] + b[1] * data["x"][i] + (r[j, 0] if offset else 0.0)

            def integrand(e: float, i: int = i, eta: float = eta, m: float = m, v: float = v, s: int = s) -> float:
                value = eta + e
                if family == "poisson":
                    p = stats.poisson(np.exp(value)).pmf(data["y"][i])
                elif family == "binomial":
                    p = stats.binom(5, 1 / (1 + np.exp(-value))).pmf(data["k"][i])
                else:
                    shape = draw(fit, "shape")[s]
                    p = stats.nbinom(shape, shape / (shape + np.exp(value))).pmf(data["y"][i])
                return float(p * stats.norm(m, np.sqrt(v)).pdf(e))

            expected, _ = integrate.quad(
                integrand, m - 9 * np.sqrt(v), m + 9 * np.sqrt(v), limit=200, epsabs=0, epsrel=1e-9
            )
            assert found.values[s, i] == pytest.approx(np.log(expected), abs=2e-4)


def test_short_processes_are_integrated_whole_and_others_refused_where_they_were() -> None:
    data = table().groupby("g").head(4)
    data = data.assign(t=data.groupby("g").cumcount())
    assert MOST_VALUES >= 5
    fit = fit_of_points(hl.Model("y ~ x + (1 | g)", data, "poisson", residual="ar1(t | g)"), 1, 2)
    assert "own value" not in foreseen(fit, "row_in_known_group", "g", None).method
    with pytest.raises(PosteriorError, match="no target 'rows'"):
        foreseen(fit, "rows", "g", None)


@pytest.mark.slow
@pytest.mark.statistical
def test_it_estimates_what_the_whole_integral_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """elpd of each row by either way, at a real posterior: they differ by less than the weights' own noise."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"g": np.repeat([f"g{i:02d}" for i in range(15)], 5), "t": np.tile(range(5), 15)})
    e = np.stack([np.convolve(rng.normal(size=30), 0.6 ** np.arange(20))[20:25] for _ in range(15)]) * 0.6
    frame["y"] = rng.poisson(np.exp(1.0 + e.ravel()))
    fit = hl.Model("y ~ 1", frame, "poisson", residual="ar1(t | g)").fit(seed=2, chains=4, progress=False)
    whole = fit.loo("row_in_known_group", group="g", draws=200)
    monkeypatch.setattr(sys.modules["hierlm.posterior.comparison.loo"], "MOST_VALUES", 0)
    own = fit.loo("row_in_known_group", group="g", draws=200)
    assert own.units["khat"].max() < 0.7
    difference = own.units["elpd"] - whole.units["elpd"]
    assert abs(difference).max() < 0.1
    assert abs(difference.sum()) < 0.4
    assert own.units["khat"].mean() < fit.loo(draws=200).units["khat"].mean()
