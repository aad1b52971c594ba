"""The demo: three classic tables from formula to posterior, with figures."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from hierlm.datasets import citation, load_data
from hierlm.errors import ConvergenceWarning
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
    draws : int
        A chain.
    target_accept : float
    standardise : tuple of str
        Columns used as z-scores.
    priors : mapping
    """

    title: str
    table: str
    formula: str
    family: str
    group: str
    draws: int = 1000
    target_accept: float = 0.95
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
        draws=1500,  # two nested groupings share one variance, so that the smaller sd mixes slowly ...
        target_accept=0.98,  # ... and reaches to zero, where steps must be short
        standardise=("HEIGHT",),
        priors={"b": Prior("Normal", mu=0, sigma=2.5)},
    ),
)


def run(folder: str | Path = "hierlm-demo", *, draws: int | None = None, seed: int = 1, plots: bool = True) -> Path:
    """Fit every case, print what the posterior says, and write figures.

    Parameters
    ----------
    folder : path
        Where the figures go; made if it is not there.
    draws : int, optional
        A chain, four chains; each case has its own number.
    seed : int
    plots : bool
        Whether to draw figures (needs ``hierlm[plots]``).

    Returns
    -------
    Path
        The folder.
    """
    console, target, started = Console(), Path(folder), time.perf_counter()
    for number, case in enumerate(CASES, 1):
        _title(console, case, number)
        model = Model(case.formula, _data(case), family=case.family, priors=case.priors)
        _show(console, model.equations())
        fit = _sampled(console, model, draws or case.draws, case.target_accept, seed)
        for answer in (fit.summary(), fit.varcorr(), fit.icc(), fit.shrinkage(case.group)):
            _show(console, str(answer))
        if plots:
            _show(console, "\n".join(f"Figure: {path}" for path in _figures(console, case, fit, target)))
    console.rule()
    _show(console, f"Done in {time.perf_counter() - started:.0f} s.")
    return target


def _title(console: Console, case: Case, number: int) -> None:
    console.rule(f"[bold]{number} of {len(CASES)}: {case.table}[/bold]")
    _show(console, f"{case.title}.\nData: {citation(case.table)}")


def _data(case: Case) -> Any:
    frame = load_data(case.table).copy()
    for column in case.standardise:
        frame[column] = (frame[column] - frame[column].mean()) / frame[column].std()
    return frame


def _sampled(console: Console, model: Model, draws: int, target_accept: float, seed: int) -> Fit:
    """A fit, with live progress in a terminal and a line in a log."""
    console.print(f"Compiling, then sampling 4 chains of {draws:,} draws …", highlight=False)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the summary says it
        fit = model.fit(draws=draws, target_accept=target_accept, seed=seed)
    _show(console, f"… {time.perf_counter() - started:.0f} s.")
    return fit


def _show(console: Console, text: str) -> None:
    """A block of text: sentences are wrapped between words, tables are left as they are."""
    for line in text.splitlines():
        console.print(line, highlight=False, markup=False, soft_wrap="  " in line)
    console.print()


def _figures(console: Console, case: Case, fit: Fit, target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, Callable[[], Any]] = {
        "caterpillar": lambda: fit.plot.caterpillar(case.group),
        "shrinkage": lambda: fit.plot.shrinkage(case.group),
        "predictive-check": lambda: fit.plot.ppc(seed=1),
    }
    paths = []
    with console.status("Drawing …"):
        for name, draw in drawn.items():
            path = target / f"{case.table}-{name}.png"
            draw().savefig(path, dpi=150, bbox_inches="tight")
            paths.append(path)
    return paths
