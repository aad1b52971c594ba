"""MCMCglmm's dialect, and the identities of docs: the same model typed in different ways is the same value."""

from __future__ import annotations

import pytest

from hierlm.errors import FormulaError
from hierlm.formula import parse

RANDOM = {
    "line": [("us", "1", "line")],
    "~line": [("us", "1", "line")],
    "~ a:b": [("us", "1", "a:b")],
    "a + b": [("us", "1", "a"), ("us", "1", "b")],
    "units": [("us", "1", "units")],
    "us(1):line": [("us", "1", "line")],
    "idh(1):line": [("idh", "1", "line")],
    "us(1 + x):line": [("us", "1 + x", "line")],
    "us(x):line": [("us", "0 + x", "line")],
    "us(0 + x):line": [("us", "0 + x", "line")],
    "us(-1 + x):line": [("us", "0 + x", "line")],
    "us(sex):dam": [("us", "0 + sex", "dam")],
    "idh(sex):dam": [("idh", "0 + sex", "dam")],
    "corh(sex):dam": [("corh", "0 + sex", "dam")],
    "cor(sex):dam": [("cor", "0 + sex", "dam")],
    "us(sex + x):dam": [("us", "0 + sex + x", "dam")],
    "us(sex):a:b": [("us", "0 + sex", "a:b")],
    "idh(poly(x, 2)):g": [("idh", "0 + poly(x, 2)", "g")],
    "us(1 + x):g + idh(sex):dam + line + a:b": [
        ("us", "1 + x", "g"), ("idh", "0 + sex", "dam"), ("us", "1", "line"), ("us", "1", "a:b"),
    ],
    "factor(line)": [("us", "1", "line")],
    "factor(a):b": [("us", "1", "a:b")],
    "dam + sex:dam": [("us", "1", "dam"), ("us", "1", "sex:dam")],
}  # fmt: skip


@pytest.mark.parametrize("random", RANDOM)
def test_random(random: str) -> None:
    f = parse("y ~ x1 + (1 | first)", random=random)
    (predictor,) = f.predictors
    assert [(b.structure, b.effects, b.group) for b in predictor.bars] == [("us", "1", "first"), *RANDOM[random]]
    assert predictor.common == "1 + x1"
    assert f.random == random
    assert f.text == "y ~ x1 + (1 | first)"
    assert all(f.source[b.start : b.stop] == b.text for b in predictor.bars)


def key(text: str, random: str | None = None) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(b.structure, b.effects, b.factors) for b in parse(text, random=random).predictors[0].bars]


@pytest.mark.parametrize(
    ("bars", "random"),
    [
        ("y ~ 1 + (1 | line)", "line"),
        ("y ~ 1 + (1 | line)", "us(1):line"),
        ("y ~ 1 + (1 + tarsus | line)", "us(1 + tarsus):line"),
        ("y ~ 1 + (tarsus || line)", "idh(1 + tarsus):line"),
        ("y ~ 1 + idh(1 | line)", "idh(1):line"),
        ("y ~ 1 + (0 + sex | dam)", "us(sex):dam"),
        ("y ~ 1 + idh(0 + sex | dam)", "idh(sex):dam"),
        ("y ~ 1 + corh(0 + sex | dam)", "corh(sex):dam"),
        ("y ~ 1 + cor(0 + sex | dam)", "cor(sex):dam"),
        ("y ~ 1 + (1 | dam) + (1 | sex:dam)", "dam + sex:dam"),
        ("y ~ 1 + (1 | dam/sex)", "dam + dam:sex"),
    ],
)
def test_identities_of_the_dialects(bars: str, random: str) -> None:
    assert key(bars) == key("y ~ 1", random)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(x | g)", "(1 + x | g)"),
        ("(x | g)", "us(1 + x | g)"),
        ("(x || g)", "idh(1 + x | g)"),
        ("(x || g)", "diag(x | g)"),
        ("(1 | a/b)", "(1 | a) + (1 | a:b)"),
        ("(x | a/b/c)", "(x | a) + (x | a:b) + (x | a:b:c)"),
        ("(1 | a + b)", "(1 | a) + (1 | b)"),
    ],
)
def test_identities_of_bars(one: str, other: str) -> None:
    assert key(f"y ~ {one}") == key(f"y ~ {other}")


