"""Whether the draws will fit into memory, asked before anything is sampled."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from hierlm.errors import SamplingError
from hierlm.model.model import Model
from hierlm.model.values import correlation_effects
from hierlm.samplers import Settings

__all__ = ["available_memory", "check_memory", "stored_values"]

COPIES = 3.0
"""How many times what is kept of the draws is in memory at the peak of a fit, its checks of convergence included.

Measured as growth of the peak resident memory by the size of the posterior: 2.0 with the Gaussian marginal (4 × 2,500
draws, 4,000 levels), 3.2 with whitened effects (4 × 2,500 draws, 1,000 levels), and on the PyMC graph 199 numbers
a draw where the posterior has 22 (4 × 100,000 draws): three times 2 × 22 and :data:`STATISTICS`."""

STATISTICS = 25
"""Numbers that a sampler keeps of each draw beside it."""

BYTES = 8
CGROUP = Path("/sys/fs/cgroup")
PROCESS = Path("/proc/self/statm")
MACHINE = Path("/proc/meminfo")


def check_memory(model: Model, settings: Settings, *, graph: bool, later: Collection[str] = ()) -> None:
    """Refuse to sample draws that would not fit into memory.

    Parameters
    ----------
    model : Model
    settings : Settings
    graph : bool
        Whether the PyMC graph is sampled, which keeps standardised effects and what is sampled in place of positive
        parameters beside the values.
    later : collection of str
        Groupings whose effects are drawn when somebody looks at them.

    Raises
    ------
    SamplingError
        With the sizes, and how many draws would fit.  Never where the free memory is not known.
    """
    values, free = stored_values(model, later), available_memory()
    each = COPIES * BYTES * (values * (1 + graph) + STATISTICS) * settings.chains
    if free is None or each * settings.draws <= free:
        return
    fit = int(free // each)
    terms = max((g for g in model.groups if g not in later), key=lambda g: len(model.groups[g][0].levels), default=None)
    most = "" if terms is None else f" (most are effects of '{terms}')"
    raise SamplingError(
        f"{settings.chains} chains of {settings.draws:,} draws of {values:,} values{most} need about "
        f"{_size(each * settings.draws)} of memory while they are made, and {_size(free)} are free.",
        hint=f"Up to draws={fit:,} would fit; fewer chains leave room for more."
        if fit
        else "Not even one draw would fit: use fewer levels, or a machine with more memory.",
    )


def stored_values(model: Model, later: Collection[str] = ()) -> int:
    """How many numbers one draw of the posterior has.

    Coefficients, standard deviations, correlation matrices, what else the response has, and every level's effects, but
    of groupings whose effects come ``later``.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> stored_values(model)  # 2 coefficients, 2 sds, a 2 × 2 matrix, sigma, 18 × 2 effects
    45
    """
    total = sum(1 + len(a.also) for a in model.assignments if a.kind != "correlation")
    for group, blocks in model.groups.items():
        k = sum(len(b.effects) for b in blocks)
        correlated = any(b.covariance.correlated(len(b.effects)) for b in blocks)
        total += len(blocks[0].levels) * k * (group not in later) + len(correlation_effects(blocks)) ** 2 * correlated
    return total + sum(len(block.effects) for block in model.smooths)


def available_memory() -> int | None:
    """Bytes that this process can still get, None where that is not known.

    The least of what the machine has free, what its control group allows (a container), and ``ulimit -v``.
    """
    known = [free for free in (_machine(), _group(), _limit()) if free is not None]
    return max(0, min(known)) if known else None


def _machine() -> int | None:
    try:
        lines = MACHINE.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration, IndexError):
        pass
    try:  # all of it, where nobody says what is free
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _group() -> int | None:
    """Of version 2 of Linux's control groups, as a container sees its own."""
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = (CGROUP / "memory.current").read_text(encoding="ascii")
        cached = dict(line.split() for line in (CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        return None if limit == "max" else int(limit) - int(used) + int(cached.get("inactive_file", 0))
    except (OSError, ValueError):
        return None


def _limit() -> int | None:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        return limit - int(PROCESS.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None


def _size(number: float) -> str:
    """``"12 GB"``."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            break
        number /= 1000
    return f"{number:.3g} {unit}"
