"""translate(): what each package has no equivalent for, with the place; and code that overwrites nothing."""

from __future__ import annotations

import ast
from typing import Any

import pytest

import hierlm as hl
from tests.unit.translation.test_translate import ALL, last

Formula = str | list[str]
TABLE = {
    "y": [1.0, 2.0],
    "x": [1.0, 2.0],
    "z": [0.0, 3.0],
    "f": ["u", "v"],
    "g": ["a", "b"],
    "h": [1, 2],
    "success": ["yes", "no"],
    "row_of_data": [1, 2],
}

REFUSED: list[tuple[str, Formula, dict[str, Any], str, str]] = [
    ("bambi", "y ~ x + (1 | g)", {"family": "lognormal"}, "the family lognormal is not there", 'to="brms"'),
    ("bambi", "y ~ x + (1 | g)", {"family": "gamma(sqrt)"}, "gamma with the sqrt link", 'to="brms"'),
    ("bambi", "y | trials(n) + weights(w) ~ x", {"family": "binomial"}, "weights beside trials", 'to="brms"'),
    ("bambi", "y | weights(w) ~ x", {"family": "student_t"}, "weights with this family", 'to="brms"'),
    ("bambi", "y ~ x + (x | g)", {}, "correlated group effects", "(1 + x || g)"),
    ("bambi", "y ~ x + (1 | g)", {"residual": "cs(1 | g)"}, "is not translated to bambi", 'to="nlme"'),
    ("brms", "y ~ x + idh(1 + x | p | g)", {}, "independent effects with a shared id", "Leave the id out"),
    ("brms", "y ~ x + idv(0 + f | g)", {}, "the structure idv() is not there", "(1 | f:g)"),
    ("brms", "y ~ x + (1 | g)", {"family": "gamma(sqrt)"}, "gamma with the sqrt link", 'to="glmmTMB"'),
    ("brms", "y ~ x + (1 | g)", {"family": "cumulative"}, "the family cumulative is not there", 'to="glmmTMB"'),
    ("glmmTMB", "y ~ x + (1 | g)", {"family": "lognormal"}, "lognormal is not there", "Model log(y) as gaussian"),
    ("glmmTMB", "y ~ x + (1 | g)", {"family": "gamma(sqrt)"}, "gamma with the sqrt link", 'to="brms"'),
    ("glmmTMB", "y | trials(n) + weights(w) ~ x", {"family": "binomial"}, "its weights are the trials", 'to="brms"'),
    ("glmmTMB", ["y ~ x", "sigma ~ x + (1 | g)"], {}, "group effects of 'sigma'", 'to="brms"'),
    ("glmmTMB", ["y ~ x", "nu ~ x"], {"family": "student_t"}, "'nu' cannot be predicted", 'to="brms"'),
    ("glmmTMB", ["y ~ x", "sigma ~ x"], {"link": {"sigma": "identity"}}, "'sigma' cannot be predicted", "brms"),
    ("lme4", "y ~ x", {}, "it needs a group term", "lm()"),
    ("lme4", "y ~ x + (1 | g)", {"family": "student_t"}, "student_t is not there", 'to="brms"'),
    ("lme4", "y ~ x + (1 | g)", {"family": "gamma(sqrt)"}, "gamma with the sqrt link", 'to="brms"'),
    ("lme4", ["y ~ x + (1 | g)", "sigma ~ x"], {}, "'sigma' has a formula of its own", 'to="glmmTMB"'),
    ("lme4", "y ~ x + (f || g)", {"data": TABLE}, "independent effects of a factor's levels", 'to="glmmTMB"'),
    ("MCMCglmm", "y ~ x + (1 | units)", {}, "an effect a row beside sigma", "Leave it out"),
    ("MCMCglmm", "y ~ x + (1 | units)", {"family": "bernoulli(probit)"}, "fixed at 1", "Leave (1 | units) out"),
    ("MCMCglmm", "y ~ x + (x | units)", {"family": "poisson"}, "slopes of single rows", "(1 | units)"),
    ("MCMCglmm", "y ~ x + (1 | g)", {"family": "gamma"}, "the family gamma with the log link", 'to="brms"'),
    ("MCMCglmm", ["y ~ x", "sigma ~ f"], {}, "only where the column is a factor", "Give data="),
    ("MCMCglmm", ["y ~ x", "sigma ~ f:g"], {"data": TABLE}, "'sigma' has a formula of its own", "idh(f):units"),
    ("nlme", "y ~ x + (1 | g)", {"family": "poisson"}, "poisson responses with the log link", 'to="lme4"'),
    ("nlme", "y ~ x + offset(w) + (1 | g)", {}, "ignores offsets", "I(y - …)"),
    ("nlme", "y ~ x", {}, "it needs a group term", "gls()"),
    ("nlme", "y ~ x", {"residual": "ar1(1 | g:h)"}, "cells of g and h as blocks", "a column of the cells"),
    ("nlme", "y ~ x + (1 | h)", {"residual": "exp(x + z)"}, "one block of all rows", "leave the group terms out"),
    ("nlme", "y ~ x + (1 | units)", {}, "an effect a row beside sigma", "Leave it out"),
    ("nlme", "y ~ x + (1 | g:h)", {}, "cells of g and h without an effect", "a column of the cells"),
    ("nlme", "y ~ x + cor(0 + f | g)", {}, "the structure cor() is not there", 'to="glmmTMB"'),
    ("nlme", "y | se(s, sigma=True) ~ x + (1 | g)", {}, "on top of an unknown residual", 'to="brms"'),
    ("nlme", ["y ~ x + (1 | g)", "sigma ~ x + z"], {}, "more than one column for sigma", 'to="glmmTMB"'),
    ("nlme", ["y ~ x + (1 | g)", "sigma ~ x"], {"link": {"sigma": "identity"}}, "another scale", 'to="glmmTMB"'),
    ("nlme", ["y ~ x + (1 | g)", "sigma ~ 0 + x"], {"data": TABLE}, "sigma without an intercept", 'to="glmmTMB"'),
    ("lme4", "y ~ C(f, Sum('a')) + (1 | g)", {}, 'leave out the level "a"', "Leave the level out"),
    ("brms", ["y ~ x", "z ~ x"], {"family": ["gaussian", "poisson", "gamma"]}, "2 responses and 3 families", "one"),
]


