"""The calibration harness itself: it calls right posteriors right, wrong ones wrong, and loses nothing when killed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.covariances import get_covariance
from hierlm.families import FAMILIES
from hierlm.kernels.responses import RESPONSES as KERNELS
from hierlm.samplers.sampler import Settings
from tests.trust import page, replicate as replication, run as running, store, summary
from tests.trust.cells import CELLS, Cell
from tests.trust.correlations import MEANINGS as CORRELATED
from tests.trust.covariances import MEANINGS
from tests.trust.densities import log_density, needed
from tests.trust.further import EVERY, FAST, FURTHER
from tests.trust.judge import RANKS, band, ecdf_p_value, judge
from tests.trust.quantities import quantities, truths
from tests.trust.responses import RESPONSES
from tests.trust.reuse import Compiled
from tests.trust.structures import STRUCTURES

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


def ranks(n: int, *, width: float = 1.0, shift: float = 0.0, seed: int = 1) -> np.ndarray:
    """Of truths N(0, 1) among 99 draws of a posterior N(shift, width)."""
    rng = np.random.default_rng(seed)
    return (rng.normal(shift, width, (n, RANKS - 1)) < rng.normal(size=(n, 1))).sum(axis=1)


# ------------------------------------------------------------------------------------------------------ the tests
@pytest.mark.parametrize("n", [20, 200])
def test_p_values_of_right_posteriors_are_uniform(n: int) -> None:
    """Of 100 quantities, within 4.5 standard errors; the exact test is a little conservative, ranks being discrete."""
    found = [judge(ranks(n, seed=seed)) for seed in range(100)]
    for p in (np.array([f.p_ecdf for f in found]), np.array([f.p_z for f in found])):
        for level in (0.02, 0.1, 0.5):
            assert np.mean(p <= level) <= level + 4.5 * np.sqrt(level * (1 - level) / len(p)), level
        assert np.mean(p <= 0.5) > 0.25


def test_the_p_value_is_what_simulation_says() -> None:
    """P(a curve of 60 uniform ranks leaves the narrowest band of these ranks), by 2,000 curves; 4.5 standard errors."""
    mine = ranks(60, shift=0.25, seed=4)
    p = ecdf_p_value(mine)
    curves = np.random.default_rng(7).integers(0, RANKS, (2000, 60))
    smaller = np.mean(_gamma(curves) <= _gamma(mine[None]) * (1 + 1e-9))
    assert 0.01 < p < 0.99
    assert abs(p - smaller) < 4.5 * np.sqrt(p * (1 - p) / 2000)


def _gamma(curves: np.ndarray) -> np.ndarray:
    """The smallest two-sided binomial probability of the counts of each row."""
    n, k = curves.shape[1], np.arange(1, RANKS)
    counts = (curves[:, :, None] < k).sum(axis=1)
    below, above = stats.binom.cdf(counts, n, k / RANKS), stats.binom.sf(counts - 1, n, k / RANKS)
    return 2 * np.minimum(below, above).min(axis=1)


def test_the_band_holds_what_it_says() -> None:
    """A band of 2 %: of 2,000 curves of 50 ranks about as many leave it; 4.5 standard errors above, and not much less."""
    low, high = band(50, 0.02)
    rng = np.random.default_rng(5)
    counts = np.array([np.cumsum(np.bincount(rng.integers(0, RANKS, 50), minlength=RANKS))[:-1] for _ in range(2000)])
    leaves = np.mean(((counts < low) | (counts > high)).any(axis=1))
    assert 0.005 < leaves < 0.02 + 4.5 * np.sqrt(0.02 / 2000)


WRONG: dict[str, tuple[int, dict[str, float]]] = {
    "half as wide": (100, {"width": 0.5}),
    "a fifth too narrow": (500, {"width": 0.8}),
    "twice as wide": (100, {"width": 2.0}),
    "off by one standard deviation": (100, {"shift": 1.0}),
    "off by a half": (500, {"shift": 0.5}),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_posteriors_are_noticed(name: str) -> None:
    """With the number of tests that the whole grid has, at a family-wise 1e-4."""
    n, how = WRONG[name]
    found = judge(ranks(n, **how))
    assert min(found.p_ecdf, found.p_z) * number_of_tests() < summary.FAMILY_WISE


@cache
def number_of_tests() -> int:
    """Of the whole grid."""
    pairs = [(cell, cell.simulate(0)) for cell in EVERY.values()]
    return 2 * sum(len(quantities(cell, made, truths(cell, made))) for cell, made in pairs)


def test_coverage_is_that_of_the_ranks() -> None:
    found = judge(np.arange(100))
    assert found.inside == {50: 50, 90: 90}
    assert found.variance_z == pytest.approx(1.0)
    assert found.mean_z == pytest.approx(0.0, abs=1e-12)
    assert judge(ranks(500, width=0.5)).inside[50] < 0.4 * 500


# ---------------------------------------------------------------------------------------------------- the cells
def test_every_family_has_a_simulator() -> None:
    needed(FAMILIES, RESPONSES, "simulator")
    assert len(CELLS) == len(RESPONSES) * len(STRUCTURES)
    for response in RESPONSES.values():
        family = FAMILIES[response.family]
        estimated = [p.name for p in family.parameters[1:] if p.fixed is None]
        assert [*estimated, *(vector.name for vector in family.vectors)] == list(response.others)
        assert response.link in family.parameters[0].links


def test_six_structures() -> None:
    assert list(STRUCTURES) == ["intercept", "slope us", "slope idh", "nested", "crossed", "observation"]
    assert get_covariance("us").correlated(2)


def test_every_structure_has_a_cell() -> None:
    """Of groups, and of residuals but those whose options give them coefficients of two kinds."""
    assert {f"gaussian/{name}" for name in MEANINGS} <= set(FURTHER)
    without = {name for name in CORRELATED if f"gaussian/residual {name}" not in FURTHER}
    assert without == {"exp nugget", "mat 2.5 nugget"}
    assert set(FAST) == {key.split(":")[0] for key in KERNELS}


@pytest.mark.parametrize("name", EVERY)
def test_a_cell(name: str) -> None:
    """hierlm reads it, every prior is given, at least 8 quantities are finite, and a number makes the same data again."""
    cell = EVERY[name]
    made, again = cell.simulate(3), cell.simulate(3)
    for column, values in made.table.items():
        np.testing.assert_array_equal(values, again.table[column])
    assert not np.array_equal(cell.simulate(4).table["y"], made.table["y"])
    model = cell.model(made)
    assert set(model.priors()["source"]) == {"user"}
    found = quantities(cell, made, truths(cell, made))
    assert len(found) >= 8
    assert {"log-likelihood", "new group"} <= set(found)
    assert all(np.isfinite(v) for v in found.values())
    for group, labels in made.labels.items():
        levels = np.array(next(b for b in model.blocks if b.group == group).levels)
        np.testing.assert_array_equal(levels[model.groups[group][0].codes], np.array(labels)[made.codes[group]])


@pytest.mark.parametrize("name", RESPONSES)
def test_simulators_draw_from_the_density(name: str) -> None:
    """E[d log p / d η] = 0 at the truth, over 20,000 rows; 4.5 standard errors."""
    response, rng = RESPONSES[name], np.random.default_rng(11)
    n, h = 20_000, 1e-4
    table = response.columns(rng, n)
    values = response.typical()
    table["y"] = response.simulate(rng, np.full(n, 0.3), table, values)
    rows = [{k: v[:, None] for k, v in table.items()}, np.full((n, 1), 0.3)]
    scores = (
        response.log_likelihood(rows[0], rows[1] + h, values) - response.log_likelihood(rows[0], rows[1] - h, values)
    ) / (2 * h)
    assert abs(scores.mean()) < 4.5 * scores.std() / np.sqrt(n)
    for p in response.others:
        for step in np.atleast_2d(np.eye(values[p].size)) if values[p].ndim else [1.0]:
            up, down = (values | {p: values[p] + s * h * step} for s in (1, -1))
            scores = (response.log_likelihood(*rows, up) - response.log_likelihood(*rows, down)) / (2 * h)
            assert abs(scores.mean()) < 4.5 * scores.std() / np.sqrt(n), (p, step)


@pytest.mark.parametrize("family", ["bernoulli", "binomial", "beta_binomial", "beta"])
def test_densities_of_probabilities_far_out(family: str) -> None:
    """At η = ±45, where g⁻¹ rounds to one, they are finite, and those of the mirror image."""
    others = dict.fromkeys(RESPONSES[family].others, 3.5) | ({"trials": 5.0} if RESPONSES[family].trials else {})
    top = {"bernoulli": 1.0, "beta": 1.0}.get(family, 5.0)
    for y in (0.25, 0.75) if family == "beta" else (0.0, top):
        here, there = (
            log_density(family, "logit", np.float64(v), np.float64(e), **others)
            for v, e in ((y, 45.0), (top - y, -45.0))
        )
        assert np.isfinite(here)
        assert here == pytest.approx(there, rel=1e-12)


# ------------------------------------------------------------------------------------------- a run and its store
NAMES = ["poisson/intercept", "gaussian/nested"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Replications without fits: ranks of a right posterior; which were made."""
    made: list[tuple[str, int]] = []

    def replicate(cell: Cell, path: str, number: int) -> dict[str, Any]:
        made.append((cell.name, number))
        found = np.random.default_rng([number, len(cell.name)]).integers(0, RANKS, 9)
        names = [f"q{i}" for i in range(9)]
        rest = {"plan": "none", "runs": 1, "divergences": 0, "redrawn": 0, "seconds": 0.1}
        return {
            "cell": cell.name,
            "path": path,
            "number": number,
            "ranks": dict(zip(names, found.tolist(), strict=True)),
        } | rest

    monkeypatch.setattr(running, "replicate", replicate)
    return made


