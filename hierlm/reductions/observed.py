"""The rows of a response that is not normal, as the kernels read them: aggregated, with weights and trials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.families import FAMILIES
from hierlm.kernels.observations import Observations
from hierlm.kernels.responses import RESPONSES, Response
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.reductions.arrangement import Arrangement, Rows, model_rows
from hierlm.reductions.quadrature import gauss_hermite

__all__ = ["aggregated", "integrable", "make_observations", "response_kernel"]

Floats = NDArray[np.float64]


def response_kernel(model: Model) -> Response | None:
    """The compiled log-density of the model's response, None where there is none.

    Only of families and links as hierlm registers them: one of a user's own under the same name is another one.
    """
    (response,) = model.responses
    link = response.links[names.MEAN]
    if response.family != FAMILIES.get(response.family.name) or link != get_link(link.name):
        return None
    return RESPONSES.get(f"{response.family.name}:{response.links[names.MEAN].name}")


def integrable(model: Model) -> GroupBlock | None:
    """The block of one effect a row that quadrature can integrate out, if there is one."""
    kernel = response_kernel(model)
    if kernel is None or not kernel.log_concave or "weights" in model.responses[0].additions:
        return None
    for blocks in model.groups.values():
        block = blocks[0]
        alone = len(blocks) == 1 and len(block.effects) == 1 and block.covariance.sd_groups(1) == ((0,),)
        each = len(block.levels) == len(block.codes) == len(np.unique(block.codes))
        if alone and each and block.separate and len(block.pieces) == 1 and np.all(block.pieces[0].Z == 1.0):
            return block
    return None


def aggregated(
    rows: Rows, y: Floats, trials: Floats, weights: Floats, mean_sufficient: bool
) -> tuple[Rows, Floats, Floats, Floats]:
    """Rows with the same predictors as one, exactly.

    The log-density of such rows is Σ w log p(y | η); where it depends on y and the trials only through their weighted
    means, these replace them, and else only rows that are the same altogether are joined.
    """
    keys = [rows.columns, rows.Z, rows.X, rows.offset[:, None]]
    if not mean_sufficient:
        keys += [y[:, None], trials[:, None]]
    _, first, inverse = np.unique(np.hstack(keys), axis=0, return_index=True, return_inverse=True)
    if len(first) > 0.8 * len(y):
        return rows, y, trials, weights
    inverse = inverse.ravel()
    total = np.bincount(inverse, weights)
    safe = np.where(total > 0, total, 1.0)
    joined = Rows(rows.columns[first], rows.Z[first], rows.X[first], rows.offset[first])
    means = [np.bincount(inverse, weights * v) / safe for v in (y, trials)]
    return joined, np.where(total > 0, means[0], y[first]), np.where(total > 0, means[1], trials[first]), total


def make_observations(
    model: Model, place: Arrangement, deviation: int, nodes: int, *, rows: bool = True
) -> Observations:
    """Everything about the rows.

    Parameters
    ----------
    deviation : int
        The sd parameter of the effect of every row that is integrated out, −1 without one.
    nodes : int
        Of its quadrature.
    rows : bool
        False leaves the rows out, where sufficient statistics stand for them.
    """
    kernel = response_kernel(model)
    assert kernel is not None
    (response,) = model.responses
    n = len(response.y)
    table, y = model_rows(model, place), response.y.astype(np.float64)
    trials = np.broadcast_to(np.asarray(response.additions.get("trials", 1.0), dtype=float), (n,))
    weights = np.broadcast_to(np.asarray(response.additions.get("weights", 1.0), dtype=float), (n,))
    if not rows:
        table, y, trials, weights = (
            Rows(table.columns[:0], table.Z[:0], table.X[:0], table.offset[:0]),
            y[:0],
            y[:0],
            y[:0],
        )
    elif deviation < 0:
        table, y, trials, weights = aggregated(table, y, trials, weights, kernel.mean_sufficient)
    points, mass = gauss_hermite(nodes)
    return Observations(
        address=(kernel.rows if deviation < 0 else kernel.integrated_rows).address,
        aux=kernel.n_aux,
        deviation=deviation,
        columns=np.ascontiguousarray(table.columns.T),
        Z=np.ascontiguousarray(table.Z.T),
        X=np.ascontiguousarray(table.X.T),
        offset=table.offset,
        y=y,
        trials=trials,
        weights=weights,
        start=np.zeros(len(y)),
        nodes=points,
        log_weights=mass,
    )
