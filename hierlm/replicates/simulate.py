"""Draw from a model: parameters from the prior, group effects given parameters, responses given effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import ModelError
from hierlm.fit import Fit
from hierlm.graph.evaluate import evaluate
from hierlm.graph.structured import innovations
from hierlm.model import Model
from hierlm.model.respond import picklable, with_responses
from hierlm.model.values import GroupBlock
from hierlm.posterior.level_scales import level_factors
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows
from hierlm.posterior.predictive import check_proper, prior_draws
from hierlm.posterior.rowwise import drawn_responses
from hierlm.priors.fixed import Fixed

__all__ = ["Simulated", "as_fit", "check_simulable", "from_prior", "seeds", "simulate"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A truth, and data given it.

    Parameters
    ----------
    truth : Fit
        One draw of everything, group effects included; its model has the data as its responses.
    """

    truth: Fit

    @property
    def model(self) -> Model:
        """The model given the drawn data."""
        return self.truth.model


def check_simulable(model: Model, *, prior: bool = False) -> None:
    """Refuse models that data cannot be drawn from.

    Parameters
    ----------
    prior : bool
        Whether the parameters are to be drawn too.

    Raises
    ------
    ModelError
        With weights, which multiply a log-density and so belong to no distribution.
    PriorError
        With an improper prior, where parameters are drawn from it.
    """
    for response in model.responses:
        if "weights" in response.additions:
            raise ModelError(
                f"'{response.name}' has weights: no data can be drawn from a density with weights.",
                hint="Leave weights( ) out; standard errors, se( ), and trials( ) can be drawn from.",
            )
    if prior:
        check_proper(model)


def from_prior(model: Model, seed: int) -> xr.Dataset:
    """One draw of all parameters from the prior, dims ``chain`` and ``draw`` of length 1; no group effects."""
    if all(isinstance(a.prior, Fixed) for a in model.assignments):
        return xr.Dataset(coords={"chain": [0], "draw": [0]})
    return prior_draws(picklable(model), 1, seed=seed)["posterior"].to_dataset()


def simulate(model: Model, values: xr.Dataset, seed: int) -> Simulated:
    """Group effects and responses at given parameters.

    All effects are drawn anew, those of smooths too; rows, columns, trials and standard errors are those of the model.

    Parameters
    ----------
    model : Model
    values : Dataset
        The parameters by name, dims ``chain`` and ``draw`` of length 1.
    seed : int
    """
    effects_seed, response_seed, other_seed = np.random.SeedSequence(seed).spawn(3)
    rng = np.random.default_rng(effects_seed)
    given = Draws(model, values)
    found: dict[str, xr.DataArray] = {}
    for group in model.groups:
        found[names.effects(group)] = _effects(model, group, given, rng)
    for block in model.smooths:
        z = rng.standard_normal(len(block.effects))
        found[names.effects(block.group)] = xr.DataArray(
            (given.labelled(names.sd(block.group))[0] * z)[None, None],
            dims=("chain", "draw", names.effect_dim(block.group)),
            coords={names.effect_dim(block.group): list(block.effects)},
        )
    everything = values.assign(found)
    draws, rows, noise = Draws(model, everything), at_rows(model), np.random.default_rng(response_seed)
    none = NewLevels(model, draws, int(other_seed.generate_state(1)[0]), zero=True)
    ys: dict[str, Floats] = {}
    for response in model.responses:
        drawn = drawn_responses(rows, draws, response, tuple(model.groups), none, noise)
        ys[response.name] = drawn[0].astype(np.float64)
    return Simulated(as_fit(with_responses(model, ys), everything))


def as_fit(model: Model, values: xr.Dataset) -> Fit:
    """Values as the draws of a fit, for everything that reads them by name."""
    return Fit(model, xr.DataTree.from_dict({"posterior": values}))


def _effects(model: Model, group: str, given: Draws, rng: np.random.Generator) -> xr.DataArray:
    """r of all levels of a grouping, (1, 1, level, effect)."""
    blocks = model.groups[group]
    sources = NewLevels(model, given, 0, zero=False)
    labels = sources.labels(group)
    root = sources.unscaled_root(group)[0]
    r = np.zeros((len(blocks[0].levels), len(labels)))
    for block in blocks:
        at = np.array(block.columns)
        z = _related(block, rng.standard_normal((innovations(block), len(at))))
        r[:, at] = np.einsum("jm,em->je", z, root[np.ix_(at, at)])
    factors = level_factors(model, given, group)
    if factors is not None:
        r = r * factors[0][:, None]
    return xr.DataArray(
        r[None, None],
        dims=("chain", "draw", names.level_dim(group), names.effect_dim(group)),
        coords={names.level_dim(group): list(blocks[0].levels), names.effect_dim(group): labels},
    )


def _related(block: GroupBlock, z: Floats) -> Floats:
    """Independent standard normal numbers → effects of variance one of related levels."""
    relation = block.relation
    if relation is None:
        return z
    return evaluate(lambda z: pt.as_tensor(relation.correlate(z, block.levels)), z=z)


def seeds(seed: int, number: int, n: int) -> list[int]:
    """Independent seeds of one replicate: those of the child ``number`` of ``SeedSequence(seed)``."""
    child = np.random.SeedSequence(seed, spawn_key=(number,))
    return [int(word) for word in child.generate_state(n)]
