"""Names of columns: any will do where it is written as the data have it; none is guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl
from tests.badinput.battery.case import BOTH, Case, Refused, Right
from tests.badinput.battery.frames import COLUMNS, Frame, N
from tests.synthetic import synthetic_fit

CATEGORY = "names of columns"
FE, DE = hl.FormulaError, hl.DataError
ODD = [
    *("mu", "sigma", "chain", "draw", "obs", "coef", "units", "level_g", "effect_g", "sd_g", "observed_y", "theta"),
    *("größe", "温度", "x²", "e\u0301", "a b", "a:b", "a/b", "a|b", "a~b", "x[1]", "x'", 'x"', "a.b", "1x", "-x"),
    *("np", "log", "C", "I", "True", "None", "class", "lambda", "__x", "__import__('os')", "<script>", "{x}", "%s"),
]


def _works(F: Frame, name: str) -> list[np.ndarray]:
    """The same model with a column called otherwise: as predictor, slope, grouping and response."""
    found = []
    for old in ("x", "g", "y"):
        texts = {"x": f"y ~ `{name}` + (`{name}` | g)", "g": f"y ~ x + (x | `{name}`)", "y": f"`{name}` ~ x + (x | g)"}
        data = F.table(rename={old: name})
        fit = synthetic_fit(hl.Model(texts[old], data), chains=1, draws=4)
        assert repr(fit.model)
        found.append(fit.predict(data).draws.to_numpy())
    return found


def _as_any_name(found: Any) -> None:
    model = hl.Model("y ~ x + (x | g)", pd.DataFrame(COLUMNS))
    expected = synthetic_fit(model, chains=1, draws=4).predict().draws.to_numpy()
    for draws in found:
        np.testing.assert_array_equal(draws, expected)


def case(name: str, expected: Any, ask: Any, frames: tuple[str, ...] = BOTH) -> Case:
    return Case(CATEGORY, name, expected, ask, frames)


def unknown(name: str, formula: str, caret: str, says: tuple[str, ...], rename: dict[str, str] | None = None) -> Case:
    return case(name, Refused(FE, says, caret=caret), lambda F: hl.Model(formula, F.table(rename=rename)))


CASES = [
    *(case(f"a column called {name}", Right(_as_any_name), lambda F, n=name: _works(F, n)) for name in ODD),
    unknown("a misspelt predictor", "y ~ x + possi", "possi", ("'possi'", "Did you mean 'pos'")),
    unknown("another case", "y ~ X", "X", ("'X'", "Did you mean 'x'")),
    unknown("a misspelt grouping", "y ~ x + (1 | G)", "G", ("Did you mean 'g'",)),
    unknown("a misspelt slope", "y ~ x + (X | g)", "X", ("Did you mean 'x'",)),
    unknown("a misspelt response", "Y ~ x", "Y", ("Did you mean 'y'",)),
    unknown("a misspelt offset", "y ~ offset(E)", "E", ("Did you mean 'e'",)),
    unknown("a misspelt addition", "s | trials(N) ~ x", "N", ("Did you mean 'n'",)),
    unknown("a blank without backquotes", "y ~ a b", "b", ("operator is missing",), {"x": "a b"}),
    unknown("a blank at the end", "y ~ x", "x", ("'x'", "'x '"), {"x": "x "}),
    unknown("a blank in front", "y ~ x", "x", ("'x'", "' x'"), {"x": " x"}),
    unknown("a dot without backquotes", "y ~ a.b", "a.b", ("backquotes",), {"x": "a.b"}),
    unknown("a colon without backquotes", "y ~ a:b", "a", ("'a'",), {"x": "a:b"}),
    unknown("another composition of a letter", "y ~ \u00e9", "\u00e9", ("'\u00e9'", "looks the same"), {"x": "e\u0301"}),
    unknown("a letter of another alphabet", "y ~ \u0445", "\u0445", ("'\u0445'",)),
    unknown("Intercept as a column", "y ~ Intercept", "Intercept", ("rename a column",), {"x": "Intercept"}),
    unknown("a column of the data by attribute", "y ~ data.x", "data.x", ("backquotes",)),
    unknown("a column of the data by dollar", "y ~ data$x", "$", ("x, not data$x",)),
    unknown("a column of the data in brackets", 'y ~ data["x"]', 'data["x"]', ("Only a response picks a level",)),
    case("a repeated column", Refused(DE, ("2 columns called 'x'", "Rename or drop"), "x"), lambda F: hl.Model("y ~ x", pd.concat([F.table(), F.table()[["x"]]], axis=1)), ("pandas",)),
    case("a repeated column that nobody uses", Right(lambda m: None), lambda F: hl.Model("y ~ x", pd.concat([F.table(), F.table()[["w"]]], axis=1)), ("pandas",)),
    case("columns called by numbers", Refused(FE, ("name their columns",), caret="y"), lambda F: hl.Model("y ~ x", pd.DataFrame(np.zeros((5, 3)))), ("pandas",)),
    case("columns of two storeys", Refused(FE, ("name their columns",)), lambda F: hl.Model("y ~ x", pd.DataFrame(np.zeros((5, 2)), columns=pd.MultiIndex.from_tuples([("y", "a"), ("x", "b")]))), ("pandas",)),
    case("a grouping in the index", Refused(FE, ("reset_index()",), caret="g"), lambda F: hl.Model("y ~ x + (1 | g)", F.table().set_index("g")), ("pandas",)),
    case("labels that read the same", Refused(FE, ("'f[mid]'", "Rename")), lambda F: hl.Model("y ~ `f[mid]` + f", F.table(rename={"x": "f[mid]"}))),
    case("cells that read the same", Refused(DE, ("same label", "Rename"), "g"), lambda F: hl.Model("y ~ x + (1 | g:h)", F.table(g=(["a", "a:b"] * N)[:N], h=(["b:c", "c", "c"] * N)[:N]))),
    case("groupings that read the same", Refused(hl.ModelError, ("same name", "Rename")), lambda F: hl.Model("y ~ 1 + (1 | `a/b`) + (1 | `a\u2215b`)", F.table(rename={"g": "a/b", "h": "a\u2215b"}))),
]  # fmt: skip
