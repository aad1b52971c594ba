"""Units of one shape, at some draws: what their effects w ~ N(0, I) do to the linear predictors, and the density."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Self, final

import numpy as np
from numpy.typing import NDArray

from hierlm.posterior.integrals.likelihood import Likelihood, Predictor

__all__ = ["Batch", "Derivatives", "IndependentBatch", "Parts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Derivatives:
    """Log-densities of the rows, (S, J, n), with their gradient in w and the information of every unit.

    Parameters
    ----------
    rows : (S, J, n) array
    slopes : (S, J, n, d) array
        ∂ log p(y_i | w) / ∂w.
    information : (S, J, d, d) array
        Minus the second derivative of Σ_i log p(y_i | w).
    columns : (S, J, n, d, Q) array, curvatures : (S, J, n, Q) array
        Of the Q linear predictors that move: a_q and minus ∂² log p(y_i)/∂η_q², so that a row's own information is
        Σ_q curvature a_q a_q' (mixed derivatives left out).
    """

    rows: Floats
    slopes: Floats
    information: Floats
    columns: Floats
    curvatures: Floats


class Parts(NamedTuple):
    """J units of n rows and d effects each, at S draws.

    Parameters
    ----------
    at : (J, n) int array
        Rows.
    part : (S,) int array
        Which draws.
    base : mapping (response, parameter) → (S, J, n) array
        Linear predictors without the effects that are integrated over.
    columns : mapping (response, parameter) → (S, J, n, d) array
        What the whitened effects w add: η = base + columns · w.
    d : int
    """

    at: Ints
    part: Ints
    base: Mapping[Predictor, Floats]
    columns: Mapping[Predictor, Floats]
    d: int


@dataclass(frozen=True, eq=False)
class Batch(ABC):
    """The density of J units as a function of their effects; see :class:`Parts`.

    Attributes
    ----------
    separable : bool
        Whether rows are independent given the effects, so that ``rows`` and ``derivatives`` are of each.
    """

    separable: ClassVar[bool] = True

    at: Ints
    part: Ints
    base: Mapping[Predictor, Floats]
    columns: Mapping[Predictor, Floats]
    d: int

    @property
    def shape(self) -> tuple[int, int]:
        """Draws and units."""
        return next(iter(self.base.values())).shape[0], len(self.at)

    @property
    def width(self) -> int:
        """Numbers of one draw that are worked on at once."""
        return self.at.size * max(self.d, 1)

    @final
    def draws(self, part: Ints) -> Self:
        """The same units at some of these draws."""
        return replace(
            self,
            part=self.part[part],
            base={p: v[part] for p, v in self.base.items()},
            columns={p: v[part] for p, v in self.columns.items()},
        )

    @final
    def etas(self, response: str, moving: Sequence[str], still: Sequence[str], w: Floats) -> dict[str, Floats]:
        """The linear predictors of a response, (S, J, n) each."""
        etas = {p: self.base[response, p] for p in (*moving, *still)}
        for p in moving:
            etas[p] = etas[p] + np.matmul(self.columns[response, p], w[..., None])[..., 0]
        return etas

    @abstractmethod
    def rows(self, w: Floats) -> Floats:
        """log p of the rows given w, (S, J, n); (S, J, 1) of all rows together where they are not independent."""

    @abstractmethod
    def derivatives(self, w: Floats) -> Derivatives:
        """The same with slopes and information."""


@final
@dataclass(frozen=True, eq=False)
class IndependentBatch(Batch):
    """Units whose rows are independent given the effects.

    Parameters
    ----------
    likelihoods : sequence of Likelihood
        One a response.
    """

    likelihoods: Sequence[Likelihood]

    def _etas(self, k: Likelihood, w: Floats) -> dict[str, Floats]:
        return self.etas(k.response.name, k.moving, k.still, w)

    def rows(self, w: Floats) -> Floats:
        """Σ over responses of log p(y_i | w), (S, J, n)."""
        parts = [k.value(self._etas(k, w), self.at, self.part) for k in self.likelihoods]
        return sum(parts[1:], parts[0])

    def derivatives(self, w: Floats) -> Derivatives:
        """The same with slopes and information."""
        S, J = self.shape
        n = self.at.shape[1]
        rows, slopes = np.zeros((S, J, n)), np.zeros((S, J, n, self.d))
        information = np.zeros((S, J, self.d, self.d))
        own: list[Floats] = []
        for k in self.likelihoods:
            density, first, second = k.derivatives(self._etas(k, w), self.at, self.part)
            rows = rows + density
            columns = [self.columns[k.response.name, p] for p in k.moving]
            for g, A in zip(first, columns, strict=True):
                slopes += g[..., None] * A
            pairs = [(a, b) for a in range(len(columns)) for b in range(a + 1)]
            for (a, b), h in zip(pairs, second, strict=True):
                found = np.matmul(np.swapaxes(columns[a], -1, -2), h[..., None] * columns[b])
                information += found if a == b else found + np.swapaxes(found, -1, -2)
                own += [h] if a == b else []
        stacked = np.stack([self.columns[k.response.name, p] for k in self.likelihoods for p in k.moving], axis=-1)
        return Derivatives(rows, slopes, information, stacked, np.stack(own, axis=-1))
