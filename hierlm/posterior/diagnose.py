"""diagnose: whether the draws can be trusted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import ConvergenceWarning
from hierlm.posterior.causes import causes, cautions
from hierlm.posterior.checks import (
    Check,
    Measured,
    element_checks,
    failing,
    importance_checks,
    sampler_checks,
    second_run_failed,
    worst,
)
from hierlm.posterior.convergence import convergence
from hierlm.posterior.draws import elements, flat
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, records, text_table
from hierlm.posterior.multiplicity import R_HAT, r_hat_limits

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["Diagnosis", "diagnose", "warn_unless_converged"]

SOME = 256
"""Elements whose draws are copied at a time."""

FAR = 1.1
"""R̂ of chains that more draws will not bring together soon."""

_KNOWN: WeakKeyDictionary[Fit, Diagnosis] = WeakKeyDictionary()
"""A fit never changes, and every display asks for its diagnosis."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """The answer of :func:`diagnose`.

    Parameters
    ----------
    ok : bool
        Whether every check that could be made passed.  With one chain R̂ cannot be judged, so it is False.
    checks : DataFrame
        ``check``, ``status`` (``"ok"``, ``"failed"``, ``"not judged"``, ``"not recorded"``), ``value`` (the worst),
        ``limit``, ``failed`` (how many).
    worst : DataFrame
        The five worst parameters that failed a check: ``r_hat``, ``ess_bulk``, ``ess_tail``, ``mcse_share`` (of the
        sd), ``problem``; the index is the name.
    advice : tuple of str
        What to do next.
    note : str
        How the draws were made, where that is part of the verdict.
    cautions : tuple of str
        What depends on a default prior a lot, however well the draws converged.
    """

    ok: bool
    checks: pd.DataFrame
    worst: pd.DataFrame
    advice: tuple[str, ...]
    note: str = ""
    cautions: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.ok:
            return f"All checks passed: {self.note}." if self.note else "Converged: all checks passed."
        status = self.checks.set_index("check")["status"]
        failed = [str(c) for c in status.index[status == "failed"]]
        if failed:
            note = f" ({self.note})" if self.note else ""
            return f"Do not trust these draws yet: {', '.join(failed)}{note}."
        return f"Convergence cannot be judged: {', '.join(str(c) for c in status.index[status == 'not judged'])}."

    @property
    def brief(self) -> tuple[str, ...]:
        """The verdict; where a check failed the worst three parameters and what to do next; cautions; a line each."""
        named = [_named(r) for r in records(self.worst.head(3), index=True)]
        return (self.verdict, *([f"Worst: {', '.join(named)}."] if named else []), *self._sentences)

    @property
    def _sentences(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.advice, *self.cautions)))

    def _tables(self) -> list[Table]:
        rows = [(r.check, r.status, _four_digits(r.value), r.limit) for r in records(self.checks)]
        tables: list[Table] = [(("check", "", "worst", "limit"), rows)]
        if len(self.worst):
            bad = [
                (r.Index, *(_four_digits(v) for v in (r.r_hat, r.ess_bulk, r.ess_tail, r.mcse_share)), r.problem)
                for r in records(self.worst, index=True)
            ]
            tables.append((("worst parameters", "R̂", "ESS bulk", "ESS tail", "MCSE/sd", "problem"), bad))
        return tables

    def __repr__(self) -> str:
        tables = [text_table(header, rows, left=1) for header, rows in self._tables()]
        return "\n\n".join([self.verdict, *tables, *(["\n".join(self._sentences)] if self._sentences else [])])

    def _repr_html_(self) -> str:
        tables = [html_table(header, rows, left=1) for header, rows in self._tables()]
        return html_page(html_lines([self.verdict], bold=1), *tables, html_lines(self._sentences))


def _named(row: Any) -> str:
    """``b[Days] (bulk ESS 38)``; a parameter that is not finite or does not move has no number worth showing."""
    measured = {
        "R̂": number(row.r_hat, 0.1),
        "bulk ESS": number(row.ess_bulk, 10.0),
        "tail ESS": number(row.ess_tail, 10.0),
        "MCSE": f"{number(row.mcse_share, 0.1)} sd",
    }
    return f"{row.Index} ({' '.join(t for t in (row.problem, measured.get(row.problem, '')) if t)})"


def _four_digits(value: float) -> str:
    return number(value, abs(value) / 100)


def diagnose(fit: Fit) -> Diagnosis:
    """Can the draws be trusted, and what is to be done if not?

    Checked over everything that users see, group effects included, but for effects of single rows that are drawn anew
    and exactly for every draw of the rest, and so have no chain of their own: finite draws; R̂ < 1.01, of effects of
    levels and smooths below limits from 1.01 to 1.05 that the largest of so many is beyond by chance once in a hundred
    fits; bulk and tail effective sample size of at least 100 a chain; Monte-Carlo error of the mean at most 5% of the
    sd; no divergences, no transition at the largest tree depth; E-BFMI of at least 0.3 in every chain.  A number that
    is not finite never passes; a chain that does not move fails; parameters that the user fixed are left out.

    Where a check failed, the model and the draws are searched for a cause (two parameters that are one, several modes,
    separation, improper and heavy-tailed priors, a residual of zero, few levels), and the advice names its remedy.

    After importance sampling there is no R̂ and no trajectory; checked instead are Pareto's k̂ ≤ 0.7 and that the weights
    of at least a tenth of the proposed points count.  Effective sample sizes are at most that of the weights.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Diagnosis

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Bayesian Analysis 16:667–718 (R̂, ESS); Betancourt (2016),
    arXiv:1604.00695 (E-BFMI); Vehtari, Simpson, Gelman, Yao & Gabry (2024), JMLR 25(72) (k̂).

    Examples
    --------
    >>> diagnose(fit).ok  # doctest: +SKIP
    True
    """
    if fit not in _KNOWN:
        _KNOWN[fit] = _diagnose(fit)
    return _KNOWN[fit]


def warn_unless_converged(fit: Fit) -> None:
    """Warn when a check of :func:`diagnose` failed, so that a script that prints one number says so too.

    Parameters
    ----------
    fit : Fit

    Warns
    -----
    ConvergenceWarning
        With the verdict, the worst parameters and what to do next.

    Examples
    --------
    >>> warn_unless_converged(fit)  # doctest: +SKIP
    """
    diagnosis = diagnose(fit)
    if (diagnosis.checks["status"] == "failed").any():
        warnings.warn("\n".join(diagnosis.brief), ConvergenceWarning, stacklevel=3)


def _diagnose(fit: Fit) -> Diagnosis:
    chains, draws = (fit.posterior.sizes[d] for d in ("chain", "draw"))
    importance = fit.provenance.get("importance")
    why: tuple[str, ...] = ()
    if importance is not None:
        measured = _measured(fit, importance["ess"])
        made = importance_checks(importance)
        weighed = all(check.status == "ok" for check in made)
        made += element_checks(measured, chains, draws, independent=True, advise=weighed)
        note, remedy = _certificate(importance), ""
    else:
        measured = _measured(fit)
        made = [*element_checks(measured, chains, draws), *sampler_checks(fit)]
        if any(check.status == "failed" for check in made):
            why = causes(fit, failing(measured, chains))
        if why and _far(measured):  # where chains disagree that much, more draws are no remedy
            made = [*element_checks(measured, chains, draws, advise=False), *sampler_checks(fit)]
        both = second_run_failed(fit)
        note = f"the better of two runs: {both}" if both else ""
        remedy = (
            "A second, more careful run did not help; fit(reduce=False) samples the PyMC graph, slower." if both else ""
        )
    failed = any(check.status == "failed" for check in made)
    advice = [*why, *(check.advice for check in made if check.advice), *([remedy] if remedy and failed else [])]
    return Diagnosis(
        ok=all(check.status in ("ok", "not recorded") for check in made),
        checks=_frame(made),
        worst=worst(measured, chains, independent=importance is not None),
        advice=tuple(dict.fromkeys(advice)),
        note=note if failed or importance is not None else "",
        cautions=cautions(fit.model),
    )


def _far(measured: Measured) -> bool:
    """Whether chains are in different places altogether."""
    return not measured.moving.all() or bool((measured.r_hat > FAR).any())


def _certificate(importance: dict[str, Any]) -> str:
    """``importance sampling, k̂ 0.12, ESS 3,700``."""
    k = importance["pareto_k"]
    return f"{importance['method']}, k̂ {'not finite' if k is None else f'{k:.2f}'}, ESS {importance['ess']:,.0f}"


def _measured(fit: Fit, most: float = np.inf) -> Measured:
    """Diagnostics of every free element, variable by variable, so that no copy of all draws is made.

    Parameters
    ----------
    most : float
        What all draws are worth.
    """
    labels: list[str] = []
    parts, suspects = [], []
    effects = {names.effects(group) for group in fit.model.batches}
    for found in elements(fit, groups=True, but=_independent(fit)):
        free = ~found.constant
        values = found.values if free.all() else found.values[..., free]
        labels += [n for n, keep in zip(found.names, free, strict=True) if keep]
        sd = _sds(values)
        effect = np.full(values.shape[-1], found.variable in effects)
        c = convergence(values, most)
        parts.append((c, sd, effect))
        suspects.append(values[..., effect & (c.r_hat >= R_HAT)])
    if not parts:
        parts.append((convergence(np.zeros((1, 1, 0))), np.zeros(0), np.zeros(0, dtype=bool)))
    fields = ("r_hat", "ess_bulk", "ess_tail", "finite", "moving")
    columns = {f: np.concatenate([getattr(c, f) for c, _, _ in parts]) for f in fields}
    mcse = np.concatenate([c.mcse_mean for c, _, _ in parts])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = mcse / np.concatenate([sd for _, sd, _ in parts])
    effect = np.concatenate([e for _, _, e in parts])
    limit = np.full(len(effect), R_HAT)
    beyond = effect & (columns["r_hat"] >= R_HAT)
    if beyond.any():
        limit[beyond] = r_hat_limits(np.concatenate(suspects, axis=-1), columns["r_hat"][beyond], int(effect.sum()))
    return Measured(tuple(labels), **columns, limit=limit, effect=effect, mcse_share=share)


def _sds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of every element, some at a time: NumPy's copies what it is given."""
    with np.errstate(invalid="ignore"):
        parts = [flat(values[..., at : at + SOME]).std(axis=0) for at in range(0, values.shape[-1], SOME)]
    return np.concatenate([np.zeros(0), *parts])


def _independent(fit: Fit) -> list[str]:
    """Variables drawn anew and exactly for every draw of the rest: they have no chain of their own to be looked at."""
    return [str(n) for n, v in fit.posterior.data_vars.items() if v.attrs.get(names.DRAWN) == names.INDEPENDENTLY]


def _frame(made: Sequence[Check]) -> pd.DataFrame:
    fields = ("check", "status", "value", "limit", "failed")
    return pd.DataFrame({f: [getattr(c, f) for c in made] for f in fields})
