"""Every error that hierlm raises says what to do: it has a hint."""

from __future__ import annotations

import ast
from pathlib import Path

import hierlm.errors as errors

PACKAGE = Path(__file__).resolve().parents[2] / "hierlm"
KINDS = {name for name in errors.__all__ if name.endswith("Error")}
WRAPPED = {"storage/arrays.py", "storage/keep.py"}
"""Raised again by load(), which adds the hint that is the same for all of them."""

OPEN = {"reductions/plan.py": 1}
"""Still without one; a number may only fall."""


def without_hint(source: str) -> list[int]:
    """Lines that make an error of hierlm, or refuse a place of a formula, without a hint."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        hinted = any(k.arg == "hint" for k in call.keywords)
        refuses = name == "refuse" and len(call.args) < (2 if "context" not in source else 3)
        if (name in KINDS or refuses) and not hinted:
            found.append(call.lineno)
    return found


def test_every_error_has_a_hint():
    lacking: dict[str, list[int]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        lines = without_hint(path.read_text(encoding="utf-8"))
        if name not in WRAPPED and len(lines) > OPEN.get(name, 0):
            lacking[name] = lines
    assert not lacking


def test_the_search_sees():
    assert without_hint("raise DataError('bad', column='x')") == [1]
    assert without_hint("raise DataError('bad', hint='mend')") == []
    assert without_hint("context.refuse('bad', node)") == [1]
    assert without_hint("context.refuse('bad', node, 'mend')") == []
    assert without_hint("expression.refuse('bad')") == [1]
