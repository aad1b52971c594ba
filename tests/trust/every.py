"""All cells of the calibration grid, and one replication of any."""

from __future__ import annotations

from functools import cache
from typing import Any
from unittest import mock

from tests.trust import further, replicate as replication
from tests.trust.beyond import BEYOND
from tests.trust.cells import Cell
from tests.trust.latent import LATENT
from tests.trust.recipes import Recipe
from tests.trust.reuse import Forms

EVERY: dict[str, Cell | Recipe] = further.EVERY | BEYOND | LATENT
"""By name."""


@cache
def _forms(cell: str) -> Forms:
    return Forms()


PATHS: dict[str, dict[str, Any]] = replication.SETTINGS | {"joint": replication.SETTINGS["graph"]}
"""Path → options of ``fit``.  ``joint`` is ``graph``, compiled once a cell."""


def replicate(cell: Cell | Recipe, path: str, number: int) -> dict[str, Any]:
    """The record of one replication."""
    if path == "joint":
        settings = mock.patch.dict(replication.SETTINGS, {"reused": PATHS["joint"]})
        with settings, mock.patch.object(replication, "compiled", _forms):
            return replicate(cell, "reused", number) | {"path": path}
    return cell.replicate(path, number) if isinstance(cell, Recipe) else replication.replicate(cell, path, number)
