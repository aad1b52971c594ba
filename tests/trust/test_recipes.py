"""Recipes of calibration: hierlm reads them, they say the same twice, and what they draw is of the density they state."""

from __future__ import annotations

import numpy as np
import pytest

from hierlm.design.splines import SPLINES
from hierlm.variances import VARIANCES
from tests.trust import run as running, store, summary
from tests.trust.beyond import BEYOND, SCALES
from tests.trust.every import EVERY
from tests.trust.further import FURTHER
from tests.trust.latent import LATENT

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

RECIPES = BEYOND | LATENT


def test_every_spline_and_variance_function_has_a_cell() -> None:
    assert {f"terms/s(v, {kind})" for kind in SPLINES} <= set(BEYOND)
    assert {terms.split("(")[0] for terms in SCALES} == set(VARIANCES) - {"varFixed"}  # which has no parameter
    assert not set(BEYOND) & set(FURTHER)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe(name: str) -> None:
    """Every prior is given, at least 8 quantities are finite, and a number makes the same data again."""
    recipe = RECIPES[name]
    (table, truth, _), (again, _, _), (other, _, _) = (recipe.simulate(n) for n in (3, 3, 4))
    for column, values in table.items():
        np.testing.assert_array_equal(values, again[column])
    assert not np.array_equal(other["y"], table["y"])
    model = recipe.model(table)
    assert set(model.priors()["source"]) == {"user"}
    assert all(None not in dims for dims in model.pymc.named_vars_to_dims.values())  # nutpie takes names only
    found = recipe.quantities(table, recipe._truth(table, truth))
    assert len(found) >= 8
    assert {"log-likelihood", "log prior", "new group", "known group"} <= set(found)
    assert all(np.isfinite(v) for v in found.values())


@pytest.mark.parametrize("name", RECIPES)
def test_responses_are_of_the_density(name: str) -> None:
    """E[d log p / d η] = 0 at the truth for every predictor, over 150 data sets; 4.5 standard errors."""
    recipe, h = RECIPES[name], 1e-4
    scores: dict[str, list[float]] = {}
    for number in range(150):
        rng = np.random.default_rng([41, number])
        table, truth, _ = recipe.simulate(number)
        predictors = recipe.predictors(table, truth)
        table["y"] = recipe.draw(rng, table, predictors, truth)  # without a look at whether it can be analysed
        for parameter, eta in predictors.items():
            up, down = (recipe.rows(table, predictors | {parameter: eta + step}, truth).sum() for step in (h, -h))
            scores.setdefault(parameter, []).append((up - down) / (2 * h))
    for parameter, found in scores.items():
        assert abs(np.mean(found)) < 4.5 * np.std(found) / np.sqrt(len(found)), parameter


def test_records_of_recipes_know_their_own_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the recipes sets aside theirs, and no others."""
    assert store.of_cell("terms/mm(g, g2)") == store.fingerprints(recipes=True)
    assert store.of_cell("gaussian/nested") == store.fingerprints()
    assert store.of_cell("latent/ar1, poisson") == store.fingerprints(latent=True)
    assert running.chosen(["latent/*"]) == list(LATENT)
    assert store.fingerprints()["simulation"] != store.fingerprints(recipes=True)["simulation"]
    assert running.chosen(["terms/*"]) == list(BEYOND)
    assert set(EVERY) >= set(RECIPES) | set(FURTHER)
    assert summary.EVERY is EVERY


@pytest.mark.slow
@pytest.mark.parametrize("name", ["terms/s(v, tp)", "terms/varIdent(f)", "terms/mm(g, g2)"])
def test_a_replication(name: str) -> None:
    record = BEYOND[name].replicate("default", 2)
    assert "error" not in record, record
    table, truth, _ = BEYOND[name].simulate(2)
    assert list(record["ranks"]) == list(BEYOND[name].quantities(table, BEYOND[name]._truth(table, truth)))
    assert BEYOND[name].replicate("default", 2)["ranks"] == record["ranks"]
