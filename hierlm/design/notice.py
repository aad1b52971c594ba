"""Warnings about data, shown at the user's line."""

from __future__ import annotations

import warnings
from pathlib import Path

from hierlm.errors import DataWarning

__all__ = ["warn_data"]

_PACKAGE = str(Path(__file__).resolve().parents[1])


def warn_data(message: str) -> None:
    """Warn with a :class:`~hierlm.errors.DataWarning` that points at the first caller outside hierlm."""
    warnings.warn(message, DataWarning, skip_file_prefixes=(_PACKAGE,))