@pytest.mark.parametrize(("to", "formula", "options", "what", "remedy"), REFUSED)
def test_refused(to: str, formula: Formula, options: dict[str, Any], what: str, remedy: str) -> None:
    with pytest.raises(hl.TranslationError) as caught:
        hl.translate(formula, to, **options)
    assert what in caught.value.message
    assert remedy in str(caught.value.hint)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("lme4", "glmer(success ~"),
        ("brms", "brm(success ~"),
        ("glmmTMB", "glmmTMB(success ~"),
        ("bambi", "y['yes'] ~"),
    ],
)
def test_a_picked_level(to: str, expected: str) -> None:
    code = hl.translate('y["yes"] ~ x + (1 | g)', to, family="bernoulli").code
    assert expected in code
    assert ('data$success <- as.integer(data$y == "yes")' in code) == (to != "bambi")


def test_two_picked_levels_are_two_columns() -> None:
    code = hl.translate(['y["yes"] ~ x', 'z["no"] ~ x'], "brms", family="bernoulli").code
    assert 'data$success <- as.integer(data$y == "yes")' in code
    assert 'data$success2 <- as.integer(data$z == "no")' in code
    assert "bf(success ~ x" in code
    assert "bf(success2 ~ x" in code


@pytest.mark.parametrize("to", [t for t in ALL if t not in ("MCMCglmm", "nlme")])
def test_columns_of_the_data_are_not_overwritten(to: str) -> None:
    formula = 'y["yes"] ~ success + (1 | units) + (1 | g)'
    for data in (None, TABLE):
        code = hl.translate(formula, to, family="bernoulli", data=data).code
        assert "data$success <-" not in code
        assert to == "bambi" or "data$success2 <-" in code
        assert ("row_of_data2" in code) == (data is not None)


def test_a_grouping_that_is_a_number_elsewhere_stays_one() -> None:
    """MCMCglmm groups by factors only; the column of a slope is not made one."""
    formula = "y ~ x + h + (1 | h) + (1 | g)"
    code = hl.translate(formula, "MCMCglmm").code
    assert "data$h_levels <- factor(data$h)" in code
    assert "data$h <-" not in code
    assert "random = ~ h_levels + g" in code
    assert "data$f <- factor(data$f)" in hl.translate("y ~ x + f + (1 | f)", "MCMCglmm", data=TABLE).code
    assert "data$`a b` <- factor(data$`a b`)" in hl.translate("y ~ x + (1 | `a b`)", "MCMCglmm").code


