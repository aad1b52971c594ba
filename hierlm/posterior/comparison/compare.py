"""compare: which model foresees new data better, for a stated target?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import arviz_stats
import numpy as np
import pandas as pd

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.comparison.elpd import Data, Elpd
from hierlm.posterior.comparison.loo import Target, loo
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, records, text_table

__all__ = ["Comparison", "check_same_data", "compare"]

LITTLE, FEW = 4.0, 100
"""A difference, and a number of units, below which standard errors are known to be off (Sivula et al. 2025)."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Models from best to worst.

    Parameters
    ----------
    frame : DataFrame
        Indexed by model: ``elpd``, ``se``, ``p``, ``elpd_diff`` (to the best, ≤ 0), ``se_diff`` (√(U Var(d_u)) of the
        differences d_u unit by unit), ``weight`` (stacking), ``unreliable`` (units with bad k̂).
    target : str
        What was foreseen, in words.
    notes : tuple of str
        What to keep in mind.
    """

    frame: pd.DataFrame
    target: str
    notes: tuple[str, ...]

    def _table(self) -> Table:
        rows = [
            (
                str(r.Index),
                number(r.elpd, r.se),
                number(r.se),
                number(r.elpd_diff, r.se_diff or 1.0) if r.elpd_diff else "0",
                number(r.se_diff) if r.elpd_diff else "",
                f"{r.weight:.2f}",
                str(int(r.unreliable)) if r.unreliable else "",
            )
            for r in records(self.frame, index=True)
        ]
        return ("model", "elpd", "se", "difference", "se", "weight", "bad k̂"), rows

    def __repr__(self) -> str:
        return "\n".join([self.target, text_table(*self._table()), *self.notes])

    def _repr_html_(self) -> str:
        return html_page(html_lines([self.target], bold=1), html_table(*self._table()), html_lines(self.notes))


def compare(
    models: Sequence[Fit | Elpd] | Mapping[str, Fit | Elpd],
    *,
    target: Target = "row",
    group: str | None = None,
    draws: int | None = None,
) -> Comparison:
    """Which of these models foresees new data better, for a stated target, and by how much?

    Differences of elpd with standard errors, by unit, and stacking weights: those of the mixture of predictive
    distributions with the highest elpd (Yao et al. 2018), computed by ArviZ.

    Parameters
    ----------
    models : sequence or mapping of Fit or Elpd
        Two at least, of the same rows and responses; named by their formulas unless they are given names.
    target, group
        As for :func:`~hierlm.posterior.loo`, of fits.
    draws : int, optional
        Likewise.

    Returns
    -------
    Comparison

    Raises
    ------
    PosteriorError
        When models have seen different rows or responses, or results are for different targets.

    References
    ----------
    Yao, Vehtari, Simpson & Gelman (2018), Bayesian Analysis 13:917–1007; Sivula, Magnusson, Matamoros & Vehtari (2025),
    Bayesian Analysis, doi:10.1214/25-BA1569; Vehtari, Gelman & Gabry (2017), Statistics and Computing 27:1413–1432.

    Examples
    --------
    >>> import hierlm as hl
    >>> hl.compare({"slopes": fit, "intercepts": other}, target="new_group", group="Subject")  # doctest: +SKIP
    """
    named = _named(models)
    if len(named) < 2:
        raise PosteriorError("There is nothing to compare: name two models at least.", hint="hl.compare([one, other])")
    found = {n: m if isinstance(m, Elpd) else _loo(n, m, target, group, draws) for n, m in named.items()}
    first, *others = found
    for name in others:
        _check_same(first, found[first], name, found[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = arviz_stats.compare({n: e.to_arviz() for n, e in found.items()}, round_to="none")
    frame = pd.DataFrame(
        {
            "elpd": table["elpd"],
            "se": table["se"],
            "p": [found[str(n)].p for n in table.index],
            "elpd_diff": table["elpd_diff"],
            "se_diff": table["dse"],
            "weight": table["weight"],
            "unreliable": [len(found[str(n)].unreliable) for n in table.index],
        },
        index=pd.Index([str(n) for n in table.index], name="model"),
    )
    headline = max((each.headline for each in found.values()), key=len)  # what some models know of a new row
    return Comparison(frame, headline, _notes(frame, found[first]))


def _loo(name: str, fit: Fit, target: Target, group: str | None, draws: int | None) -> Elpd:
    """Leave-one-out of one of the models, which an error names."""
    try:
        return loo(fit, target, group=group, draws=draws)
    except PosteriorError as error:
        raise PosteriorError(f"'{name}': {error.message}", hint=error.hint) from error


def _named(models: Any) -> dict[str, Fit | Elpd]:
    if isinstance(models, (Fit, Elpd)) or not isinstance(models, (Mapping, Sequence)):
        raise PosteriorError("compare takes several models.", hint="Write hl.compare([one, other]).")
    if isinstance(models, Mapping):
        named = {str(n): m for n, m in models.items()}
    else:
        names = [" · ".join(m.model.formula.text.split("\n")) if isinstance(m, Fit) else "model" for m in models]
        several = {n for n in names if names.count(n) > 1}
        unique = [f"{n} ({i})" if n in several else n for i, n in enumerate(names, start=1)]
        named = dict(zip(unique, models, strict=True))
    for name, model in named.items():
        if not isinstance(model, (Fit, Elpd)):
            raise PosteriorError(f"{name!r} is neither a fit nor a result of loo or kfold.", hint="Give fits.")
    return named


def _check_same(a: str, one: Elpd, b: str, other: Elpd) -> None:
    """Refuse models whose densities are not of the same thing."""
    if (one.target, one.target == "new_group" and one.group) != (
        other.target,
        other.target == "new_group" and other.group,
    ):
        raise PosteriorError(
            f"'{a}' is for the target {one.target}{_of(one)}, '{b}' for {other.target}{_of(other)}.",
            hint="Compare results for one target.",
        )
    check_same_data(a, one.data, b, other.data)
    if list(one.units["unit"]) != list(other.units["unit"]):
        raise PosteriorError(
            f"'{a}' and '{b}' have different levels of {one.group}.", hint="Fit both to the same data."
        )


def check_same_data(a: str, x: Data, b: str, z: Data) -> None:
    """Refuse models that have seen other rows, responses, trials or weights.

    Raises
    ------
    PosteriorError
    """
    if not np.array_equal(x.rows, z.rows):
        lost = np.setxor1d(x.rows, z.rows)
        raise PosteriorError(
            f"'{a}' and '{b}' have seen different rows: {len(x.rows):,} and {len(z.rows):,}, of which {len(lost):,} "
            f"are in one only (row {lost[0]} first).",
            hint="Fit both to the rows that are complete in all columns of either.",
        )
    if set(x.responses) != set(z.responses):
        raise PosteriorError(
            f"'{a}' is a model of {', '.join(x.responses)}, '{b}' of {', '.join(z.responses)}.",
            hint="Densities of different responses, or of a response and its logarithm, cannot be compared.",
        )
    for name, y in x.responses.items():
        differ = np.flatnonzero(~(y == z.responses[name]))
        if differ.size:
            raise PosteriorError(
                f"'{a}' and '{b}' have different values of '{name}' (row {x.rows[differ[0]]} first).",
                hint="Fit both to the same data.",
            )
        if x.discrete[name] != z.discrete[name]:
            raise PosteriorError(
                f"'{name}' has probabilities in one of '{a}' and '{b}', and densities in the other.",
                hint="Counts cannot be compared between, say, poisson and gaussian: densities depend on the unit.",
            )
    for name in {*x.additions, *z.additions}:
        if not np.array_equal(x.additions.get(name, ()), z.additions.get(name, ())):
            raise PosteriorError(
                f"'{a}' and '{b}' have different {name}.", hint="Fit both with the same trials and weights."
            )


def _of(e: Elpd) -> str:
    return f" of {e.group}" if e.target == "new_group" else ""


def _notes(frame: pd.DataFrame, one: Elpd) -> tuple[str, ...]:
    notes = []
    near = frame.index[(frame["elpd_diff"].abs() < LITTLE) & (frame["elpd_diff"] != 0)]
    if len(near):
        notes.append(
            f"A difference below {LITTLE:g} is small, and its standard error may be too small ({', '.join(near)}): "
            "the models foresee alike (Sivula et al. 2025)."
        )
    if len(one.units) < FEW:
        notes.append(
            f"With fewer than {FEW} units ({len(one.units)}) standard errors of differences may be too small "
            "(Sivula et al. 2025)."
        )
    if frame["unreliable"].any():
        notes.append("Pareto k̂ is bad for some units, so their elpd is too high, if anything: use fit.reloo() first.")
    return tuple(notes)
