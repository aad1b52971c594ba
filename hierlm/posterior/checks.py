"""The checks of a diagnosis: of every parameter, and of the sampler."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from hierlm.posterior.multiplicity import R_HAT

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = [
    "Check",
    "Measured",
    "element_checks",
    "failing",
    "importance_checks",
    "sampler_checks",
    "second_run_failed",
    "worst",
]

Floats = NDArray[np.float64]

ESS_PER_CHAIN = 100
MCSE_SHARE = 0.05
BFMI = 0.3
PARETO_K = 0.7
"""Beyond, weights say nothing reliable (Vehtari et al. 2024)."""

WEIGHTS_SHARE = 0.1
"""Of the proposed points that must count: k̂ itself is an estimate from the largest weights."""

NAMED = 5


@dataclass(frozen=True)
class Check:
    """One check: ``value`` is the worst seen, ``failed`` how many failed, ``advice`` what to do (``""`` if nothing)."""

    check: str
    status: str
    value: float
    limit: str
    failed: int
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Measured:
    """Diagnostics of n named numbers, each an (n,) array; see :class:`hierlm.posterior.convergence.Convergence`.

    ``limit`` is what R̂ has to be below, ``effect`` whether the number is an effect of a level or of a smooth.
    """

    names: tuple[str, ...]
    r_hat: Floats
    limit: Floats
    effect: NDArray[np.bool_]
    ess_bulk: Floats
    ess_tail: Floats
    finite: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    mcse_share: Floats


def element_checks(
    m: Measured, chains: int, draws: int, *, independent: bool = False, advise: bool = True
) -> list[Check]:
    """Finite and moving draws, R̂, ESS and Monte-Carlo error.  NaN never passes.

    Parameters
    ----------
    independent : bool
        Whether draws come from no chain, so that there is nothing that could disagree.
    advise : bool
        Whether to say what to do; not where the cause is said elsewhere.
    """
    least = ESS_PER_CHAIN * chains
    smallest = -_largest(-np.concatenate([m.ess_bulk, m.ess_tail]))
    factor = 2.0 if np.isnan(smallest) else min(20.0, max(2.0, 1.2 * least / smallest))
    more = int(np.ceil(draws * factor))
    longer = f"Sample longer: fit(draws={more}, tune={more})."
    if independent:
        longer = f"Propose more points: fit(draws={more}); or leave out sampler=, for NUTS."
    stuck = m.finite & ~m.moving
    found = [
        _check("finite draws", ~m.finite, float((~m.finite).sum()), "0", "Some draws are no numbers: fit again."),
        _check("moving chains", stuck, float(stuck.sum()), "0", "A chain never moved: try another seed."),
    ]
    if independent:
        pass
    elif chains == 1:
        advice = "R̂ compares chains, and there is one: fit with chains=4."
        found.append(Check("R̂", "not judged", np.nan, f"< {R_HAT}", 0, advice))
    else:
        advice = f"{longer} If the chains still disagree, the worst parameters may not be identified."
        agree = _r_hat_checks(m, advice)
        found += agree
        longer = "" if any(check.failed for check in agree) else longer  # said already
    for name, ess in (("bulk ESS", m.ess_bulk), ("tail ESS", m.ess_tail)):
        found.append(_check(name, ~(np.isfinite(ess) & (ess >= least)), -_largest(-ess), f"≥ {least}", longer))
    bad = ~(np.isfinite(m.mcse_share) & (m.mcse_share <= MCSE_SHARE))
    found.append(_check("MCSE / sd", bad, _largest(m.mcse_share), f"≤ {MCSE_SHARE:g}", longer))
    return found if advise else [replace(check, advice="") for check in found]


def _r_hat_checks(m: Measured, advice: str) -> list[Check]:
    """R̂ of parameters, and of effects, which are many and have limits of their own; shown is that of the worst one."""
    bad = ~(np.isfinite(m.r_hat) & (m.r_hat < m.limit))
    parameters = ~m.effect
    found = [_check("R̂", bad & parameters, _largest(m.r_hat[parameters]), f"< {R_HAT}", advice)]
    if m.effect.any():
        worst = np.where((bad if (bad & m.effect).any() else True) & m.effect & np.isfinite(m.r_hat), m.r_hat, -np.inf)
        at = int(worst.argmax())
        value = float(worst[at]) if np.isfinite(worst[at]) else np.nan
        found.append(_check("R̂ of effects", bad & m.effect, value, f"< {m.limit[at]:.4g}", advice))
    return found


def sampler_checks(fit: Fit) -> list[Check]:
    """Divergences, tree depth and E-BFMI, where the sampler recorded them."""
    stats = fit.draws["sample_stats"].to_dataset() if "sample_stats" in fit.draws.children else None
    found = {} if stats is None else dict(stats.data_vars)
    known = {str(k): v.transpose("chain", "draw").to_numpy() for k, v in found.items()}
    attempts = fit.provenance.get("attempts", [])
    accept = max([fit.provenance.get("target_accept", 0.9), *(a["target_accept"] for a in attempts)])
    depth = fit.provenance.get("max_treedepth")
    return [
        _count(
            "divergences",
            known.get("diverging"),
            "Divergences: the sampler missed part of the posterior. "
            f"Try fit(target_accept={0.95 if accept < 0.95 else 0.99:g}); if they stay, {_tighter(fit)}.",
        ),
        _count(
            "tree depth",
            _at_largest_depth(known, depth),
            f"Trajectories were cut short: fit(max_treedepth={(depth or 10) + 2}), "
            "or rescale predictors of very different size.",
        ),
        _energy(known.get("energy"), "group sds" if fit.model.groups else "worst parameters"),
    ]


def _tighter(fit: Fit) -> str:
    """What to change in the model; centred or not matters on the graph only."""
    if not fit.model.groups:
        return "tighter priors of the worst parameters"
    other = "" if fit.provenance.get("attempts") else ", or the other parameterization of the worst grouping"
    return f"tighter priors of the group sds{other}"


def importance_checks(importance: dict[str, Any]) -> list[Check]:
    """Pareto's k̂ and the share of the proposed points that count; in place of those of a trajectory."""
    k, ess, proposals = importance["pareto_k"], importance["weights_ess"], importance["proposals"]
    advice = (
        "The points that were proposed miss part of the posterior, and their weights cannot mend it: "
        "leave out sampler=, for NUTS."
    )
    value, least = (np.nan if k is None else float(k)), WEIGHTS_SHARE * proposals
    return [
        _check("Pareto k̂", np.array([not value <= PARETO_K]), value, f"≤ {PARETO_K:g}", advice),
        _check("importance ESS", np.array([not ess >= least]), float(ess), f"≥ {least:.0f}", advice),
    ]


