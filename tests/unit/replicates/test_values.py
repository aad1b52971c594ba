"""Known values by name, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import hierlm as hl
from hierlm.errors import PosteriorError
from hierlm.replicates.values import known_values, parameter_names, point, posterior_draw

DATA = {
    "y": np.arange(48.0) ** 1.5,
    "x": np.tile([0.0, 1.0, 2.0], 16),
    "g": np.repeat(list("abcdefgh"), 6),
    "f": np.tile(["p", "q", "r"], 16),
}


def test_parameters_are_those_that_are_free():
    model = hl.Model("y ~ x + (x | g)", DATA, priors={"sd_g[x]": 1.0})
    assert set(parameter_names(model)) == {"b[Intercept]", "b[x]", "sd_g[Intercept]", "cor_g[Intercept, x]", "sigma"}
    values = dict.fromkeys(parameter_names(model), 0.5)
    made = known_values(model, values)
    assert made["sd_g"].sel(effect_g="x").item() == 1.0
    assert made["cor_g"].to_numpy()[0, 0].tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert made["sigma"].dims == ("chain", "draw")


def test_a_shared_standard_deviation_is_named_once():
    model = hl.Model("y ~ 0 + f + idv(0 + f | g)", DATA)
    values = {"b[f[p]]": 1, "b[f[q]]": 2, "b[f[r]]": 3, "sd_g[f[q]]": 0.5, "sigma": 1}
    assert known_values(model, values)["sd_g"].to_numpy().ravel().tolist() == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": -1.0}, "'sigma' cannot be -1"),
        ({"sigma": float("nan")}, "'sigma' is nan"),
        ({"sigma": "1"}, "'sigma' is '1'"),
        ({"cor_g[Intercept, x]": 1.0}, "A correlation lies between"),
        ({"b[X]": 1.0}, r"called 'b\[X\]'"),
        ({"sigma": None}, "'sigma' is None"),
    ],
)
def test_impossible_values_are_refused(change: dict, message: str):
    model = hl.Model("y ~ x + (x | g)", DATA)
    with pytest.raises(PosteriorError, match=message):
        known_values(model, dict.fromkeys(parameter_names(model), 0.5) | change)


def test_missing_values_are_listed_and_other_types_refused():
    model = hl.Model("y ~ x + (1 | g)", DATA)
    with pytest.raises(PosteriorError, match=r"lacks b\[x\], sd_g\[Intercept\], sigma\."):
        known_values(model, {"b[Intercept]": 1})
    with pytest.raises(PosteriorError, match="is a list"):
        known_values(model, [1, 2])  # type: ignore[arg-type]


def test_correlations_of_no_effects_are_refused():
    model = hl.Model("y ~ f + (0 + f | g)", DATA)
    values = dict.fromkeys(parameter_names(model), 0.5)
    values |= {"cor_g[f[p], f[q]]": 0.9, "cor_g[f[q], f[r]]": 0.9, "cor_g[f[p], f[r]]": -0.9}
    with pytest.raises(PosteriorError, match="negative eigenvalue"):
        known_values(model, values)


def test_points_and_draws_of_a_posterior():
    model = hl.Model("y ~ 1 + (1 | g)", DATA)
    draws = xr.Dataset(
        {
            "b": (("chain", "draw", "coef"), [[[1.0], [2.0]], [[3.0], [10.0]]]),
            "sd_g": (("chain", "draw", "effect_g"), np.ones((2, 2, 1))),
            "sigma": (("chain", "draw"), np.ones((2, 2))),
            "r_g": (("chain", "draw", "level_g", "effect_g"), np.zeros((2, 2, 8, 1))),
        },
        coords={"coef": ["Intercept"], "effect_g": ["Intercept"], "level_g": list("abcdefgh")},
    )
    fit = hl.Fit(model, xr.DataTree.from_dict({"posterior": draws}))
    assert point(fit)["b"].item() == 4.0
    assert point(fit, "median")["b"].item() == 2.5
    assert [posterior_draw(fit, i)["b"].item() for i in range(5)] == [1.0, 2.0, 3.0, 10.0, 1.0]
    assert "r_g" not in point(fit)
    with pytest.raises(PosteriorError, match="at='mode' is unknown"):
        point(fit, "mode")  # type: ignore[arg-type]
