"""How the cost of a fit grows with rows, levels and effects: ``python -m tests.benchmarks.growth [FIGURE]``.

For normal and Poisson responses: seconds of one gradient, of finding coordinates, and of the whole call with 4 × 250
draws, warm caches.  Prints a table and draws it to FIGURE (docs/images/growth.png).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl
from hierlm.reductions import plan

LONGEST = 4e-3
"""Seconds of a gradient up to which the whole call is measured too; it takes some 6,000 gradients."""

FIGURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "growth.png"
CASES: tuple[tuple[str, tuple[dict[str, int], ...]], ...] = (
    ("rows", tuple({"rows": n, "levels": 100, "effects": 2} for n in (1_000, 10_000, 100_000, 1_000_000))),
    ("levels", tuple({"rows": 100_000, "levels": n, "effects": 2} for n in (10, 100, 1_000, 10_000))),
    ("effects", tuple({"rows": 10_000, "levels": 100, "effects": n} for n in (1, 2, 4, 6))),
)


def simulated(rows: int, levels: int, effects: int, family: str) -> tuple[str, pd.DataFrame]:
    """A formula with so many correlated effects a level, and data from it."""
    rng = np.random.default_rng([rows, levels, effects])
    X = np.column_stack([np.ones(rows), rng.normal(size=(rows, effects - 1))])
    g = rng.integers(levels, size=rows)
    eta = 0.3 * X.sum(axis=1) + (X * rng.normal(0, 0.4, (levels, effects))[g]).sum(axis=1)
    y = rng.normal(eta, 1.0) if family == "gaussian" else rng.poisson(np.exp(eta))
    names = [f"x{i}" for i in range(1, effects)]
    data = pd.DataFrame({"y": y, "g": g, **{n: X[:, i] for i, n in enumerate(names, 1)}})
    inner = " + ".join(["1", *names])
    return f"y ~ {inner} + ({inner} | g)", data


def measured(case: dict[str, int], family: str) -> dict[str, Any]:
    """Seconds of a gradient, of the coordinates and of the whole call; multiplications of a factorisation."""
    formula, data = simulated(**case, family=family)
    model = hl.Model(formula, data, family=family)
    reduction = plan(model).chosen
    assert reduction is not None
    reduction.apply(model)  # kernels are loaded
    started = time.perf_counter()
    problem = reduction.apply(model)
    coordinates = time.perf_counter() - started
    zeta, gradient = np.zeros(problem.dimension), np.zeros(problem.dimension)
    count = 20
    started = time.perf_counter()
    for _ in range(count):
        problem.density(zeta, problem.data, gradient)
    one = (time.perf_counter() - started) / count
    if one > LONGEST:
        return {"gradient": one, "coordinates": coordinates, "call": float("nan")}
    started = time.perf_counter()
    hl.Model(formula, data, family=family).fit(draws=250, seed=1, progress=False)
    return {"gradient": one, "coordinates": coordinates, "call": time.perf_counter() - started}


def draw(results: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]], path: Path) -> None:
    """One panel a way of growing; a gradient solid, the whole call dashed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.4), layout="constrained")
    panels = figure.subplots(1, len(CASES), sharey=True)
    for panel, (what, cases) in zip(panels, CASES, strict=True):
        for family, colour in (("gaussian", "C0"), ("poisson", "C1")):
            at = [n for n, _ in results[what, family]]
            for key, style in (("gradient", "-"), ("call", "--")):
                values = [r[key] for _, r in results[what, family]]
                panel.loglog(at, values, style, color=colour, marker="o", markersize=4, label=f"{family}, {key}")
        fixed = ", ".join(f"{v:,} {k}" for k, v in cases[0].items() if k != what)
        panel.set(xlabel=what, title=fixed)
        sizes = [case[what] for case in cases]
        panel.set_xticks(sizes, [f"{n:,}" for n in sizes])
        panel.minorticks_off()
        panel.title.set_fontsize(9)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("seconds")
    panels[-1].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main(path: Path) -> None:
    """Measure, print, draw."""
    results: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for family in ("gaussian", "poisson"):
        measured({"rows": 500, "levels": 20, "effects": 2}, family)  # everything is loaded
    print("| grows | family | rows | levels | effects | gradient | coordinates | whole call, 4 × 250 draws |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for what, cases in CASES:
        for family in ("gaussian", "poisson"):
            for case in cases:
                found = measured(case, family)
                results.setdefault((what, family), []).append((case[what], found))
                size = " | ".join(f"{v:,}" for v in case.values())
                print(
                    f"| {what} | {family} | {size} | {found['gradient'] * 1e3:.3f} ms | {found['coordinates']:.2f} s "
                    + (f"| {found['call']:.2f} s |" if np.isfinite(found["call"]) else "| |"),
                    flush=True,
                )
    draw(results, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIGURE)
