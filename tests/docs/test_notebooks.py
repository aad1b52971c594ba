"""Notebooks: what is kept is what the text says, without debris; and all of it runs (with few draws, in the slow lane)."""

from __future__ import annotations

import json
import re
import sys
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import hierlm as hl

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
TEXTS = sorted(p for p in FOLDER.glob("*.py") if p.name != "make.py")
CELL = re.compile(r"^# %%(.*)\n", re.MULTILINE)
FEW = {"draws": 30, "tune": 30, "chains": 2, "cores": 1, "progress": False}
DEBRIS = ("hierlm-progress", "Traceback", "Warning:", " object at 0x", "/(home|root|tmp|work)/", r"\.venv")
"""What an output must not have: progress, errors, addresses in memory, folders of the machine that made it."""
each = pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.stem)


def cells(path: Path) -> list[tuple[str, str]]:
    """(kind, source) of every cell of a percent file."""
    _, *parts = CELL.split(path.read_text(encoding="utf-8"))
    found = []
    for options, body in zip(parts[::2], parts[1::2], strict=True):
        text = body.strip("\n")
        if "[markdown]" in options:
            assert text.startswith('"""\n'), f"{path.name}: text is between triple quotes"
            assert text.endswith('\n"""'), f"{path.name}: text is between triple quotes"
            found.append(("markdown", text[4:-4]))
        else:
            found.append(("code", text))
    return found


def kept(path: Path) -> list[dict[str, Any]]:
    """The cells of the notebook."""
    return json.loads(path.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]


def test_the_set_is_whole():
    assert {p.stem for p in FOLDER.glob("*.ipynb")} == {p.stem for p in TEXTS}
    page = (FOLDER.parent / "docs" / "tutorials" / "README.md").read_text(encoding="utf-8")
    assert {p.stem for p in TEXTS} == set(re.findall(r"notebooks/(\w+)\.ipynb", page))


@each
def test_what_is_kept_is_made_of_the_text(path: Path):
    said = [(kind, source.strip()) for kind, source in cells(path)]
    shown = [(cell["cell_type"], "".join(cell["source"]).strip()) for cell in kept(path)]
    assert shown == said, f"make notebooks NOTEBOOKS={path.stem}"


@each
def test_outputs_are_clean(path: Path):
    counts = []
    for cell in (c for c in kept(path) if c["cell_type"] == "code"):
        counts.append(cell["execution_count"])
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", output
            shown = json.dumps(output.get("data", {}) | {"text": output.get("text", "")})
            assert "".join(output.get("data", {}).get("text/html", "x")).strip(), "what is left of a progress bar"
            for debris in DEBRIS:
                found = re.search(debris, shown)
                assert not found, f"{found} in the output of:\n{''.join(cell['source'])}"
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom"


@pytest.fixture
def ipython(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """``IPython.display`` without IPython; what Markdown was asked to show."""
    said: list[str] = []
    module = types.ModuleType("IPython.display")
    module.Markdown = module.display = said.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return said


def some(table: pd.DataFrame) -> pd.DataFrame:
    """Of InstEval's 73,421 rows 1,500, evenly spaced; other tables are small."""
    return table.iloc[:: len(table) // 1500].reset_index(drop=True) if len(table) > 10_000 else table


@pytest.mark.slow
@each
@pytest.mark.filterwarnings("ignore")
def test_it_runs(path: Path, ipython: list[str], monkeypatch: pytest.MonkeyPatch):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="needs the extra plots")
    fit, load, power, calibrate = hl.Model.fit, hl.load_data, hl.Model.power, hl.Model.calibrate
    monkeypatch.setattr(hl, "load_data", lambda name: some(load(name)))
    monkeypatch.setattr(hl.Model, "fit", lambda self, *args, **options: fit(self, **(options | FEW)))
    monkeypatch.setattr(hl.Model, "power", lambda self, target, **options: power(self, target, **(options | {"n": 2})))
    monkeypatch.setattr(hl.Model, "calibrate", lambda self, n, **options: calibrate(self, 20, **options))
    monkeypatch.chdir(FOLDER)
    names: dict[str, Any] = {"__name__": "notebook"}
    try:
        with pyplot.rc_context():
            for kind, source in cells(path):
                if kind == "code":
                    exec(compile(source.rstrip(";"), str(path), "exec"), names)
    finally:
        pyplot.close("all")
    assert all("nan" not in text for text in ipython)
