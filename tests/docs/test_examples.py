"""The examples: what they show is there, and all of it runs (with few draws, in the slow lane)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hierlm as hl

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(p for p in (DOCS / "examples").glob("*.md") if p.name != "README.md")
FEW = {"draws": 30, "tune": 30, "chains": 2, "cores": 1, "progress": False}
each = pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """docs/make_examples.py."""
    spec = importlib.util.spec_from_file_location("make_examples", DOCS / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_set_is_whole(make: ModuleType):
    assert make.pages() == PAGES
    index = (DOCS / "examples" / "README.md").read_text(encoding="utf-8")
    assert {p.name for p in PAGES} == set(re.findall(r"\]\(([\w-]+\.md)\)", index))


@each
def test_what_it_shows_is_there(path: Path, make: ModuleType):
    text = path.read_text(encoding="utf-8")
    found = list(make.CODE.finditer(text))
    assert len(found) == text.count("```python\n"), "every block of code is marked as sampled"
    assert text.count("```text\n") == sum(block["text"] is not None for block in found), "an output without code"
    for block in found:
        assert block["text"] is None or block["text"].strip(), f"python docs/make_examples.py {path.stem}"
        assert block["image"] is None or (path.parent / block["image"]).is_file()
    numbers = make.NUMBER.findall(text)
    assert numbers
    assert text.count("<!-- = ") == len(numbers) == text.count("<!-- . -->")
    assert all(value.strip() for _, value in numbers)
    assert not re.search(r"^<!-- =", text, re.MULTILINE), "a line that begins with a comment is no text in Markdown"
    shown = " ".join([*(block["text"] or "" for block in found), *(value for _, value in numbers)])
    assert not re.search(r"\bnan\b|Traceback|Warning|/(home|root|tmp|work)/|\.venv| object at 0x", shown, re.IGNORECASE)


def test_no_page_shows_an_output_that_nothing_makes(make: ModuleType):
    """README's output is that of make_images.py; ``text`` blocks of explanation and sampling are equations."""
    equations = [DOCS / "sampling.md", *(DOCS / "explanation").glob("*.md")]
    for path in sorted(set(DOCS.rglob("*.md")) - set(equations)):
        text = path.read_text(encoding="utf-8")
        outputs = len(re.findall(r"^ *```text$", text, re.MULTILINE))
        made = [block for block in make.CODE.finditer(text) if block["text"] is not None]
        assert outputs == len(made), path
        assert not made or path in (*PAGES, *make.OTHERS), path


def test_outputs_and_numbers_are_filled_in(make: ModuleType, tmp_path: Path):
    page = (
        "<!-- sampled -->\n```python\na = 2\nprint('a')\na + 1\n```\n\n```text\nold\n```\n\n"
        "Twice it is <!-- = 2 * a -->5<!-- . -->.\n\n<!-- sampled -->\n```python\na = 3\n```\n"
    )
    filled = make.filled(page, tmp_path)
    assert "```text\na\n3\n```" in filled
    assert "Twice it is <!-- = 2 * a -->6<!-- . -->." in filled
    assert make.filled(filled, tmp_path) == filled
    with pytest.raises(NameError):
        make.filled(page.replace("2 * a", "2 * b"), tmp_path)


@pytest.mark.slow
@each
@pytest.mark.filterwarnings("ignore")
def test_it_runs(path: Path, make: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs the extra plots")
    fit = hl.Model.fit
    monkeypatch.setattr(hl.Model, "fit", lambda self, **options: fit(self, **(options | FEW)))
    (tmp_path / "examples").mkdir()
    (tmp_path / "images" / "examples").mkdir(parents=True)
    names: dict[str, Any] = {"__name__": "page"}
    try:
        make.filled(path.read_text(encoding="utf-8"), tmp_path / "examples", names)
    finally:
        pyplot.close("all")
    assert list((tmp_path / "images" / "examples").glob("*.png")) or "{image}" not in path.read_text(encoding="utf-8")
