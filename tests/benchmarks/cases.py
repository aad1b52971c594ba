"""What is timed: each case prepares its data and models, and returns the call to time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import hierlm as hl

__all__ = ["CASES", "INSTEVAL", "SLEEP", "Case", "calibrated"]

INSTEVAL = "y ~ service + (1 | s) + (1 | d) + (1 | dept)"
SLEEP = "Reaction ~ Days + (Days | Subject)"


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Parameters
    ----------
    what : str
        With the code that is timed.
    prepare : callable
        Returns the call to time; what it does itself is not timed.
    seconds, megabytes : float, optional
        The aims.
    repeat : int
    memory : bool
        Whether to trace allocations in one more call (tracing slows Python down several times).
    """

    what: str
    prepare: Callable[[], Callable[[], object]]
    seconds: float | None = None
    megabytes: float | None = None
    repeat: int = 3
    memory: bool = True


def _insteval() -> Callable[[], object]:
    import hierlm as hl

    data = hl.load_data("InstEval")
    return lambda: hl.Model(INSTEVAL, data)


def _insteval_text() -> Callable[[], object]:
    import hierlm as hl

    data = hl.load_data("InstEval").astype(dict.fromkeys(("service", "s", "d", "dept"), str))
    return lambda: hl.Model(INSTEVAL, data)


def _many_levels(formula: str) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        import hierlm as hl

        rng = np.random.default_rng(1)
        n, levels = 50_000, 10_000
        g = rng.integers(levels, size=n)
        data = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "g": g})
        return lambda: hl.Model(formula, data)

    return prepare


def _graph(formula: str, table: str) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        import hierlm as hl
        from hierlm.graph import build_graph

        model = hl.Model(formula, hl.load_data(table))
        return lambda: build_graph(model)

    return prepare


def _synthetic(formula: str, data: Any, draws: int) -> Any:
    import hierlm as hl
    from tests.synthetic import synthetic_fit

    return synthetic_fit(hl.Model(formula, data), draws=draws)


def _predict(kind: str) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        import hierlm as hl

        data = hl.load_data("sleepstudy")
        fit = _synthetic(SLEEP, data, 1000)
        new = data.assign(Subject=np.where(data["Subject"].astype(str) == "308", "new", data["Subject"].astype(str)))
        return lambda: fit.predict(new, kind=kind, seed=1)

    return prepare


def _diagnose() -> Callable[[], object]:
    rng = np.random.default_rng(1)
    levels = 4_000
    data = pd.DataFrame({"y": rng.normal(size=5 * levels), "g": np.tile(np.arange(levels), 5)})
    fit = _synthetic("y ~ 1 + (1 | g)", data, 1000)
    from hierlm.posterior.diagnose import _diagnose as diagnose  # without its memory of fits

    return lambda: diagnose(fit)


def _fit() -> Callable[[], object]:
    import hierlm as hl

    model = hl.Model(SLEEP, hl.load_data("sleepstudy"))
    return lambda: model.fit(seed=1, progress=False)


def calibrated() -> hl.Model:
    """A one-factor Poisson model with priors that one would defend."""
    import hierlm as hl

    rng = np.random.default_rng(1)
    data = {"y": rng.poisson(3, 200), "x": rng.normal(size=200), "g": np.repeat(np.arange(20), 10).astype(str)}
    priors = {
        "b[Intercept]": hl.Prior("Normal", mu=1, sigma=0.7),
        "b": hl.Prior("Normal", mu=0, sigma=0.5),
        "sd_g": hl.Prior("HalfNormal", sigma=0.7),
    }
    return hl.Model("y ~ x + (1 | g)", data, "poisson", priors=priors)


CASES = {
    "insteval": Case("`hl.Model`, InstEval: 73,421 rows, 4,114 levels, columns as categories", _insteval, 2.0, 500),
    "insteval-text": Case("the same, columns as text", _insteval_text, 2.0, 500),
    "levels": Case(
        "`hl.Model`, 50,000 rows × 10,000 levels, `y ~ x + (1 \\| g)`", _many_levels("y ~ x + (1 | g)"), 1.0
    ),
    "slopes": Case("the same, `y ~ x + (x \\| g)`", _many_levels("y ~ x + (x | g)"), 1.0),
    "graph": Case("`model.pymc`, sleepstudy", _graph(SLEEP, "sleepstudy")),
    "graph-insteval": Case("`model.pymc`, InstEval", _graph(INSTEVAL, "InstEval")),
    "predict": Case("`fit.predict(new)`, sleepstudy, 180 rows × 4,000 draws, one subject new", _predict("mean"), 1.0),
    "response": Case('the same, `kind="response"`', _predict("response"), 1.0),
    "diagnose": Case("`fit.diagnose()`, 4,000 levels × 4,000 draws", _diagnose, repeat=2, memory=False),
    "fit": Case("`model.fit()`, sleepstudy, 4 × 1,000 draws, everything included", _fit, repeat=2, memory=False),
}
