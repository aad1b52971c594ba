"""What is ranked: functions of parameters, effects, a new group and the data, the same for truths and for draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import hierlm as hl
from tests.trust.cells import Cell, Replication, linear_predictor
from tests.trust.priors import Several
from tests.trust.responses import TRIALS

Floats = np.ndarray
NEW, KNOWN = "new group", "known group"
AT_NEW, AT_KNOWN = 1.0, 0.5
"""x of the predicted rows."""


def quantities(cell: Cell, made: Replication, values: Mapping[str, Floats]) -> dict[str, Floats]:
    """Name → numbers of the leading shape of ``values``.

    Every coefficient, standard deviation, correlation and further parameter; of the first effect of each grouping the
    value at one level, the mean and the standard deviation over levels; a slope at one level; what is predicted for a
    new group and for a known one; the joint log-likelihood, and the log prior of the parameters.
    """
    found = {name: values["b"][..., j] for j, name in enumerate(cell.coefficients)}
    for g in cell.structure.groupings:
        r = values[f"r_{g.name}"]
        found |= g.parameters(values)
        found |= {f"r_{g.name}[0, {e}]": r[..., 0, i] for i, e in enumerate(g.effects)}
        found |= {f"mean r_{g.name}": r[..., 0].mean(axis=-1), f"spread r_{g.name}": r[..., 0].std(axis=-1)}
    for name, prior in cell.response.others.items():
        if isinstance(prior, Several):
            found |= {f"{name}[{k}]": values[name][..., k] for k in range(prior.size)}
        else:
            found[name] = values[name]
    eta = linear_predictor(cell, made.table, made.codes, values)
    found |= {NEW: values[NEW], KNOWN: values[KNOWN]}
    found["log-likelihood"] = cell.response.log_likelihood(made.table, eta, values)
    return found | {"log prior": log_prior(cell, values)}


def log_prior(cell: Cell, values: Mapping[str, Floats]) -> Floats:
    """log p of everything but the effects, by SciPy."""
    total = sum(p.log_density(values["b"][..., j]) for j, p in enumerate(cell.coefficients.values()))
    for g in cell.structure.groupings:
        total = total + g.log_prior(values)
    for name, prior in cell.response.others.items():
        total = total + prior.log_density(values[name])
    return total


def _common(cell: Cell, b: Floats, x: float) -> Floats:
    """b₀ + b₁x, the latter alone where there is no intercept."""
    return (b[..., 0] if cell.response.intercept else 0.0) + b[..., -1] * x


def truths(cell: Cell, made: Replication) -> dict[str, Floats]:
    """The truth with what a perfect prediction of the two rows would be."""
    found = dict(made.truth)
    new, known = 0.0, _common(cell, found["b"], AT_KNOWN)
    for g in cell.structure.groupings:
        rows = g.rows(np.stack([found[f"new_{g.name}"], found[f"r_{g.name}"][0]]), _rows(cell, made))
        new, known = new + rows[0], known + rows[1]
    return found | {NEW: np.asarray(new), KNOWN: np.asarray(known)}


def drawn(cell: Cell, made: Replication, fit: hl.Fit, every: int, seed: int) -> dict[str, Floats]:
    """The same of every ``every``-th draw, (draws, …), effects in the order of the truth; what is predicted by hierlm."""
    kept, found = fit.posterior.isel(draw=slice(None, None, every)), {}
    for name in [*(k for k in made.truth if not k.startswith("new_"))]:
        array = kept[name]
        if name.startswith("r_"):
            array = array.sel({f"level_{name[2:]}": made.labels[name[2:]]})
        found[name] = array.to_numpy().reshape(-1, *array.shape[2:])
    predicted = fit.predict(_rows(cell, made), kind="linear", seed=seed).draws.isel(draw=slice(None, None, every))
    rows = predicted.transpose("chain", "draw", "obs").to_numpy().reshape(-1, 2)
    return found | {NEW: rows[:, 0] - _common(cell, found["b"], AT_NEW), KNOWN: rows[:, 1]}


def _rows(cell: Cell, made: Replication) -> dict[str, Any]:
    """A row whose levels are all new, and one with the first level of every grouping."""
    table: dict[str, Any] = {"x": np.array([AT_NEW, AT_KNOWN]), TRIALS: np.array([1, 1]), **cell.structure.asked}
    for g in cell.structure.groupings:
        first = made.labels[g.name][0].split(":")
        table |= {c: np.array(["new", level]) for c, level in zip(g.name.split(":"), first, strict=True)}
    return table
