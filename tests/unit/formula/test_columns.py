"""Which columns a formula needs, and where."""

from __future__ import annotations

import pytest

from hierlm.formula import columns, find, identifiers, parse, unknown_column


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("1 + x + log(z):C(f, Treatment('a'))", ("x", "z", "f")),
        ("1 + `my var` + `True` + I(x > 2)", ("my var", "True", "x")),
        ("poly(x, 2, raw=True)", ("x",)),
        ("1 + log + log(log)", ("log",)),
        ("I(f == 'not x')", ("f",)),
        ("12", ()),
        ("0", ()),
    ],
)
def test_identifiers(expression: str, found: tuple[str, ...]) -> None:
    assert identifiers(expression) == found


def test_columns_in_order_each_once() -> None:
    f = parse(
        ["cbind(s, f) | weights(w) ~ x*z + offset(log(e)) + (x + q | a/b) + (1 | units)", "sigma ~ x + t"],
        random="us(1 + r):line",
        parameters=("sigma",),
    )
    assert columns(f) == ("s", "f", "w", "x", "z", "e", "q", "a", "b", "r", "line", "t")
    for column in columns(f):
        start, stop = find(f, column)
        assert f.source[start:stop] == column


def test_find_passes_over_functions_keywords_and_strings() -> None:
    f = parse("y ~ poly(x, degree=2) + I(f == 'degree') + log(z) + degree + log")
    assert find(f, "degree")[0] == f.text.rindex("degree")
    assert f.text[find(f, "log")[0] :] == "log"
    with pytest.raises(LookupError):
        find(f, "poly")


def test_find_in_backquotes_and_in_random() -> None:
    f = parse("y ~ `my var`", random="line")
    assert f.source[slice(*find(f, "my var"))] == "`my var`"
    assert f.source[slice(*find(f, "line"))] == "line"


def test_unknown_column_points_and_suggests() -> None:
    problem = unknown_column(parse("Reaction ~ Days + (Dys | Subject)"), "Dys", ["Reaction", "Days", "Subject"])
    assert (problem.start, problem.stop) == (19, 22)
    assert "Did you mean 'Days'?" in str(problem)