def test_a_run_goes_on_where_it_was_killed(
    quick: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in the middle, with half a line on disk: nothing is lost, nothing made twice, numbers are the same."""
    whole = running.replicate

    def killed(cell: Cell, path: str, number: int) -> dict[str, Any]:
        if len(quick) == 13:
            raise KeyboardInterrupt
        return whole(cell, path, number)

    monkeypatch.setattr(running, "replicate", killed)
    with pytest.raises(KeyboardInterrupt):
        running.run(NAMES, "default", 15, tmp_path)
    file = store.file_of(tmp_path, "default", NAMES[1])
    with file.open("a", encoding="utf-8") as out:
        out.write('{"cell": "gaussian/nes')
    monkeypatch.setattr(running, "replicate", whole)
    assert running.run(NAMES, "default", 15, tmp_path) == 0
    assert len(quick) == len(set(quick)) == 30
    for name in NAMES:
        assert [r["number"] for r in store.records(tmp_path, "default", name)] == list(range(15))
    assert running.run(NAMES, "default", 15, tmp_path) == 0
    assert len(quick) == 30


def test_cells_take_turns(quick: list[tuple[str, int]], tmp_path: Path) -> None:
    running.run(NAMES, "default", 12, tmp_path)
    assert [name for name, _ in quick] == [NAMES[0]] * 10 + [NAMES[1]] * 10 + [NAMES[0]] * 2 + [NAMES[1]] * 2


def test_a_run_ends_in_time(quick: list[tuple[str, int]], tmp_path: Path) -> None:
    assert running.run(NAMES, "default", 50, tmp_path, minutes=1e-9) == 100
    assert not quick


def test_records_of_other_code_are_set_aside(
    quick: list[tuple[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made again after a change, and counted only where that is asked for; those of other simulations never."""
    running.run(NAMES[:1], "default", 3, tmp_path)
    here = store.fingerprints()
    monkeypatch.setattr(store, "fingerprints", lambda **kind: here | {"code": "another"})
    assert store.records(tmp_path, "default", NAMES[0]) == []
    assert store.others(tmp_path, "default", NAMES[0]) == 3
    assert len(store.records(tmp_path, "default", NAMES[0], any_code=True)) == 3
    monkeypatch.setattr(store, "fingerprints", lambda **kind: here | {"simulation": "another"})
    assert store.records(tmp_path, "default", NAMES[0], any_code=True) == []


def test_unknown_cells_are_refused() -> None:
    assert running.chosen(["poisson/*", "*/nested"])[:2] == ["gaussian/nested", "lognormal/nested"]
    with pytest.raises(SystemExit, match="No cell is called poison/"):
        running.chosen(["poison/*"])


# --------------------------------------------------------------------------------- what is said about the records
def test_summary_and_page(quick: list[tuple[str, int]], tmp_path: Path) -> None:
    """Calibrated cells, cells that were not run, and the counts behind them."""
    running.run(NAMES, "default", 40, tmp_path / "store")
    result = summary.summarise(tmp_path / "store", "default")
    assert {name: c["verdict"] for name, c in result["cells"].items()} == dict.fromkeys(NAMES, "passes")
    assert result["tests"] == 2 * 2 * 9
    assert result["coverage"]["50"]["of"] == 2 * 40 * 9
    written = summary.write(result, tmp_path / "results")
    assert json.loads(written.read_text(encoding="utf-8")) == json.loads(json.dumps(result))
    text = page.write_page(tmp_path / "results", tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| `poisson` | 40 | – | – | – | – | – |" in text
    assert "| `gaussian` | – | – | – | 40 | – | – |" in text
    assert f"Not run: {len(CELLS) - 2} of {len(CELLS)}" in text
    assert text.count("**Not run.**") == 3
    assert "**2 of 2 cells pass.**" in text


def test_a_failed_fit_fails_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is recorded with its message, counted, and not dropped."""

    def fails(*rest: Any) -> Any:
        raise ValueError("no factor")

    monkeypatch.setattr(replication, "fitted", fails)
    running.run(NAMES[:1], "default", 2, tmp_path)
    result = summary.summarise(tmp_path, "default")
    cell = result["cells"][NAMES[0]]
    assert (cell["replications"], cell["failures"], cell["verdict"]) == (2, 2, "2 fits failed")
    assert cell["errors"] == {"ValueError: no factor": 2}


def test_a_narrow_posterior_fails_its_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, right = ranks(120, width=0.5), ranks(120, seed=2)

    def replicate(cell: Cell, path: str, number: int) -> dict[str, Any]:
        found = {"ranks": {"narrow": int(wrong[number]), "right": int(right[number])}, "plan": "none", "seconds": 0.1}
        return found | {"cell": cell.name, "path": path, "number": number, "runs": 1, "divergences": 0, "redrawn": 0}

    monkeypatch.setattr(running, "replicate", replicate)
    running.run(NAMES[:1], "default", 120, tmp_path)
    result = summary.summarise(tmp_path, "default")
    assert result["cells"][NAMES[0]]["verdict"] == "miscalibrated: narrow"
    assert not summary.coverage_holds(result)


@pytest.mark.parametrize(
    ("name", "path", "plan"),
    [
        ("poisson/crossed", "default", "whitened effects"),
        ("gaussian/nested", "default", "gaussian marginal"),
        ("poisson/crossed", "frozen", "effects whitened at the mode"),
        ("gaussian/known", "reused", "gaussian marginal"),
        pytest.param("gaussian/ar1", "reused", "joint NUTS on the PyMC graph", marks=pytest.mark.slow),
        pytest.param("gaussian/residual toep", "reused", "joint NUTS on the PyMC graph", marks=pytest.mark.slow),
    ],
)
def test_a_replication(name: str, path: str, plan: str) -> None:
    """A fit of each reduction: every quantity has a rank among 99 draws, and the same number gives the same ranks."""
    record = replication.replicate(EVERY[name], path, 2)
    assert record.get("error") is None
    assert record["plan"] == plan
    made = EVERY[name].simulate(2)
    assert list(record["ranks"]) == list(quantities(EVERY[name], made, truths(EVERY[name], made)))
    assert all(0 <= r < RANKS for r in record["ranks"].values())
    assert replication.replicate(EVERY[name], path, 2)["ranks"] == record["ranks"]


@pytest.mark.slow
def test_a_compiled_graph_is_not_used_for_another_model() -> None:
    """Other data will do, another prior will not."""
    cell, settings = EVERY["gaussian/ar1"], Settings(draws=20, tune=20, chains=1, seed=1)
    compiled = Compiled()
    for number in (0, 1):
        compiled.sample(cell.model(cell.simulate(number)).pymc, settings)
    other = hl.Model(
        cell.formulas,
        cell.simulate(2).table,
        priors=cell.priors() | {"b[x]": hl.Prior("Normal", mu=0, sigma=1.1)},
        parameterization="noncentered",
    )
    with pytest.raises(AssertionError, match="not that of these data"):
        compiled.sample(other.pymc, settings)


def test_an_interrupted_fit_is_no_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped:
        provenance = {"complete": False}

    monkeypatch.setattr(replication, "fitted", lambda *rest: Stopped())
    with pytest.raises(KeyboardInterrupt):
        replication.replicate(CELLS[NAMES[0]], "default", 0)
