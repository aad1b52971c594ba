"""Prose of pages and notebooks: a few rules of house style that a machine can hold (spelling is codespell's, in ``make lint``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "changelog.d").glob("*.md"),
        *(ROOT / "notebooks").glob("*.py"),
    ]
)
NOT_PROSE = re.compile(
    r"^---\n.*?^---$|^```.*?^```$|<!--.*?-->|<[^>]+>|`[^`\n]*`|\]\([^)]*\)|\$[^$\n]*\$|https?://\S+|@\w+",
    re.MULTILINE | re.DOTALL,
)
TEXT_CELL = re.compile(r'^# %% \[markdown\]\n"""\n(.*?)^"""$', re.MULTILINE | re.DOTALL)

HYPE = "blazing|cutting-edge|effortless|effortlessly|game-changing|groundbreaking|powerful|revolutionary|seamless|seamlessly|state-of-the-art|unparalleled|world-class"
FILLER = "actually|basically|clearly|easily|in order to|leverage|obviously|of course|simply|utilise|utilize|very(?! same)|it should be noted|needless to say"
AMERICAN = "analyze|analyzed|behavior|center|centered|color|colors|favor|gray|labeled|labeling|modeled|modeling|neighbor|neighbors|optimize|organize|standardized|summarize|summarized|visualize"
LONGEST = 75
"""Words of a sentence."""


def prose(path: Path) -> str:
    """The text of a page without code, links' targets, comments and tables' rules."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = "\n\n".join(TEXT_CELL.findall(text))
    return NOT_PROSE.sub(lambda found: "]" if found[0].startswith("](") else " ` ", text)


def sentences(text: str) -> Iterator[str]:
    """Of paragraphs and list items; no headings and tables."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[*-]|\d+\.) )", text):
        lines = [line for line in paragraph.splitlines() if not line.lstrip().startswith(("|", "#", ":::", "{"))]
        yield from re.split(r"(?<=[.!?:;])\s+", " ".join(lines))


each = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())


@each
def test_words(path: Path):
    text = prose(path)
    for words, why in ((HYPE, "praise"), (FILLER, "filler"), (AMERICAN, "British spelling")):
        found = re.findall(rf"(?<![\w-])({words})(?![\w-])", text, re.IGNORECASE)
        assert not found, f"{why}: {found}"


@each
def test_no_word_is_there_twice(path: Path):
    found = [word for word in re.findall(r"\b([A-Za-z]{2,})\s+\1\b", prose(path)) if word not in ("had", "that")]
    assert not found


@each
def test_sentences_end(path: Path):
    long = [s for s in sentences(prose(path)) if len(re.findall(r"\w+", s)) > LONGEST]
    assert not long


@each
def test_punctuation(path: Path):
    found = re.findall(r"\w+ [,;.!?](?=\s|$)|,,|\.\.(?!\.)\s", prose(path))
    assert not found


def test_the_rules_would_notice(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("It is is very powerful , `very`.\n\n```python\nvery\n```\n", encoding="utf-8")
    for rule in (test_words, test_no_word_is_there_twice, test_punctuation):
        with pytest.raises(AssertionError):
            rule(page)
    page.write_text("A word " * 60 + ".", encoding="utf-8")
    with pytest.raises(AssertionError):
        test_sentences_end(page)
