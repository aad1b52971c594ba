"""What fit() was asked for, checked."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Collection, Iterable
from typing import Protocol

import numpy as np

from hierlm.errors import SamplingError, did_you_mean
from hierlm.samplers import Settings

__all__ = ["GRAPH", "Usual", "check_options", "checked_settings"]

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


ELSEWHERE = {
    **dict.fromkeys(("iter", "samples", "n_samples", "num_samples", "iter_sampling"), "draws"),
    **dict.fromkeys(("warmup", "burnin", "burn_in", "num_warmup", "iter_warmup"), "tune"),
    **dict.fromkeys(("random_seed", "rng_seed"), "seed"),
    **dict.fromkeys(("num_chains", "nchains"), "chains"),
    **dict.fromkeys(("parallel_chains", "threads"), "cores"),
    **dict.fromkeys(("nuts_sampler", "method", "backend"), "sampler"),
    "adapt_delta": "target_accept",
    "progressbar": "progress",
}
"""What other packages call the options of ``fit``."""


def check_options(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse options that ``fit`` does not have.

    Raises
    ------
    SamplingError
        With the nearest name, or hierlm's name for it.
    """
    for name in given:
        if name not in known:
            hint = f"hierlm calls it {ELSEWHERE[name]}=." if name in ELSEWHERE else did_you_mean(name, known, n=1)
            raise SamplingError(f"fit() has no option '{name}'.", hint=hint)


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
    whole = (
        ("draws", draws, 1, 1000),
        ("tune", tune, 0, 1000),
        ("chains", chains, 1, 4),
        ("max_treedepth", max_treedepth, 1, 10),
    )
    for name, value, least, often in whole:
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise SamplingError(
                f"{name}={value!r} is not a whole number of at least {least}.",
                hint=f"Leave it out, or write {name}={often}.",
            )
    if cores is not None and (isinstance(cores, bool) or not isinstance(cores, int) or cores < 1):
        raise SamplingError(f"cores={cores!r} is not a whole number of at least 1.", hint="Leave it out for all cores.")
    if isinstance(accept, bool) or not isinstance(accept, (int, float)) or not 0 < accept < 1:
        raise SamplingError(
            f"target_accept={accept!r} is not between 0 and 1.", hint="Try 0.9, or 0.99 after divergences."
        )
    if seed is not None and (
        isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32
    ):
        raise SamplingError(
            f"seed={seed!r} is not a whole number between 0 and 2³² − 1.", hint="Write seed=1, or leave it out."
        )
    if progress is not None and not isinstance(progress, bool):
        raise SamplingError(f"progress={progress!r} is neither True nor False.", hint="Leave it out.")
    return Settings(
        draws=int(draws),
        tune=int(tune),
        chains=int(chains),
        cores=min(chains, cores or os.cpu_count() or 1),
        seed=secrets.randbits(31) if seed is None else int(seed),
        target_accept=float(accept),
        max_treedepth=int(max_treedepth),
        progress=_interactive() if progress is None else progress,
    )


def _interactive() -> bool:
    """Whether someone watches: a terminal, or a notebook."""
    if "ipykernel" in sys.modules:
        return True
    return bool(getattr(sys.stderr, "isatty", lambda: False)())
