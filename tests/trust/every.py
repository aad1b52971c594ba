"""All cells of the calibration grid, and one replication of any."""

from __future__ import annotations

from typing import Any

from tests.trust import further, replicate as replication
from tests.trust.beyond import BEYOND
from tests.trust.cells import Cell
from tests.trust.latent import LATENT
from tests.trust.recipes import Recipe

EVERY: dict[str, Cell | Recipe] = further.EVERY | BEYOND | LATENT
"""By name."""


def replicate(cell: Cell | Recipe, path: str, number: int) -> dict[str, Any]:
    """The record of one replication."""
    return cell.replicate(path, number) if isinstance(cell, Recipe) else replication.replicate(cell, path, number)