def second_run_failed(fit: Fit) -> str:
    """What both runs lacked where a second one was made and mended nothing, else ``""``."""
    attempts = fit.provenance.get("attempts", [])
    if len(attempts) < 2 or not all(a["reason"] for a in attempts):
        return ""
    return "; then ".join(a["reason"] for a in attempts)


def _at_largest_depth(known: dict[str, NDArray[np.generic]], depth: int | None) -> NDArray[np.generic] | None:
    for name in ("reached_max_treedepth", "maxdepth_reached"):  # PyMC; nutpie
        if name in known:
            return known[name]
    for name in ("tree_depth", "depth"):
        if name in known and depth is not None:
            return known[name] >= depth  # type: ignore[operator]
    return None


def _energy(energy: NDArray[np.generic] | None, parameters: str) -> Check:
    name, limit = "E-BFMI", f"≥ {BFMI:g}"
    if energy is None or energy.shape[1] < 4:
        return Check(name, "not recorded", np.nan, limit, 0)
    values = np.atleast_1d(array_stats.bfmi(np.asarray(energy, dtype=float), chain_axis=0, draw_axis=1))
    bad = ~(np.isfinite(values) & (values >= BFMI))
    advice = f"Energy changes little from draw to draw: more tune, and less heavy-tailed priors of the {parameters}."
    return _check(name, bad, -_largest(-values), limit, advice)


def _count(name: str, flags: NDArray[np.generic] | None, advice: str) -> Check:
    if flags is None:
        return Check(name, "not recorded", np.nan, "0", 0)
    bad = ~(np.asarray(flags, dtype=float) == 0)  # NaN counts
    return _check(name, bad, float(bad.sum()), "0", advice)


def _check(name: str, bad: NDArray[np.bool_], value: float, limit: str, advice: str) -> Check:
    failed = int(bad.sum())
    return Check(name, "failed" if failed else "ok", value, limit, failed, advice if failed else "")


def _largest(values: Floats) -> float:
    """The largest finite value; NaN when there is none."""
    usable = values[np.isfinite(values)]
    return float(usable.max()) if usable.size else float("nan")


def failing(m: Measured, chains: int, *, independent: bool = False) -> tuple[str, ...]:
    """Names of all parameters that failed a check."""
    severity, _ = _severity(m, chains, independent=independent)
    return tuple(m.names[i] for i in np.flatnonzero(severity.max(axis=0) > 1))


def _severity(m: Measured, chains: int, *, independent: bool) -> tuple[Floats, list[str]]:
    """How far every check (check, n) is from its limit, above 1 where it failed, and the checks' names."""
    least = ESS_PER_CHAIN * chains
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = {
            "R̂": np.zeros(len(m.names)) if chains == 1 or independent else (m.r_hat - 1) / (m.limit - 1),
            "bulk ESS": least / m.ess_bulk,
            "tail ESS": least / m.ess_tail,
            "MCSE": m.mcse_share / MCSE_SHARE,
        }
    return np.stack([np.where(np.isfinite(v), v, np.inf) for v in measures.values()]), list(measures)


def worst(m: Measured, chains: int, *, independent: bool = False) -> pd.DataFrame:
    """The five worst parameters among those that failed a check."""
    severity, labels = _severity(m, chains, independent=independent)
    failed = np.flatnonzero(severity.max(axis=0) > 1)
    chosen = failed[np.argsort(-severity.max(axis=0)[failed], kind="stable")][:NAMED]
    largest = [labels[j] for j in severity[:, chosen].argmax(axis=0)] if len(chosen) else []
    problem = [
        "not finite" if not m.finite[i] else label if m.moving[i] else "does not move"
        for i, label in zip(chosen, largest, strict=True)
    ]
    columns = {f: getattr(m, f)[chosen] for f in ("r_hat", "ess_bulk", "ess_tail", "mcse_share")}
    return pd.DataFrame({**columns, "problem": problem}, index=pd.Index([m.names[i] for i in chosen], dtype=object))
