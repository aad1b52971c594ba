"""What all tests share: settings of PyTensor and Hypothesis, the data, the stored references, and fitted models."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import hierlm as hl

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# Before anything imports PyTensor.  One compile cache for all runs in this checkout; without fast-math a cold and a
# warm cache give the same draws; no C compiler, since everything runs through numba.
os.environ["PYTENSOR_FLAGS"] = ",".join(
    [
        f"base_compiledir={ROOT / '.cache' / 'pytensor'}",
        "numba__fastmath=False",
        "cxx=",
        os.environ.get("PYTENSOR_FLAGS", ""),
    ]
).rstrip(",")
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: the first example of a test may compile.  In CI the examples are the same in every run.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure(config: pytest.Config) -> None:
    """Forget compiled kernels once any of them has changed: numba's cache looks at a function's own file only.

    Before workers start, and not in them.
    """
    if hasattr(config, "workerinput"):
        return
    kernels = ROOT / "hierlm" / "kernels"
    indices = [*kernels.rglob("*.nbi")]
    changed = max(file.stat().st_mtime for file in kernels.rglob("*.py"))
    if indices and changed > min(file.stat().st_mtime for file in indices):
        for file in [*indices, *kernels.rglob("*.nbc")]:
            file.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference results and design notes beside the checkout; skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    return SHARED


@pytest.fixture(scope="session")
def data() -> Callable[..., Any]:
    """``data("sleepstudy")``: a table that comes with hierlm."""
    from hierlm.datasets import load_data

    return load_data


@pytest.fixture(scope="session")
def reference(shared: Path) -> Callable[[str], Any]:
    """``reference("lme4")``: a stored result; skips where there is none."""

    def read(name: str) -> Any:
        path = shared / "reference" / f"{name}.json"
        if not path.is_file():
            pytest.skip(f"../shared/reference/{name}.json is absent")
        return json.loads(path.read_text(encoding="utf-8"))

    return read


# Models that several tests ask the same fit of: formula, table, arguments of Model.  Few and small: each is compiled
# once in a test process.
FITTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "sleepstudy_us": ("Reaction ~ Days + (Days | Subject)", "sleepstudy", {}),
    "cbpp": ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", {"family": "binomial"}),
    "penicillin": ("diameter ~ 1 + (1 | plate) + (1 | sample)", "Penicillin", {}),
}


@pytest.fixture(scope="session")
def fitted(data: Callable[..., Any]) -> Callable[[str], hl.Fit]:
    """``fitted("sleepstudy_us")``: a model of :data:`FITTED`, sampled once (2 chains × 500 draws, seed 1)."""
    cache: dict[str, hl.Fit] = {}

    def fit(name: str) -> hl.Fit:
        if name not in cache:
            import hierlm as hl

            formula, table, arguments = FITTED[name]
            model = hl.Model(formula, data(table), **arguments)
            cache[name] = model.fit(draws=500, tune=500, chains=2, cores=1, seed=1, progress=False)
        return cache[name]

    return fit
