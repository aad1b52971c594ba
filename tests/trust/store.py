"""Records of replications: a line of JSON each, appended as soon as it is there, so that a killed run loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".cache" / "trust"
SIMULATION = (
    *("cells", "correlations", "covariances", "densities", "further", "priors"),
    *("quantities", "replicate", "responses", "structures"),
)

RECIPES = (
    *("beyond", "cells", "densities", "priors", "recipes"),
    *("replicate", "responses", "splines", "structures"),
)
"""What is simulated and ranked in cells of recipes, whose names begin with ``terms/`` …"""
LATENT = ("cells", "correlations", "densities", "latent", "priors", "recipes", "replicate", "responses")
"""… and of latent residual processes, ``latent/``."""


def digest(files: list[Path]) -> str:
    """A short name for what is in files."""
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


@cache
def fingerprints(*, recipes: bool = False, latent: bool = False) -> dict[str, str]:
    """``code``: of hierlm's sources; ``simulation``: of what is simulated and ranked, in recipes or in other cells."""
    files = LATENT if latent else RECIPES if recipes else SIMULATION
    return {
        "code": digest([*(ROOT / "hierlm").rglob("*.py")]),
        "simulation": digest([ROOT / "tests" / "trust" / f"{name}.py" for name in files]),
    }


def of_cell(name: str) -> dict[str, str]:
    """The fingerprints of a cell."""
    return fingerprints(recipes=name.startswith("terms/"), latent=name.startswith("latent/"))


def file_of(store: Path, path: str, cell: str) -> Path:
    """Where the records of a cell are."""
    return store / path / f"{cell.replace('/', '--').replace(' ', '-')}.jsonl"


def append(store: Path, record: dict[str, Any]) -> None:
    """Add a record, on disk before this returns."""
    file = file_of(store, record["path"], record["cell"])
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record | of_cell(record["cell"]), ensure_ascii=False)
    torn = file.exists() and not file.read_bytes().endswith(b"\n")  # what a killed run left
    with file.open("a", encoding="utf-8") as out:
        out.write(("\n" if torn and file.stat().st_size else "") + line + "\n")
        out.flush()
        os.fsync(out.fileno())


def records(store: Path, path: str, cell: str, *, any_code: bool = False) -> list[dict[str, Any]]:
    """The records of a cell by number, those of other simulations left out, and those of other code unless asked for.

    A line that a killed run left half written is no record.
    """
    here, found = of_cell(cell), {}
    for record in _lines(file_of(store, path, cell)):
        if record["simulation"] == here["simulation"] and (any_code or record["code"] == here["code"]):
            found[record["number"]] = record
    return [found[number] for number in sorted(found)]


def others(store: Path, path: str, cell: str) -> int:
    """How many lines are of other code or another simulation."""
    here = of_cell(cell)
    return sum(any(r[k] != v for k, v in here.items()) for r in _lines(file_of(store, path, cell)))


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue
