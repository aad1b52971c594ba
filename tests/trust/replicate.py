"""One replication: a truth, data given it, a fit, and the rank of every truth among draws."""

from __future__ import annotations

import time
import warnings
from contextlib import nullcontext
from functools import cache
from typing import Any
from unittest import mock

import numpy as np

import hierlm as hl
from hierlm.errors import HierlmWarning
from hierlm.reductions import Plan
from hierlm.reductions.frozen import Frozen
from hierlm.samplers.nutpie import Nutpie
from tests.trust.cells import Cell, Replication
from tests.trust.quantities import drawn, quantities, truths
from tests.trust.reuse import Compiled

DRAWS = 99
"""Among which a truth is ranked: 0 to 99."""

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {"draws": 200},
    "graph": {"draws": 400, "reduce": False},
    "frozen": {"draws": 400},
    "reused": {"draws": 400},
}
"""Path → options of ``fit``, each of two chains.  ``frozen`` are effects whitened at the mode, which small designs would
not get by themselves; ``reused`` is the way that the plan names, PyMC graphs compiled once a cell."""

CHAINS = 2


def replicate(cell: Cell, path: str, number: int) -> dict[str, Any]:
    """A record of one replication, in plain values: ``ranks``, or ``error`` where there was no fit.

    Raises
    ------
    KeyboardInterrupt
        Also where the fit itself was interrupted, so that half of its draws are not taken for all.
    """
    started, record = time.perf_counter(), {"cell": cell.name, "path": path, "number": number}
    try:
        made = cell.simulate(number)
        record |= _ranked(cell, made, path, number)
    except Exception as error:
        record |= {"error": f"{type(error).__name__}: {error}"[:500]}
    return record | {"seconds": round(time.perf_counter() - started, 3)}


def _ranked(cell: Cell, made: Replication, path: str, number: int) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HierlmWarning)
        fit = fitted(cell.model(made), path, number, cell.name)
    if not fit.provenance["complete"]:
        raise KeyboardInterrupt
    total = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    values = {k: v[1:] for k, v in drawn(cell, made, fit, total // (DRAWS + 1), number).items()}
    theirs, ours = quantities(cell, made, truths(cell, made)), quantities(cell, made, values)
    bad = [k for k, v in ours.items() if v.shape != (DRAWS,) or not np.isfinite(v).all() or not np.isfinite(theirs[k])]
    if bad:
        raise ValueError(f"not {DRAWS} finite draws of {', '.join(bad)}")
    return {
        "ranks": {name: int((ours[name] < theirs[name]).sum()) for name in theirs},
        "plan": fit.provenance["plan"],
        "runs": len(fit.provenance["attempts"]) or 1,
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "redrawn": made.redrawn,
    }


@cache
def compiled(cell: str) -> Compiled:
    """The graph of a cell."""
    return Compiled()


def fitted(model: hl.Model, path: str, seed: int, cell: str = "") -> hl.Fit:
    """The fit by a path of :data:`SETTINGS`."""

    def only_frozen(model: hl.Model, **_: Any) -> Plan:
        verdict = Frozen().accepts(model)
        return Plan(Frozen() if verdict.accepted else None, ((Frozen.name, verdict),), model)

    def sample(self: Nutpie, graph: Any, settings: Any) -> Any:
        return compiled(cell).sample(graph, settings)

    taken: Any = nullcontext()
    if path == "frozen":
        taken = mock.patch("hierlm.fit.sampling.plan", only_frozen)
    if path == "reused":
        taken = mock.patch.object(Nutpie, "sample", sample)
    with taken:
        return model.fit(chains=CHAINS, cores=1, seed=seed, progress=False, **SETTINGS[path])
