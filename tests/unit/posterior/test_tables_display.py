"""Displays: what they say, and that a user's text cannot become mark-up."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser

import pandas as pd
import pytest

import hierlm as hl
from hierlm.errors import PosteriorError, PredictionError
from hierlm.posterior.layout import bracket, html_table, number, text_table
from tests.synthetic import synthetic_fit
from tests.unit.posterior.tables import MODELS, fit, frame


class Tags(HTMLParser):
    """Collects opened and closed tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(html: str) -> set[str]:
    parser = Tags()
    parser.feed(html)
    assert not parser.open
    return parser.seen


def answers(f: hl.Fit) -> list:
    found = [
        f,
        f.model,
        f.summary(groups=True),
        f.varcorr(),
        f.diagnose(),
        f.shrinkage(),
        f.fixef(),
        f.ranef(),
        f.coef(),
    ]
    with suppress(PosteriorError):  # no latent variance
        found += [f.icc(), f.r2()]
    with suppress(PredictionError):  # of several responses one must be named
        found.append(f.predict())
    return found


EXTRA = {hl.Model: {"pre", "p", "details", "summary"}}


@pytest.mark.parametrize("name", MODELS)
def test_every_answer_shows_itself(name: str):
    for answer in answers(fit(name)):
        assert "nan" not in repr(answer)
        assert tags(answer._repr_html_()) <= {
            "div",
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
        } | EXTRA.get(type(answer), set())


def test_a_fit_says_what_it_is():
    text = repr(fit("us", draws=800))
    assert text.startswith("y ~ x + (x | g)\n")
    for part in ("gaussian (mu: identity)", "72 rows", "6 levels of g", "4 chains × 800", "Converged", "95% interval"):
        assert part in text
    for row in ("b[x]", "sd_g[x]", "cor_g[Intercept, x]", "sigma"):
        assert row in text
    assert "Do not trust" in repr(fit("us", draws=50))


def test_a_summary_prints_its_level():
    assert "89% eti" in repr(fit("us").summary(level=0.89))
    assert "95% hdi" in repr(fit("us").summary(kind="hdi"))
    assert "50% eti" in repr(fit("us").varcorr(level=0.5))
    assert "50% eti" in fit("us").varcorr(level=0.5)._repr_html_()


@pytest.mark.parametrize("question", ["fixef", "ranef", "coef", "icc", "r2"])
def test_data_frames_of_estimates_print_their_level_and_round(question: str):
    frame = getattr(fit("us"), question)(level=0.89, kind="hdi")
    for shown in (repr(frame), frame._repr_html_()):
        assert "lower, upper: 89% shortest interval" in shown
        assert f"{frame['mean'].iloc[0]:.6f}" not in shown
    assert "89%" in repr(frame[frame["mean"] > frame["mean"].min()])
    assert "89%" not in repr(frame.drop(columns="upper"))
    assert repr(pd.DataFrame(frame)) == repr(
        frame.drop(columns="upper").assign(upper=frame["upper"]).pipe(pd.DataFrame)
    )


def test_estimates_of_any_shape_show_themselves():
    found = fit("units").ranef()
    assert "… 38 more rows" in repr(found)
    assert "no rows" in repr(found.head(0))
    by_level = repr(found.set_index(["group", "level"]).head(1))
    assert by_level.splitlines()[0].split() == ["group", "level", "effect", "mean", "sd", "lower", "upper"]
    assert "mean" in repr(found["mean"].head(1).to_frame())
    assert "mean" in repr(found.T)


def test_what_is_fixed_is_said_to_be():
    text = repr(fit("bernoulli").varcorr())
    assert re.search(r"\(residual\) +1\.81 +fixed +3\.29", text)
    assert "fixed by the logit link" in text
    text = repr(fit("fixed").varcorr())
    assert re.search(r"Intercept +0\.500 +fixed", text)
    assert re.search(r"\(residual\) +2\.00 +fixed", text)
    assert "logit" not in text
    for name in ("us", "gamma", "units", "sigma"):
        assert "fixed" not in repr(fit(name).varcorr())


def test_a_single_effect_has_no_structure():
    assert "structure" not in repr(fit("one").varcorr())
    assert "corh" in repr(fit("corh").varcorr())


def test_a_failed_diagnosis_names_the_worst_and_the_remedy():
    lines = repr(fit("us", draws=50).summary()).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("Do not trust"))
    assert re.match(r"Worst: \S+.* \((bulk|tail) ESS \d+\)", lines[at + 1])
    assert lines[at + 2].startswith("Sample longer: fit(draws=")
    assert "Worst" not in repr(fit("us", draws=800))


def test_no_group_terms_no_shrinkage():
    assert "No group terms are pooled" in repr(fit("none").shrinkage())
    assert "<table" not in fit("none").shrinkage()._repr_html_()


def test_several_formulas_and_responses_are_listed():
    text = repr(fit("several"))
    assert "y ~ x + (1 | id | g)\nk ~ x + (x | id | g)" in text
    assert "y: gaussian (mu: identity); k: poisson (mu: log)" in text


def test_a_users_text_is_text():
    evil = "<script>alert(1)</script>"
    table = frame().assign(g=frame()["g"] + evil)
    f = synthetic_fit(hl.Model("y ~ x + (x | g)", table))
    for answer in answers(f):
        html = answer._repr_html_()
        assert "<script" not in html
        assert "script" not in tags(html)
    assert "&lt;script&gt;" in f.summary(groups=True)._repr_html_()
    assert html_table((evil,), [(evil,)], caption=evil).count("&lt;script&gt;") == 3


def test_html_has_no_colours_of_its_own():
    for answer in answers(fit("us")):
        styles = " ".join(re.findall(r'style="([^"]*)"', answer._repr_html_()))
        assert not re.search("background(?!:none)", styles)
        assert not re.search(r"#[0-9a-fA-F]{3}|rgb|black|white(?!-space)", styles)


def test_a_long_table_is_cut_and_says_so():
    s = fit("units").summary(groups=True)
    assert len(s.frame) > 70
    assert re.search(r"\d+ more rows in \.frame", repr(s))
    assert re.search(r"\d+ more rows in \.frame", s._repr_html_())


def test_text_lines_up():
    lines = text_table(("", "R̂", "mean"), [("a", "1.00", "-2.5"), ("long name", "10.25", "3")]).splitlines()
    width = [len(line.replace("\u0302", "")) for line in lines]
    assert len(set(width)) == 1
    assert text_table(("a",), [("x\ny",)]).splitlines() == ["a", "x y"]


@pytest.mark.parametrize(
    ("value", "scale", "shown"),
    [
        (251.4051, 6.8, "251.4"),
        (0.123456, 0.0123, "0.123"),
        (1234.5, 100.0, "1234"),
        (-0.5, 0.2, "-0.50"),
        (0.0, None, "0"),
        (-0.03, 2.8, "0.0"),
        (1.8137993642342178, 4e-16, "1.81"),
        (3.0, 0.0, "3.00"),
        (1e12, 1e10, "1e+12"),
        (float("nan"), 1.0, "–"),
        (float("inf"), None, "inf"),
        (1.0, float("nan"), "1.00"),
    ],
)
def test_numbers_have_the_digits_of_their_uncertainty(value: float, scale: float | None, shown: str):
    assert number(value, scale) == shown


def test_intervals_have_brackets():
    assert bracket(-1.0, 2.0, 0.5) == "[-1.00, 2.00]"
    assert bracket(1.0, 1.0, 0.0) == "[1.00, 1.00]"
