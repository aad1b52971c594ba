"""Units whose residuals are correlated within blocks: the joint density of their rows, and its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.graph.evaluate import PYTHON
from hierlm.model import Model
from hierlm.model.residual_blocks import rows_of
from hierlm.model.values import ModelResponse
from hierlm.posterior.correlated import check_coefficients
from hierlm.posterior.integrals.batch import Batch, Derivatives, Parts
from hierlm.posterior.integrals.elementwise import Elementwise
from hierlm.posterior.integrals.units import Units, known_groups, level_ids, trained_ids
from hierlm.posterior.linear import Draws, Rows
from hierlm.posterior.whitening import Whitening, numbers, whitener

__all__ = ["CorrelatedBatch", "CorrelatedLikelihood", "check_blocks", "correlated_batch"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@final
class CorrelatedLikelihood:
    """What the density of correlated rows is made of: e = (T(y) − μ)/σ, log |T′(y)|/σ, and the law of blocks.

    Parameters
    ----------
    rows : Rows
    draws : Draws
    response : ModelResponse
    y : (n,) array
    moving : sequence of str
        The parameters whose linear predictors change; may be empty.
    """

    def __init__(self, rows: Rows, draws: Draws, response: ModelResponse, y: Floats, moving: Sequence[str]) -> None:
        law, scale = response.family.errors, str(response.family.residual_scale)
        assert law is not None
        assert rows.correlated is not None

        def question(given: Mapping[str, Any], predicted: Mapping[str, Any], y: Any) -> list[Any]:
            mean, sd = predicted[names.MEAN].value, predicted[scale].value
            return [(law.scale_of(y) - mean) / sd, law.log_slope(y) - pt.log(sd)]

        self.response, self.residual = response, rows.correlated
        self.elementwise = Elementwise(rows, draws, response, y, moving, question)
        self.moving, self.still = self.elementwise.moving, self.elementwise.still
        self.rescor = draws.labelled(names.RESIDUAL, **{names.RESIDUAL_DIM: self.residual.labels})
        check_coefficients(self.residual, self.rescor)
        self.parameters = {p: draws.labelled(p)[:, None] for p in law.parameters}
        self.law = self._compiled()

    def _compiled(self) -> Any:
        """log g(q; m) of blocks with its first two derivatives by q."""
        law = self.response.family.errors
        assert law is not None
        q, m = pt.dmatrix("q"), pt.dmatrix("m")
        own = {p: pt.tensor(p, dtype="float64", shape=(None, 1)) for p in law.parameters}
        value = law.log_density(q, m, own)
        first = pt.grad(value.sum(), q)
        second = pt.grad(first.sum(), q, disconnected_inputs="ignore")
        return pytensor.function([q, m, *own.values()], [value, first, second], mode=PYTHON, on_unused_input="ignore")


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Blocks among J units of n rows: ``order`` brings the rows of each together, ``start`` is where they begin."""

    order: Ints
    start: Ints
    of_row: Ints
    unit: Ints
    sizes: Floats

    def sums(self, x: Floats) -> Floats:
        """Over the rows of every block, (S, R, …) → (S, B, …)."""
        return np.asarray(np.add.reduceat(x[:, self.order], self.start, axis=1))


def _blocks(codes: Ints) -> _Blocks:
    """Of the codes (J, n) of rows, each block within one unit."""
    _, of_row = np.unique(codes.ravel(), return_inverse=True)
    order = np.argsort(of_row, kind="stable")
    start = np.concatenate([[0], np.flatnonzero(np.diff(of_row[order])) + 1])
    unit = order[start] // codes.shape[1]
    return _Blocks(order, start, of_row, unit, np.bincount(of_row).astype(float))


