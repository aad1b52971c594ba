"""What a model says about itself: everything that is in it, under the names that users know, and nothing harmful."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import hierlm as hl
from hierlm.model import describe
from hierlm.model.describe.latex import Latex
from hierlm.model.describe.plain import PlainText

MACROS = {
    "alpha", "backprime", "backslash", "begin", "beta", "dots", "sum", "textstyle", "end", "kappa", "left", "mathrm", "mu", "nu", "phi",
    "quad", "rho", "right", "sigma", "sim", "tau", "text", "wedge",
}  # fmt: skip


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 60
    return pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "y2": rng.normal(size=n),
            "count": rng.poisson(3, size=n),
            "k": rng.integers(0, 5, size=n),
            "size": np.full(n, 5),
            "yes": rng.choice(["no", "yes"], size=n),
            "x": np.arange(n) % 10.0,
            "f": rng.choice(list("abc"), size=n),
            "g": np.repeat(list("ABCDEF"), 10),
            "h": rng.choice(list("uvwxyz"), size=n),
            "w": rng.uniform(1, 2, size=n),
            "my var": rng.normal(size=n),
            "a_b%": rng.normal(size=n),
            "<b>&$^{~}\\#": np.repeat(["<i>", "b&c"], 30),
        }
    )


MODELS = {
    "one effect": ("y ~ x + (1 | g)", {}),
    "correlated": ("y ~ x + (x | g)", {}),
    "uncorrelated": ("y ~ x + (x || g)", {}),
    "crossed": ("y ~ 1 + (1 | g) + (x | h)", {}),
    "cells": ("y ~ x + (1 | g/h)", {}),
    "units": ("count ~ x + (1 | units)", {"family": "poisson"}),
    "three": ("y ~ 1 + (0 + f | g)", {}),
    "four": ("y ~ 1 + (f + x | g)", {}),
    "idv": ("y ~ 1 + idv(0 + f | g)", {}),
    "corv": ("y ~ 1 + corv(1 + x | g)", {}),
    "corh": ("y ~ 1 + corh(0 + f | g)", {}),
    "cor": ("y ~ 1 + cor(0 + f | g)", {}),
    "no common": ("y ~ 0 + (1 | g)", {}),
    "no groups": ("y ~ x", {}),
    "offset": ("count ~ x + offset(log(w)) + (1 | g)", {"family": "poisson"}),
    "weights": ("y | weights(w) ~ x + (1 | g)", {}),
    "trials": ("k | trials(size) ~ x + (1 | g)", {"family": "binomial"}),
    "bernoulli": ("yes ~ x + (1 | g)", {"family": "bernoulli"}),
    "distributional": (["y ~ x + (1 | p | g)", "sigma ~ x + (1 | p | g)"], {}),
    "several responses": (["y ~ x + (1 | p | g)", "y2 ~ 1 + (x | p | g)"], {}),
    "fixed": ("y ~ x + (1 | g)", {"priors": {"sigma": 2.0, "b": hl.Prior("Normal", mu=0, sigma=3)}}),
    "smooths": ("y ~ s(x) + t2(w, `my var`) + (1 | g)", {}),
    "names": ("y ~ `my var` + `a_b%` + (`a_b%` | `<b>&$^{~}\\#`)", {}),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> hl.Model:
    formula, options = MODELS[request.param]
    return hl.Model(formula, table(), **options)


def build(name: str) -> hl.Model:
    formula, options = MODELS[name]
    return hl.Model(formula, table(), **options)


def test_every_coefficient_and_prior_is_in_the_equations(model: hl.Model):
    text = describe.equations(model, "text")
    for assignment in model.assignments:
        if assignment.variable not in {p for r in model.responses for p in r.free}:
            assert assignment.name in text, assignment.name
        if assignment.kind != "correlation" and assignment.source == "default":
            assert str(assignment.prior) in text


def test_every_group_effect_enters_its_predictor_once(model: hl.Model):
    text = describe.equations(model, "text", priors=False)
    predictors = text.split("where ")[0]
    letters = dict(zip(model.groups, "jklm", strict=False))
    for group, blocks in model.groups.items():
        for label in (e for b in blocks for e in b.effects):
            assert predictors.count(f"r_{group.replace('/', '∕')}[{letters[group]}, {label}]") == 1


def test_the_display_names_what_the_model_is(model: hl.Model):
    text, html = describe.text(model), describe.html(model)
    for line in model.formula.text.splitlines():
        assert line.strip() in text
    assert f"{model.design.n} rows" in text
    assert f"{model.design.n} rows" in html
    for response in model.responses:
        assert response.family.name in text
        for link in response.links.values():
            assert link.name in text
    for group, blocks in model.groups.items():
        row = next(line for line in text.splitlines() if line.startswith(f"  {group} "))
        assert str(len(blocks[0].levels)) in row


def test_sleepstudy_like_model_in_full():
    text = describe.equations(build("correlated"), "text", priors=False)
    assert text.splitlines() == [
        "yᵢ ~ gaussian(μᵢ, σ)",
        "μᵢ = b[Intercept] + b[x] · xᵢ + r_g[j, Intercept] + r_g[j, x] · xᵢ",
        "",
        "where j is the g of row i; there are 6",
        "(r_g[j, Intercept], r_g[j, x]) ~ N(0, V)",
        "V = ⎡ τ₁²      ρ τ₁ τ₂ ⎤",
        "    ⎣ ρ τ₁ τ₂  τ₂²     ⎦",
        "with τ₁ = sd_g[Intercept], τ₂ = sd_g[x]",
        "with ρ = cor_g[Intercept, x]",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("uncorrelated", ["r_g[j, Intercept] ~ N(0, sd_g[Intercept]²)", "r_g[j, x] ~ N(0, sd_g[x]²)"]),
        ("corv", ["⎡ τ₁²      ρ τ₁ τ₁ ⎤", "τ₁ = sd_g[Intercept] = sd_g[x]"]),
        ("idv", ["⎡ τ₁²  0    0   ⎤", "τ₁ = sd_g[f[a]] = sd_g[f[b]] = sd_g[f[c]]"]),
        ("cor", ["⎡ 1   ρ₁  ρ₂ ⎤", "⎢ ρ₁  1   ρ₃ ⎥", "ρ₃ = cor_g[f[b], f[c]]"]),
        ("three", ["⎢ ρ₁ τ₁ τ₂  τ₂²       ρ₃ τ₂ τ₃ ⎥"]),
        ("corh", ["V = corh, 3 × 3, 4 parameters", "V_ij = r σᵢ σⱼ"]),
        ("four", ["V = us, 4 × 4, 10 parameters", "(r_g[j, Intercept], …, r_g[j, x]) ~ N(0, V)"]),
        ("units", ["log(μᵢ) =", "r_units[j, Intercept] ~ N(0, sd_units[Intercept]²)"]),
        ("offset", ["log(μᵢ) = b[Intercept] + b[x] · xᵢ + (log(w))ᵢ + r_g[j, Intercept]"]),
        ("weights", ["yᵢ ~ gaussian(μᵢ, σ)  weighted by wᵢ"]),
        ("trials", ["kᵢ ~ binomial(μᵢ, trials = sizeᵢ)", "logit(μᵢ) ="]),
        ("bernoulli", ["[yes = yes]ᵢ ~ bernoulli(μᵢ)"]),
        ("distributional", ["yᵢ ~ gaussian(μᵢ, σᵢ)", "log(σᵢ) = b_sigma[Intercept] + b_sigma[x] · xᵢ + r_g[j, sigma:"]),
        ("several responses", ["μ[y2]ᵢ = b[y2:Intercept] + r_g[j, y2:Intercept] + r_g[j, y2:x] · xᵢ", "σ[y2] ~ "]),
        ("fixed", ["σ = 2", "b[x] ~ Normal(0, 3)"]),
        ("no common", ["μᵢ = r_g[j, Intercept]"]),
        ("cells", ["where k is the g:h of row i"]),
    ],
)  # fmt: skip
def test_structures_and_additions_in_words(name: str, expected: list[str]):
    text = describe.equations(build(name), "text")
    for line in expected:
        assert line in text, text


def test_long_sums_are_wrapped():
    data = table().assign(**{f"column_{i}": np.random.default_rng(i).normal(size=60) for i in range(20)})
    model = hl.Model("y ~ " + " + ".join(f"column_{i}" for i in range(20)), data)
    text = describe.equations(model, "text", priors=False)
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"b[column_{i}] · column_{i}ᵢ" in text for i in range(20))


def test_many_priors_are_counted_not_hidden():
    data = table().assign(**{f"column_{i}": np.random.default_rng(i).normal(size=60) for i in range(30)})
    model = hl.Model("y ~ " + " + ".join(f"column_{i}" for i in range(30)), data)
    assert "… and 8 more: model.priors()" in describe.text(model)
    assert "column_29" in describe.html(model)


def test_unknown_style_is_refused():
    with pytest.raises(hl.ModelError, match="Did you mean 'latex'"):
        describe.equations(build("one effect"), "LaTex")


# ---------------------------------------------------------------------------------------------------- LaTeX


def outside_text(latex: str) -> str:
    r"""The LaTeX without the contents of ``\text{…}``, which hold no braces."""
    return re.sub(r"\\text\{[^{}]*\}", "", latex)


def test_latex_is_well_formed(model: hl.Model):
    latex = describe.equations(model, "latex")
    assert latex.startswith("\\begin{aligned}\n")
    assert latex.endswith("\n\\end{aligned}")
    bare = re.sub(r"\\[{}]", "", latex)
    assert bare.count("{") == bare.count("}")
    assert set(re.findall(r"\\([A-Za-z]+)", latex)) - {"aligned", "pmatrix"} <= MACROS
    assert latex.count(r"\left") == latex.count(r"\right")
    for line in re.sub(r"\\begin\{pmatrix\}.*?\\end\{pmatrix\}", "", latex).splitlines()[1:-1]:
        assert len(re.findall(r"(?<!\\)&", line)) == 1, line


def test_latex_names_are_typeset():
    latex = describe.equations(build("correlated"), "latex")
    assert r"{\text{y}}_{i} &\sim \text{gaussian}({\mu}_{i}, \sigma)" in latex
    assert r"r^{\text{g}}_{j,\,\text{x}}" in latex
    assert r"\begin{pmatrix} {\tau_{1}}^{2} & \rho \tau_{1} \tau_{2} \\" in latex


@given(st.text(max_size=20))
def test_no_text_breaks_latex(text: str):
    latex = Latex().words(text)
    inside = "".join(re.findall(r"\\text\{([^{}]*)\}", latex))
    assert not set(inside) & set("\\{}$&#%_^~<>`\n")
    rest = outside_text(latex)
    assert set(re.findall(r"\\([A-Za-z]+)", rest)) <= {"backslash", "wedge", "sim", "backprime"}
    assert not re.search(r"(?<!\\)[$&#%_~]", rest)


@given(st.text(max_size=20))
def test_plain_text_keeps_the_words_on_one_line(text: str):
    assert PlainText().words(text).split() == text.split()
    assert len(PlainText().words(text).splitlines()) <= 1


# ---------------------------------------------------------------------------------------------------- HTML


class Balanced(HTMLParser):
    """Checks that tags are closed in order, and keeps the text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.styles: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)
        self.styles += [value for name, value in attrs if name == "style"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_balanced_escaped_and_without_colours(model: hl.Model):
    parser = Balanced()
    parser.feed(describe.html(model))
    assert parser.open == []
    assert parser.tags <= {"div", "pre", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
    words = " ".join(parser.text)
    for assignment in model.assignments:
        assert assignment.name in words
    for style in parser.styles:
        assert not re.search(r"#[0-9a-fA-F]{3}|rgb|hsl", style)
        colours = re.findall(r"(?:^|;)\s*(?:color|background(?:-color)?)\s*:\s*([\w-]+)", style)
        assert set(colours) <= {"inherit", "none"}


def test_a_model_prints_itself():
    model = build("correlated")
    assert repr(model) == f"{describe.text(model)}\n\n  Sampled by: {model.plan().name}"
    assert model._repr_html_() == f"{describe.html(model)}<p>Sampled by: {model.plan().name}</p>"
    assert model.equations("latex") == describe.equations(model, "latex")


def test_smooths_are_terms_with_an_equation_of_their_own():
    data = table()
    model = hl.Model(["y ~ f + s(x, by=f)", "sigma ~ s(w, by=x, bs='cc')"], data)
    text = describe.equations(model, "text", priors=False)
    assert (
        "b[f[" in text.split("\n")[1]
        and "s(x, by=f)ᵢ" in text
        and "log(σᵢ) = b_sigma[Intercept] + sigma:s(w, by=x)ᵢ" in text
    )
    level = model.design.schema.smooths["y", "mu"][0].levels[0]
    group = f"s(x, by=f):{level}"
    assert f"s(x, by=f)ᵢ = b[{group}:x] · (x − mean)ᵢ + Σₖ Zᵢₖ r_{group}[k]  where f is {level}" in text
    assert f"r_{group}[k] ~ N(0, sd_{group}²)  k = 1, …, 8" in text
    assert "b_sigma[s(w, by=x):x] · xᵢ" in text
    assert r"{\textstyle\sum_k} Z_{ik}" in describe.equations(model, "latex")
    shown = describe.text(model)
    assert "tp, k = 10" in shown and "cc, k = 10" in shown and "tp, k = 10" in describe.html(model)
