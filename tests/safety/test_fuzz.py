"""Random formulas through a whole model: a model or an error of hierlm, quickly, and nothing runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

import hierlm as hl
from tests.badinput.test_formula_text import MALFORMED, glued, grown, words
from tests.safety.attacks import FORMULAS, hostile_data
from tests.safety.audit import watch

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 2.0
DATA = hostile_data().assign(**{"a b": 1.0, "n": 5.0, "units": 1.0})

seeds = st.sampled_from([*(typed for typed, _, _ in MALFORMED), *(t for t in FORMULAS.values() if len(t) < 200)])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A malformed formula or an attack, with pieces cut out, doubled, or replaced by those of another."""
    text = draw(seeds)
    for _ in range(draw(st.integers(1, 3))):
        i, j = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        other = draw(seeds)
        k, m = sorted(draw(st.tuples(st.integers(0, len(other)), st.integers(0, len(other)))))
        text = text[:i] + draw(st.sampled_from([text[i:j] * 2, "", other[k:m]])) + text[j:]
    return text


TERMS = [
    *(
        "x",
        "f",
        "x:f",
        "f*b",
        "a/b",
        "log(w)",
        "poly(x, 2)",
        "bs(z, df=4)",
        "C(f, Sum)",
        "I(x > 0)",
        "I(x**2)",
        "scale(z)",
    ),
    *("(1 | g)", "(x | g)", "(x + z || g)", "(0 + f | g)", "(1 | a:b)", "(1 | a/b)", "idh(1 + x | g)", "(1 | units)"),
    *("`a b`", "offset(s)", "np", "I(x / w)", "round(x, 1)", "where(x > 0, z, w)", "0", "1", "-1", "exp(-x)", "log(x)"),
]
sums = st.lists(st.sampled_from(TERMS), min_size=1, max_size=5, unique=True).map(lambda t: "y ~ " + " + ".join(t))
formulas = st.one_of(
    sums, grown, mutated(), words.map("y ~ {}".format), glued.map("y ~ {}".format), st.text(max_size=80)
)


def outcome(typed: str) -> tuple[object, list[str], float]:
    """The model or the error, the forbidden events, and the seconds of processor time."""
    start = time.process_time()
    with warnings.catch_warnings(), watch(trees=True) as events:
        warnings.simplefilter("ignore", hl.DataWarning)
        try:
            result: object = hl.Model(typed, DATA)
        except hl.HierlmError as problem:
            result = problem
        seen = list(events)
    return result, seen, time.process_time() - start


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    for text in ("y ~ x*f + poly(x, 2) + bs(z, df=4) + C(f, Sum) + I(x > 1) + (x | g)", "y ~ q", "y ~ log(f)"):
        outcome(text)

    @settings(max_examples=20, database=None, derandomize=True)
    @given(formulas)
    def hypothesis_too(typed: str) -> None:  # it reads its own source when it first runs
        outcome(typed)

    hypothesis_too()


def check(typed: str) -> None:
    result, events, seconds = outcome(typed)
    assert not events
    assert seconds < LONGEST
    assert isinstance(result, (hl.Model, hl.HierlmError))
    if isinstance(result, hl.HierlmError):
        assert result.message
        assert len(str(result)) < 3_000


@settings(max_examples=600)
@given(formulas)
def test_models_of_random_formulas(typed: str):
    check(typed)


@pytest.mark.slow
@settings(max_examples=10_000)
@given(formulas)
def test_models_of_many_random_formulas(typed: str):
    check(typed)


def test_some_random_formulas_are_models():
    """The search is not of refused text only: sums of terms are often models, so that these are evaluated."""
    found = []

    @settings(max_examples=150, database=None, derandomize=True)
    @given(sums)
    def count(typed: str) -> None:
        found.append(isinstance(outcome(typed)[0], hl.Model))

    count()
    assert sum(found) > 0.3 * len(found), (sum(found), len(found))


@pytest.mark.slow
def test_search_led_by_coverage(tmp_path: Path):
    """atheris (libFuzzer) mutates formulas towards branches of the reader that none has taken yet."""
    pytest.importorskip("atheris", reason="pip install atheris (Linux)")
    runs = 200_000
    done = subprocess.run(
        [sys.executable, "-m", "tests.safety.fuzz_reader", str(tmp_path / "corpus"), f"-runs={runs}", "-seed=1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {runs} runs" in done.stderr
