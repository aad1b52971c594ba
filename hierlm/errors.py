"""Every exception and warning of hierlm: what is wrong, where, and how to mend it.

One class per stage, all below :class:`HierlmError`, so that ``except hl.HierlmError``
catches whatever hierlm refuses.  A message always has three parts: the statement, the place
(a caret under the formula, or a column and its rows), and the remedy.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = [
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "FormulaError",
    "HierlmError",
    "HierlmWarning",
    "InterruptedWarning",
    "ModelError",
    "PosteriorError",
    "PredictionError",
    "PriorError",
    "SamplingError",
    "StorageError",
    "TranslationError",
    "did_you_mean",
    "show_rows",
    "warn_data",
]

_PACKAGE = str(Path(__file__).resolve().parent)


class HierlmError(Exception):
    """Base of all hierlm errors.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    hint : str, optional
        What to type or do instead.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message if hint is None else f"{message}\n{hint}")


class FormulaError(HierlmError, ValueError):
    """A formula that cannot be read; shows a caret under the place.

    Parameters
    ----------
    message, hint
        See :class:`HierlmError`.
    text : str
        The formula as typed.
    start, stop : int
        The half-open character range of ``text`` that is at fault.
    """

    def __init__(
        self, message: str, *, text: str = "", start: int = 0, stop: int | None = None, hint: str | None = None
    ) -> None:
        self.text, self.start = text, start
        self.stop = start + 1 if stop is None else max(stop, start + 1)
        self.reason = message
        super().__init__(f"{message}{_caret(text, self.start, self.stop)}", hint=hint)


class TranslationError(FormulaError):
    """A model that another package has no equivalent of."""


class DataError(HierlmError, ValueError):
    """Data that cannot be modelled as asked; names the column and the rows.

    Parameters
    ----------
    message, hint
        See :class:`HierlmError`.
    column : str, optional
        The column at fault.
    rows : sequence of int, optional
        Zero-based positions of the rows at fault (all of them; the message shows the first few).
    """

    def __init__(
        self, message: str, *, column: str | None = None, rows: Sequence[int] = (), hint: str | None = None
    ) -> None:
        self.column, self.rows = column, tuple(int(r) for r in rows)
        super().__init__(f"{message.removesuffix('.')} {show_rows(self.rows)}" if self.rows else message, hint=hint)


class ModelError(HierlmError, ValueError):
    """A combination of family, link, structure and predictors that is not a model."""


class PriorError(HierlmError, ValueError):
    """A prior that names nothing, or is not a distribution."""


class SamplingError(HierlmError, RuntimeError):
    """Sampling could not start, or gave no finite draws."""


class PosteriorError(HierlmError, ValueError):
    """A question that this fit cannot answer."""


class PredictionError(HierlmError, ValueError):
    """New data that do not fit the model."""


class StorageError(HierlmError, RuntimeError):
    """An archive that cannot be written, or is not one of ours."""


class HierlmWarning(UserWarning):
    """Base of all hierlm warnings."""


class DataWarning(HierlmWarning):
    """Data that can be modelled, but probably not as meant."""


class ConvergenceWarning(HierlmWarning):
    """Draws that should not be trusted yet."""


class InterruptedWarning(HierlmWarning):
    """Sampling was stopped; only the draws made so far are kept."""


def did_you_mean(name: str, known: Iterable[str], *, n: int = 3) -> str:
    """``"Did you mean 'a' or 'b'?"`` for the names nearest to ``name``, else the list of known names.

    Examples
    --------
    >>> did_you_mean("Dys", ["Days", "Reaction"])
    "Did you mean 'Days'?"
    """
    options = [str(k) for k in known]
    lowered = {k.lower(): k for k in reversed(options)}
    near = [lowered[m] for m in difflib.get_close_matches(name.lower(), list(lowered), n=n, cutoff=0.6)]
    if near:
        return "Did you mean " + " or ".join(repr(m) for m in near) + "?"
    if not options:
        return ""
    shown = ", ".join(options[:12]) + (", …" if len(options) > 12 else "")
    return f"Known: {shown}."


def show_rows(rows: Sequence[int], *, most: int = 5) -> str:
    """``"(rows 3, 7, 9 and 4 more, counted from 0)"``."""
    if not rows:
        return ""
    head = ", ".join(str(int(r)) for r in rows[:most])
    more = f" and {len(rows) - most} more" if len(rows) > most else ""
    return f"({'row' if len(rows) == 1 else 'rows'} {head}{more}, counted from 0)"


def warn_data(message: str) -> None:
    """Warn with a :class:`DataWarning` that points at the first caller outside hierlm."""
    warnings.warn(message, DataWarning, skip_file_prefixes=(_PACKAGE,))


def _caret(text: str, start: int, stop: int) -> str:
    """The line of ``text`` that holds ``start``, with carets under ``start:stop``; '' without text."""
    if not text.strip():
        return ""
    start = min(max(start, 0), len(text))
    begin = text.rfind("\n", 0, start) + 1
    end = text.find("\n", start)
    line = text[begin : len(text) if end < 0 else end]
    if not line.strip():
        return ""
    left, width = start - begin, max(1, min(stop, begin + len(line)) - start)
    if len(line) > 160:  # a window around the place, so that a long formula does not flood the screen
        first = max(0, left - 60)
        line, left = ("…" if first else "") + line[first : first + 120], left - first + (1 if first else 0)
        width = max(1, min(width, len(line) - left))
    return f"\n  {line}\n  {' ' * left}{'^' * width}"
