"""What made a fit: settings, seed, versions, time."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hierlm.fit.runs import Run
from hierlm.reductions import Plan

__all__ = ["PACKAGES", "installed_versions", "provenance"]

PACKAGES = ("hierlm", "pymc", "pytensor", "nutpie", "numba", "numpy", "formulae", "arviz")
"""Packages whose versions can change a result."""


def provenance(run: Run, sampler: str, way: Plan, seconds: float) -> dict[str, Any]:
    """What is needed to sample the same draws again, and how it went; plain values that JSON can hold.

    The settings are those of the run that was kept; ``attempts`` has all runs, and ``seconds`` is for all of them.
    """
    settings = run.settings
    return {
        "sampler": sampler,
        "plan": way.name,
        "plan_reasons": list(way.reasons),
        "draws": settings.draws,
        "tune": settings.tune,
        "chains": settings.chains,
        "seed": settings.seed,
        "target_accept": settings.target_accept,
        "max_treedepth": settings.max_treedepth,
        "seconds": round(seconds, 3),
        "complete": run.complete,
        "attempts": [dict(a) for a in run.attempts],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "versions": installed_versions(),
        **run.report,
    }


def installed_versions() -> dict[str, str]:
    """Package → version, of those in :data:`PACKAGES` that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
