"""diagnose: what must be flagged is flagged, and named; what is constant by construction is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import hierlm as hl
from hierlm.posterior.convergence import convergence
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import fit, model

GOOD = 800


def changed(f: hl.Fit, variable: str, change: Callable[[np.ndarray], np.ndarray], group: str = "posterior") -> hl.Fit:
    """The same fit with one variable's draws (chain, draw, …) changed."""
    tree = {k: v.to_dataset().copy(deep=True) for k, v in f.draws.children.items()}
    array = tree[group][variable].transpose("chain", "draw", ...)
    tree[group][variable] = (array.dims, change(array.to_numpy().copy()))
    return hl.Fit(f.model, xr.DataTree.from_dict(tree), f.provenance)


def status(f: hl.Fit) -> dict[str, str]:
    return hl.diagnose(f).checks.set_index("check")["status"].to_dict()


def test_good_draws_pass():
    found = hl.diagnose(fit("us", draws=GOOD))
    assert found.ok
    assert (found.checks["status"] == "ok").all()
    assert len(found.worst) == 0
    assert found.advice == ()
    assert found.verdict == "Converged: all checks passed."


def test_nan_is_never_fine():
    def spoil(values: np.ndarray) -> np.ndarray:
        values[1, 300:] = np.nan
        return values

    found = hl.diagnose(changed(fit("us", draws=GOOD), "b", spoil))
    assert not found.ok
    assert found.checks.set_index("check").loc["finite draws", ["status", "failed"]].tolist() == ["failed", 2]
    assert set(found.worst.index) == {"b[Intercept]", "b[x]"}
    assert (found.worst["problem"] == "not finite").all()


def test_an_all_nan_fit_fails_everything():
    found = status(changed(fit("one", draws=GOOD), "b", lambda v: np.full_like(v, np.nan)))
    assert {c for c, s in found.items() if s == "failed"} >= {"finite draws", "R̂", "bulk ESS", "tail ESS", "MCSE / sd"}


@pytest.mark.parametrize("chains", [[2], [0, 1, 2, 3]])
def test_a_stuck_chain_is_flagged(chains: list[int]):
    def stick(values: np.ndarray) -> np.ndarray:
        values[chains] = values[chains, :1]
        return values

    found = hl.diagnose(changed(fit("one", draws=GOOD), "sigma", stick))
    assert not found.ok
    assert found.worst.loc["sigma", "problem"] == "does not move"
    assert found.checks.set_index("check").loc["moving chains", "failed"] == 1


def test_a_fixed_parameter_is_left_out():
    found = hl.diagnose(fit("fixed", draws=GOOD))
    assert found.ok
    assert np.isnan(hl.summary(fit("fixed", draws=GOOD)).frame.loc["sigma", "r_hat"])


def test_chains_that_disagree():
    def shift(values: np.ndarray) -> np.ndarray:
        values[0, :, 3, 1] += 2.0
        return values

    found = hl.diagnose(changed(fit("us", draws=GOOD), "r_g", shift))
    assert found.worst.index.tolist() == ["r_g[s3, x]"]
    assert "R̂" in found.verdict


def test_the_five_worst_are_named():
    """Twelve effects, of which five are shifted a lot and four a little."""

    def shift(values: np.ndarray) -> np.ndarray:
        values[0, :, :5, 1] += 3.0
        values[0, :, :4, 0] += 0.4
        return values

    found = hl.diagnose(changed(fit("us", draws=GOOD), "r_g", shift))
    assert set(found.worst.index) == {f"r_g[s{i}, x]" for i in range(5)}
    assert found.checks.set_index("check").loc["R̂ of effects", "failed"] == 9


def test_slow_mixing_asks_for_more_draws():
    def walk(values: np.ndarray) -> np.ndarray:
        slow = np.random.default_rng(0).normal(size=values.shape)
        for i in range(1, slow.shape[1]):
            slow[:, i] = 0.97 * slow[:, i - 1] + 0.25 * slow[:, i]
        return np.exp(slow / 10)

    found = hl.diagnose(changed(fit("one", draws=GOOD), "sigma", walk))
    assert status(changed(fit("one", draws=GOOD), "sigma", walk))["bulk ESS"] == "failed"
    assert found.worst.index.tolist() == ["sigma"]
    assert "Sample longer: fit(draws=" in found.advice[0]


def test_one_chain_cannot_be_judged():
    found = hl.diagnose(fit("one", chains=1, draws=GOOD))
    assert not found.ok
    assert found.checks.set_index("check").loc["R̂", "status"] == "not judged"
    assert found.verdict == "Convergence cannot be judged: R̂."
    assert any("chains=4" in a for a in found.advice)
    assert len(found.worst) == 0


