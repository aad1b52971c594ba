"""translate(): what is written for each package, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.formula import values
from hierlm.formula.values import Bar
from hierlm.translation import TARGETS
from hierlm.translation.r_text import r_text

ALL = ["lme4", "brms", "MCMCglmm", "glmmTMB", "nlme", "bambi"]


def last(formula, to, **options) -> str:
    """The call itself, on one line."""
    code = hl.translate(formula, to, **options).code
    lines = code[code.rindex("library(") :].split("\n", 1)[1] if "library(" in code else code.splitlines()[-1]
    return re.sub(r"\s+", " ", lines).replace("( ", "(").replace(" )", ")")


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("lme4", "lmer(Reaction ~ Days + (Days | Subject), data = data)"),
        ("brms", 'brm(Reaction ~ Days + (Days | Subject), family = gaussian(link = "identity"), data = data)'),
        (
            "MCMCglmm",
            'MCMCglmm(Reaction ~ Days, random = ~ us(1 + Days):Subject, rcov = ~ units, family = "gaussian", data = data)',
        ),
        ("glmmTMB", 'glmmTMB(Reaction ~ Days + (Days | Subject), data = data, family = gaussian(link = "identity"))'),
        ("nlme", 'lme(Reaction ~ Days, random = list(Subject = pdSymm(~ Days)), data = data, method = "ML")'),
    ],
)
def test_sleepstudy(to: str, expected: str):
    assert last("Reaction ~ Days + (Days | Subject)", to) == expected


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("lme4", "(1 | g) + (0 + x | g)"),
        ("brms", "(x || g)"),
        ("MCMCglmm", "idh(1 + x):g"),
        ("glmmTMB", "diag(x | g)"),
        ("nlme", "g = pdDiag(~ x)"),
        ("bambi", "(1 + x|g)"),
    ],
)
def test_independent_effects(to: str, expected: str):
    assert expected in last("y ~ x + (x || g)", to)
    assert expected in last("y ~ x", to, random="idh(1 + x):g")


@pytest.mark.parametrize(
    ("formula", "residual", "expected"),
    [
        ("y ~ x + (1 | g)", "ar1(t | g)", "random = list(g = pdSymm(~ 1)), correlation = corAR1(form = ~ t | g)"),
        ("y ~ x", "arma(1 | g, p=1, q=2)", "gls(y ~ x, correlation = corARMA(form = ~ 1 | g, p = 1, q = 2)"),
        ("y ~ x", "us(C(t) | g)", "correlation = corSymm(form = ~ t | g)"),
        ("y ~ x", "exp(lat + lon, nugget=True)", "correlation = corExp(form = ~ lat + lon, nugget = TRUE)"),
        ("y ~ x + (1 | h)", "cs(1 | g)", "correlation = corCompSymm(form = ~ 1 | h/g)"),
    ],
)
def test_correlated_residuals(formula: str, residual: str, expected: str):
    assert expected in last(formula, "nlme", residual=residual)
    for to in set(ALL) - {"nlme"}:
        with pytest.raises(hl.TranslationError, match=f"correlation of residuals is not translated to {to}") as caught:
            hl.translate(formula, to, residual=residual)
        assert 'to="nlme"' in str(caught.value.hint)
    with pytest.raises(hl.TranslationError, match="not translated to nlme"):
        hl.translate(formula, "nlme", residual="toep(t | g)")


def test_latent_residual_processes():
    """They are terms of their own elsewhere, and never left out."""
    found = last("y ~ x + (1 | h)", "glmmTMB", family="poisson", residual="ar1(t | g)")
    assert found.startswith("glmmTMB(y ~ x + (1 | h) + ar1(0 + factor(t) | g), data = data, family = poisson")
    for to in set(ALL) - {"glmmTMB"}:
        with pytest.raises(hl.TranslationError, match=f"latent residual process is not translated to {to}"):
            hl.translate("y ~ x", to, family="poisson", residual="ar1(t | g)")
    with pytest.raises(hl.TranslationError, match="not translated to glmmTMB") as caught:
        hl.translate("y ~ x", "glmmTMB", family="poisson", residual="car1(t | g)")
    assert "by hand" in str(caught.value.hint)


def test_what_depends_on_the_data_says_so_or_is_settled_by_them():
    data = {"y": [1.0, 2.0], "x": [1.0, 2.0], "f": ["a", "b"], "g": ["u", "v"]}
    assert any("right for numbers" in note for note in hl.translate("y ~ x + (x || g)", "lme4").notes)
    assert not hl.translate("y ~ x + (x || g)", "lme4", data=data).notes
    with pytest.raises(hl.TranslationError, match="factor"):
        hl.translate("y ~ x + (f || g)", "lme4", data=data)
    assert "(1 + f|g)" in last("y ~ x + (f || g)", "bambi", data=data)
    assert "(f || g)" in last("y ~ x + (f || g)", "brms", data=data)
    assert "varIdent(form = ~ 1 | f)" in last(["y ~ x + (1 | g)", "sigma ~ f"], "nlme", data=data)
    assert "varExp(form = ~ x)" in last(["y ~ x + (1 | g)", "sigma ~ x"], "nlme", data=data)
    assert "rcov = ~ idh(f):units" in last("y ~ x + (1 | g)", "MCMCglmm", data=data, residual="idh(f):units")
    with pytest.raises(hl.TranslationError, match="of which kind nobody knows"):
        hl.translate(["y ~ x + (1 | g)", "sigma ~ f"], "nlme")
    with pytest.raises(hl.TranslationError, match="sigma"):
        hl.translate(["y ~ x + (1 | g)", "sigma ~ x"], "MCMCglmm", data=data)


STRUCTURES = {
    "idv": {"glmmTMB": "homdiag(0 + f | g)", "nlme": "pdIdent(~ 0 + f)", "MCMCglmm": "idv(f):g"},
    "corh": {"glmmTMB": "cs(0 + f | g)"},
    "corv": {"glmmTMB": "homcs(0 + f | g)", "nlme": "pdCompSymm(~ 0 + f)"},
    "cor": {"MCMCglmm": "corg(f):g"},
}


@pytest.mark.parametrize("to", ALL)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_structures(structure: str, to: str):
    formula = f"y ~ x + {structure}(0 + f | g)"
    expected = STRUCTURES[structure].get(to)
    if expected is not None:
        assert expected in last(formula, to)
        return
    with pytest.raises(hl.TranslationError) as refused:
        hl.translate(formula, to)
    assert f"{structure}()" in str(refused.value) and "^" * (len(structure) + 11) in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("structure", ["us", "idh", "idv", "corh", "corv"])
@pytest.mark.parametrize("to", ["lme4", "brms", "MCMCglmm", "glmmTMB", "nlme", "bambi"])
def test_one_effect_is_the_same_in_every_structure(structure: str, to: str):
    if structure == "idh":
        assert last("y ~ x + (1 || g)", to) == last("y ~ x + (1 | g)", to)
    assert last(f"y ~ x + {structure}(1 | g)", to) == last("y ~ x + (1 | g)", to)


def test_ids_join_terms_in_brms_only():
    formulas = ["y ~ x + (1 + x | p | g)", "sigma ~ x + (1 | p | g)"]
    text = last(formulas, "brms")
    assert "bf(y ~ x + (x | p | g), sigma ~ x + (1 | p | g)" in text and 'link_sigma = "log"' in text
    for to in ALL:
        if to != "brms":
            with pytest.raises(hl.TranslationError):
                hl.translate(formulas, to)
    assert last("y ~ x + (x | p | g)", "lme4") == last("y ~ x + (x | g)", "lme4")  # an id of one term joins nothing


def test_counts():
    assert "cbind(y, n - y) ~ x" in last("y | trials(n) ~ x + (1 | g)", "lme4", family="binomial")
    assert "y | trials(n) ~ x" in last("y | trials(n) ~ x + (1 | g)", "brms", family="binomial")
    assert "cbind(y, n - y) ~ x" in last("y | trials(n) ~ x + (1 | g)", "glmmTMB", family="beta_binomial")
    assert "'p(y, n) ~ 1 + x + (1|g)'" in last("y | trials(n) ~ x + (1 | g)", "bambi", family="binomial")
    assert "glmer.nb(y ~ x + (1 | g), data = data)" in last("y ~ x + (1 | g)", "lme4", family="nbinom2")
    assert 'family = nbinom1(link = "log")' in last("y ~ x + (1 | g)", "glmmTMB", family="nbinom1")
    assert "offset(log(time))" in last("y ~ x + offset(log(time)) + (1 | g)", "lme4", family="poisson")


def test_mcmcglmm_has_an_effect_for_each_row():
    with pytest.raises(hl.TranslationError, match="normal effect for each row"):
        hl.translate("y ~ x + (1 | g)", "MCMCglmm", family="poisson")
    text = last("y ~ x + (1 | g) + (1 | units)", "MCMCglmm", family="poisson")
    assert "random = ~ g, rcov = ~ units" in text
    with pytest.raises(hl.TranslationError, match="offset"):
        hl.translate("y ~ x + offset(log(t)) + (1 | units)", "MCMCglmm", family="poisson")
    text = hl.translate('y["yes"] ~ x + (1 | g)', "MCMCglmm", family="bernoulli(probit)").code
    assert 'family = "threshold"' in text and "R = list(V = 1, fix = 1)" in text


def test_nesting():
    assert "(1 | a) + (1 | a:b)" in last("y ~ 1 + (1 | a/b)", "lme4")
    assert "random = list(a = pdSymm(~ 1), b = pdSymm(~ 1))" in last("y ~ 1 + (1 | a/b)", "nlme")
    with pytest.raises(hl.TranslationError, match="do not lie in each other"):
        hl.translate("y ~ 1 + (1 | a) + (1 | b)", "nlme")
    assert "pdBlocked(list(pdSymm(~ 1), pdSymm(~ 0 + x)))" in last("y ~ 1 + (1 | a) + (0 + x | a)", "nlme")


def test_weights_and_errors():
    for to in ("lme4", "MCMCglmm", "nlme"):
        with pytest.raises(hl.TranslationError, match=r"weights\(\)"):
            hl.translate("y | weights(w) ~ x + (1 | g)", to)
    assert "y | weights(w) ~" in last("y | weights(w) ~ x + (1 | g)", "brms")
    assert "weights = w" in last("y | weights(w) ~ x + (1 | g)", "glmmTMB")
    assert "varFixed(~ I((s)^2)), control = lmeControl(sigma = 1)" in last("y | se(s) ~ 1 + (1 | g)", "nlme")
    assert "mev = with(data, (s)^2)" in last("y | se(s, sigma=True) ~ 1 + (1 | g)", "MCMCglmm")
    with pytest.raises(hl.TranslationError, match="without a residual"):
        hl.translate("y | se(s) ~ 1 + (1 | g)", "MCMCglmm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + x:f", "1 + x:f"),
        ("0 + `my var`", "0 + `my var`"),
        ("I(x ** 2 - (z + 1) * 2)", "I(x^2 - (z + 1) * 2)"),
        ("I(-(x ** 2))", "I(-(x^2))"),
        ("I(x - (z - w))", "I(x - (z - w))"),
        ("C(f, Treatment(2))", 'relevel(factor(f), ref = "2")'),
        ("C(f, Sum())", "C(factor(f), contr.sum)"),
        ("T(f, ref='b')", 'relevel(factor(f), ref = "b")'),
        ("poly(x, 2, raw=True)", "poly(x, 2, raw = TRUE)"),
        ("bs(x, df=5)", "splines::bs(x, df = 5)"),
        ("center(x)", "scale(x, scale = FALSE)"),
        ("where(x > 1, x, 0)", "ifelse(x > 1, x, 0)"),
        ("binary(f, 'yes')", 'as.numeric(f == "yes")'),
        ("logit(x)", "qlogis(x)"),
    ],
)
def test_r_text(text: str, expected: str):
    assert r_text(text) == expected


def test_functions_of_ones_own_are_refused():
    with pytest.raises(hl.FormulaError):
        hl.translate("y ~ double(x) + (1 | g)", "lme4")


@pytest.mark.parametrize("to", ALL)
def test_parts_that_nobody_wrote_down_are_refused(to: str, monkeypatch: pytest.MonkeyPatch):
    """A part of a bar that a package's writer does not know, as a later grammar may bring, is never left out."""
    read = hl.translate.__globals__["parse"]

    def later(*arguments, **options):
        formula = read(*arguments, **options)
        mean = formula.predictors[0]
        bars = tuple(Bar(**(vars(b) | {"options": {"d": 2}})) for b in mean.bars)
        return values.Formula(formula.text, formula.responses, (values.Predictor(**(vars(mean) | {"bars": bars})),))

    monkeypatch.setitem(hl.translate.__globals__, "parse", later)
    with pytest.raises(hl.TranslationError, match="does not write 'options' yet"):
        hl.translate("y ~ x + (1 | g)", to)


