"""What fit() was asked for, checked."""

from __future__ import annotations

import os
import secrets
import sys
from typing import Protocol

import numpy as np

from hierlm.errors import SamplingError
from hierlm.samplers import Settings

__all__ = ["GRAPH", "Usual", "checked_settings"]

GRAPH = Settings(tune=1000, target_accept=0.95)
"""What is usual on the PyMC graph where the user says nothing."""


class Usual(Protocol):
    """What is usual where the user says nothing."""

    @property
    def tune(self) -> int:
        """Discarded draws of each chain."""

    @property
    def target_accept(self) -> float:
        """In (0, 1)."""


def checked_settings(
    usual: Usual,
    *,
    draws: int,
    tune: int | None,
    chains: int,
    cores: int | None,
    seed: int | None,
    target_accept: float | None,
    max_treedepth: int,
    progress: bool | None,
) -> Settings:
    """The settings of a run.

    Raises
    ------
    SamplingError
        When an argument is out of range.
    """
    tune = usual.tune if tune is None else tune
    accept = usual.target_accept if target_accept is None else target_accept
    whole = (("draws", draws, 1), ("tune", tune, 0), ("chains", chains, 1), ("max_treedepth", max_treedepth, 1))
    for name, value, least in whole:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise SamplingError(f"{name}={value!r} is not a whole number of at least {least}.")
    if cores is not None and (isinstance(cores, bool) or not isinstance(cores, int) or cores < 1):
        raise SamplingError(f"cores={cores!r} is not a whole number of at least 1.")
    if isinstance(accept, bool) or not isinstance(accept, (int, float)) or not 0 < accept < 1:
        raise SamplingError(
            f"target_accept={accept!r} is not between 0 and 1.", hint="Try 0.9, or 0.99 after divergences."
        )
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
    ):
        raise SamplingError(f"seed={seed!r} is not a whole number between 0 and 2³² − 1.")
    return Settings(
        draws=int(draws),
        tune=int(tune),
        chains=int(chains),
        cores=min(chains, cores or os.cpu_count() or 1),
        seed=secrets.randbits(31) if seed is None else int(seed),
        target_accept=float(accept),
        max_treedepth=int(max_treedepth),
        progress=_interactive() if progress is None else bool(progress),
    )


def _interactive() -> bool:
    """Whether someone watches: a terminal, or a notebook."""
    if "ipykernel" in sys.modules:
        return True
    return bool(getattr(sys.stderr, "isatty", lambda: False)())
