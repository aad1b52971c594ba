"""Covariates and strata of variance functions: of the data, and of new rows by the codes of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hierlm.design import build
from hierlm.errors import DataError, PredictionError
from hierlm.formula import parse

DATA: dict[str, Any] = {
    "y": np.arange(8.0),
    "x": np.linspace(0.5, 4.0, 8),
    "f": np.array(list("babababa")),
    "h": np.array(list("uuvvuuvv")),
}


def designed(term: str, data: Any = DATA) -> Any:
    return build(parse(["y ~ 1", f"sigma ~ {term}"], parameters={"mu", "sigma"}), data)


def columns(design: Any) -> Any:
    return design.predictors["y", "sigma"].variances[0]


def test_a_covariate_and_no_strata() -> None:
    found = columns(designed("varPower(log(x))"))
    np.testing.assert_allclose(found.v, np.log(DATA["x"]))
    assert found.codes is None


def test_strata_are_levels_or_cells_in_their_order() -> None:
    found = columns(designed("varIdent(f)"))
    assert found.levels == ("a", "b")
    assert found.codes.tolist() == [1, 0] * 4
    found = columns(designed("varExp(x | f:h)"))
    assert found.levels == ("a:u", "a:v", "b:u", "b:v")
    assert [found.levels[c] for c in found.codes] == [f"{a}:{b}" for a, b in zip(DATA["f"], DATA["h"], strict=True)]


def test_new_rows_have_the_codes_of_the_data_and_no_others() -> None:
    schema = designed("varIdent(f:h)").schema
    new = columns(schema.apply({"f": ["b", "b"], "h": ["v", "u"]}))
    assert [new.levels[c] for c in new.codes] == ["b:v", "b:u"]
    with pytest.raises(PredictionError, match=r"not fitted with the stratum 'c:u' of 'f:h' \(rows 1, 2, ") as raised:
        schema.apply({"f": ["a", "c", "c"], "h": ["u", "u", "u"]})
    assert "Known: a:u, a:v, b:u, b:v." in str(raised.value)


def test_strata_that_mean_nothing_are_refused() -> None:
    with pytest.raises(DataError, match=r"varIdent\(units\) has a stratum for each row"):
        designed("varIdent(units)")
    with pytest.raises(DataError, match="strata 'f' of varIdent.f. have one level only"):
        designed("varIdent(f)", DATA | {"f": np.array(["a"] * 8)})
