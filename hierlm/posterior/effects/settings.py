"""Every row of the data at values that are set: averages as if all rows had them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from math import prod
from typing import Any

import numpy as np

from hierlm.design.table import Table
from hierlm.errors import PredictionError
from hierlm.model import Model
from hierlm.posterior.effects.columns import column_of
from hierlm.posterior.effects.scenarios import changed

__all__ = ["set_rows"]

MOST = 5_000_000
"""Rows."""


def set_rows(model: Model, table: Table, setting: Mapping[str, Any]) -> Table:
    """The rows once for each combination of the values that are set.

    Raises
    ------
    PredictionError
        For an unknown column or level, no value, and too many rows.
    """
    if not isinstance(setting, Mapping) or not setting:
        raise PredictionError(f"setting={setting!r} sets no column.", hint="Write setting={'f': ['a', 'b']}.")
    values: dict[str, list[Any]] = {}
    for name, given in setting.items():
        column_of(model, name)
        listed = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
        values[name] = list(given) if listed else [given]
        if not values[name]:
            raise PredictionError(f"{name!r} is set to no value.", hint=f"Write {name!r}: […].")
    number = prod(len(v) for v in values.values())
    if table.n * number > MOST:
        raise PredictionError(
            f"{table.n:,} rows at {number:,} settings are too many.", hint="Set fewer values, or give fewer rows: new=."
        )
    parts = []
    for chosen in product(*values.values()):
        part = table
        for name, value in zip(values, chosen, strict=True):
            part = changed(model, part, name, value)
        parts.append(part)
    columns = {
        name: replace(column, values=np.concatenate([part[name].values for part in parts]))
        for name, column in parts[0].columns.items()
    }
    return Table(columns, np.tile(table.rows, number))