@pytest.mark.parametrize(
    ("variable", "change", "check", "words"),
    [
        ("diverging", lambda v: v | (np.arange(v.shape[1]) == 7), "divergences", "target_accept=0.95"),
        ("reached_max_treedepth", lambda v: ~v, "tree depth", "max_treedepth=12"),
        ("energy", lambda v: np.cumsum(v, axis=1), "E-BFMI", "tune"),
        ("energy", lambda v: np.full_like(v, np.nan), "E-BFMI", "tune"),
        ("diverging", lambda v: np.full(v.shape, np.nan), "divergences", "target_accept"),
    ],
)
def test_the_sampler_is_asked(variable: str, change: Callable, check: str, words: str):
    found = hl.diagnose(changed(fit("one", draws=GOOD), variable, change, "sample_stats"))
    failed = found.checks.query("status == 'failed'")
    assert failed["check"].tolist() == [check]
    assert words in " ".join(found.advice)
    assert check in found.verdict


def test_names_of_nutpie():
    f = fit("one", draws=GOOD)
    stats = f.draws["sample_stats"].to_dataset().rename(reached_max_treedepth="maxdepth_reached")
    g = hl.Fit(f.model, xr.DataTree.from_dict({"posterior": f.posterior, "sample_stats": stats}), f.provenance)
    assert status(g)["tree depth"] == "ok"
    deep = stats.drop_vars("maxdepth_reached").assign(tree_depth=xr.full_like(stats["energy"], 10.0))
    g = hl.Fit(f.model, xr.DataTree.from_dict({"posterior": f.posterior, "sample_stats": deep}), f.provenance)
    assert status(g)["tree depth"] == "failed"


def test_without_sampler_statistics_the_draws_are_judged():
    f = synthetic_fit(model("one"), draws=GOOD, stats=False)
    assert hl.diagnose(f).ok
    assert status(f)["divergences"] == "not recorded"


def test_a_few_draws_do_not_pass():
    for draws in (1, 2, 3, 5):
        assert not hl.diagnose(fit("one", draws=draws)).ok


# ------------------------------------------------------------------------------------------------- the numbers
def awkward() -> np.ndarray:
    """Columns (chain, draw, n) of several kinds: independent, slow, antithetic, tied, shifted, heavy-tailed."""
    rng = np.random.default_rng(0)
    e = rng.normal(size=(3, 401))
    slow, anti = e.copy(), e.copy()
    for i in range(1, 401):
        slow[:, i] = 0.95 * slow[:, i - 1] + e[:, i]
        anti[:, i] = -0.7 * anti[:, i - 1] + e[:, i]
    shifted = e + np.array([[0.0], [0.2], [1.0]])
    repeated = np.repeat(e[:, :101], 4, axis=1)[:, :401]
    columns = [
        e,
        slow,
        anti,
        np.round(e),
        shifted,
        repeated,
        np.exp(3 * e),
        1e9 + 1e-3 * e,
        rng.standard_cauchy(e.shape),
    ]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("draws", [401, 400, 37, 5, 4])
@pytest.mark.parametrize("chains", [3, 2, 1])
def test_diagnostics_are_those_of_arviz(chains: int, draws: int):
    from arviz_stats.base import array_stats

    x = awkward()[:chains, :draws]
    found, axes = convergence(x), {"chain_axis": 0, "draw_axis": 1}
    with np.errstate(all="ignore"):
        expected = {
            "ess_bulk": array_stats.ess(x, method="bulk", **axes),
            "ess_tail": array_stats.ess(x, method="tail", prob=(0.05, 0.95), **axes),
            "mcse_mean": array_stats.mcse(x, method="mean", **axes),
        }
        if chains > 1:
            expected["r_hat"] = array_stats.rhat(x, method="rank", **axes)
    moves = (x != x[:, :1]).any(axis=1).all(axis=0)
    for name, values in expected.items():
        assert getattr(found, name)[moves] == pytest.approx(np.asarray(values)[moves], rel=1e-6, nan_ok=True), name


def test_one_number_does_not_depend_on_the_others():
    x = awkward()
    together = convergence(x)
    for i in range(x.shape[-1]):
        alone = convergence(x[..., [i]])
        for name in ("r_hat", "ess_bulk", "ess_tail", "mcse_mean"):
            assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[i], rel=1e-9)


def test_a_diagnosis_is_made_once():
    f = fit("us", draws=GOOD)
    assert hl.diagnose(f) is hl.diagnose(f)
    assert hl.diagnose(f) is not hl.diagnose(fit("one", draws=GOOD))
