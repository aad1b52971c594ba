"""What a formula says about variances and correlations, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hierlm import names

__all__ = ["Option", "ResidualTerm", "ScaleTerm", "VarianceTerm"]

Option = str | int | float | bool


@dataclass(frozen=True)
class VarianceTerm:
    """One variance function: ``varPower(x)``, ``varPower(fitted | f)``, ``varIdent(f)``.

    Parameters
    ----------
    function : str
    covariate : str
        Formula text; empty without one, and for the fitted mean.
    fitted : bool
        Whether the covariate is the fitted mean.
    strata : tuple of str
        Factors whose cells have parameters of their own.
    text : str
        The term as typed.
    start, stop : int
        Its place in the formula text.
    """

    function: str
    covariate: str
    fitted: bool
    strata: tuple[str, ...]
    text: str = ""
    start: int = 0
    stop: int = 0

    @property
    def label(self) -> str:
        """The term's name, ``"varPower(x | f)"``."""
        parts = ["fitted" if self.fitted else self.covariate, names.group_label(self.strata)]
        return f"{self.function}({' | '.join(part for part in parts if part)})"

    @property
    def expressions(self) -> tuple[str, ...]:
        """Formula text of everything that it reads."""
        return (*([self.covariate] if self.covariate else []), *(f"`{factor}`" for factor in self.strata))


@dataclass(frozen=True)
class ScaleTerm:
    """A formula for the standard deviations of a grouping, ``sd(g) ~ z``.

    Parameters
    ----------
    factors : tuple of str
        The grouping's factors.
    common : str
        The right side, with its intercept, which is the standard deviation itself: ``"1 + z"``.
    text : str
        The formula as typed.
    start, stop : int
        The place of its left side.
    """

    factors: tuple[str, ...]
    common: str
    text: str = ""
    start: int = 0
    stop: int = 0

    @property
    def group(self) -> str:
        """The grouping's name, ``"batch:cask"``."""
        return names.group_label(self.factors)


@dataclass(frozen=True)
class ResidualTerm:
    """How residuals are correlated: ``ar1(time | subject)``, ``exp(lat + lon | field, nugget=True)``.

    Parameters
    ----------
    function : str
        Canonical name of the correlation function.
    needs : str
        What a position is to it, ``Correlation.needs``.
    positions : tuple of str
        Formula text of the coordinates; empty where the order of the rows counts, or nothing does.
    factors : tuple of str
        The factors whose cells are the blocks; empty where all rows are one block.
    options : mapping of str to literal
    text : str
        The term as typed.
    start, stop : int
        Its place in the formula text.
    """

    function: str
    needs: str
    positions: tuple[str, ...]
    factors: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict)
    text: str = ""
    start: int = 0
    stop: int = 0

    @property
    def group(self) -> str:
        """The name of the blocks, ``"field:plot"``; empty for one block."""
        return names.group_label(self.factors)

    @property
    def label(self) -> str:
        """The term's name, ``"ar1(time | subject)"``, without its options."""
        right = [self.group] if self.factors else []
        return f"{self.function}({' | '.join([' + '.join(self.positions) or '1', *right])})"

    @property
    def stem(self) -> str:
        """Its name within a grouping: ``"ar1(time)"``."""
        return f"{self.function}({' + '.join(self.positions) or '1'})"

    @property
    def expressions(self) -> tuple[str, ...]:
        """Formula text of everything that it reads."""
        return (*self.positions, *(f"`{factor}`" for factor in self.factors))
