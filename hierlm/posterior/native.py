"""Frames of the kind that the model was given: the only place that makes others than pandas'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

if TYPE_CHECKING:
    from hierlm.model import Model

__all__ = ["given_back", "native"]


def native(model: Model, columns: Mapping[str, Any]) -> Any:
    """A frame of these columns: pandas, or polars or pyarrow where the model's data were."""
    return given_back(model, pd.DataFrame(columns))


def given_back(model: Model, frame: pd.DataFrame) -> Any:
    """A pandas frame as the kind of frame that the model was given.

    Polars and pyarrow frames have no row names, so an index that is no count of rows becomes the first column.

    Raises
    ------
    PosteriorError
        When that library is not installed here (a fit that was made elsewhere).
    """
    kind = model.data.kind
    if kind == "pandas":
        return frame
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "name")
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return nw.from_dict(columns, backend=kind).to_native()


def _plain(column: pd.Series[Any]) -> list[Any]:
    if pd.api.types.is_numeric_dtype(column):
        return list(column.tolist())
    return [None if pd.isna(v) else v for v in column.tolist()]
