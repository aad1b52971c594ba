"""hypothesis: how probable is a statement about parameters?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import FormulaError
from hierlm.posterior.draws import all_names
from hierlm.posterior.hypotheses.density import effective_size, of_draws, of_prior
from hierlm.posterior.hypotheses.evaluate import draws_of, linear_form, value
from hierlm.posterior.hypotheses.reader import Names, read
from hierlm.posterior.hypotheses.tree import Apply, Comparison, Term
from hierlm.posterior.intervals import Kind, check_interval, interval
from hierlm.posterior.layout import Table, bracket, html_lines, html_page, html_table, number, percent, text_table
from hierlm.posterior.native import given_back
from hierlm.posterior.options import checked_seed

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["Hypothesis", "hypothesis"]

Floats = NDArray[np.float64]
HEAD = ("statement", "probability", "±", "evidence ratio", "±", "estimate", "interval")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Hypothesis:
    """The answer of :func:`hypothesis`.

    Parameters
    ----------
    fit : Fit
    table : DataFrame
        A row per statement: ``statement``, ``probability``, its Monte-Carlo error ``probability_error``,
        ``evidence_ratio``, ``evidence_error``, and ``mean``, ``sd``, ``lower``, ``upper`` of the left minus the right
        side (missing where several comparisons are joined).
    draws : Dataset
        The draws of every difference, dims ``chain``, ``draw``; variables are the comparisons, with ``statement`` and
        ``operator`` as attributes.
    notes : tuple of str
        What the evidence ratios compare.
    level : float
    kind : {"eti", "hdi"}
    """

    fit: Fit
    table: pd.DataFrame
    draws: xr.Dataset
    notes: tuple[str, ...]
    level: float
    kind: str

    @property
    def frame(self) -> Any:
        """``table`` as the kind of frame that the model was given."""
        return given_back(self.fit.model, self.table)

    def _shown(self) -> Table:
        rows = []
        for _, r in self.table.iterrows():
            inside = bracket(r["lower"], r["upper"], r["sd"]) if np.isfinite(r["sd"]) else "–"
            rows.append((
                r["statement"], f"{r['probability']:.3f}", number(r["probability_error"]),
                number(r["evidence_ratio"]), number(r["evidence_error"]), number(r["mean"], r["sd"]), inside,
            ))  # fmt: skip
        return (*HEAD[:-1], f"{percent(self.level)} {self.kind}"), rows

    def _footer(self) -> list[str]:
        return ["estimate: left minus right side; ±: Monte-Carlo error", *self.notes]

    def __repr__(self) -> str:
        return "\n".join([text_table(*self._shown()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._shown()), html_lines(self._footer()))


def hypothesis(
    fit: Fit,
    statements: str | Iterable[str],
    *,
    level: float = 0.95,
    kind: Kind = "eti",
    seed: int | None = None,
) -> Hypothesis:
    """How probable is a statement about parameters, given data and priors?

    A statement compares terms: ``"b[Days] > 10"``, ``"sd_Subject[Intercept] > sd_Subject[Days]"``,
    ``"0 < cor_Subject[Intercept, Days] < 0.5"``, ``"r_Subject[308, Days] > 0 & b[Days] > 5"``.  Names are those of the
    draws (:meth:`hierlm.Fit.summary`), group effects among them; + − * / ^, parentheses, ``abs``, ``exp``, ``log`` and
    ``sqrt`` are read, and nothing is evaluated as code.

    * An inequality: ``probability`` is the share of draws in which it holds; ``evidence_ratio`` the posterior odds,
      probability / (1 − probability).  Parts joined by ``&`` must all hold.
    * An equality such as ``"b[x] = 0"``: ``evidence_ratio`` is the posterior density of the difference at zero divided
      by its prior density there (Savage–Dickey: the Bayes factor for the equality, if priors of everything else do not
      change with it); ``probability`` is that with even odds before.  The posterior's density is a kernel estimate
      whose error is said; the prior's is exact for one parameter and for sums of coefficients with normal priors, else
      a kernel estimate from prior draws.

    Parameters
    ----------
    fit : Fit
    statements : str or list of str
    level : float
        Of the interval of the difference, in (0, 1).
    kind : {"eti", "hdi"}
        Equal-tailed or shortest intervals.
    seed : int, optional
        Of prior draws.

    Returns
    -------
    Hypothesis
        A row per statement.

    Raises
    ------
    FormulaError
        For a statement that cannot be read, and names that the fit does not have, with a caret.
    PosteriorError
        Where a statement is no number, or an equality has no density: at the boundary of a prior, or too far out.

    References
    ----------
    Dickey (1971), Annals of Mathematical Statistics 42:204–223; Wagenmakers, Lodewyckx, Kuriyal & Grasman (2010),
    Cognitive Psychology 60:158–189.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.hypothesis(fit, ["b[Days] > 10", "sd_Subject[Intercept] > sd_Subject[Days]"])  # doctest: +SKIP
    """
    check_interval(level, kind)
    names = Names.of(all_names(fit))
    root = 0 if seed is None else checked_seed(seed)
    asked = [statements] if isinstance(statements, str) else list(statements)
    rows, draws, notes = [], {}, dict[str, None]()
    for text in asked:
        parts = read(text, names)
        row, values, note = _answer(fit, text, parts, level, kind, root)
        rows.append(row)
        notes.update(dict.fromkeys(note))
        for part, difference in zip(parts, values, strict=True):
            said = {"statement": text.strip(), "operator": part.operator}
            draws[part.text.replace("/", "∕")] = (("chain", "draw"), difference, said)
    table = pd.DataFrame(rows)
    coords = {dim: fit.posterior[dim].to_numpy() for dim in ("chain", "draw")}
    return Hypothesis(fit, table, xr.Dataset(draws, coords=coords), tuple(notes), level, kind)


def _answer(
    fit: Fit, text: str, parts: Sequence[Comparison], level: float, kind: str, seed: int
) -> tuple[dict[str, Any], list[Floats], list[str]]:
    """One statement: its row, the draws of its differences, and notes."""
    terms: list[Term] = [Apply("-", (p.left, p.right)) for p in parts]
    known = draws_of(fit, *terms)
    shape = (fit.posterior.sizes["chain"], fit.posterior.sizes["draw"])
    values = [np.broadcast_to(value(term, known), shape) for term in terms]
    equal = [p.operator == "=" for p in parts]
    if any(equal):
        if len(parts) > 1:
            raise FormulaError(
                "An equality has a density, not a probability, so it cannot be joined.",
                text=text,
                stop=len(text),
                hint="Ask it alone.",
            )
        probability, ratio, note = _equality(fit, terms[0], values[0], seed)
    else:
        probability, ratio, note = _inequality(parts, values)
    described = dict.fromkeys(("mean", "sd", "lower", "upper"), np.nan)
    if len(values) == 1:
        lower, upper = interval(values[0].reshape(-1), level, kind)
        described = {
            "mean": values[0].mean(),
            "sd": values[0].std(ddof=1),
            "lower": float(lower),
            "upper": float(upper),
        }
    row = {
        "statement": text.strip(),
        "probability": probability[0],
        "probability_error": probability[1],
        "evidence_ratio": ratio[0],
        "evidence_error": ratio[1],
        **{name: float(v) for name, v in described.items()},
    }
    return row, values, note


Estimate = tuple[float, float]


def _inequality(parts: Sequence[Comparison], values: Sequence[Floats]) -> tuple[Estimate, Estimate, list[str]]:
    compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
    holds = np.all([compare[p.operator](v, 0.0) for p, v in zip(parts, values, strict=True)], axis=0).astype(float)
    p, size = float(holds.mean()), effective_size(holds)
    # where all draws agree: the rule of three, 1 − 0.05^(1/n) < 3/n, as an upper bound
    error = float(np.sqrt(p * (1 - p) / size)) if 0 < p < 1 else 3.0 / size
    ratio = p / (1 - p) if p < 1 else np.inf
    spread = error / (1 - p) ** 2 if 0 < p < 1 else np.nan
    note = "inequalities: evidence ratio = probability / (1 − probability)"
    return (p, error), (ratio, spread), [note]


def _equality(fit: Fit, term: Term, values: Floats, seed: int) -> tuple[Estimate, Estimate, list[str]]:
    before = of_prior(fit, term, linear_form(term), seed)
    after = of_draws(values, "posterior")
    ratio = after.value / before.value
    relative = np.hypot(after.error / max(after.value, 1e-300), before.error / before.value)
    error = float(ratio * relative)
    p = ratio / (1 + ratio)
    note = f"equalities: posterior density / prior density at the point (prior {before.how}), with even prior odds"
    return (p, error / (1 + ratio) ** 2), (ratio, error), [note]
