"""The left side: values, levels and additions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hierlm.design import build
from hierlm.errors import DataError, PredictionError
from hierlm.formula import parse

DATA = pd.DataFrame(
    {
        "y": [1.0, 4.0, 2.0, 3.0],
        "s": [1, 4, 2, 3],
        "n": [10, 12, 9, 8],
        "w": [1.0, 2.0, 0.5, 1.0],
        "e": [0.1, 0.2, 0.3, 0.4],
        "win": ["no", "yes", "yes", "no"],
        "flag": [True, False, False, True],
        "x": [0.0, 1.0, 3.0, 2.0],
    }
)


def response(formula, data=DATA):
    return build(parse(formula), data).responses[0]


def test_numbers():
    got = response("y ~ x")
    np.testing.assert_array_equal(got.values, DATA["y"])
    assert (got.name, got.levels, got.success, got.column, dict(got.additions)) == ("y", None, None, "y", {})


def test_a_transformed_response_names_its_column():
    got = response("log(y) ~ x")
    np.testing.assert_allclose(got.values, np.log(DATA["y"]))
    assert (got.name, got.column) == ("log(y)", "y")


def test_text_and_booleans_have_levels():
    assert response("win ~ x").levels == ("no", "yes")
    np.testing.assert_array_equal(response("win ~ x").values, [0, 1, 1, 0])
    assert response("flag ~ x").levels == ("False", "True")
    np.testing.assert_array_equal(response("flag ~ x").values, [1, 0, 0, 1])


def test_the_success_level():
    got = response('win["no"] ~ x')
    assert (got.success, got.levels) == ("no", ("no", "yes"))
    with pytest.raises(DataError, match=r"'win' has no level 'nope'[\s\S]*Did you mean 'no'"):
        response('win["nope"] ~ x')


def test_the_success_level_of_numbers():
    got = response('s["4"] ~ x')
    assert got.levels == ("1", "2", "3", "4")
    assert got.success == "4"


@pytest.mark.parametrize(
    ("left", "additions"),
    [
        ("s | trials(n)", {"trials": DATA["n"]}),
        ("s | trials(12)", {"trials": np.full(4, 12.0)}),
        ("y | weights(w)", {"weights": DATA["w"]}),
        ("y | se(e) + weights(w)", {"se": DATA["e"], "weights": DATA["w"]}),
        ("cbind(s, n - s)", {"trials": DATA["n"]}),
        ("p(s, n)", {"trials": DATA["n"]}),
    ],
)
def test_additions(left, additions):
    got = response(f"{left} ~ x")
    assert set(got.additions) == set(additions)
    for name, want in additions.items():
        np.testing.assert_allclose(got.additions[name], want)
        assert not got.additions[name].flags.writeable


def test_options_of_additions():
    assert response("y | se(e, sigma=True) ~ x").options == {"se.sigma": True}


def test_text_where_numbers_are_needed_is_refused():
    with pytest.raises(DataError, match="'win' is not numeric"):
        response("y | weights(win) ~ x")
    with pytest.raises(DataError, match="'win' is not numeric"):
        response("log(win) ~ x")


def test_several_responses_share_their_complete_rows():
    data = DATA.assign(y=[1.0, np.nan, 2.0, 3.0])
    with pytest.warns(UserWarning, match="Dropped 1 of 4"):
        design = build(parse(["y ~ x", "s ~ 1"]), data, missing="drop")
    assert [r.name for r in design.responses] == ["y", "s"]
    np.testing.assert_array_equal(design.responses[1].values, [1, 2, 3])


def test_new_data_need_trials_and_offsets_but_not_the_response_or_its_weights():
    schema = build(parse("s | trials(n) + weights(w) ~ x + offset(e)"), DATA).schema
    got = schema.apply(DATA[["n", "x", "e"]])
    assert got.responses[0].values.shape == (0,)
    np.testing.assert_array_equal(got.responses[0].additions["trials"], DATA["n"])
    for lacking in ("n", "x", "e"):
        with pytest.raises(PredictionError, match=f"lack the column '{lacking}'"):
            schema.apply(DATA.drop(columns=lacking))
    with pytest.raises(PredictionError, match="lack the columns 's', 'w'"):
        schema.apply(DATA[["n", "x", "e"]], need_response=True)
    full = schema.apply(DATA, need_response=True)
    np.testing.assert_array_equal(full.responses[0].values, DATA["s"])
