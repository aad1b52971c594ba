"""Try a case, and judge what came of it."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from hierlm.errors import FormulaError, HierlmError, HierlmWarning, show_rows
from tests.badinput.battery.case import Case, Refused, Warned
from tests.badinput.battery.frames import FRAMES

VERDICTS = ("clear", "silent", "obscure", "slow")
LONGEST = 1.0
"""Seconds of processor time that an answer may take."""

HERE = str(Path(__file__).parent)


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Parameters
    ----------
    verdict : {"clear", "silent", "obscure", "slow"}
        Silent: nothing was said though something should have been.  Obscure: what was said is another package's error
        or warning, or lacks the place or the remedy.
    why : str
        Empty where it is clear.
    seconds : float
        Of processor time.
    """

    verdict: str
    why: str
    seconds: float


@dataclass(frozen=True)
class _Seen:
    error: Exception | None
    warned: tuple[warnings.WarningMessage, ...]
    result: object
    seconds: float


def judge(case: Case, frame: str) -> Outcome:
    """Try a case on one kind of table; a slow one once more, since the first time may have warmed something up."""
    seen = _try(case, frame)
    if seen.seconds > LONGEST:
        seen = _try(case, frame)
    verdict, why = _verdict(case, seen)
    if verdict == "clear" and seen.seconds > LONGEST:
        verdict, why = "slow", f"{seen.seconds:.2f} s"
    return Outcome(verdict, why, seen.seconds)


def _try(case: Case, frame: str) -> _Seen:
    error, result = None, None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        start = time.process_time()
        try:
            result = case.ask(FRAMES[frame])
        except Exception as problem:
            error = problem
        seconds = time.process_time() - start
    return _Seen(error, tuple(warned), result, seconds)


def _verdict(case: Case, seen: _Seen) -> tuple[str, str]:
    if isinstance(case.expected, Refused):
        if seen.error is None:
            return "silent", "no error"
        return _judged([*_wrong_error(case.expected, seen.error), *_foreign(seen)])
    if seen.error is not None:
        return "obscure", f"{type(seen.error).__name__}: {seen.error}"
    if isinstance(case.expected, Warned):
        if not seen.warned:
            return "silent", "no warning"
        return _judged([*_wrong_warning(case.expected, seen.warned), *_foreign(seen)])
    if seen.warned:
        return "obscure", f"a warning of what is right: {seen.warned[0].message}"
    try:
        case.expected.check(seen.result)
    except AssertionError as problem:
        return "silent", f"a wrong result: {problem}"
    return "clear", ""


def _judged(wrong: list[str]) -> tuple[str, str]:
    return ("obscure", "; ".join(wrong)) if wrong else ("clear", "")


def _wrong_error(expected: Refused, error: Exception) -> list[str]:
    text = str(error)
    if not isinstance(error, HierlmError):
        return [f"{type(error).__name__}: {text}"]
    wrong = [] if type(error) is expected.kind else [f"is a {type(error).__name__}"]
    wrong += [f"does not say {part!r}: {text}" for part in expected.says if part not in text]
    if not error.hint:
        wrong.append(f"has no remedy: {text}")
    if expected.column is not None and not _names_column(error, expected.column):
        wrong.append(f"does not name the column {expected.column!r}: {text}")
    if expected.rows is not None and show_rows(expected.rows).strip("()").split(",")[0] not in text:
        wrong.append(f"does not name the rows {expected.rows}: {text}")
    if expected.rows is not None and getattr(error, "rows", expected.rows) != expected.rows:
        wrong.append(f"has the rows {getattr(error, 'rows', None)}")
    if expected.caret is not None:
        wrong += _wrong_caret(expected.caret, error)
    return wrong


def _names_column(error: HierlmError, column: str) -> bool:
    """Whether the column is named: as an attribute, or in the message where that kind of error has none."""
    return getattr(error, "column", None) == column or repr(column) in error.message


def _wrong_caret(place: str, error: HierlmError) -> list[str]:
    if not isinstance(error, FormulaError):
        return ["has no caret"]
    found = error.text[error.start : error.stop]
    shown = any(line.strip() and not line.strip("^ ") for line in str(error).splitlines())
    return [] if found == place and shown else [f"points at {found!r}, not at {place!r}"]


def _wrong_warning(expected: Warned, warned: tuple[warnings.WarningMessage, ...]) -> list[str]:
    texts = [str(w.message) for w in warned if issubclass(w.category, HierlmWarning)]
    wrong = [f"does not say {part!r}: {texts}" for part in expected.says if not any(part in t for t in texts)]
    elsewhere = [w.filename for w in warned if issubclass(w.category, HierlmWarning) and _inside(w.filename)]
    return wrong + [f"points at {name}" for name in elsewhere]


def _inside(filename: str) -> bool:
    """Whether a warning points into a package, not at the caller's line."""
    return "tests" not in Path(filename).parts


def _foreign(seen: _Seen) -> list[str]:
    return [
        f"{w.category.__name__} beside it: {w.message}"
        for w in seen.warned
        if not issubclass(w.category, HierlmWarning)
    ]
