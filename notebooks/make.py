"""Runs notebooks and keeps their outputs: ``python notebooks/make.py [name …]``, or ``make notebooks``.

``name.py`` is a notebook's text in jupytext's percent format, ``name.ipynb`` what comes of it.  A cell that writes to
stderr fails: what is shown has no stray warnings.  Progress bars are left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
PROGRESS = "hierlm-progress"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
    "jupytext": {"formats": "ipynb,py:percent"},
}


def sources() -> list[str]:
    """Names of all notebooks."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.name != Path(__file__).name)


def progress(output: Any) -> bool:
    """Whether an output is a progress bar, or what is left of one that was taken away."""
    shown = output.get("data", {}).get("text/html")
    return shown is not None and (PROGRESS in str(shown) or not "".join(shown).strip())


def tidy(notebook: Any) -> None:
    """The same notebook gives the same file: no random ids, no times; no progress bars.

    Raises
    ------
    SystemExit
        When a cell wrote to stderr.
    """
    notebook.metadata = METADATA
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        if cell.cell_type != "code":
            continue
        cell.outputs = [o for o in cell.outputs if not progress(o)]
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise SystemExit(f"This cell writes to stderr:\n{cell.source}\n\n{output['text']}")


def make(name: str) -> None:
    """Run ``name.py`` and write ``name.ipynb``."""
    started = time.perf_counter()
    notebook = jupytext.read(FOLDER / f"{name}.py")
    NotebookClient(notebook, timeout=3600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    tidy(notebook)
    nbformat.write(notebook, FOLDER / f"{name}.ipynb")
    print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or sources():
        make(chosen)