@final
@dataclass(frozen=True, eq=False)
class CorrelatedBatch(Batch):
    """J units of n rows with correlated residuals.

    Parameters
    ----------
    likelihood : CorrelatedLikelihood
    blocks : _Blocks
    whitener : callable
        L⁻¹ of the rows, at draws of the coefficients.
    factors : int
        How many numbers that is a draw.
    """

    separable: ClassVar[bool] = False

    likelihood: CorrelatedLikelihood
    blocks: _Blocks
    whitener: Callable[[Floats], Whitening]
    factors: int

    @property
    def width(self) -> int:
        """See :class:`Batch`."""
        return max(super().width, self.factors)

    @cached_property
    def _whitening(self) -> Whitening:
        return self.whitener(self.likelihood.rescor[self.part])

    def _etas(self, w: Floats) -> dict[str, Floats]:
        return self.etas(self.likelihood.response.name, self.likelihood.moving, self.likelihood.still, w)

    def _law(self, z: Floats) -> list[Floats]:
        q = self.blocks.sums(z**2)
        given = [v[self.part] for v in self.likelihood.parameters.values()]
        m = np.broadcast_to(self.blocks.sizes, q.shape)
        return [np.broadcast_to(v, q.shape) for v in self.likelihood.law(q, np.ascontiguousarray(m), *given)]

    def _total(self, log_g: Floats, own: Floats) -> Floats:
        """Σ log g(q) over the blocks of every unit and Σ log |T′|/(σ L_ii) over its rows, (S, J, 1)."""
        S, J = self.shape
        total = (own - self._whitening.logs.reshape(own.shape)).sum(axis=-1)
        added = np.zeros((J, S))
        np.add.at(added, self.blocks.unit, log_g.T)
        return np.asarray((total + added.T)[..., None])

    def rows(self, w: Floats) -> Floats:
        """log p of the rows of every unit together, (S, J, 1)."""
        e, own = self.likelihood.elementwise.values(self._etas(w), self.at, self.part)
        z = self._whitening(e.reshape(len(e), -1))
        return self._total(self._law(z)[0], own)

    def derivatives(self, w: Floats) -> Derivatives:
        """The same with slopes and information; neither is a sum over rows."""
        k = self.likelihood
        e, own = k.elementwise.derivatives(self._etas(w), self.at, self.part)
        columns = [self.columns[k.response.name, p] for p in k.moving]
        S, J = self.shape
        whole = (S, J, self.at.shape[1])
        change = sum((f[..., None] * A for f, A in zip(e.first, columns, strict=True)), np.zeros((*whole, self.d)))
        z, dz = self._whitening(e.value.reshape(S, -1)), self._whitening(change.reshape(S, -1, self.d))
        log_g, first, second = self._law(z)
        at_rows = 2 * first[:, self.blocks.of_row]
        slopes = ((at_rows * z)[..., None] * dz).reshape(*whole, self.d)
        for f, A in zip(own.first, columns, strict=True):
            slopes += f[..., None] * A
        dz_units, weight = dz.reshape(*whole, self.d), at_rows.reshape(whole)
        information = -np.matmul(np.swapaxes(dz_units, -1, -2), weight[..., None] * dz_units)
        if np.any(second):
            along = self.blocks.sums(z[..., None] * dz)
            each = 4 * second[..., None, None] * along[..., :, None] * along[..., None, :]
            np.subtract.at(np.swapaxes(information, 0, 1), self.blocks.unit, np.swapaxes(each, 0, 1))
        precise = self._whitening.transposed(z).reshape(whole) * weight if any(map(np.any, e.second)) else 0.0
        information -= self._bent(columns, [precise * b + o for b, o in zip(e.second, own.second, strict=True)])
        empty = np.zeros((*whole, self.d, 0))
        return Derivatives(self._total(log_g, own.value), slopes, information, empty, empty[..., 0, :])

    def _bent(self, columns: Sequence[Floats], second: Sequence[Floats]) -> Floats:
        """Σ over rows and pairs of predictors of a second derivative times what w does to the two."""
        S, J = self.shape
        total = np.zeros((S, J, self.d, self.d))
        pairs = [(a, b) for a in range(len(columns)) for b in range(a + 1)]
        for (a, b), h in zip(pairs, second, strict=True):
            if np.any(h):
                found = np.matmul(np.swapaxes(columns[a], -1, -2), h[..., None] * columns[b])
                total += found if a == b else found + np.swapaxes(found, -1, -2)
        return total


def correlated_batch(parts: Parts, likelihood: CorrelatedLikelihood) -> CorrelatedBatch:
    """The batch of units at these rows."""
    here = rows_of(likelihood.residual, parts.at.ravel())
    blocks = _blocks(here.codes.reshape(parts.at.shape))
    return CorrelatedBatch(*parts, likelihood, blocks, whitener(here), numbers(here))


def check_blocks(model: Model, rows: Rows, units: Units) -> None:
    """Refuse units whose rows depend on those of others by their residuals.

    Raises
    ------
    PosteriorError
    """
    trained, here = model.residual, rows.correlated
    if trained is None or here is None:
        return
    unit = np.empty(rows.n, dtype=np.int64)
    for u, own in enumerate(units.rows):
        unit[own] = u
    apart = here.within(unit)
    if units.group in known_groups(model):
        apart = apart and trained.within(trained_ids(model, units.group))
        fresh = level_ids(rows, units.group) > trained_ids(model, units.group).max()
        apart = apart and not np.isin(here.codes[fresh], trained.codes).any()
    if not apart:
        raise PosteriorError(
            f"Blocks of {trained.label} are not inside levels of '{units.group}': rows of different levels have "
            "residuals in common.",
            hint='Use target="row", or fit.kfold() without group=.',
        )