@pytest.mark.parametrize(
    ("one", "other"),
    [("(x | g)", "(x || g)"), ("(1 | a:b)", "(1 | a/b)"), ("(1 | g)", "(0 + x | g)"), ("(x | g)", "cor(x | g)")],
)
def test_different_models_are_different(one: str, other: str) -> None:
    assert key(f"y ~ {one}") != key(f"y ~ {other}")
    assert key("y ~ 1", "idh(1 + x):g") != key("y ~ (x | g)")


@pytest.mark.parametrize("residual", ["units", "~ units", "us(1):units", "idh(1):units"])
def test_one_residual_variance_adds_nothing(residual: str) -> None:
    assert parse("y ~ x", residual=residual).predictors == parse("y ~ x").predictors


@pytest.mark.parametrize(("residual", "common"), [("idh(trt):units", "0 + trt"), ("~diag(a:b):units", "0 + a:b")])
def test_a_residual_variance_per_level(residual: str, common: str) -> None:
    mean, sigma = parse("y ~ x", residual=residual, parameters=("mu", "sigma")).predictors
    assert (mean.parameter, sigma.parameter, sigma.common, sigma.bars) == ("mu", "sigma", common, ())


@pytest.mark.parametrize(
    ("residual", "parameters", "said"),
    [
        ("idh(trt):units", ("mu",), "sigma"),
        ("us(trt):units", ("sigma",), "not available yet"),
        ("corh(trt):units", ("sigma",), "not available yet"),
        ("arma(t):units", ("sigma",), "not available yet"),
        ("idh(a + b):units", ("sigma",), "not available yet"),
        ("idh(1 + x):units", ("sigma",), "not available yet"),
        ("idh(trt):g", ("sigma",), "not available yet"),
        ("g", ("sigma",), "not available yet"),
        ("units + idh(trt):units", ("sigma",), "not available yet"),
        ("", ("sigma",), "empty"),
        ("idh(y):units", ("sigma",), "cannot predict itself"),
    ],
)
def test_other_residuals_are_refused(residual: str, parameters: tuple[str, ...], said: str) -> None:
    with pytest.raises(FormulaError, match=said):
        parse("y ~ x", residual=residual, parameters=parameters)


def test_residual_beside_a_formula_for_sigma_is_refused() -> None:
    with pytest.raises(FormulaError, match="formula already"):
        parse(["y ~ x", "sigma ~ z"], residual="idh(trt):units", parameters=("sigma",))


@pytest.mark.parametrize(
    ("random", "place", "said"),
    [
        ("us(1 + x)", "us(1 + x)", "no group"),
        ("(1 | g)", "(1 | g)", "Bars"),
        ("1 | g", "1 | g", "Bars"),
        ("us(1 | g):h", "1 | g", "Bars"),
        ("uss(x):g", "uss", "Did you mean 'us'"),
        ("arma(t):g", "arma", "not available yet"),
        ("us():g", "us()", "no effects"),
        ("us(0):g", "0", "No effect"),
        ("line - a", "a", "taken away"),
        ("1", "1", "group is a column"),
        ("us(x):us(z):g", "us(z)", "computation"),
        ("us(x):log(g)", "log(g)", "computation"),
        ("us(x):y", "y", "cannot predict itself"),
        ("g ~ x", "~", "not read"),
        ("us(x:g", "(", "never closed"),
        ("", "", "empty"),
        ("~", "~", "empty"),
    ],
)
def test_refused_random(random: str, place: str, said: str) -> None:
    with pytest.raises(FormulaError, match=said) as caught:
        parse("y ~ z", random=random)
    assert caught.value.text == f"y ~ z\n{random}"
    if place:
        assert caught.value.text[caught.value.start : caught.value.stop] == place


def test_the_dialect_is_for_one_response() -> None:
    for keyword in ("random", "residual"):
        with pytest.raises(FormulaError, match="one response"):
            parse(["a ~ x", "b ~ x"], **{keyword: "units"})
