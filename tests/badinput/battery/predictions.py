"""New data that do not fit the model, and questions that it cannot answer."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import hierlm as hl
from tests.badinput.battery.case import Case, Refused, Right, Warned
from tests.badinput.battery.frames import COLUMNS, FRAMES, Frame
from tests.synthetic import synthetic_fit

CATEGORY = "predictions"
PE = hl.PredictionError
M = 6
MODELS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "gaussian": ("y ~ x + f + (x | g) + (1 | h)", "gaussian", {}),
    "binomial": ("s | trials(n) ~ x + offset(e) + (1 | g)", "binomial", {}),
    "weighted": ("y | weights(w) ~ x", "gaussian", {}),
    "poisson": ("c ~ x + (1 | g)", "poisson", {}),
    "spline": ("y ~ bs(x, df=4)", "gaussian", {}),
    "logarithm": ("y ~ log(pos)", "gaussian", {}),
    "nothing": ("y ~ 1", "gaussian", {}),
    "two": (["y ~ x", "z ~ x"], "gaussian", {}),
}


@cache
def fit(name: str, frame: str) -> hl.Fit:
    """A fit to a table of that kind, made without sampling."""
    formula, family, options = MODELS[name]
    return synthetic_fit(hl.Model(formula, FRAMES[frame].table(), family, **options))


def new(F: Frame, **changes: Any) -> Any:
    """Six rows; a changed column is given whole, or as one value."""
    longer = {k: [*v, *COLUMNS["y"][len(v) :]] if isinstance(v, list) else v for k, v in changes.items()}
    return F.table(longer)[:M]


def ask(name: str, expected: Any, which: str, question: Any) -> Case:
    return Case(CATEGORY, name, expected, lambda F: question(fit(which, F.name), F))


def refused(
    name: str,
    says: tuple[str, ...],
    which: str = "gaussian",
    *,
    drop: tuple[str, ...] = (),
    rows: Any = None,
    column: str | None = None,
    options: dict[str, Any] | None = None,
    **changes: Any,
) -> Case:
    def question(made: hl.Fit, F: Frame) -> object:
        columns = {k: v(F) if callable(v) else v for k, v in changes.items()}
        return made.predict(F.table(columns, drop=drop)[:M], **(options or {}))

    return ask(name, Refused(PE, says, column, rows), which, question)


def option(name: str, says: tuple[str, ...], which: str = "gaussian", **options: Any) -> Case:
    return ask(name, Refused(PE, says), which, lambda made, F: made.predict(**options))


def first(column: str, value: Any) -> list[Any]:
    return [value, *COLUMNS[column][1:]]


def _as_fitted(found: Any) -> None:
    predicted, rows = found
    np.testing.assert_allclose(predicted, rows, rtol=1e-12)


def _reordered(made: hl.Fit, F: Frame) -> Any:
    levels = ["top", "never", "lo", "mid"]
    data = F.table(f=F.categories(COLUMNS["f"], levels), unused=1.0)[:M]
    columns = list(reversed(list(data.columns)))
    return made.predict(data[columns]).draws.to_numpy(), made.predict().draws.to_numpy()[..., :M]


NAN, INF = float("nan"), float("inf")
CASES = [
    # columns
    refused("no column", ("lack the column 'x'", "They have"), drop=("x",)),
    refused("no columns", ("'x', 'f'",), drop=("x", "f")),
    refused("no grouping", ("lack the column 'g'",), drop=("g",)),
    ask("another case of a column", Refused(PE, ("'x'", "Did you mean 'X'")), "gaussian", lambda m, F: m.predict(F.table(rename={"x": "X"}))),
    refused("no trials", ("'n'",), "binomial", drop=("n",)),
    refused("no offset", ("'e'",), "binomial", drop=("e",)),
    refused("text for numbers", ("'x' holds text", "pd.to_numeric"), x="1.0"),
    refused("booleans for numbers", ("'x' holds booleans", "astype(float)"), x=[True] * 40),
    refused("numbers for text", ("'f' holds numbers", "astype(str)"), f=1),
    refused("numbers for groups", ("'g' holds numbers", "astype(str)"), g=1),
    refused("dates for numbers", ("dates or times",), x=Frame.dates),
    refused("trials that are text", ("'n' holds text",), "binomial", n="5"),
    # values
    refused("a missing number", ("'x'", "1 missing", "needs every value"), rows=(0,), x=first("x", NAN)),
    refused("an infinite number", ("'x'", "1 infinite"), rows=(0,), x=first("x", INF)),
    refused("a missing level", ("'f'", "1 missing"), rows=(0,), f=first("f", None)),
    refused("a missing group", ("'g'", "1 missing"), rows=(0,), g=first("g", None)),
    refused("numbers too large to compute with", ("beyond 1e+100",), x=1e200),
    refused("an unseen level of a common factor", ("level 'LO'", "lo, mid, top"), column="f", rows=(0,), f=first("f", "LO")),
    refused("an unseen group where none is wanted", ("levels that the fit has not seen", "new_levels='draw'"), options={"new_levels": "error"}, rows=(0,), g=first("g", "new")),
    refused("trials below 1", ("trials", "whole numbers"), "binomial", rows=(0,), n=first("n", -1)),
    refused("trials that are fractions", ("trials", "whole numbers"), "binomial", n=[1.5] * 40),
    refused("an infinite offset", ("'e'", "infinite"), "binomial", rows=(0,), e=first("e", INF)),
    refused("a logarithm of zero", ("'log(pos)'", "infinite"), "logarithm", rows=(0,), pos=first("pos", 0.0)),
    refused("a mean that overflows", ("not a finite number", "row 0"), "poisson", x=first("x", 1e6)),
    # tables
    ask("no rows", Refused(PE, ("no rows", "read or filtered")), "gaussian", lambda m, F: m.predict(F.table(rows=0))),
    ask("no table", Refused(PE, ("Cannot read data",)), "gaussian", lambda m, F: m.predict([1, 2])),
    ask("a file's name", Refused(PE, ("Cannot read data",)), "gaussian", lambda m, F: m.predict("new.csv")),
    ask("one value, not a column", Refused(PE, ("not one value a row", "in a list")), "weighted", lambda m, F: m.predict({"x": 1.0})),
    ask("columns of different lengths", Refused(PE, ("rows where others have",)), "gaussian", lambda m, F: m.predict({"x": [1.0, 2.0], "f": ["lo"], "g": ["a", "b"], "h": ["u", "v"]})),
    ask("values beyond a spline", Warned(("lie outside", "extrapolated")), "spline", lambda m, F: m.predict({"x": [99.0, 0.0]})),
    ask("reordered columns, levels and a subset of rows", Right(_as_fitted), "gaussian", _reordered),
    ask("no column is needed", Right(lambda p: None), "nothing", lambda m, F: m.predict(F.table(drop=("x", "f")))),
    # questions
    option("a misspelt kind", ("Did you mean 'mean'",), kind="men"),
    option("a misspelt choice for new levels", ("Did you mean 'draw'",), new_levels="drawn"),
    option("a misspelt grouping", ("'G'", "Did you mean 'g'"), groups="G"),
    option("a grouping that the model lacks", ("'k'",), groups=["g", "k"]),
    option("a percentage as the level", ("between 0 and 1",), level=95),
    option("a level of zero", ("between 0 and 1",), level=0.0),
    option("a negative seed", ("seed=-1",), seed=-1),
    option("more draws than there are", ("draws=10000",), draws=10_000),
    option("no draws", ("draws=0",), draws=0),
    option("a parameter without a formula", ("no formula of its own",), parameter="sigma", kind="linear"),
    option("which of two responses", ("response=", "y, z"), "two"),
    option("a misspelt response", ("Did you mean 'y'",), "two", response="Y"),
    ask("a log-likelihood without the response", Refused(PE, ("'s'",)), "binomial", lambda m, F: m.log_likelihood(F.table(drop=("s",)))),
    ask("a log-likelihood of impossible values", Refused(PE, ("larger than its trials",)), "binomial", lambda m, F: m.log_likelihood(F.table(s=99))),
    ask("a log-likelihood with a negative weight", Refused(PE, ("weights",)), "weighted", lambda m, F: m.log_likelihood(F.table(w=-1.0))),
]  # fmt: skip
