"""Formulas as text: read, checked, and written out canonically; no data, nothing evaluated."""

from __future__ import annotations

from hierlm.formula.columns import columns, find, identifiers, unknown_column
from hierlm.formula.functions import FUNCTIONS
from hierlm.formula.reader import parse
from hierlm.formula.values import Addition, Bar, Formula, Option, Predictor, ResponseTerm

__all__ = [
    "FUNCTIONS",
    "Addition",
    "Bar",
    "Formula",
    "Option",
    "Predictor",
    "ResponseTerm",
    "columns",
    "find",
    "identifiers",
    "parse",
    "unknown_column",
]
