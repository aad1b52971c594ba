"""Time and memory of building, fitting and predicting: ``make bench``.

Every case runs in a process of its own.  The table is printed and written to docs/benchmarks.md; nothing is asserted.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.cases import CASES, Case

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = "| what | first call | fastest | aim | allocated | process |\n|---|--:|--:|--:|--:|--:|"
PAGE_TEXT = """# Benchmarks

Written by `make bench` on {date}: {machine}, Python {python}; {versions}.

{table}

*First call*: the first in a new process, after the imports; *fastest*: of {repeats} calls. *Allocated*: the most that
one call held at a time, by `tracemalloc`, without what was there before it; *process*: the largest resident size of the
whole process, PyMC and the data included. `import`: the median of
what it adds to `import numpy, pandas`, and the difference of the fastest.
"""


def run(name: str) -> dict[str, float | None]:
    """One case in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.case", name], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def importing(code: str) -> float:
    """Seconds that a new process takes to run ``code``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return time.perf_counter() - start


def import_rows(repeat: int = 5) -> list[str]:
    """The lines of ``import hierlm``, and of the first use, which imports PyMC."""
    base, found = "import numpy, pandas", []
    codes = {
        "`import hierlm`": f"{base}, hierlm",
        "`import hierlm; hierlm.Model`, PyMC included": f"{base}, hierlm; hierlm.Model",
    }
    runs = {code: [] for code in (base, *codes.values())}
    for _ in range(repeat):  # by turns, so that a busy moment hits all of them
        for code, times in runs.items():
            times.append(importing(code))
    for (what, code), aim in zip(codes.items(), ("1 s", ""), strict=True):
        middle = statistics.median(runs[code]) - statistics.median(runs[base])
        found.append(f"| {what} | {middle:.2f} s | {min(runs[code]) - min(runs[base]):.2f} s | {aim} | | |")
    return found


def row(case: Case, found: dict[str, float | None]) -> str:
    """One line of the table."""
    aims = [f"{aim:g} {unit}" for aim, unit in ((case.seconds, "s"), (case.megabytes, "MB")) if aim is not None]
    allocated = f"{found['allocated']:.0f} MB" if found["allocated"] is not None else ""
    numbers = [f"{found['first']:.2f} s", f"{found['best']:.2f} s", ", ".join(aims), allocated]
    return f"| {case.what} | {' | '.join(numbers)} | {found['resident']:.0f} MB |"


def main(names: list[str]) -> None:
    """Run the named cases, or all of them and write the page."""
    unknown = set(names) - set(CASES)
    if unknown:
        raise SystemExit(f"No such case: {', '.join(sorted(unknown))}. There are: {', '.join(CASES)}.")
    lines = [HEAD] if names else [HEAD, *import_rows()]
    print("\n".join(lines), flush=True)
    for name in names or CASES:
        lines.append(row(CASES[name], run(name)))
        print(lines[-1], flush=True)
    if not names:
        sections = PAGE.read_text(encoding="utf-8").partition("\n## ")  # those of other commands stay
        PAGE.write_text(page("\n".join(lines)) + "".join(sections[1:]), encoding="utf-8")


def with_section(text: str, title: str, body: str) -> str:
    """A page with this section in place of the one of the same title, or as its last."""
    before, _, rest = text.partition(f"\n## {title}\n")
    _, mark, after = rest.partition("\n## ")
    return f"{before.rstrip()}\n\n## {title}\n\n{body.strip()}\n{mark}{after}"


def page(table: str) -> str:
    """The text of docs/benchmarks.md."""
    packages = ("hierlm", "pymc", "pytensor", "nutpie", "numpy", "pandas", "xarray")
    return PAGE_TEXT.format(
        date=time.strftime("%Y-%m-%d"),
        machine=f"{os.cpu_count()} cores of {cpu()}, {platform.system()}",
        python=platform.python_version(),
        versions=", ".join(f"{p} {version(p)}" for p in packages),
        table=table,
        repeats="2 or 3",
    )


def cpu() -> str:
    """The processor's name, where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main(sys.argv[1:])
