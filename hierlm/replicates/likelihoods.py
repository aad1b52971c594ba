"""The likelihood of a model without its priors: of normal responses in closed form, of others by Laplace."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import ModelError, PosteriorError
from hierlm.kernels.responses import RESPONSES
from hierlm.links import get_link
from hierlm.model import Model
from hierlm.model.values import GroupBlock, ModelResponse
from hierlm.priors.fixed import Fixed
from hierlm.replicates.laplace import Laplace
from hierlm.replicates.profiled import Part, Profiled

__all__ = ["exact", "likelihood"]

Floats = NDArray[np.float64]
MOST_EFFECTS = 2_000
INSTEAD = "fit.varcorr() says how large it is; hl.compare(…, target='new_group') whether predictions gain from it."


def exact(response: ModelResponse) -> bool:
    """Whether the likelihood of a model with this response is a closed form."""
    return response.family.normal_errors and response.links[names.MEAN] == get_link("identity")


def _obstacles(model: Model) -> Iterator[str]:
    """Why the likelihood is not known here."""
    if len(model.responses) > 1:
        yield "there are several responses"
        return
    (response,) = model.responses
    kernel = RESPONSES.get(_key(response))
    if not exact(response) and (kernel is None or not kernel.log_concave):
        yield f"the response is {response.family.name} with the link {response.links[names.MEAN].name}"
        return
    own = [p for p in response.links if p != names.MEAN]
    if own or any(p.variances for p in model.predictors):
        yield f"{own[0] if own else 'the residual standard deviation'} has a formula of its own"
    if set(response.additions) - {"trials"}:
        yield f"the response has {', '.join(response.additions)}"
    if model.residual is not None:
        yield "residuals are correlated"
    if model.smooths:
        yield "there are smooths"
    if model.scales:
        yield "the standard deviation of a grouping has a formula"
    yield from (f"'{a.name}' is held fixed" for a in model.assignments if isinstance(a.prior, Fixed))
    for b in model.blocks:
        k = len(b.effects)
        free = not b.covariance.correlated(k) or b.covariance.n_parameters(k) == k * (k + 1) // 2
        owned = sum(map(len, b.covariance.sd_groups(k))) == k
        if not b.separate or b.covariance.structured(k) or not free or not owned or b.inhabited is not None:
            yield f"the effects of '{b.group}' have the structure {b.structure}"
        if len(b.levels) * k > MOST_EFFECTS:
            yield f"'{b.group}' has {len(b.levels) * k:,} effects, more than {MOST_EFFECTS:,}"


def likelihood(model: Model, *, restricted: bool) -> tuple[Floats, Profiled | Laplace]:
    """The response, of a normal model without its offset, and the design.

    Raises
    ------
    ModelError
        When the likelihood is not known.
    PosteriorError
        For the restricted one of a response that is not normal.
    """
    for reason in _obstacles(model):
        raise ModelError(f"There is no likelihood to test with: {reason}.", hint=INSTEAD)
    (predictor,), (response,) = model.predictors, model.responses
    parts = [_part(b) for b in model.blocks]
    if exact(response):
        return response.y - predictor.offset, Profiled.of(predictor.X, parts, restricted=restricted)
    if restricted:
        raise PosteriorError(
            f"There is no restricted likelihood of a {response.family.name} response.", hint="Use method='ML'."
        )
    return response.y, Laplace.of(predictor.X, parts, response, predictor.offset)


def _key(response: ModelResponse) -> str:
    return f"{response.family.name}:{response.links[names.MEAN].name}"


def _part(block: GroupBlock) -> Part:
    k, n = len(block.effects), len(block.codes)
    Z = np.zeros((n, len(block.levels), k))
    for piece in block.pieces:
        for column, effect in zip(piece.Z.T, piece.effects, strict=True):
            Z[np.arange(n), block.codes, effect] += column
    return Part(Z.reshape(n, -1), k, block.covariance.sd_groups(k), block.covariance.correlated(k))
