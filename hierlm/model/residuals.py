"""Correlated residuals of a model: which rows, by what function, with which coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.correlations import Coefficient, Correlation, get_correlation
from hierlm.design.values import CorrelatedRows, Design
from hierlm.errors import DataError, FormulaError, ModelError, warn_data
from hierlm.formula.values import ResidualTerm

if TYPE_CHECKING:
    from hierlm.model.values import GroupBlock, ModelResponse

__all__ = ["ResidualCorrelation", "residual_correlation", "warn_twice", "with_rows"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_NUMBERS = 2**26
"""Of the correlation matrices of all blocks: 512 MiB."""


@dataclass(frozen=True, eq=False, repr=False)
class ResidualCorrelation:
    """Residuals of one response that are correlated within blocks: V = D R D, D the standard deviations of the rows.

    Rows of different blocks are independent.

    Parameters
    ----------
    label : str
        ``"ar1(time | subject)"``.
    response : str
    correlation : Correlation
        R, from positions and coefficients.
    group : str
        What the blocks are the levels of; empty where all rows are one block.
    levels : tuple of str
        Labels of the blocks.
    codes : (n,) int array
        Row → block.
    positions : (n, d) array
        Where each row was taken; all zero where it does not matter.
    coefficients : tuple of Coefficient
        The free numbers of R, in the order of ``labels``.
    ordered_by_rows : bool
        Whether the positions are the order of the rows within their block.
    """

    label: str
    response: str
    correlation: Correlation
    group: str
    levels: tuple[str, ...]
    codes: Ints
    positions: Floats
    coefficients: tuple[Coefficient, ...]
    ordered_by_rows: bool = False

    def __repr__(self) -> str:
        return f"<residual correlation {self.label}: {len(self.codes):,} rows in {len(self.levels):,} blocks>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The rows of the variable ``rescor``: ``"phi"``, ``"ar:1"``."""
        return tuple(c.name if c.label is None else f"{c.name}:{c.label}" for c in self.coefficients)

    def within(self, codes: Ints) -> bool:
        """Whether all rows of every block have the same code: whether blocks lie inside the levels of a grouping."""
        pairs = np.unique(np.stack([self.codes, codes]), axis=1)
        return len(pairs.T) == len(np.unique(self.codes))

    def at(self, rows: CorrelatedRows | None) -> ResidualCorrelation | None:
        """The same correlation at other rows; None for None."""
        if rows is None:
            return None
        return replace(self, levels=rows.levels, codes=rows.codes, positions=rows.positions)

    @property
    def places(self) -> tuple[Floats, ...]:
        """Positions of the rows of every block that has rows."""
        order = np.argsort(self.codes, kind="stable")
        parts = np.split(self.positions[order], np.cumsum(np.bincount(self.codes))[:-1])
        return tuple(part for part in parts if len(part))


def residual_correlation(
    design: Design, responses: Sequence[ModelResponse], blocks: Sequence[GroupBlock]
) -> ResidualCorrelation | None:
    """How the residuals of a model are correlated; None for independent ones.

    Raises
    ------
    FormulaError, ModelError, DataError
        For weights or standard errors of rows, options that mean nothing, positions that
        the function cannot take, and matrices beyond the memory.

    Warns
    -----
    DataWarning
        Of a correlation that group effects give already.
    """
    rows = design.correlated
    if rows is None:
        for block in blocks:
            if block.process is not None and block.process.needs == "nothing":
                warn_twice(block.process.label, block.codes, block.levels, blocks)
        return None
    term, (response,) = rows.term, responses
    _check_response(term, response, design.formula.source)
    try:
        function = get_correlation(term.function, **term.options)
        bare = with_rows(rows, response.name, function, ())
        function.check(bare.places)
        coefficients = function.coefficients(bare.places)
    except ModelError as problem:
        raise _placed(problem.message, term, design.formula.source, problem.hint) from problem
    _check_size(bare, term)
    if function.needs == "nothing":
        warn_twice(bare.label, bare.codes, bare.levels, blocks)
    return with_rows(rows, response.name, function, coefficients)


def with_rows(
    rows: CorrelatedRows, response: str, function: Correlation, coefficients: tuple[Coefficient, ...]
) -> ResidualCorrelation:
    """A correlation at rows, those of training or others."""
    term = rows.term
    by_rows = not term.positions and term.needs != "nothing"
    return ResidualCorrelation(
        term.label, response, function, term.group, rows.levels, rows.codes, rows.positions, coefficients, by_rows
    )


def _placed(message: str, term: ResidualTerm, source: str, hint: str | None) -> FormulaError:
    return FormulaError(message, text=source, start=term.start, stop=term.stop, hint=hint)


def _check_response(term: ResidualTerm, response: ModelResponse, source: str) -> None:
    family = response.family
    assert family.errors is not None  # else it is a latent process, see hierlm.model.processes
    for addition in ("weights", "se"):
        if addition in response.additions:
            raise _placed(
                f"{addition}( ) on the left side is about independent rows, and residuals are correlated.",
                term,
                source,
                "Leave one of the two out; known differences of the variance are sigma ~ varFixed(x)."
                if addition == "weights"
                else "Leave one of the two out.",
            )
    for parameter in family.errors.parameters:
        if parameter in response.links:
            raise _placed(
                f"'{parameter}' is one number of a block of correlated residuals, and has a formula of its own.",
                term,
                source,
                f"Leave out {parameter} ~ ….",
            )


def _check_size(residual: ResidualCorrelation, term: ResidualTerm) -> None:
    """Refuse matrices that do not fit into memory; chains need none."""
    numbers = sum(len(places) ** 2 for places in residual.places)
    if not residual.correlation.markov and numbers > MOST_NUMBERS:
        largest = max(map(len, residual.places))
        raise DataError(
            f"{term.text} needs correlation matrices of {numbers:,} numbers, of up to {largest:,} rows each, more than "
            "fit into memory.",
            column=term.factors[0] if term.factors else None,
            hint="Give smaller blocks after the bar, or ar1(time | g) and car1(time | g), which need no matrices.",
        )


def warn_twice(label: str, codes: Ints, levels: Sequence[str], blocks: Sequence[GroupBlock]) -> None:
    """Warn of a correlation of all rows of a block alike that group effects give already."""
    for block in blocks:
        constant = any(p.parameter == names.MEAN and (np.ptp(p.Z, axis=0) == 0).any() for p in block.pieces)
        same = len(np.unique(np.column_stack([block.codes, codes]), axis=0)) == len(levels)
        if block.separate and block.process is None and constant and same and len(block.levels) == len(levels):
            warn_data(
                f"(1 | {block.group}) and {label} both correlate all rows of a level alike: only the priors "
                "decide between them. Leave one of them out."
            )
