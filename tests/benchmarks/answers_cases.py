"""Questions after the fit, and what they cost: each prepares a fit, and returns the call to measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.cases import INSTEVAL, SLEEP, calibrated

if TYPE_CHECKING:
    import hierlm as hl

__all__ = ["QUESTIONS", "Prepared", "Question"]

CBPP = "incidence | trials(size) ~ period + (1 | herd)"
CHAINS, DRAWS = 4, 1000
BYTES = 8


@dataclass(frozen=True)
class Prepared:
    """What is measured.

    Parameters
    ----------
    call : callable
        The question.
    numbers : int, optional
        How many numbers a draw was asked for, where memory is the question.
    draws : int
        Of all chains.
    """

    call: Callable[[], object]
    numbers: int | None = None
    draws: int = CHAINS * DRAWS

    @property
    def megabytes(self) -> float | None:
        """Draws × what was asked for."""
        return None if self.numbers is None else BYTES * self.numbers * self.draws / 2**20


@dataclass(frozen=True)
class Question:
    """One line of a table.

    Parameters
    ----------
    name : str
    what : str
        The data, and the code that is measured.
    prepare : callable
        What it does itself is not measured.
    seconds : float, optional
        The aim.
    repeat : int
        Calls.
    """

    name: str
    what: str
    prepare: Callable[[], Prepared]
    seconds: float | None = None
    repeat: int = 2

    @property
    def memory(self) -> bool:
        """Whether memory is the question."""
        return self.seconds is None


def _model(data: str) -> hl.Model:
    import hierlm as hl

    formula, family = {
        "sleepstudy": (SLEEP, "gaussian"),
        "cbpp": (CBPP, "binomial"),
        "InstEval": (INSTEVAL, "gaussian"),
    }[data]
    return hl.Model(formula, hl.load_data(data), family)


def _fit(data: str) -> hl.Fit:
    return _model(data).fit(DRAWS, chains=CHAINS, seed=1, progress=False)


def _timed(data: str, ask: Callable[[hl.Fit], object]) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        fit = _fit(data)
        return Prepared(lambda: ask(fit))

    return prepare


def _calibrate() -> Prepared:
    model = calibrated()
    return Prepared(lambda: model.calibrate(200, seed=1, progress=False))


def _weighed(
    numbers: Callable[[hl.Model], int], ask: Callable[[hl.Fit], object], draws: int = DRAWS
) -> Callable[[], Prepared]:
    def prepare() -> Prepared:
        fit = _fit("InstEval")
        return Prepared(lambda: ask(fit), numbers(fit.model), CHAINS * draws)

    return prepare


def _sampled() -> Prepared:
    """The fit itself: group effects are drawn when somebody looks at them."""
    model = _model("InstEval")
    model.fit(20, chains=CHAINS, seed=1, progress=False)  # kernels are loaded
    return Prepared(lambda: model.fit(DRAWS, chains=CHAINS, seed=1, progress=False), _parameters(model))


def _parameters(model: hl.Model) -> int:
    return sum(1 + len(a.also) for a in model.assignments)


def _levels(model: hl.Model) -> int:
    return sum(len(blocks[0].levels) for blocks in model.groups.values())


def _rows(model: hl.Model) -> int:
    return model.design.n


FEW = 100
"""Draws of each chain for what has a number a row and draw: with all of them it would be 2.2 GB."""

_ALL = (
    Question("row", "cbpp, `fit.loo()`", _timed("cbpp", lambda f: f.loo()), 5),
    Question("known", '`fit.loo("row_in_known_group")`', _timed("cbpp", lambda f: f.loo("row_in_known_group")), 5),
    Question("new", '`fit.loo("new_group")`', _timed("cbpp", lambda f: f.loo("new_group")), 5),
    Question("sleep-row", "sleepstudy, `fit.loo()`", _timed("sleepstudy", lambda f: f.loo()), 5),
    Question(
        "sleep-known",
        '`fit.loo("row_in_known_group")`',
        _timed("sleepstudy", lambda f: f.loo("row_in_known_group")),
        5,
    ),
    Question("sleep-new", '`fit.loo("new_group")`', _timed("sleepstudy", lambda f: f.loo("new_group")), 5),
    Question(
        "kfold", "`fit.kfold(10)`, by refits", _timed("sleepstudy", lambda f: f.kfold(10, seed=1, progress=False)), 10
    ),
    Question(
        "kfold-group",
        '`fit.kfold(10, group="Subject")`, by refits',
        _timed("sleepstudy", lambda f: f.kfold(10, group="Subject", seed=1, progress=False)),
        10,
    ),
    Question(
        "calibrate", "Poisson, 200 rows, 20 levels, `model.calibrate(200)`, one process", _calibrate, 60, repeat=1
    ),
    Question("fit", "`model.fit()`", _sampled, repeat=1),
    Question("summary", "`fit.summary()`", _weighed(_parameters, lambda f: f.summary()), repeat=1),
    Question("ranef", "`fit.ranef()`", _weighed(_levels, lambda f: f.ranef()), repeat=1),
    Question("predict", f"`fit.predict(draws={FEW})`", _weighed(_rows, lambda f: f.predict(draws=FEW), FEW), repeat=1),
    Question(
        "density",
        f"`fit.log_likelihood(draws={FEW})`",
        _weighed(_rows, lambda f: f.log_likelihood(draws=FEW), FEW),
        repeat=1,
    ),
    Question("loo", f"`fit.loo(draws={FEW})`", _weighed(_rows, lambda f: f.loo(draws=FEW), FEW), repeat=1),
    Question("residuals", '`fit.residuals("pearson")`', _weighed(_levels, lambda f: f.residuals("pearson")), repeat=1),
)

QUESTIONS = {question.name: question for question in _ALL}