def test_a_quote_in_a_level_does_not_end_a_string() -> None:
    """Bambi's formulas have strings without quotes in them."""
    code = hl.translate('y["it\'s"] ~ x + (1 | g)', "bambi", family="bernoulli").code
    ast.parse(code)
    assert "data = data.assign(success=(data['y'] == \"it's\").astype(int))" in code
    assert "'success ~ 1 + x" in code
    assert 'data$y == "a\\"b"' in hl.translate("y['a\"b'] ~ x + (1 | g)", "lme4", family="bernoulli").code


def test_sums_within_a_function_are_one_effect() -> None:
    assert "(1 | g) + (0 + I(x + z) | g)" in last("y ~ x + (I(x + z) || g)", "lme4")
    assert "(0 + I(x + z) | g)" in last("y ~ x + idv(0 + I(x + z) | g)", "lme4", data=TABLE)
    assert "(0 + I(x + z)|g)" in last("y ~ x + (0 + I(x + z) | g)", "bambi", data=TABLE)


def test_rows_as_groups() -> None:
    assert "(1 | row_of_data)" in last("y ~ x + (1 | units)", "lme4", family="poisson")
    code = hl.translate("count ~ log(x) + expit(z) + (1 | units) + (1 | g:units)", "bambi", family="poisson").code
    ast.parse(code)
    assert code.count("data.assign(row_of_data=") == 1
    assert "from scipy.special import expit, logit" in code
    assert "np.log(x) + expit(z) + (1|row_of_data) + (1|g:row_of_data)" in code


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ S(f) + C(g) + (1 | h)", "C(factor(f), contr.sum) + factor(g)"),
        ("y ~ C(f, Treatment) + C(g, Sum) + (1 | h)", "factor(f) + C(factor(g), contr.sum)"),
        ("y ~ C(f, Treatment()) + (1 | h)", "lmer(y ~ factor(f) +"),
        ("y ~ I(-x) + exp2(x) + cbrt(z) + square(x) + hypot(x, z) + (1 | h)", "I(2^(x)) + I(sign(z) * abs(z)^(1/3))"),
    ],
)
def test_contrasts_and_functions_in_r(formula: str, expected: str) -> None:
    assert expected in last(formula, "lme4")


def test_weights_are_written_as_they_are() -> None:
    assert "weights = w + 1)" in last("y | weights(I(w + 1)) ~ x + (1 | g)", "glmmTMB")
    assert "weights = I(w) + I(v))" in last("y | weights(I(w) + I(v)) ~ x + (1 | g)", "glmmTMB")
    assert "'weighted(y, w) ~ 1 + x'" in last("y | weights(w) ~ x", "bambi")


def test_dispersion() -> None:
    assert "dispformula = ~ x" in last(["y ~ x + (1 | g)", "phi ~ x"], "glmmTMB", family="beta")
    notes = hl.translate(["y ~ x", "sigma ~ x"], "glmmTMB").notes
    assert any("twice as large" in note for note in notes)
    assert not hl.translate(["y ~ x", "phi ~ x"], "glmmTMB", family="beta").notes
    assert any("recent version" in n for n in hl.translate("y ~ x + idv(0 + f | g)", "glmmTMB").notes)


def test_structures_of_one_number_are_one_variance() -> None:
    """What is one effect is told by the data, where the formula does not say it."""
    for to, expected in (("lme4", "(0 + x | g)"), ("brms", "(0 + x | g)"), ("glmmTMB", "(0 + x | g)")):
        assert expected in last("y ~ x + idv(0 + x | g)", to, data=TABLE)


def test_how_blocks_lie_in_groups_is_said() -> None:
    result = hl.translate("y ~ x + (1 | h)", "nlme", residual="ar1(t | g)")
    assert "form = ~ t | h/g" in result.code
    assert any("inside h" in note for note in result.notes)
    assert any("corCAR1" in note for note in result.notes)
    html = result._repr_html_()
    assert html.startswith("<pre>library(nlme)")
    assert "<li>" in html
    assert "<ul>" not in hl.translate("y ~ x + (1 | g)", "lme4")._repr_html_()


def test_data_without_the_response() -> None:
    """Columns that the data lack do not stop a translation: they only tell numbers from factors."""
    assert "(1 | g)" in last("other ~ x + (1 | g)", "lme4", data=TABLE)
