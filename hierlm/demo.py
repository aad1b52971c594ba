"""The demo: three classic tables from formula to posterior, with figures."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from hierlm.datasets import citation, load_data
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.priors import Prior

__all__ = ["CASES", "Case", "run"]


@dataclass(frozen=True)
class Case:
    """One model of the demo.

    Parameters
    ----------
    title, table, formula, family : str
    group : str
        The grouping whose effects are drawn.
    standardise : tuple of str
        Columns used as z-scores.
    priors : mapping
    """

    title: str
    table: str
    formula: str
    family: str
    group: str
    standardise: tuple[str, ...] = ()
    priors: Mapping[str, object] = field(default_factory=dict)


CASES = (
    Case(
        "Reaction times over ten days of sleep deprivation: correlated intercepts and slopes",
        "sleepstudy",
        "Reaction ~ Days + (Days | Subject)",
        "gaussian",
        "Subject",
    ),
    Case(
        "Disease incidence in cattle herds: binomial with herd and observation-level effects",
        "cbpp",
        "incidence | trials(size) ~ period + (1 | herd) + (1 | units)",
        "binomial",
        "herd",
    ),
    Case(
        "Ticks on grouse chicks in broods in locations: overdispersed Poisson counts",
        "grouseticks",
        "TICKS ~ YEAR + HEIGHT + (1 | LOCATION) + (1 | BROOD) + (1 | INDEX)",
        "poisson",
        "LOCATION",
        standardise=("HEIGHT",),
        priors={"b": Prior("Normal", mu=0, sigma=2.5)},
    ),
)


def run(folder: str | Path = "hierlm-demo", *, draws: int = 1000, seed: int = 1, plots: bool = True) -> Path:
    """Fit every case, print what the posterior says, and write figures.

    Parameters
    ----------
    folder : path
        Where the figures go; made if it is not there.
    draws : int
        A chain, four chains.
    seed : int
    plots : bool
        Whether to draw figures (needs ``hierlm[plots]``).

    Returns
    -------
    Path
        The folder.
    """
    console, target, started = Console(), Path(folder), time.perf_counter()
    for case in CASES:
        console.rule(f"[bold]{case.table}[/bold]")
        console.print(case.title, highlight=False)
        console.print(f"Data: {citation(case.table)}", highlight=False, markup=False)
        model = Model(case.formula, _data(case), family=case.family, priors=case.priors)
        console.print(model.equations(), highlight=False, markup=False)
        console.print("Compiling and sampling …", highlight=False)
        fit = model.fit(draws=draws, seed=seed)
        _report(console, case, fit)
        if plots:
            for path in _figures(case, fit, target):
                console.print(f"Figure: {path}", highlight=False, markup=False)
    console.rule()
    console.print(f"Done in {time.perf_counter() - started:.0f} s.", highlight=False)
    return target


def _data(case: Case) -> Any:
    frame = load_data(case.table).copy()
    for column in case.standardise:
        frame[column] = (frame[column] - frame[column].mean()) / frame[column].std()
    return frame


def _report(console: Console, case: Case, fit: Fit) -> None:
    for answer in (fit.summary(), fit.varcorr(), fit.icc(), fit.shrinkage(case.group)):
        console.print(str(answer), highlight=False, markup=False)
        console.print()


def _figures(case: Case, fit: Fit, target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    drawn = {
        "caterpillar": fit.plot.caterpillar(case.group),
        "shrinkage": fit.plot.shrinkage(case.group),
        "predictive-check": fit.plot.ppc(seed=1),
    }
    paths = []
    for name, figure in drawn.items():
        path = target / f"{case.table}-{name}.png"
        figure.savefig(path, dpi=150, bbox_inches="tight")
        paths.append(path)
    return paths
