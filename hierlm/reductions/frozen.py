"""frozen: group effects sampled in coordinates whitened at the mode, for large crossed designs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import SamplingError
from hierlm.kernels import marginal
from hierlm.kernels.callbacks import Called, frozen_callbacks, gaussian_callbacks
from hierlm.kernels.elimination import solve_upper
from hierlm.kernels.frozen import draw_effects
from hierlm.kernels.observations import observation_fields
from hierlm.kernels.packing import dimension_of, pack
from hierlm.kernels.parameters import constrained, parameters, pick
from hierlm.kernels.problem import common_fields, moments, structure_of
from hierlm.kernels.scaling import times
from hierlm.model import Model
from hierlm.reductions.arrangement import Arrangement, arrange
from hierlm.reductions.centre import centre
from hierlm.reductions.chunks import recover_in_chunks
from hierlm.reductions.dataset import dataset, of_groups
from hierlm.reductions.gaussian_marginal import GaussianMarginal
from hierlm.reductions.observed import make_observations
from hierlm.reductions.obstacles import structure_obstacles
from hierlm.reductions.pilot import prepare
from hierlm.reductions.reduction import Problem, Reduction
from hierlm.reductions.statistics import gaussian_buffer, sparse_statistics
from hierlm.reductions.theta import start_of
from hierlm.reductions.whitened import Whitened, coefficient_rows, whitened_obstacles

__all__ = ["Frozen"]

Floats = NDArray[np.float64]
MOST_WORK = 3_000_000_000
"""Multiplications of one factorisation; a few dozen are made."""

STEP = 0.05
"""Of the differences that say how the effects' mode follows θ, in standard deviations of θ."""


@final
class Frozen(Reduction):
    """u = û + Λ̂L⁻ᵀz + Σ ζ_k ∂û/∂ζ_k: joint NUTS on (θ, u) in coordinates that were whitened once, at the mode."""

    name: ClassVar[str] = "effects whitened at the mode"
    accepted: ClassVar[str] = "response and priors have kernels, and one factorisation at the mode is affordable"
    takes_smooths: ClassVar[bool] = True
    tune: ClassVar[int] = 300
    target_accept: ClassVar[float] = 0.7

    def obstacles(self, model: Model) -> Iterator[str]:
        """See :meth:`Reduction.obstacles`."""
        return _obstacles(model)

    def cost(self, model: Model, parameters: int) -> str:
        """See :meth:`Reduction.cost`."""
        place = arrange(model)
        sampled = f"{parameters + place.columns:,} numbers are sampled"
        return f"{sampled}; at the start a few dozen factorisations of {place.factorised} each"

    def apply(self, model: Model) -> Problem:
        """See :meth:`Reduction.apply`."""
        place = arrange(model)
        normal = _normal(model)
        first = gaussian_buffer(model, place) if normal else Whitened.packed(model, None)[0]
        if normal:
            centre(Called(gaussian_callbacks()[0]), first, start_of(parameters(first)), signed=False)
        else:
            prepare(first, model.responses[0].links[names.MEAN], signed=False)
        buffer = _packed(model, place, first, normal)
        return Problem(int(dimension_of(buffer)), Called(frozen_callbacks()[0]), frozen_callbacks, buffer, place)

    def recover(self, model: Model, problem: Problem, zetas: Floats, seed: int) -> xr.Dataset:
        """See :meth:`Reduction.recover`."""
        chains, draws, dimension = zetas.shape
        flat = np.ascontiguousarray(zetas.reshape(chains * draws, dimension))
        effects = np.empty((len(flat), problem.place.columns))

        def make(some: slice, rng: np.random.Generator) -> tuple[Floats, ...]:
            return draw_effects(flat[some], problem.data, effects[some])

        sds, C, positives = recover_in_chunks(len(flat), problem.place.columns, seed, make)
        place = problem.place
        b = effects[:, place.columns - len(place.free) :]
        return dataset(model, place, (chains, draws), sds, C, positives, b, of_groups(place, effects))


def _normal(model: Model) -> bool:
    """Whether the response is normal given effects whose priors are normal too, but for the size of the design."""
    return GaussianMarginal().fits(model)


def _obstacles(model: Model) -> Iterator[str]:
    if not _normal(model):
        yield from whitened_obstacles(model, MOST_WORK, related=False)
        return
    yield from structure_obstacles(model)
    if arrange(model).work > MOST_WORK:
        yield f"one factorisation takes more than {MOST_WORK:.1g} multiplications"
    if not model.responses[0].free:
        yield "known standard errors have no kernel here"


def _packed(model: Model, place: Arrangement, first: Floats, normal: bool) -> Floats:
    """The frozen problem from one whose coordinates of θ are chosen."""
    st = structure_of(first)
    p = parameters(first)
    K = len(p.centre)
    mode, factor, prior = _factorised(first, np.zeros(K), normal)
    shifts = np.zeros((K, st.columns))
    for k in range(K):
        step = np.zeros(K)
        step[k] = STEP
        up, down = (_factorised(first, s, normal)[0] for s in (step, -step))
        shifts[k] = (up - down) / (2.0 * STEP)
    if normal:
        o = make_observations(model, place, -1, 1, rows=False)
        S, r, sums = sparse_statistics(model, place)
        statistics = [S.indptr.astype(np.int64), S.indices.astype(np.int64), S.data, r, sums]
    else:
        o = make_observations(model, place, -1, 1)
        statistics = [np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0)]
    fields = [
        *common_fields(p, place.structure, np.zeros(0), np.zeros(0)),
        *observation_fields(o),
        coefficient_rows(model, place),
        mode,
        factor,
        prior,
        shifts,
        *statistics,
    ]
    return pack(K + st.columns, fields)


def _factorised(buffer: Floats, zeta: Floats, normal: bool) -> tuple[Floats, Floats, Floats]:
    """(û, L, Λ) at ζ for the weights and scores in the buffer."""
    p, st = parameters(buffer), structure_of(buffer)
    S, r = moments(buffer)
    _, _, _, F, positives = constrained(pick(zeta, p), p)
    sigma = positives[0] if normal else 1.0
    V, x, u = np.empty(len(S)), np.empty(st.columns), np.empty(st.columns)
    if not marginal.solved(F / sigma, st, S, r / sigma, V, x)[0]:
        raise SamplingError("The design's factorisation failed at the mode.", hint="Fit with reduce=False.")
    solve_upper(V, st, x)
    times(F, st, x, u)
    return u, V, F
