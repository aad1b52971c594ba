"""What every left side means."""

from __future__ import annotations

import pytest

from hierlm.formula import parse

LEFT = {
    # typed: name, expression, additions, level
    "y": ("y", "y", {}, None),
    "`my y`": ("my y", "`my y`", {}, None),
    "log(y)": ("log(y)", "log(y)", {}, None),
    "np.log(y)": ("log(y)", "log(y)", {}, None),
    "log(y + 1)": ("log(y + 1)", "log(y + 1)", {}, None),
    "I(y/2)": ("I(y / 2)", "I(y / 2)", {}, None),
    "scale(y)": ("scale(y)", "scale(y)", {}, None),
    "sqrt(abs(y))": ("sqrt(abs(y))", "sqrt(abs(y))", {}, None),
    "I(y == 'yes')": ("I(y == 'yes')", "I(y == 'yes')", {}, None),
    'y["yes"]': ("y", "y", {}, "yes"),
    "y['a \"b\"']": ("y", "y", {}, 'a "b"'),
    "y[yes]": ("y", "y", {}, "yes"),
    "y | trials(n)": ("y", "y", {"trials": ("n", {})}, None),
    "y|trials(12)": ("y", "y", {"trials": ("12", {})}, None),
    "y | trials(a + b)": ("y", "y", {"trials": ("I(a + b)", {})}, None),
    "y | weights(w)": ("y", "y", {"weights": ("w", {})}, None),
    "y | weights(1/v)": ("y", "y", {"weights": ("I(1 / v)", {})}, None),
    "y | se(s)": ("y", "y", {"se": ("s", {})}, None),
    "y | se(sqrt(v), sigma=TRUE)": ("y", "y", {"se": ("sqrt(v)", {"sigma": True})}, None),
    "y | trials(n) + weights(w)": ("y", "y", {"trials": ("n", {}), "weights": ("w", {})}, None),
    'y["yes"] | weights(w)': ("y", "y", {"weights": ("w", {})}, "yes"),
    "log(y) | weights(w)": ("log(y)", "log(y)", {"weights": ("w", {})}, None),
    "(y | trials(n))": ("y", "y", {"trials": ("n", {})}, None),
    "(y)": ("y", "y", {}, None),
    "cbind(a, b)": ("a", "a", {"trials": ("I(a + b)", {})}, None),
    "cbind(a, n - a)": ("a", "a", {"trials": ("n", {})}, None),
    "cbind(n - b, b)": ("I(n - b)", "I(n - b)", {"trials": ("n", {})}, None),
    "cbind(a, 10 - a)": ("a", "a", {"trials": ("10", {})}, None),
    "cbind(a, m - b)": ("a", "a", {"trials": ("I(a + I(m - b))", {})}, None),
    "p(a, n)": ("a", "a", {"trials": ("n", {})}, None),
    "prop(a, 20)": ("a", "a", {"trials": ("20", {})}, None),
    "proportion(a, n)": ("a", "a", {"trials": ("n", {})}, None),
    "cbind(a, n - a) | weights(w)": ("a", "a", {"trials": ("n", {}), "weights": ("w", {})}, None),
    "sigma": ("sigma", "sigma", {}, None),
    "mu": ("mu", "mu", {}, None),
}


@pytest.mark.parametrize("left", LEFT)
def test_responses(left: str) -> None:
    (response,) = parse(f"{left} ~ x", parameters=("mu", "sigma")).responses
    found = {a.name: (a.expression, dict(a.options)) for a in response.additions}
    assert (response.name, response.expression, found, response.level) == LEFT[left]
    assert left.strip("()").startswith(response.text.strip("()")[:3])


def test_places_of_a_response_and_its_additions() -> None:
    f = parse(["y1 ~ x", "y2 | trials(n) + weights(w) ~ x"])
    second = f.responses[1]
    assert f.text[second.start :].startswith("y2 | trials(n) + weights(w)")
    assert second.text == "y2 | trials(n) + weights(w)"
    assert [f.text[a.start :].split("(")[0] for a in second.additions] == ["trials", "weights"]


def test_distributional_parameters() -> None:
    f = parse(["y ~ x + (1 | p | g)", "sigma ~ trt + (1 | p | g)"], parameters=("mu", "sigma"))
    assert [(p.response, p.parameter, p.common) for p in f.predictors] == [
        ("y", "mu", "1 + x"),
        ("y", "sigma", "1 + trt"),
    ]
    assert [b.id for p in f.predictors for b in p.bars] == ["p", "p"]
    assert f.text == "y ~ x + (1 | p | g)\nsigma ~ trt + (1 | p | g)"
    assert f.predictors[1].text == "sigma ~ trt + (1 | p | g)"


def test_lines_are_formulas_and_unfinished_lines_go_on() -> None:
    listed = parse(["y ~ x + z + (1 | g)", "sigma ~ x"], parameters=("sigma",))
    lines = parse("\n y ~ x +\n   z\n  + (1 |\n g)\n\n  sigma ~ x\n", parameters=("sigma",))
    assert [(p.parameter, p.common) for p in lines.predictors] == [(p.parameter, p.common) for p in listed.predictors]
    assert lines.predictors[0].bars[0].group == "g"


def test_a_parameter_belongs_to_the_response_before_it() -> None:
    f = parse(["y1 ~ x", "sigma ~ z", "y2 ~ x", "sigma ~ w"], parameters=("sigma",))
    assert [(p.response, p.parameter) for p in f.predictors] == [
        ("y1", "mu"),
        ("y1", "sigma"),
        ("y2", "mu"),
        ("y2", "sigma"),
    ]


def test_the_first_formula_is_a_response_whatever_it_is_called() -> None:
    f = parse(["sigma ~ x", "sigma ~ z"], parameters=("sigma",))
    assert [(p.response, p.parameter) for p in f.predictors] == [("sigma", "mu"), ("sigma", "sigma")]


def test_without_that_parameter_it_is_another_response() -> None:
    assert [r.name for r in parse(["y ~ x", "sigma ~ z"]).responses] == ["y", "sigma"]


def test_one_response_may_predict_another() -> None:
    assert parse(["m ~ x", "y ~ m + x"]).predictors[1].common == "1 + m + x"


def test_mvbind_gives_every_response_the_same_right_side() -> None:
    f = parse("mvbind(y1, log(y2)) ~ x + (1 | p | g)")
    assert [r.name for r in f.responses] == ["y1", "log(y2)"]
    assert [(p.response, p.common, p.bars[0].id) for p in f.predictors] == [
        ("y1", "1 + x", "p"),
        ("log(y2)", "1 + x", "p"),
    ]


def test_formula_is_a_value() -> None:
    assert parse("y ~ x + (1 | g)") == parse("y ~ x + (1 | g)") != parse("y ~ x + (1 | h)")