def test_bad_targets():
    with pytest.raises(hl.TranslationError, match="no package") as refused:
        hl.translate("y ~ x + (1 | g)", "glmTMB")
    assert "glmmTMB" in refused.value.hint
    assert {t.name for t in TARGETS.values()} == set(ALL)


def test_several_responses_need_brms():
    text = last(["y ~ x + (1 | p | g)", "z ~ x + (1 | p | g)"], "brms")
    assert "set_rescor(FALSE)" in text and text.count("bf(") == 2
    for to in ALL:
        if to != "brms":
            with pytest.raises(hl.TranslationError, match="one response"):
                hl.translate(["y ~ x + (1 | g)", "z ~ x + (1 | g)"], to)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formula", "family"),
    [
        ("y ~ x + f + (x || g)", "gaussian"),
        (["y ~ x + (1 | g)", "sigma ~ x"], "gaussian"),
        ("won | trials(tries) ~ x + (1 | g)", "binomial"),
        ("count ~ x + offset(log(w)) + (1 | g)", "negbinomial"),
        ("count ~ x + (1 | g) + (1 | units)", "poisson"),
        ("share ~ x + (1 | f:g)", "beta"),
        ("y | weights(w) ~ x + (1 | g)", "gaussian"),
        ("y ~ x + (1 | g)", "student_t"),
        ("y ~ x + (0 + f || g)", "gaussian"),
        ("y ~ x + (f || g)", "gaussian"),
    ],
)
def test_bambi_reads_it(formula, family: str):
    """Bambi builds the model, with as many free parameters as hierlm's has."""
    pytest.importorskip("bambi", reason="Bambi is not installed")
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"y": rng.normal(size=40), "x": rng.normal(size=40), "w": rng.uniform(1, 2, 40)})
    data["g"], data["f"] = [f"g{i % 5}" for i in range(40)], [f"f{i % 3}" for i in range(40)]
    data["count"], data["won"], data["tries"] = rng.poisson(2, 40), rng.integers(0, 3, 40), 4
    data["share"] = rng.uniform(0.1, 0.9, 40)
    space = {"data": data}
    exec(hl.translate(formula, "bambi", family=family, data=data).code, space)
    space["model"].build()
    theirs = space["model"].backend.model
    ours = hl.Model(formula, data, family=family, parameterization="noncentered").pymc
    sizes = [sum(int(np.prod(rv.shape.eval())) for rv in m.free_RVs) for m in (theirs, ours)]
    assert sizes[0] == sizes[1], (theirs.free_RVs, ours.free_RVs)
