"""Variance functions, groupings and structures that are written wrongly: where, and how to mend it."""

from __future__ import annotations

import pytest

from hierlm.errors import FormulaError
from hierlm.formula import parse


def read(text: str | list[str], **more: object):
    return parse(text, parameters={"mu", "sigma", "zi"}, **more)


def term(text: str):
    found = read(["y ~ 1", f"sigma ~ {text}"]).predictors
    (variance,) = next(p for p in found if p.parameter == "sigma").variances
    return variance


@pytest.mark.parametrize(
    ("text", "covariate", "fitted", "strata"),
    [
        ("varPower(x)", "x", False, ()),
        ("varPower(log(x))", "log(x)", False, ()),
        ("varExp(fitted)", "", True, ()),
        ("varPower(`fitted`)", "fitted", False, ()),
        ("varConstPower(x | a:b)", "x", False, ("a", "b")),
        ("varIdent(f)", "", False, ("f",)),
        ("varIdent(1 | f)", "", False, ("f",)),
        ("varIdent(a:b)", "", False, ("a", "b")),
    ],
)
def test_variance_functions(text: str, covariate: str, fitted: bool, strata: tuple[str, ...]) -> None:
    found = term(text)
    assert (found.function, found.text) == (text.partition("(")[0], text)
    assert (found.covariate.strip("`"), found.fitted, found.strata) == (covariate, fitted, strata)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("varComb(varIdent(f), varPower(x))", "varComb", r"joined by '\+'(.|\n)*sigma ~ varIdent\(f\) \+ varPower"),
        ("varPower(form = x)", "form", r"no argument 'form'(.|\n)*Write varPower\(x\)"),
        ("varIdent(form = x)", "form", r"no argument 'form'(.|\n)*Write varIdent\(f\)"),
        ("varPower(x, z)", "varPower", r"takes one covariate(.|\n)*Write varPower\(x\)"),
        ("varPower(x || f)", "x", r"with one bar(.|\n)*Write varPower\(x \| f\)"),
        ("varIdent(x | a | b)", "x", r"with one bar(.|\n)*Write varIdent\(1 \| f\)"),
        ("varIdent(x | f)", "x", r"varIdent\(\) has no covariate(.|\n)*Write varIdent\(f\)"),
        ("varPower(x | a/b)", "a/b", "levels of one factor, or its cells"),
        ("varPower(x | gr(g, by=f))", "gr", "Strata are columns"),
    ],
)
def test_variance_functions_that_mean_nothing(text: str, at: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says) as raised:
        term(text)
    lines = str(raised.value).splitlines()
    caret = next(i for i, line in enumerate(lines) if set(line.strip()) == {"^"})
    assert lines[caret - 1][lines[caret].index("^") :].startswith(at)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(1 | gr(cov=K))", "gr.. stands alone"),
        ("(1 | gr(a:b))", "gr.. stands alone(.|\n)*Make a column of the cells first"),
        ("(1 | gr(g, h))", "gr.. takes one column; cells are written a:b"),
        ("(1 | gr(g, by=f, by=h))", "'by' is given twice"),
        ("(1 | gr(g, by=g))", "no sub-population of itself"),
        ("(1 | gr(g, covs=K))", "no option 'covs' here"),
        ("(1 | mm(a))", "two or more columns"),
        ("(1 | mm(a, a))", "names a column twice"),
        ("(1 | mm(a, b, scale=3))", "no option 'scale' of this kind"),
        ("(1 | mm(a, b, weights=w))", r"weights of mm\(\) are cbind"),
        ("(1 | mm(a, b, weights=cbind(w)))", "2 columns name levels, and 1 are their weights"),
    ],
)
def test_groupings_that_mean_nothing(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says):
        read(f"y ~ {text}")


@pytest.mark.parametrize(
    ("left", "says"),
    [
        ("sd()", "takes one grouping"),
        ("sd(a, b)", "takes one grouping"),
        ("sd(g[x])", r"single effect has no formula of its own(.|\n)*Write sd\(g\) ~ z"),
        ("sd(a/b)", r"takes one grouping(.|\n)*sd\(a\) ~ z, sd\(a:b\) ~ z"),
        ("sd(gr(g, by=f))", "takes the grouping as a column or as cells"),
    ],
)
def test_left_sides_of_scales_that_mean_nothing(left: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says):
        read(["y ~ x + (1 | g)", f"{left} ~ z"])
