"""Displays: what they say, and that a user's text cannot become mark-up."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

import hierlm as hl
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
    return [f, f.summary(groups=True), f.varcorr(), f.diagnose(), f.shrinkage()]


@pytest.mark.parametrize("name", MODELS)
def test_every_answer_shows_itself(name: str):
    for answer in answers(fit(name)):
        assert "nan" not in repr(answer)
        assert tags(answer._repr_html_()) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_a_fit_says_what_it_is():
    text = repr(fit("us", draws=800))
    assert text.startswith("y ~ x + (x | g)\n")
    for part in ("gaussian (mu: identity)", "72 rows", "6 levels of g", "4 chains × 800", "Converged", "95 % interval"):
        assert part in text
    for row in ("b[x]", "sd_g[x]", "cor_g[Intercept, x]", "sigma"):
        assert row in text
    assert "Do not trust" in repr(fit("us", draws=50))


def test_a_summary_prints_its_level():
    assert "89 % eti" in repr(fit("us").summary(level=0.89))
    assert "95 % hdi" in repr(fit("us").summary(kind="hdi"))
    assert "50 % eti" in repr(fit("us").varcorr(level=0.5))
    assert "50 % eti" in fit("us").varcorr(level=0.5)._repr_html_()


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
        assert "background" not in styles
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
