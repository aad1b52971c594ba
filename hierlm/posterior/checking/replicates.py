"""Data drawn from the fit: for the groups in the data, or for new groups of the same sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.graph.evaluate import Compute, evaluate, kept as kept_function
from hierlm.model import Model
from hierlm.model.subset import unknown_parts
from hierlm.model.values import GroupBlock, ModelResponse
from hierlm.posterior.family_values import family_values
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import At, Draws, Rows, at_rows, chunks
from hierlm.posterior.options import check_finite, checked_seed
from hierlm.posterior.response import additions, free_values, linear_of, mean_at
from hierlm.posterior.rowwise import drawn_responses

__all__ = [
    "PRIOR",
    "NewGroups",
    "Replicates",
    "as_new",
    "chosen_response",
    "mean_and_variance",
    "renewed",
    "replicate",
    "source_of",
]

Floats = NDArray[np.float64]
NewGroups = bool | str | Sequence[str]
PRIOR = "prior"
"""The sampler of draws that are the prior's."""


@dataclass(frozen=True, eq=False)
class Replicates:
    """Data sets drawn from the posterior predictive distribution, beside the data.

    Parameters
    ----------
    response : ModelResponse
    drawn : (S, n) array
        Response scale; categories by their number.
    mean, variance : (S, n) array or None
        E[y] and Var[y] given the parameters and effects that each data set was drawn with; None unless asked for, and
        of categories.
    renewed : tuple of str
        Groupings whose effects were drawn anew from the population.
    source : {"fit", "prior"}
        What the data sets were drawn from.
    """

    response: ModelResponse
    drawn: Floats
    renewed: tuple[str, ...]
    mean: Floats | None = None
    variance: Floats | None = None
    source: str = "fit"

    @property
    def words(self) -> str:
        """Which groups the data sets are of."""
        return f"new levels of {', '.join(self.renewed)}" if self.renewed else "the same groups"


def replicate(
    fit: Fit,
    response: str | None = None,
    *,
    new_groups: NewGroups = False,
    draws: int | None = None,
    seed: int | None = None,
    moments: bool = False,
) -> Replicates:
    """Data sets of the rows, measured again.

    Parameters
    ----------
    response : str, optional
        Which one, in a model of several.
    new_groups : bool, str or sequence of str
        Groupings whose levels get effects drawn from N(0, V) of each draw, every level once a data set (mixed
        predictive check: Gelman, Meng & Stern 1996; Marshall & Spiegelhalter 2007).  True: all groupings.
    draws : int, optional
        How many data sets in all, evenly spaced over the draws; as many as there are draws unless given.
    seed : int, optional
    moments : bool
        Whether to keep the mean and variance of each data set's distribution.

    Raises
    ------
    PosteriorError
    """
    chosen, fresh, root = chosen_response(fit.model, response), renewed(fit.model, new_groups), checked_seed(seed)
    used = Draws(fit.model, _thinned(fit, draws))
    rows = as_new(fit.model, at_rows(fit.model), fresh)
    effects, noise = NewLevels(fit.model, used, root, zero=False), np.random.default_rng(np.random.SeedSequence([root]))
    kept = tuple(fit.model.groups)
    out = drawn_responses(rows, used, chosen, kept, effects, noise).astype(np.float64)
    found = np.empty((2, used.size, rows.n)) if moments and not chosen.categories else None
    if found is not None:
        compute = kept_function(), kept_function()
        for at in chunks(used.size, rows.n):
            found[:, :, at] = mean_and_variance(rows, used, chosen, at, kept, effects, compute)
    check_finite(out, rows)
    mean, variance = found if found is not None else (None, None)
    return Replicates(chosen, out, fresh, mean, variance, source_of(fit))


def source_of(fit: Fit) -> str:
    """``"fit"``, or ``"prior"`` where the draws are those of the prior."""
    return PRIOR if fit.provenance.get("sampler") == PRIOR else "fit"


def mean_and_variance(
    rows: Rows,
    draws: Draws,
    response: ModelResponse,
    at: At,
    kept: Sequence[str],
    new: NewLevels,
    compute: tuple[Compute, Compute] = (evaluate, evaluate),
) -> tuple[Floats, Floats]:
    """E[y] and Var[y] given each draw, (S, rows in ``at``) each.

    Parameters
    ----------
    compute : pair of callables
        What evaluates them, :func:`~hierlm.graph.evaluate.kept` where there are many parts.
    """
    etas, free = linear_of(rows, draws, response, at, kept, new), free_values(draws, response)
    mean = mean_at(rows, draws, response, at, etas, compute[0])

    def variance(given: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
        return response.family.variance(given, **parameters)

    found = family_values(variance, response, additions(rows, response, at), etas, free, compute[1])
    return mean, np.broadcast_to(found, mean.shape)


def _thinned(fit: Fit, draws: int | None) -> xr.Dataset:
    posterior = fit.posterior
    if draws is None:
        return posterior
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise PosteriorError(f"draws={draws!r} is not a positive whole number.", hint="Write draws=400.")
    chains, most = posterior.sizes["chain"], posterior.sizes["draw"]
    if draws < chains:
        return posterior.isel(chain=slice(int(draws)), draw=[most // 2])
    each = min(most, -(-int(draws) // chains))
    return posterior.isel(draw=np.linspace(0, most - 1, each).round().astype(int))


def chosen_response(model: Model, response: str | None) -> ModelResponse:
    """The response asked for; it need not be named when there is only one.

    Raises
    ------
    PosteriorError
    """
    known = {r.name: r for r in model.responses}
    if response is None:
        if len(known) > 1:
            raise PosteriorError("The model has several responses.", hint=f"Say response=, one of: {', '.join(known)}.")
        return model.responses[0]
    if response not in known:
        raise PosteriorError(f"The model has no response '{response}'.", hint=did_you_mean(str(response), known))
    return known[response]


def renewed(model: Model, new_groups: NewGroups) -> tuple[str, ...]:
    """The groupings that are drawn anew.

    Raises
    ------
    PosteriorError
        When there are none, one does not exist, or its levels are related.
    """
    if new_groups is False:
        return ()
    known = tuple(model.groups)
    wanted = known if new_groups is True else (new_groups,) if isinstance(new_groups, str) else tuple(new_groups)
    if not known:
        raise PosteriorError("The model has no group terms, so there are no new groups.", hint="Leave new_groups= out.")
    for group in wanted:
        if group not in known:
            raise PosteriorError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), known))
        strange = [s for block in model.groups[group] for s in unknown_parts(block)]
        if strange:
            raise PosteriorError(
                f"Levels of {group} have '{strange[0]}'; new ones cannot be drawn one by one.",
                hint="Name other groupings, new_groups=[…].",
            )
    return wanted


def as_new(model: Model, rows: Rows, groups: Sequence[str]) -> Rows:
    """The same rows, as if the fit had seen none of the levels of some groupings."""
    return replace(rows, blocks=tuple(_unseen(model, b) if b.group in groups else b for b in rows.blocks))


def _unseen(model: Model, block: GroupBlock) -> GroupBlock:
    scale = model.scales.get(block.group)
    pieces = []
    for piece in block.pieces:
        none = np.full(len(piece.source.codes), -1, dtype=np.int64)
        fresh = replace(
            piece.source,
            codes=none,
            unseen=block.levels,
            unseen_codes=np.asarray(block.codes),
            unseen_scale=None if scale is None else scale.X,
        )
        pieces.append(replace(piece, source=fresh))
    return replace(block, pieces=tuple(pieces))
