"""Cells of the calibration grid: a family in a structure, with truths from the prior and data given them.

Everything is drawn by NumPy and SciPy.  Truth and data are drawn together again until the *data* can be analysed: more
than one value of y, all finite and strictly inside the family's support.  That looks at the data only, so the posterior
given such data is the same, and ranks stay uniform.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import hierlm as hl
from tests.trust.priors import Proper, normal
from tests.trust.responses import RESPONSES, Response
from tests.trust.structures import STRUCTURES, Structure

Floats = np.ndarray
INTERCEPT, SLOPE = normal(0.3, 0.7), normal(0.0, 0.5)
LARGEST = 1e6
"""Of |y|: far beyond what these priors make, but once in a million."""


@dataclass(frozen=True)
class Replication:
    """One simulated data set.

    Parameters
    ----------
    table : dict of columns
    truth : dict
        By the names of the posterior; ``new_g`` are the effects of a level that no row has.
    labels : mapping of grouping to its levels
        In the order of ``truth["r_g"]``.
    codes : mapping of grouping to (n,) int array
    redrawn : int
        How often data could not be analysed.
    """

    table: dict[str, Any]
    truth: dict[str, Floats]
    labels: Mapping[str, list[str]]
    codes: Mapping[str, np.ndarray]
    redrawn: int


@dataclass(frozen=True)
class Cell:
    """One family in one structure."""

    name: str
    response: Response
    structure: Structure

    @property
    def formula(self) -> str:
        """As hierlm reads it."""
        return f"{self.response.left} ~ x + {self.structure.bars}"

    @property
    def formulas(self) -> list[str]:
        """With those of other parameters."""
        return [self.formula, *self.structure.formulas]

    @property
    def coefficients(self) -> dict[str, Proper]:
        """The priors of b, in its order."""
        return {"b[Intercept]": INTERCEPT, "b[x]": SLOPE} if self.response.intercept else {"b[x]": SLOPE}

    def priors(self) -> dict[str, Any]:
        """Of every parameter: none depends on the data."""
        found: dict[str, Any] = {name: prior.ours for name, prior in self.coefficients.items()}
        for grouping in self.structure.groupings:
            found |= grouping.priors()
        return found | {name: prior.ours for name, prior in self.response.others.items()}

    def model(self, made: Replication) -> hl.Model:
        """hierlm's model of the data."""
        return hl.Model(self.formulas, made.table, self.response.text, priors=self.priors(), **self.structure.options)

    def simulate(self, number: int) -> Replication:
        """The replication of that number: the same whenever it is made."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), number])
        for redrawn in range(1000):
            made = self._draw(rng, redrawn)
            if _can_be_analysed(made.table["y"], self.response):
                return made
        raise RuntimeError(f"{self.name}: no data that can be analysed in 1,000 trials")

    def _draw(self, rng: np.random.Generator, redrawn: int) -> Replication:
        structure, n = self.structure, self.structure.n
        x = rng.choice([-0.5, 0.5], n) if structure.coarse else rng.normal(size=n)
        columns, labels, codes = structure.assign(rng, n)
        truth: dict[str, Floats] = {"b": np.array([prior.draw(rng) for prior in self.coefficients.values()])}
        for grouping in structure.groupings:
            truth |= grouping.draw(rng, len(labels[grouping.name]))
        truth |= self.response.parameters(rng)
        table = {"x": x} | columns | self.response.columns(rng, n)
        eta = linear_predictor(self, table, codes, truth)
        with np.errstate(over="ignore"):
            table["y"] = self.response.simulate(rng, eta, table, truth)
        return Replication(table, truth, labels, codes, redrawn)


def linear_predictor(cell: Cell, table: Mapping[str, Any], codes: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """η = b₀ + b₁x + Σ Z r of values with any leading dimensions, (…, n)."""
    b, x = values["b"], table["x"]
    eta = (b[..., :1] if cell.response.intercept else 0.0) + b[..., -1:] * x
    for grouping in cell.structure.groupings:
        eta = eta + grouping.rows(values[f"r_{grouping.name}"][..., codes[grouping.name], :], table)
    return eta


def _can_be_analysed(y: Floats, response: Response) -> bool:
    family = response.family.removeprefix("hurdle_")
    inside = np.isfinite(y).all() and np.abs(y).max() < LARGEST and response.enough(y)
    if family in ("gamma", "exponential", "lognormal", "inverse_gaussian"):
        inside = inside and y[y > 0 if family != response.family else ...].min() > 1 / LARGEST**2
    if family == "beta":
        inside = inside and y.min() > 0 and y.max() < 1
    return bool(inside)


CELLS: dict[str, Cell] = {
    f"{family}/{kind}": Cell(f"{family}/{kind}", response, structure)
    for family, response in RESPONSES.items()
    for kind, structure in STRUCTURES.items()
}
"""By ``family/structure``."""
