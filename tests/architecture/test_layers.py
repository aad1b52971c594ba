"""Imports go down only, and a library is imported where its seam is, and nowhere else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "hierlm"
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted module, line) of every import statement in a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def test_layers():
    result = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main(['--no-cache'])"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


# library: the places (relative to hierlm/) that may import it
ONLY_IN = {
    "formulae": ["design/common.py"],
    "nutpie": ["samplers/"],
    "numpyro": ["samplers/"],
    "blackjax": ["samplers/"],
    "jax": ["samplers/"],
    "matplotlib": ["plots/"],
    "arviz_plots": ["plots/"],
    "zarr": [],
    "rich": ["samplers/", "demo.py", "__main__.py"],
}


@pytest.mark.parametrize("library", ONLY_IN)
def test_library_is_imported_in_one_place(library: str):
    elsewhere = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for module, line in imports(path)
        if module.split(".")[0] == library
        and not path.relative_to(PACKAGE).as_posix().startswith(tuple(ONLY_IN[library]))
    ]
    assert not elsewhere, f"{library} belongs in {ONLY_IN[library] or 'no file'} only: {elsewhere}"


@pytest.mark.parametrize("folder", ["formula", "design", "datasets"])
def test_text_and_data_know_no_pymc(folder: str):
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        for module, line in imports(path)
        if module.split(".")[0] in {"pymc", "pytensor"}
    ]
    assert not found


def test_nothing_is_unpickled_or_evaluated():
    banned = {"pickle", "cloudpickle", "dill", "marshal", "shelve"}
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for module, line in imports(path)
        if module.split(".")[0] in banned
    ]
    found += [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"eval", "exec", "compile"}
    ]
    assert not found
