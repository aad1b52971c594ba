"""Questions after the fit: those that are timed, and those whose memory is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks.cases import INSTEVAL, SLEEP, calibrated

if TYPE_CHECKING:
    import hierlm as hl

__all__ = ["BYTES", "CHAINS", "DRAWS", "FEW", "TIMED", "WEIGHED", "Timed", "Weighed", "model_of", "parameters"]

CHAINS, DRAWS, BYTES = 4, 1000, 8
FEW = 100
"""Draws of each chain for what has a number a row and draw: with all of them it would be 2.2 GB."""
MODELS = {
    "sleepstudy": (SLEEP, "gaussian"),
    "cbpp": ("incidence | trials(size) ~ period + (1 | herd)", "binomial"),
    "InstEval": (INSTEVAL, "gaussian"),
}


@dataclass(frozen=True)
class Timed:
    """A question with an aim in seconds.

    Parameters
    ----------
    what : str
        The data, and the code that is timed.
    prepare : callable
        Returns the call; what it does itself is not timed.
    seconds : float
        The aim.
    repeat : int
        Calls.
    """

    what: str
    prepare: Callable[[], Callable[[], object]]
    seconds: float
    repeat: int = 2


@dataclass(frozen=True)
class Weighed:
    """A question whose memory should stay within draws × what was asked for.

    Parameters
    ----------
    what : str
    ask : callable
    numbers : callable
        How many numbers of each draw are asked for.
    draws : int
        Of each chain.
    """

    what: str
    ask: Callable[[hl.Fit], object]
    numbers: Callable[[hl.Model], int]
    draws: int = DRAWS


def model_of(data: str) -> hl.Model:
    """The model of a data set that comes with hierlm."""
    import hierlm as hl

    formula, family = MODELS[data]
    return hl.Model(formula, hl.load_data(data), family)


def _after(data: str, ask: Callable[[Any], object]) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        fit = model_of(data).fit(DRAWS, chains=CHAINS, seed=1, progress=False)
        return lambda: ask(fit)

    return prepare


def _calibrate() -> Callable[[], object]:
    model = calibrated()
    return lambda: model.calibrate(200, seed=1, progress=False)


def _loo(data: str, target: str) -> Timed:
    return Timed(f'{data}, `fit.loo("{target}")`', _after(data, lambda fit: fit.loo(target)), 5)


def _kfold(words: str, **options: Any) -> Timed:
    ask = _after("sleepstudy", lambda fit: fit.kfold(10, seed=1, progress=False, **options))
    return Timed(f"sleepstudy, `fit.kfold({words})`, by refits", ask, 10)


TIMED = {
    "row": _loo("cbpp", "row"),
    "known": _loo("cbpp", "row_in_known_group"),
    "new": _loo("cbpp", "new_group"),
    "sleep-row": _loo("sleepstudy", "row"),
    "sleep-known": _loo("sleepstudy", "row_in_known_group"),
    "sleep-new": _loo("sleepstudy", "new_group"),
    "kfold": _kfold("10"),
    "kfold-group": _kfold('10, group="Subject"', group="Subject"),
    "calibrate": Timed("Poisson, 200 rows, 20 levels, `model.calibrate(200)`, one process", _calibrate, 60, repeat=1),
}


def parameters(model: hl.Model) -> int:
    """How many parameters there are, group effects not counted."""
    return sum(1 + len(a.also) for a in model.assignments)


def _levels(model: hl.Model) -> int:
    return sum(len(blocks[0].levels) for blocks in model.groups.values())


def _both(model: hl.Model) -> int:
    return model.design.n + _levels(model)


WEIGHED = (
    Weighed('`fit.hypothesis("b[Intercept] > 3")`', lambda fit: fit.hypothesis("b[Intercept] > 3"), parameters),
    Weighed("`fit.summary()`", lambda fit: fit.summary(), parameters),
    Weighed("`fit.ranef()`", lambda fit: fit.ranef(), _levels),
    Weighed(f"`fit.predict(draws={FEW})`", lambda fit: fit.predict(draws=FEW), _both, FEW),
    Weighed(f"`fit.log_likelihood(draws={FEW})`", lambda fit: fit.log_likelihood(draws=FEW), _both, FEW),
    Weighed(f'`fit.residuals("pearson", draws={FEW})`', lambda fit: fit.residuals("pearson", draws=FEW), _levels, FEW),
    Weighed("`fit.r2()`", lambda fit: fit.r2(), _levels),
    Weighed("`fit.augment()`", lambda fit: fit.augment(), _levels),
)
