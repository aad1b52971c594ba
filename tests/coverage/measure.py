"""One package with its own quick tests, in a process under coverage.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.trust.summary import commit

ROOT = Path(__file__).resolve().parents[2]
KERNELS = "kernels"
"""Compiled by numba, so that coverage.py does not see their lines; tests/unit/kernels compares their numbers."""

MORE: dict[str, tuple[str, ...]] = {
    "correlations": ("contracts/test_correlations.py",),
    "covariances": ("contracts/test_covariances.py",),
    "design": ("badinput/test_data.py", "badinput/test_prediction.py"),
    "families": ("contracts/test_families.py", "badinput/test_families.py"),
    "fit": ("unit/storage/test_fit_or_load.py",),
    "formula": ("badinput/test_formula_text.py", "badinput/test_residuals.py"),
    "graph": (
        *(
            f"trust/test_density_{part}.py"
            for part in ("grid", "groups", "parameters", "processes", "residuals", "terms")
        ),
        *("unit/priors/joint", "unit/reductions/test_dense.py"),
    ),
    "links": ("contracts/test_links.py",),
    "model": (
        *(f"badinput/test_{part}.py" for part in ("model", "priors", "residuals")),
        *("unit/priors/joint", "unit/variances", "contracts/test_joint_priors.py"),
    ),
    "posterior": ("badinput/test_prediction.py",),
    "priors": ("contracts/test_joint_priors.py", "badinput/test_priors.py"),
    "samplers": ("contracts/test_samplers.py",),
    "storage": ("badinput/test_archives.py", "safety/test_mutated_archives.py"),
    "variances": ("contracts/test_residuals.py",),
}
"""Tests of a package beside its folder of tests/unit."""

SETTINGS = """[run]
branch = true
source = {source}
data_file = {data}
[report]
exclude_also =
    if TYPE_CHECKING:
    @abstractmethod
    @overload
    raise AssertionError
"""

PACKAGES = sorted(
    f.name
    for f in (ROOT / "hierlm").iterdir()
    if (f / "__init__.py").exists() and (ROOT / "tests/unit" / f.name).is_dir()
)
TESTS = {p: tuple(f"tests/{t}" for t in (f"unit/{p}", *MORE.get(p, ()))) for p in PACKAGES if p != KERNELS}


def measure(package: str) -> dict[str, Any]:
    """What the tests of a package run of it: counts, and the branches of each file that nothing takes."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        settings, report = Path(folder) / "rc", Path(folder) / "report.json"
        settings.write_text(
            SETTINGS.format(source=ROOT / "hierlm" / package, data=Path(folder) / "data"), encoding="utf-8"
        )
        run = [sys.executable, "-m", "coverage"]
        tests = ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--durations=0", "-m", "not slow"]
        done = subprocess.run(
            [*run, "run", f"--rcfile={settings}", *tests, *TESTS[package]], cwd=ROOT, env=os.environ, check=False
        )
        subprocess.run([*run, "json", "-q", f"--rcfile={settings}", "-o", str(report)], cwd=ROOT, check=True)
        found = json.loads(report.read_text(encoding="utf-8"))
    return summary(found) | {
        "passed": done.returncode == 0,
        "seconds": round(time.perf_counter() - started),
        "commit": commit(),
    }


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Counts of a report of coverage.py, and file → pairs of lines between which nothing goes (0: the end)."""
    total = report["totals"]
    return {
        "lines": total["num_statements"],
        "lines_run": total["covered_lines"],
        "branches": total["num_branches"],
        "branches_run": total["covered_branches"],
        "missing": {
            file: [[a, max(b, 0)] for a, b in of["missing_branches"]]
            for file, of in sorted(report["files"].items())
            if of["missing_branches"]
        },
    }
