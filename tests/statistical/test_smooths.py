"""Curves are found again, with intervals that hold what they say; every way of sampling finds the same."""

from __future__ import annotations

import numpy as np
import pytest

import hierlm as hl

pytestmark = [pytest.mark.slow, pytest.mark.statistical]

SETS = 60


def test_the_intervals_of_a_sine_hold_on_average_over_it() -> None:
    """95% intervals, averaged over the curve (Nychka 1988, JASA 83:1134–1143): 60 data sets of 150 rows.

    A set's share varies by about 0.1, so the mean of 60 has a standard error of 0.013: five of them either way.
    """
    shares, errors = [], []
    for seed in range(SETS):
        rng = np.random.default_rng([9, seed])
        x, g = rng.uniform(0, 10, 150), rng.integers(0, 10, 150)
        data = {"x": x, "g": [f"g{i}" for i in g]}
        data["y"] = 3 + np.sin(x) + rng.normal(0, 0.4, 10)[g] + rng.normal(0, 0.5, 150)
        model = hl.Model("y ~ s(x, k=15) + (1 | g)", data)
        assert model.plan().name == "gaussian marginal"
        fit = model.fit(draws=250, chains=2, seed=seed, progress=False)
        curve = fit.smooths(points=40)
        truth = np.sin(curve["x"]) - np.sin(x).mean()
        shares.append(((curve["lower"] < truth) & (truth < curve["upper"])).mean())
        errors.append(np.sqrt(((curve["mean"] - truth) ** 2).mean()))
    assert 0.95 - 0.065 < np.mean(shares) < 0.99, np.mean(shares)
    assert np.mean(errors) < 0.2, np.mean(errors)


def leaf_area(seed: int, n: int = 200) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    plant = rng.integers(0, 20, n)
    wet = plant % 2
    days = rng.uniform(0, 40, n)
    eta = 1 + 0.5 * wet + 1.2 * np.tanh((days - 15) / 8) * (1 + 0.3 * wet) + rng.normal(0, 0.3, 20)[plant]
    labels = {"plant": np.array([f"p{i:02d}" for i in plant]), "treatment": np.array(["dry", "wet"])[wet]}
    return {"days": days, "area": rng.gamma(8.0, np.exp(eta) / 8.0), **labels}


def test_leaf_area_in_one_line_by_two_ways() -> None:
    """A gamma model with a curve a treatment and plants: the reduction and the graph agree, and find what was made.

    Means differ by less than five Monte-Carlo errors of the shorter run, an effective size of 100 assumed.
    """
    data = leaf_area(2)
    model = hl.Model("area ~ treatment + s(days, by=treatment) + (1 | plant)", data, family="gamma(log)")
    assert model.plan().name == "whitened effects"
    reduced = model.fit(draws=1000, seed=1, progress=False).smooths(points=9)
    graph = model.fit(draws=400, chains=2, seed=1, reduce=False, progress=False).smooths(points=9)
    assert (np.abs(reduced["mean"] - graph["mean"]) < 5 * reduced["sd"] / np.sqrt(100)).all()
    for wet, level in enumerate(("dry", "wet")):
        own = reduced[reduced["by"] == level]
        shape = lambda days: 1.2 * np.tanh((days - 15) / 8) * (1 + 0.3 * wet)  # noqa: E731, B023
        truth = shape(own["x"]) - shape(data["days"][data["treatment"] == level]).mean()
        assert (np.abs(own["mean"] - truth) < 4 * own["sd"] + 0.02).all()
