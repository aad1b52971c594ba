"""Replicated data: from the posterior, and from the prior."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pymc as pm
import xarray as xr

from hierlm import names
from hierlm.errors import PredictionError, PriorError
from hierlm.fit import Fit
from hierlm.fit.draws import observed_data, user_variables
from hierlm.graph.evaluate import PYTHON
from hierlm.model import Model
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, thinned
from hierlm.posterior.options import check_finite, checked_seed, labelled_draws
from hierlm.posterior.rowwise import drawn_responses
from hierlm.priors import Prior

__all__ = ["check_proper", "posterior_predictive", "prior_draws", "prior_predictive"]

TOO_WIDE = "The priors are too wide on the link scale; narrow those of b and sd_…."


def posterior_predictive(fit: Fit, *, seed: int | None = None, draws: int | None = None) -> xr.Dataset:
    """What would the same rows look like, measured again: one new response per draw and training row.

    Parameters
    ----------
    fit : Fit
    seed : int, optional
        The same seed gives the same draws.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.

    Returns
    -------
    Dataset
        One variable a response (``y``, or ``y_1``, ``y_2`` …), dims ``chain``, ``draw``, ``obs``; response scale.

    Raises
    ------
    PredictionError
        When an option is out of range, or a draw beyond what can be computed.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> fit.posterior_predictive(seed=1, draws=100)["y"].mean("obs")  # doctest: +SKIP
    """
    model = fit.model
    used = Draws(model, thinned(fit, draws))
    rows, root = at_rows(model), checked_seed(seed)
    effects, noise = NewLevels(model, used, root, zero=True), np.random.default_rng(np.random.SeedSequence([root]))
    found = {}
    for position, response in enumerate(model.responses):
        name = names.response_variable(position, len(model.responses) > 1)
        out = drawn_responses(rows, used, response, tuple(model.groups), effects, noise)
        check_finite(out, rows)
        found[name] = labelled_draws(out, used, rows, name)
    return xr.Dataset(found)


def prior_predictive(model: Model, draws: int = 500, *, seed: int | None = None) -> xr.DataTree:
    """What do the priors alone say: parameters drawn from them, and responses for the rows of the data.

    Parameters
    ----------
    model : Model
    draws : int
    seed : int, optional
        The same seed gives the same draws.

    Returns
    -------
    DataTree
        ArviZ groups ``prior``, ``prior_predictive`` (dims ``chain`` of length 1, ``draw``, …) and ``observed_data``.

    Raises
    ------
    PriorError
        When a prior is improper, so that nothing can be drawn from it, or so wide that a response cannot be computed.
    PredictionError
        When ``draws`` or ``seed`` is out of range.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))  # doctest: +SKIP
    >>> model.prior_predictive(200, seed=1)["prior_predictive/y"].quantile([0.05, 0.95])  # doctest: +SKIP
    """
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise PredictionError(f"draws={draws!r} is not a whole number of at least 1.", hint="Write draws=500.")
    check_proper(model)
    seed = checked_seed(seed)
    try:
        tree = _draw(model, int(draws), seed)
    except ValueError as error:
        raise PriorError(
            f"A draw of the response is beyond what can be computed: {str(error).splitlines()[0]}.", hint=TOO_WIDE
        ) from error
    responses = tree["prior_predictive"].to_dataset()
    responses.attrs = {}
    if not all(np.isfinite(v.to_numpy()).all() for v in responses.data_vars.values()):
        raise PriorError("Some draws of the response are beyond what can be computed.", hint=TOO_WIDE)
    return xr.DataTree.from_dict(
        {
            "prior": user_variables(tree["prior"].to_dataset(), model),
            "prior_predictive": responses,
            "observed_data": observed_data(model),
        }
    )


def prior_draws(model: Model, draws: int, *, seed: int, effects: bool = False) -> xr.DataTree:
    """Draws of the parameters from the prior, without responses, in the group ``posterior``.

    Parameters
    ----------
    effects : bool
        Whether group effects are drawn too.

    Raises
    ------
    PriorError
        When a prior is improper.
    """
    check_proper(model)
    known = {v.name for v in (*model.pymc.free_RVs, *model.pymc.deterministics)}
    variables = [a.variable for a in model.assignments] + [names.effects(g) for g in model.batches if effects]
    wanted = [v for v in dict.fromkeys(variables) if v in known]
    prior = _draw(model, draws, seed, wanted)["prior"].to_dataset()[wanted]
    return xr.DataTree.from_dict({"posterior": user_variables(prior, model) if effects else prior})


def check_proper(model: Model) -> None:
    """Refuse a model with an improper prior.

    Raises
    ------
    PriorError
    """
    improper = [a.name for a in model.assignments if isinstance(a.prior, Prior) and not a.prior.proper]
    if improper:
        raise PriorError(
            f"The prior of {', '.join(improper)} is improper: nothing can be drawn from it.",
            hint='Give a proper one, such as hl.Prior("Normal", mu=0, sigma=10).',
        )


def _draw(model: Model, draws: int, seed: int, only: Sequence[str] | None = None) -> xr.DataTree:
    """PyMC's forward sampling, evaluated by NumPy: compiling would take far longer than drawing."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), _quiet("pymc.sampling.forward"), model.pymc:
        warnings.filterwarnings("ignore", message=".*[Pp]otential", category=UserWarning)  # weights: no part of it
        return pm.sample_prior_predictive(draws, random_seed=seed, compile_kwargs={"mode": PYTHON}, var_names=only)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """A library's logger, without its notes on progress."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
