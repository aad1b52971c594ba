"""Data: a formula applied to a table gives arrays, and a schema that codes new data in the same way."""

from __future__ import annotations

from hierlm.design.build import build
from hierlm.design.column import Column
from hierlm.design.schema import Schema
from hierlm.design.table import Table, read_table
from hierlm.design.values import Common, Design, Groups, PredictorDesign, Response

__all__ = [
    "Column",
    "Common",
    "Design",
    "Groups",
    "PredictorDesign",
    "Response",
    "Schema",
    "Table",
    "build",
    "read_table",
]
