"""What is kept of draws that stopped early or are not finite, and what is lost on the way is said."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import hierlm as hl
from hierlm.fit.draws import finite_draws, numeric_statistics, user_variables
from hierlm.samplers import Settings
from tests.synthetic import synthetic_fit


def sampled(lengths: list[int], draws: int = 10, pad: float = np.nan) -> tuple[xr.Dataset, xr.Dataset]:
    """Chains with so many finite draws, numbered; the rest is ``pad`` in one variable, or in both where it is NaN."""
    a = np.arange(len(lengths) * draws, dtype=float).reshape(len(lengths), draws)
    b = np.stack([a, -a], axis=-1)
    for chain, length in enumerate(lengths):
        a[chain, length:] = pad
        if np.isnan(pad):
            b[chain, length:] = pad
    variables = {"a": (("chain", "draw"), a), "b": (("chain", "draw", "coef"), b)}
    coords = {"chain": np.arange(len(lengths)), "draw": np.arange(draws)}
    stats = {"energy": (("chain", "draw"), np.arange(a.size).reshape(a.shape))}
    return xr.Dataset(variables, coords), xr.Dataset(stats, coords)


def settings(chains: int, draws: int = 10) -> Settings:
    return Settings(draws=draws, chains=chains)


def test_whole_runs_are_kept_in_silence() -> None:
    posterior, stats, complete = finite_draws(*sampled([10, 10]), settings(2))
    assert complete
    assert posterior.sizes["draw"] == stats.sizes["draw"] == 10


@pytest.mark.parametrize(
    ("lengths", "chains", "kept"),
    [([10, 10, 1, 0], [0, 1], 10), ([9, 8, 8, 9], [0, 1, 2, 3], 8), ([3, 0, 10, 2], [2], 10), ([5, 5], [0, 1], 5)],
)
def test_the_largest_block_of_an_interrupted_run(lengths: list[int], chains: list[int], kept: int) -> None:
    with pytest.warns(hl.InterruptedWarning, match=f"stopped early: {kept} of 10 draws of {len(chains)}") as caught:
        posterior, stats, complete = finite_draws(*sampled(lengths), settings(len(lengths)))
    assert not complete
    whole = sampled([10] * len(lengths))
    np.testing.assert_array_equal(posterior["a"], whole[0]["a"].isel(chain=chains, draw=slice(kept)))
    np.testing.assert_array_equal(stats["energy"], whole[1]["energy"].isel(chain=chains, draw=slice(kept)))
    assert posterior["chain"].to_numpy().tolist() == list(range(len(chains)))
    others = [str(n) for i, n in enumerate(lengths) if i not in chains]
    assert (f"the others had {', '.join(others)}" in str(caught[0].message)) == bool(others)
    assert f"of {len(lengths)} chains" in str(caught[0].message) or len(chains) == len(lengths)


def test_numbers_that_are_not_finite_are_no_interruption() -> None:
    with pytest.warns(hl.ConvergenceWarning, match="Some draws are not finite: 6 of 10 draws of 2 chains are kept"):
        posterior, _, complete = finite_draws(*sampled([6, 9], pad=np.inf), settings(2))
    assert not complete
    assert np.isfinite(posterior["a"]).all()


def test_no_draw_at_all() -> None:
    with pytest.raises(hl.SamplingError, match="No chain made a finite draw") as caught:
        finite_draws(*sampled([0, 0]), settings(2))
    assert "check priors and data" in caught.value.hint


def test_a_variable_that_a_sampler_lost() -> None:
    data = {"y": [1.0, 2.0, 4.0, 3.0], "x": [1.0, 2.0, 3.0, 5.0], "g": list("aabb")}
    model = hl.Model("y ~ x + (1 | g)", data, priors={"sigma": 1.0})
    posterior = synthetic_fit(model).posterior
    found = user_variables(posterior.drop_vars("sigma", errors="ignore"), model)  # a constant need not be there
    assert "sigma" not in found
    with pytest.raises(hl.SamplingError, match=r"did not return sd_g") as caught:
        user_variables(posterior.drop_vars("sd_g"), model)
    assert "bug" in caught.value.hint


def test_statistics_are_numbers_a_draw() -> None:
    _, stats = sampled([10, 10])
    more = {"words": (("chain", "draw"), np.full((2, 10), "a")), "much": (("chain", "draw", "k"), np.ones((2, 10, 3)))}
    stats = stats.assign(more).assign_coords(step=("draw", np.arange(10)), k=np.arange(3)).assign_attrs(made="by hand")
    found = numeric_statistics(stats)
    assert list(found.data_vars) == ["energy"]
    assert set(found.coords) == {"chain", "draw"}
    assert not found.attrs
