"""bayes_factor: which of two models made the data more probable, and by how much?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.posterior.comparison.compare import check_same_data
from hierlm.posterior.comparison.elpd import data_of
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, number, plain, text_table
from hierlm.posterior.marginal_likelihood.evidence import Evidence, evidence

__all__ = ["BayesFactor", "bayes_factor"]

WORDS = ((np.log(100), "very strong"), (np.log(30), "strong"), (np.log(10), "moderate"), (np.log(3), "some"))
"""Of Lee & Wagenmakers (2013), with one step less at the top: log Bayes factor → how it is called."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class BayesFactor:
    """The answer of :func:`bayes_factor`.

    Parameters
    ----------
    one, other : Evidence
    names : tuple of two str
        What the models are called.
    notes : tuple of str
        What the number depends on.
    """

    one: Evidence
    other: Evidence
    names: tuple[str, str]
    notes: tuple[str, ...]

    @property
    def log(self) -> float:
        """log p(y | one) − log p(y | other)."""
        return self.one.log - self.other.log

    @property
    def error(self) -> float:
        """Its Monte-Carlo standard error."""
        return float(np.hypot(self.one.error, self.other.error))

    @property
    def value(self) -> float:
        """p(y | one) / p(y | other); ∞ where that is beyond what a number can hold."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.log))

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against either number."""
        return self.one.ok and self.other.ok

    @property
    def verdict(self) -> str:
        """One sentence."""
        if abs(self.log) <= 2 * self.error or abs(self.log) < np.log(1.05):
            return "The data do not tell the two models apart."
        better, worse = self.names if self.log > 0 else self.names[::-1]
        size = np.exp(min(abs(self.log), 700.0))
        strength = next((w for least, w in WORDS if abs(self.log) >= least), "hardly any")
        factor = f"{size:,.3g}" if abs(self.log) < 700 else "more than 10³⁰⁰"
        return f"The data are {factor} times as probable under '{better}' as under '{worse}': {strength} evidence."

    def _table(self) -> Table:
        rows = [
            (plain(name), number(e.log, e.error or 1e-3), number(e.error) if e.error else "exact", str(e.dimension))
            for name, e in zip(self.names, (self.one, self.other), strict=True)
        ]
        rows.append(("difference", number(self.log, self.error or 1e-3), number(self.error) if self.error else "", ""))
        return ("model", "log p(y)", "±", "sampled"), rows

    def _footer(self) -> list[str]:
        doubts = [
            f"Doubtful, '{n}': {d}" for n, e in zip(self.names, (self.one, self.other), strict=True) for d in e.doubts
        ]
        return [*doubts, *self.notes]

    def __repr__(self) -> str:
        return "\n".join([self.verdict, text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_lines([self.verdict], bold=1), html_table(*self._table()), html_lines(self._footer()))


def bayes_factor(
    one: Fit | Model | Evidence,
    other: Fit | Model | Evidence,
    *,
    names: tuple[str, str] | None = None,
    seed: int | None = None,
    **options: Any,
) -> BayesFactor:
    """Which of two models made the data more probable?  p(y | one)/p(y | other), with the error of both.

    The test of a variance component, H₀: τ = 0, where likelihood-ratio tests fail because zero is on the boundary, is
    the model with the term beside the one without it.

    Parameters
    ----------
    one, other : Fit, Model or Evidence
        Of the same rows and the same response.
    names : (str, str), optional
        What to call them; their formulas unless given.
    seed : int, optional
        Of both estimates.
    **options
        Of :func:`hierlm.posterior.marginal_likelihood.evidence.evidence`.

    Returns
    -------
    BayesFactor

    Raises
    ------
    PosteriorError
        When the models have seen different rows or responses, or see :func:`evidence`.
    PriorError
        When a prior is improper.

    References
    ----------
    Kass & Raftery (1995), Journal of the American Statistical Association 90:773–795.

    Examples
    --------
    >>> import hierlm as hl
    >>> data = hl.load_data("Dyestuff")
    >>> with_batch, without = hl.Model("Yield ~ 1 + (1 | Batch)", data), hl.Model("Yield ~ 1", data)
    >>> hl.bayes_factor(with_batch, without, seed=1).verdict  # doctest: +SKIP
    "The data are 5.83 times as probable under 'Yield ~ 1 + (1 | Batch)' as under 'Yield ~ 1': some evidence."
    """
    called = _names(one, other, names)
    models = [_model(m) for m in (one, other)]
    check_same_data(called[0], data_of(models[0]), called[1], data_of(models[1]))
    found = [
        m if isinstance(m, Evidence) else evidence(m, seed=None if seed is None else seed + i, **options)
        for i, m in enumerate((one, other))
    ]
    return BayesFactor(found[0], found[1], called, tuple(_notes(models[0], models[1], called)))


def _model(given: object) -> Model:
    if isinstance(given, Model):
        return given
    if isinstance(given, (Fit, Evidence)):
        return given.model
    raise PosteriorError(
        f"bayes_factor is asked of two fits, not of a {type(given).__name__}.",
        hint="Write hl.bayes_factor(one, other).",
    )


def _names(one: object, other: object, names: object) -> tuple[str, str]:
    if names is None:
        a, b = (" · ".join(_model(m).formula.text.split("\n")) for m in (one, other))
        return (a, b) if a != b else (f"{a} (1)", f"{b} (2)")
    if isinstance(names, str) or not isinstance(names, (tuple, list)) or len(names) != 2:
        raise PosteriorError(f"names={names!r} are not two names.", hint='Write names=("with", "without").')
    return str(names[0]), str(names[1])


def _notes(one: Model, other: Model, names: tuple[str, str]) -> Iterator[str]:
    """The priors that the ratio depends on: of what is in one model only, and those that differ."""
    mine, theirs = ({a.name: a for a in m.assignments} for m in (one, other))
    for name, a, b in ((names[0], mine, theirs), (names[1], theirs, mine)):
        only = [row for key, row in a.items() if key not in b]
        if only:
            shown = ", ".join(f"{row.name} ~ {row.prior}" for row in only[:4]) + (", …" if len(only) > 4 else "")
            yield f"It depends on the priors of what is in '{plain(name)}' only: {shown}."
        defaults = [row.name for row in only if row.source == "default"]
        if defaults:
            yield f"Default priors, made for estimation and not for tests: {', '.join(defaults[:4])}; choose them."
    differ = [key for key in mine if key in theirs and mine[key].prior != theirs[key].prior]
    if differ:
        yield f"Priors of {', '.join(differ[:4])} differ between the models."
