"""Coefficients, smooths and group effects that were integrated out, drawn exactly given θ and y.

With B = I + D A D = L Lᵀ as in :mod:`hierlm.reductions.dense.density`, u = D L⁻ᵀ(L⁻¹Dc + a), a ~ N(0, I).  Given u,
effects r* and errors e* are drawn from their distribution given θ, and corrected by what y says:

    r = r* + Cov(r, y) V⁻¹ (y − m − W u − Z r* − e*),

which has the conditional distribution of r (conditioning by kriging; Journel & Huijbregts 1978, *Mining
Geostatistics*, chapter VII).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import solve_triangular

from hierlm import names
from hierlm.errors import SamplingError
from hierlm.graph.moments import block_root, level_scales_of
from hierlm.model.values import GroupBlock
from hierlm.reductions.dense.algebra import choleskys
from hierlm.reductions.dense.batches import Batch
from hierlm.reductions.dense.density import LARGE, DenseDensity
from hierlm.reductions.later import Columns, Later
from hierlm.reductions.threads import one_thread

__all__ = ["DenseEffects"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DenseEffects:
    """One draw of everything that was integrated out for every draw of the rest, always the same.

    Parameters
    ----------
    density : DenseDensity
    zetas : (chains, draws, dimension) array
    seed : int
    """

    density: DenseDensity
    zetas: Floats
    seed: int

    def shared(self) -> Floats:
        """Deviations of free coefficients from their prior means, and smooths: u, (S, q)."""
        return np.concatenate([u for _, _, u in self._chunks()])

    def groups(self) -> dict[str, Later]:
        """The effects of every grouping, drawn when somebody looks at them."""
        model, (chains, draws, _) = self.density.model, self.zetas.shape
        found: dict[str, Later] = {}
        for group, blocks in model.groups.items():
            shape = (chains, draws, len(blocks[0].levels), sum(len(b.effects) for b in blocks))
            found[group] = Later(shape, lambda some, group=group: self._columns(group, some))  # type: ignore[misc]
        return found

    def _columns(self, group: str, wanted: Columns | None) -> Floats:
        kept = []
        for rng, at, u in self._chunks():
            r = self._effects(rng, at, u)[group].reshape(len(at), -1)
            kept.append(r if wanted is None else r[:, wanted])
        return np.concatenate(kept)

    def _chunks(self) -> Any:
        """(generator, coordinates of the graph, u) of some draws after others; a generator of its own for each."""
        flat = self.zetas.reshape(-1, self.density.dimension)
        step, cores = self.density.chunk, os.cpu_count() or 1
        for i, first in enumerate(range(0, len(flat), step)):
            at, rng = self.density.coordinates(flat[first : first + step]), np.random.default_rng([self.seed, 1, i])
            with one_thread(), np.errstate(all="ignore"):
                _, values = self.density.expressions.parameters(at)
                D, sums = self.density.scales(values, len(at)), self.density.sums(at, cores)
                L = choleskys(np.eye(D.shape[1]) + D[:, :, None] * sums.A * D[:, None, :])
                z = np.linalg.solve(L, (D * sums.c)[..., None]) + rng.standard_normal((*D.shape, 1))
                u = D * np.linalg.solve(L.swapaxes(1, 2), z)[..., 0]
            if not np.isfinite(u).all():
                raise SamplingError("A draw of the coefficients failed numerically.", hint="Fit with reduce=False.")
            yield rng, at, u

    @cached_property
    def _roots(self) -> dict[str, list[Any]]:
        """Of every grouping: by what its levels are multiplied (where they are), and the roots of its blocks."""
        model, expressions = self.density.model, self.density.expressions
        found = {}
        for group, blocks in model.groups.items():
            factor = level_scales_of(model, group, expressions.values)
            roots = [block_root(b, blocks, expressions.values) for b in blocks]
            found[group] = [factor is not None, expressions.function([*([] if factor is None else [factor]), *roots])]
        return found

    @cached_property
    def _designs(self) -> list[tuple[GroupBlock, sparse.csr_array]]:
        """Z of every block, (n, levels × effects)."""
        return [(block, _design(block)) for block in self.density.model.blocks]

    def _effects(self, rng: np.random.Generator, at: Floats, u: Floats) -> dict[str, Floats]:
        """r of every grouping, (S, levels, effects)."""
        S, shared = len(at), self.density.shared
        prior: list[tuple[GroupBlock, sparse.csr_array, Floats, Floats, Floats]] = []
        rest = shared.residue - u @ shared.W.T  # (S, n)
        for group, (scaled, question) in self._roots.items():
            answers = question(at)
            f = answers[0][:, :, None] if scaled else np.ones((1, 1, 1))
            own = [(b, Z) for b, Z in self._designs if b.group == group]
            for (block, Z), L in zip(own, answers[int(scaled) :], strict=True):
                r = f * (rng.standard_normal((S, len(block.levels), L.shape[2])) @ L.swapaxes(1, 2))
                rest = rest - (Z @ r.reshape(S, -1).T).T
                prior.append((block, Z, L, f, r))
        v = self._explained(rng, at, rest)
        found = {
            group: np.zeros((S, len(blocks[0].levels), sum(len(b.effects) for b in blocks)))
            for group, blocks in self.density.model.groups.items()
        }
        for block, Z, L, f, r in prior:
            said = f * (Z.T @ v.T).T.reshape(r.shape)
            found[block.group][:, :, list(block.columns)] = r + f * ((said @ L) @ L.swapaxes(1, 2))
        if not all(np.isfinite(r).all() for r in found.values()):
            raise SamplingError("A draw of the group effects failed numerically.", hint="Fit with reduce=False.")
        return found

    def _explained(self, rng: np.random.Generator, at: Floats, rest: Floats) -> Floats:
        """V⁻¹(rest − e*), (S, n)."""
        found, e = np.zeros(rest.shape), rng.standard_normal(rest.shape)
        with one_thread(), np.errstate(all="ignore"):
            for batch in self.density.batches:
                Z = batch.of_rows(np.stack([rest, e], axis=-1))  # (S, sets, m, 2)
                v = _solved(batch, choleskys(batch.covariances(at)), choleskys(batch.residuals(at)), Z)
                found[:, batch.sets.rows[batch.sets.filled]] = v[:, batch.sets.filled]
        return found


def _design(block: GroupBlock) -> sparse.csr_array:
    n, k = len(block.codes), len(block.effects)
    members = block.members
    codes = block.codes[:, None] if members is None else members.codes
    weights = np.ones(codes.shape) if members is None else members.weights
    total = sparse.csr_array((n, len(block.levels) * k))
    for piece in (p for p in block.pieces if p.parameter == names.MEAN):
        for j, effect in enumerate(piece.effects):
            entries = (weights * piece.Z[:, j, None]).ravel()
            where = (np.repeat(np.arange(n), codes.shape[1]), codes.ravel() * k + effect)
            total = total + sparse.csr_array((entries, where), shape=total.shape)
    return sparse.csr_array(total)


def _solved(batch: Batch, L: Floats, root: Floats, Z: Floats) -> Floats:
    """V⁻¹(a − R^½ z) of every set, (S, sets, m), for Z = [a z] (S, sets, m, 2)."""
    out = np.empty(Z.shape[:3])
    if batch.size < LARGE:
        inverse = np.linalg.inv(L)
        for p in range(L.shape[1]):
            mine = batch.pattern == p
            a, z = Z[..., 0][:, mine], Z[..., 1][:, mine]
            e = a - z @ root[:, p].swapaxes(1, 2)
            out[:, mine] = e @ inverse[:, p].swapaxes(1, 2) @ inverse[:, p]
        return out

    def one(s: int) -> None:
        for p in range(L.shape[1]):
            mine = batch.pattern == p
            e = Z[s, ..., 0][mine] - Z[s, ..., 1][mine] @ root[s, p].T
            white = solve_triangular(L[s, p], e.T, lower=True, check_finite=False)
            out[s, mine] = solve_triangular(L[s, p], white, lower=True, trans=1, check_finite=False).T

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(one, range(len(Z))))
    return out
