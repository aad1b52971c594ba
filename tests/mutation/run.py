"""Tests against mutants: a sample of each package's, a process each, a line of JSON as soon as its fate is known."""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import numpy as np

from tests.mutation.operators import mutants, mutated

ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / ".cache" / "mutation.jsonl"
SEED = 7
TESTS: dict[str, tuple[str, ...]] = {
    "formula": ("tests/unit/formula", "tests/badinput/test_formula_text.py", "tests/badinput/test_residuals.py"),
    "design": ("tests/unit/design", "tests/badinput/test_data.py", "tests/badinput/test_prediction.py"),
    "covariances": ("tests/unit/covariances", "tests/contracts/test_covariances.py"),
}
"""What should notice a change in a package: its quick tests, and those of bad input that are about it."""
LIBRARIES = (
    *("numpy", "scipy.stats", "scipy.interpolate", "pandas", "narwhals", "formulae", "xarray", "pytest"),
    *("pytensor", "pymc", "numba", "polars", "pyarrow"),
)
"""Imported once, before the processes part."""
LIMIT, SLACK = 8, 20.0
"""A process has so many times the processor seconds of the tests by themselves, and so many more."""


@dataclass(frozen=True)
class Site:
    """A mutant by where it is."""

    package: str
    file: str
    number: int
    line: int
    kind: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """One word; another one when the file changes."""
        return f"{self.file}#{self.number}@{self.source}"


def sites(package: str) -> list[Site]:
    """All mutants of a package."""
    found = []
    for file in sorted((ROOT / "hierlm" / package).rglob("*.py")):
        text, path = file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix()
        source = hashlib.sha256(text.encode()).hexdigest()[:10]
        for i, m in enumerate(mutants(ast.parse(text))):
            found.append(Site(package, path, i, m.line, m.kind, m.before, m.after, source))
    return found


def sample(package: str, size: int) -> list[Site]:
    """So many of them, by a seed."""
    found = sites(package)
    order = np.random.default_rng(SEED).permutation(len(found))
    return [found[i] for i in order[:size]]


def records() -> dict[str, dict[str, Any]]:
    """Name → what was found last."""
    found = {}
    for line in STORE.read_text(encoding="utf-8").splitlines() if STORE.exists() else ():
        with suppress(json.JSONDecodeError):
            record = json.loads(line)
            found[record["name"]] = record
    return found


def run(packages: Sequence[str], size: int, *, minutes: float = 0.0, again: bool = False) -> int:
    """The sampled mutants that the store lacks, packages by turns; returns how many are missing still.

    Parameters
    ----------
    minutes : float
        Stop after so long; 0: no end.
    again : bool
        Those that lived, once more: after tests were added.
    """
    assert "hierlm" not in sys.modules, "hierlm is imported after the processes part"
    _import_libraries()
    have, started = records(), time.perf_counter()
    samples = [sample(package, size) for package in packages]
    turns = [s for i in range(size) for found in samples for s in found[i : i + 1]]
    todo = [s for s in turns if s.name not in have or (again and have[s.name]["fate"] == "lived")]
    seconds = {p: _alone(p) for p in sorted({s.package for s in todo})}
    print(f"{len(todo)} mutants; the tests alone take {seconds} s of processor time", flush=True)
    for done, site in enumerate(todo):
        if minutes and time.perf_counter() - started > 60 * minutes:
            return len(todo) - done
        record = {"name": site.name, **site.__dict__, **fate(site, seconds[site.package])}
        with STORE.open("a", encoding="utf-8") as out:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
        print(
            f"{done + 1}/{len(todo)} {record['fate']:7} {site.file}:{site.line} {site.before} -> {site.after}",
            flush=True,
        )
    return 0


def fate(site: Site, seconds: float) -> dict[str, Any]:
    """``killed`` by a test, or in no time (``timeout``), or ``lived``."""
    source = (ROOT / site.file).read_text(encoding="utf-8")
    code = compile(mutated(source, site.number), str(ROOT / site.file), "exec")
    status, used, output = _process(_arguments(site), seconds, {str(ROOT / site.file): code})
    if os.WIFSIGNALED(status):
        slow = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return {"fate": "timeout" if slow else "killed", "by": f"signal {os.WTERMSIG(status)}", "seconds": used}
    if os.WEXITSTATUS(status) == 0:
        return {"fate": "lived", "by": "", "seconds": used}
    named = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    return {"fate": "killed", "by": named[1] if named else output.strip()[-200:], "seconds": used}


def _arguments(site: Site) -> list[str]:
    """The file's own tests come first."""
    own = ROOT / "tests" / "unit" / site.package / f"test_{Path(site.file).name}"
    return [str(own.relative_to(ROOT))] * own.exists() + _tests(site.package)


def _tests(package: str) -> list[str]:
    """With the examples of docstrings: of the folder, since pytest loads files that it is given in a way of its own."""
    return [*TESTS[package], f"hierlm/{package}"]


def _alone(package: str) -> float:
    """Processor seconds of the tests of a package without a mutant.

    Raises
    ------
    SystemExit
        Where they fail.
    """
    status, used, output = _process(_tests(package), 600.0, {})
    if status:
        raise SystemExit(f"Without a mutant the tests of {package} fail:\n{output[-3000:]}")
    return used


def _process(tests: Sequence[str], seconds: float, changed: dict[str, Any]) -> tuple[int, float, str]:
    """(status, processor seconds, output) of pytest in a process of its own."""
    with tempfile.TemporaryFile() as output:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        sys.stdout.flush()
        process = os.fork()
        if process == 0:
            _child(tests, seconds, changed, output.fileno())
        _, status = os.waitpid(process, 0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return status, round(used, 2), output.read().decode(errors="replace")


def _child(tests: Sequence[str], seconds: float, changed: dict[str, Any], output: int) -> None:
    """Never returns."""
    code = 1
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        if any("njit" in file.read_text(encoding="utf-8") for file in map(Path, changed)):
            _forget_kernels()
        limit = int(LIMIT * seconds + SLACK)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20 * limit)  # a process that waits for ever uses no processor
        usual = SourceFileLoader.get_code

        def get_code(self: Any, fullname: str) -> Any:
            return changed.get(self.path) or usual(self, fullname)

        SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
        import pytest

        options = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--durations=0", "--tb=line", "-m", "not slow")
        code = int(pytest.main([*options, *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _forget_kernels() -> None:
    """Compiled functions are kept by the time of their file, which a mutant does not change."""
    import numba
    import pytensor

    numba.config.CACHE_DIR = tempfile.mkdtemp()
    pytensor.config.numba__cache = False


def _import_libraries() -> None:
    os.chdir(ROOT)
    cache = ROOT / ".cache" / "pytensor"
    os.environ.setdefault("PYTENSOR_FLAGS", f"base_compiledir={cache},numba__fastmath=False,cxx=")
    os.environ.setdefault("CI", "1")  # the same examples of hypothesis in every process
    os.environ.setdefault("MPLBACKEND", "Agg")
    STORE.parent.mkdir(parents=True, exist_ok=True)
    for name in LIBRARIES:
        importlib.import_module(name)
