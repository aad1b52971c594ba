"""Names of the coefficients of structures: ``rho_Subject``, ``loading_Subject[f[a], 1]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hierlm import names
from hierlm.covariances.setting import Coefficient
from hierlm.model.values import GroupBlock

__all__ = ["Row", "coefficient_rows"]


@dataclass(frozen=True, eq=False)
class Row:
    """One coefficient of one block.

    Parameters
    ----------
    variable : str
        ``"rho_Subject"``.
    label : str or None
        Its row there; None where the variable is this one number.
    block : GroupBlock
    coefficient : Coefficient
    """

    variable: str
    label: str | None
    block: GroupBlock
    coefficient: Coefficient

    @property
    def bounds(self) -> tuple[float, float]:
        """Where it lies."""
        return self.coefficient.lower, self.coefficient.upper


def coefficient_rows(blocks: Sequence[GroupBlock]) -> list[Row]:
    """Every coefficient of all blocks, in order.

    A coefficient that several blocks of a grouping have is told apart by the block: ``rho_g[sigma:ar1(time)]``.
    """
    found = [
        (names.coefficient(c.name, block.group), block, c)
        for block in blocks
        for c in block.covariance.coefficients(len(block.effects))
    ]
    owners: dict[str, list[GroupBlock]] = {}
    for variable, block, _ in found:
        if block not in owners.setdefault(variable, []):
            owners[variable].append(block)
    return [
        Row(variable, _label(block if len(owners[variable]) > 1 else None, c), block, c) for variable, block, c in found
    ]


def _label(block: GroupBlock | None, coefficient: Coefficient) -> str | None:
    parts = [*([] if block is None else [block.label]), *([] if coefficient.label is None else [coefficient.label])]
    return ", ".join(parts) or None
