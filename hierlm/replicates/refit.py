"""Fits of replicates: few draws, one core, no progress of their own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from hierlm.errors import SamplingError, did_you_mean
from hierlm.fit import Fit, fit as sample
from hierlm.model import Model
from hierlm.model.respond import picklable
from hierlm.samplers.nutpie import compiled_once
from hierlm.storage.fingerprint import fingerprint

__all__ = ["head", "refit", "settings_of"]

USUAL: dict[str, Any] = {"draws": 200, "chains": 2, "cores": 1}
OURS = ("model", "seed", "progress")


def settings_of(options: Mapping[str, Any], **usual: Any) -> dict[str, Any]:
    """Options of :func:`hierlm.fit.fit` for every refit.

    Raises
    ------
    SamplingError
        For an option that ``fit`` does not have.
    """
    known = [name for name in inspect.signature(sample).parameters if name not in OURS]
    for name in options:
        if name not in known:
            raise SamplingError(f"There is no option '{name}'.", hint=did_you_mean(name, known))
    return {**USUAL, **usual, **options}


def refit(
    model: Model, settings: Mapping[str, Any], seed: int, base: Model | None = None, *, progress: bool | None = False
) -> Fit:
    """The fit of one replicate.

    Parameters
    ----------
    base : Model, optional
        A model that differs in its responses alone.  Where the PyMC graph is sampled, that of ``base`` is compiled,
        once for all replicates of a process.
    progress : bool, optional
        As of :func:`hierlm.fit.fit`.

    Raises
    ------
    KeyboardInterrupt
        Also where sampling itself was interrupted, so that half of its draws are not taken for all.
    """
    with nullcontext() if base is None else compiled_once(fingerprint(base, {}), lambda: picklable(base).pymc):
        made = sample(model, **settings, seed=seed, progress=progress)
    if not made.provenance.get("complete", True):
        raise KeyboardInterrupt
    return made


def head(task: str, model: Model, settings: Mapping[str, Any], seed: int, **more: Any) -> dict[str, Any]:
    """What a store of replicates has to agree with: plain values."""
    return {"task": task, "model": fingerprint(model, {**settings, "seed": seed}), "seed": seed, **more}
