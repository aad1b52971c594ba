"""The site: every page can be reached, every public name is explained, and it builds without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import hierlm as hl

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TOC = re.compile(r"```\{toctree\}\n(.*?)```", re.DOTALL)


def reached() -> set[Path]:
    """Documents that follow from docs/index.md by tables of contents."""
    todo, seen = [DOCS / "index.md"], set()
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for block in TOC.findall(page.read_text(encoding="utf-8")) if page.suffix == ".md" else ():
            for line in (line.strip() for line in block.splitlines() if line.strip() and line[0] != ":"):
                entry = line.removesuffix(">").rpartition("<")[2]  # perhaps after a title of its own
                start = ROOT / entry[1:] if entry.startswith("/") else page.parent / entry
                found = [*start.parent.glob(f"{start.name}.md"), *start.parent.glob(f"{start.name}.ipynb")]
                assert found, f"{page}: nothing is called {entry}"
                todo += [p.resolve() for p in found]
    return seen


def test_every_page_can_be_reached():
    pages = {p for p in DOCS.rglob("*.md") if "paper" not in p.parts} | set((ROOT / "notebooks").glob("*.ipynb"))
    lost = sorted(p.relative_to(ROOT).as_posix() for p in pages - reached())
    assert not lost, f"in no table of contents: {lost} (notebooks: docs/tutorials/README.md)"


@pytest.mark.slow
def test_every_public_name_has_its_place_in_the_reference():
    text = "\n".join(p.read_text(encoding="utf-8") for p in (DOCS / "reference").glob("*.md"))
    explained = set(re.findall(r"^\.\. auto\w+:: hierlm\.(?:[\w.]+\.)?(\w+)$", text, re.MULTILINE))
    assert set(hl.__all__) - explained == set(), "docs/reference lacks a name"


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path):
    pytest.importorskip("sphinx", reason="needs the extra docs")
    pytest.importorskip("myst_nb", reason="needs the extra docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), ".", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    home = (tmp_path / "site" / "docs" / "index.html").read_text(encoding="utf-8")
    assert "Bayesian mixed models" in home
