"""Bambi + nutpie with hierlm's priors, as contenders of the panel.

The peer is treated kindly: Bambi centres predictors and uses non-centred effects, as it does by default, and nutpie
stores neither fitted values nor tuning draws, as in Bambi's own fit.  One prior cannot be the same: Bambi's intercept
is at *average* predictors, hierlm's at zero; both get the same wide Normal.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import bambi as bmb
import numpy as np
import nutpie

import hierlm as hl
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.panel_models import Row

__all__ = ["peer_priors", "prepare"]


def prepare(row: Row, draws: int, adaptation: str) -> Callable[[int], Outcome]:
    """The call to time: build, compile, sample.

    Parameters
    ----------
    row : Row
    draws : int
        Kept draws of each of 4 chains, and tuning draws before them.
    adaptation : {"diag", "low_rank"}
        nutpie's metric.
    """
    data = row.data()
    ours = hl.Model(row.formula, data, family=row.family)
    priors = peer_priors(ours)

    def call(seed: int) -> Outcome:
        times = [time.perf_counter()]
        model = bambi_model(row, data, priors)
        times.append(time.perf_counter())
        compiled = nutpie.compile_pymc_model(model.backend.model, var_names=kept(model))
        times.append(time.perf_counter())
        tree = nutpie.sample(
            compiled,
            draws=draws,
            tune=draws,
            chains=4,
            cores=min(4, os.cpu_count() or 1),
            seed=seed,
            adaptation=adaptation,
            save_warmup=False,
            progress_bar=False,
        )
        times.append(time.perf_counter())
        seconds = dict(zip(("build", "compile", "sample"), np.diff(times).tolist(), strict=True))
        posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
        return Outcome(posterior[kept(model)], stats, seconds, lambda: {"priors": check(model, ours)})

    return call


def bambi_model(row: Row, data: Any, priors: Mapping[str, Any]) -> bmb.Model:
    """Bambi's model, its PyMC graph built."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bmb.Model(row.peer, data, family=row.family, priors=dict(priors))
        model.build()
    return model


def kept(model: bmb.Model) -> list[str]:
    """What Bambi's own fit returns."""
    graph, parameters = model.backend.model, model.family.likelihood.params
    fitted = {v.name for v in graph.deterministics if v.name in parameters}
    return [v.name for v in graph.unobserved_RVs if v.name not in fitted and not v.name.endswith("_offset")]


def peer_priors(model: hl.Model) -> dict[str, Any]:
    """hierlm's priors in Bambi's words: coefficients of one term together, group sds inside the effects' prior."""
    found: dict[str, Any] = {}
    terms: dict[str, list[Any]] = {}
    for a in model.assignments:
        if a.variable == "b" and "[" in a.label:
            terms.setdefault(_term(a.label), []).append(a.prior)
        elif a.variable == "b":
            found[a.label] = bmb.Prior(a.prior.name, **a.prior.arguments)
        elif a.variable.startswith("sd_"):
            effect = "1" if a.label == "Intercept" else a.label
            sd = bmb.Prior(a.prior.name, **a.prior.arguments)
            found[f"{effect}|{a.variable[3:]}"] = bmb.Prior("Normal", mu=0, sigma=sd)
        else:
            found[a.variable] = bmb.Prior(a.prior.name, **a.prior.arguments)
    for term, priors in terms.items():
        arguments = {key: np.array([p.arguments[key] for p in priors], float) for key in priors[0].arguments}
        found[term] = bmb.Prior(priors[0].name, **arguments)
    return found


def check(peer: bmb.Model, ours: hl.Model) -> dict[str, list[Any]]:
    """The priors of the peer's graph, if columns and priors are hierlm's.

    Raises
    ------
    ValueError
        When something did not arrive: Bambi is silent about names that it does not know.
    """
    component = next(iter(peer.backend.distributional_components.values()))
    columns = component.design_matrix_without_intercept
    predictor = ours.predictors[0]
    X = np.delete(predictor.X, predictor.intercept, axis=1)
    if X.shape[1] and not np.allclose(X, np.asarray(columns, float)):
        raise ValueError("the columns differ")
    arrived = {rv.name: _prior_of(rv) for rv in peer.backend.model.free_RVs if not rv.name.endswith("_offset")}
    wanted = _wanted(ours)
    if set(arrived) != set(wanted):
        raise ValueError(f"parameters differ: {sorted(set(arrived) ^ set(wanted))}")
    for name, (kind, *numbers) in arrived.items():
        if kind != wanted[name][0] or not all(map(np.allclose, numbers, wanted[name][1:])):
            raise ValueError(f"the prior of {name} is {arrived[name]}, not {wanted[name]}")
    return arrived


def _wanted(model: hl.Model) -> dict[str, list[Any]]:
    """Name of the peer's random variable → distribution and numbers, term by term."""
    found: dict[str, list[Any]] = {}
    for a in model.assignments:
        if a.variable == "b":
            name = _term(a.label)
        elif a.variable.startswith("sd_"):
            name = f"{'1' if a.label == 'Intercept' else a.label}|{a.variable[3:]}_sigma"
        else:
            name = a.variable
        given = a.prior.arguments
        numbers = [given[key] for key in ("nu", "mu", "sigma") if key in given]
        entry = found.setdefault(name, [a.prior.name, *([] for _ in numbers)])
        for column, number in zip(entry[1:], numbers, strict=True):
            column.append(float(number))
    return found


def _prior_of(rv: Any) -> list[Any]:
    """A free variable's distribution and its arguments."""
    parameters = [np.atleast_1d(p.eval()).astype(float) for p in rv.owner.op.dist_params(rv.owner)]
    kind = {"halfstudentt": "HalfStudentT", "halfnormal": "HalfNormal", "normal": "Normal"}[rv.owner.op.name.lower()]
    if kind == "HalfNormal":
        parameters = parameters[1:]  # its location, which is 0
    return [kind, *(p.tolist() for p in parameters)]


def _term(label: str) -> str:
    """``"age8:Sex[Female]"`` → ``"age8:Sex"``."""
    return ":".join(part.partition("[")[0] for part in label.split(":"))
