"""What made a fit: settings, seed, versions, time, and how to have the same again."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hierlm.fit.runs import Run
from hierlm.reductions import Plan

__all__ = ["PACKAGES", "install_line", "installed_versions", "provenance"]

PACKAGES = (
    "hierlm",
    "pymc",
    "pytensor",
    "nutpie",
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "pandas",
    "formulae",
    "arviz",
)
"""Packages whose versions can change a result."""

SAMPLERS = ("numpyro", "blackjax", "jax", "jaxlib")
"""Packages that count only where one of their samplers was used."""


def provenance(run: Run, sampler: str, way: Plan, seconds: float) -> dict[str, Any]:
    """What is needed to sample the same draws again, and how it went; plain values that JSON can hold.

    The settings are those of the run that was kept; ``attempts`` has all runs, and ``seconds`` is for all of them.
    """
    settings, versions = run.settings, installed_versions(sampler)
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
        "platform": f"{platform.system()} {platform.machine()}",
        "versions": versions,
        "install": install_line(versions),
        **run.report,
    }


def installed_versions(sampler: str = "nutpie") -> dict[str, str]:
    """Package → version, of those that can change a result and are installed.

    Parameters
    ----------
    sampler : str
        Those of JAX count where it runs on JAX.
    """
    asked = (*PACKAGES, *(SAMPLERS if sampler in SAMPLERS else ()))
    found = {package: installed(package) for package in asked}
    return {package: number for package, number in found.items() if number is not None}


@cache
def installed(package: str) -> str | None:
    """The version of a package, None where there is none; read once, as packages are imported once."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def install_line(versions: Mapping[str, str]) -> str:
    """What to type to have these versions.

    Examples
    --------
    >>> install_line({"hierlm": "0.1.0", "pymc": "6.4.0"})
    'pip install hierlm==0.1.0 pymc==6.4.0'
    """
    return " ".join(["pip install", *(f"{package}=={number}" for package, number in versions.items())])
