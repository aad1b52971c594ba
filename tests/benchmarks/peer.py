"""Effective draws per second of the whole call, beside Bambi + nutpie: ``python -m tests.benchmarks.peer [name …]``.

Needs the extra ``bench``.  Same data, same formulas, same priors for group sds, coefficients and sigma (Bambi's intercept
prior is on centred predictors), 4 chains × 1,000 draws on all cores, warm caches: every model is fitted twice by each, and the
second time counts.  The figure of merit is the smallest of bulk and tail ESS over all scalars, group effects too, over the
seconds from the call to the result (build, compile, sample).
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import arviz as az
import numpy as np
import xarray as xr

import hierlm as hl


@dataclass(frozen=True)
class Race:
    """One model, in hierlm's and in Bambi's words (Bambi has no correlated effects)."""

    table: str
    formula: str
    peer: str
    family: str = "gaussian"


RACES = (
    Race("Dyestuff", "Yield ~ 1 + (1 | Batch)", "Yield ~ 1 + (1 | Batch)"),
    Race("sleepstudy", "Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (Days | Subject)"),
    Race("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    Race("Pastes", "strength ~ 1 + (1 | batch/cask)", "strength ~ 1 + (1 | batch) + (1 | batch:cask)"),
    Race("Oats", "yield ~ nitro + Variety + (1 | Block/Variety)", "Q('yield')"),
    Race("Orthodont", "distance ~ age8 * Sex + (age8 || Subject)", "distance ~ age8 * Sex + (age8 | Subject)"),
    Race(
        "cbpp", "incidence | trials(size) ~ period + (1 | herd)", "p(incidence, size) ~ period + (1 | herd)", "binomial"
    ),
)


def smallest_ess(posterior: xr.Dataset) -> float:
    """The smallest of bulk and tail ESS over all scalars that vary."""
    found = []
    for method in ("bulk", "tail"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ess = az.ess(posterior, method=method)
        for name, values in posterior.data_vars.items():
            moving = values.std(("chain", "draw")).to_numpy() > 1e-12
            found.append(np.min(np.asarray(ess[name])[moving], initial=np.inf))
    return float(min(found))


def second_run(run: Callable[[int], xr.Dataset]) -> tuple[float, float]:
    """(seconds, smallest ESS) of the second of two runs."""
    run(1)
    started = time.perf_counter()
    posterior = run(2)
    return time.perf_counter() - started, smallest_ess(posterior)


def peer_priors(model: hl.Model) -> dict[str, Any]:
    """hierlm's priors in Bambi's words."""
    import bambi as bmb

    found: dict[str, Any] = {}
    for a in model.assignments:
        if a.variable == "b":
            name = (
                a.label.split("[")[0] if ":" not in a.label else ":".join(p.split("[")[0] for p in a.label.split(":"))
            )
            found[name] = bmb.Prior("Normal", **dict(a.prior.arguments))
        elif a.variable.startswith("sd_"):
            effect = "1" if a.label == "Intercept" else a.label
            sd = bmb.Prior("HalfNormal", **dict(a.prior.arguments))
            found[f"{effect}|{a.variable[3:]}"] = bmb.Prior("Normal", mu=0, sigma=sd)
        else:
            found[a.variable] = bmb.Prior(a.prior.name, **dict(a.prior.arguments))
    return found


def main(chosen: list[str]) -> None:
    """Print one line a race."""
    import bambi as bmb

    print("| data | hierlm: seconds, min ESS, per second | Bambi + nutpie | ratio |\n|---|---|---|--:|")
    for race in RACES:
        if chosen and race.table not in chosen:
            continue
        data = hl.load_data(race.table).copy()
        model, peer = hl.Model(race.formula, data, family=race.family), race.peer
        if peer.startswith("Q("):  # a response called like a keyword of Python
            data = data.rename(columns={"yield": "crop"})
            peer = "crop ~ nitro + Variety + (1 | Block) + (1 | Block:Variety)"

        def run_ours(seed: int, race: Race = race, data: Any = data, model: hl.Model = model) -> xr.Dataset:
            formula = race.formula.replace("yield ~", "crop ~") if "crop" in data else race.formula
            again = hl.Model(formula, data, family=race.family)
            return again.fit(seed=seed, progress=False).posterior

        def run_peer(
            seed: int, data: Any = data, model: hl.Model = model, peer: str = peer, race: Race = race
        ) -> xr.Dataset:
            other = bmb.Model(peer, data, family=race.family, priors=peer_priors(model))
            fit = other.fit(
                inference_method="nutpie", draws=1000, tune=1000, chains=4, random_seed=seed, progressbar=False
            )
            return fit["posterior"].to_dataset()

        a, b = second_run(run_ours), second_run(run_peer)
        rates = [ess / seconds for seconds, ess in (a, b)]
        print(
            f"| {race.table} | {a[0]:.2f} s, {a[1]:.0f}, {rates[0]:.0f} | {b[0]:.2f} s, {b[1]:.0f}, {rates[1]:.1f} "
            f"| {rates[0] / rates[1]:.0f} × |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
