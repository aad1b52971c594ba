"""Posteriors that are sick are flagged with the advice that helps; healthy ones of real data stay quiet."""

from __future__ import annotations

import warnings

import pytest

import hierlm as hl
from tests.statistical.posteriors import HEALTHY, SICK, Posterior

QUICK = [
    "two modes: two clumps of a Student-t", "two groups", "one grouping twice",
    "Dyestuff2", "Penicillin", "cbpp",
]  # fmt: skip
QUIET = 0.95


def names(table: dict[str, Posterior]) -> list[object]:
    return [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in table]


def said(case: Posterior) -> tuple[hl.Fit, list[str]]:
    """The fit, and every sentence that its user is told: warnings, and what the diagnosis advises."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = hl.Model(case.formula, case.frame(), case.family, **case.model)
        fit = model.fit(**({"seed": 1, "progress": False} | case.fit))
    warned = [str(w.message) for w in caught if issubclass(w.category, hl.HierlmWarning)]
    diagnosis = fit.diagnose()
    failed = (diagnosis.checks["status"] == "failed").any()
    assert failed == any(issubclass(w.category, hl.ConvergenceWarning) for w in caught)
    return fit, [*warned, *diagnosis.advice, *diagnosis.cautions]


def test_there_are_enough() -> None:
    assert len(SICK) >= 12 and all(case.words for case in SICK.values())
    assert len(HEALTHY) >= 20
    assert len({str(case.family) for case in HEALTHY.values()}) >= 10


@pytest.mark.statistical
@pytest.mark.parametrize("name", names(SICK))
def test_a_sick_posterior_is_flagged(name: str) -> None:
    fit, sentences = said(SICK[name])
    text = "\n".join(sentences)
    for words in SICK[name].words:
        assert words in text, text
    shown = repr(fit)
    for sentence in (*fit.diagnose().advice, *fit.diagnose().cautions):
        assert sentence in shown


@pytest.mark.statistical
@pytest.mark.parametrize("name", [n for n in QUICK if n in HEALTHY])
def test_a_healthy_posterior_is_quiet(name: str) -> None:
    fit, sentences = said(HEALTHY[name])
    assert sentences == []
    assert fit.diagnose().ok


@pytest.mark.slow
@pytest.mark.statistical
def test_nearly_all_healthy_posteriors_are_quiet() -> None:
    loud = {name: sentences for name in HEALTHY if (sentences := said(HEALTHY[name])[1])}
    print(f"\n{len(HEALTHY) - len(loud)} of {len(HEALTHY)} are quiet", *loud.items(), sep="\n")
    assert 1 - len(loud) / len(HEALTHY) >= QUIET, loud
