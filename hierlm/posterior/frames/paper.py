"""table: a fit as a table for a paper, by great_tables."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from hierlm.errors import PosteriorError
from hierlm.posterior.frames.tidy import RESIDUAL, tidy_rows
from hierlm.posterior.icc import icc
from hierlm.posterior.intervals import Kind
from hierlm.posterior.layout import bracket, number, percent, plain
from hierlm.posterior.r2 import r2

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["table", "table_rows"]

KINDS = {"eti": "equal-tailed", "hdi": "shortest"}


def table(fit: Fit, *, title: str | None = None, level: float = 0.95, kind: Kind = "eti") -> Any:
    """A table for a paper: estimates with intervals, standard deviations and correlations, numbers of groups and rows.

    Parameters
    ----------
    fit : Fit
    title : str, optional
        The formula unless given.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    great_tables.GT
        Shows itself in notebooks; ``as_raw_html()``, ``as_latex()``, and everything else that great_tables can do.

    Raises
    ------
    PosteriorError
        When great_tables is not installed.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.table(fit).as_raw_html()  # doctest: +SKIP
    """
    try:
        gt: Any = importlib.import_module("great_tables")
    except ModuleNotFoundError as error:
        raise PosteriorError("Tables for papers need great_tables.", hint='pip install "hierlm[tables]"') from error
    heading = plain(" ".join(fit.model.formula.text.split())) if title is None else title
    families = ", ".join(
        f"{r.family.name} ({', '.join(f'{p}: {k.name}' for p, k in r.links.items())})" for r in fit.model.responses
    )
    sizes = fit.posterior.sizes
    note = (
        f"Posterior mean, sd and {percent(level)} {KINDS[kind]} interval "
        f"from {sizes['chain']} × {sizes['draw']:,} draws. R² and ICC (adjusted) on the link scale."
    )
    made = gt.GT(table_rows(fit, level, kind), rowname_col="term", groupname_col="part")
    return (
        made.tab_header(title=heading, subtitle=f"Family: {families}")
        .cols_label(estimate="Estimate", sd="SD", interval=f"{percent(level)} interval")
        .cols_align("right", columns=["estimate", "sd", "interval"])
        .tab_source_note(note)
    )


def table_rows(fit: Fit, level: float, kind: Kind) -> pd.DataFrame:
    """The rows of :func:`table`, as text: ``part``, ``term``, ``estimate``, ``sd``, ``interval``."""
    rows = []
    for _, r in tidy_rows(fit, ("fixed", "ran_pars"), level, kind).iterrows():
        if r["effect"] == "fixed":
            part = "Common effects" if r["component"] == "cond" else f"Common effects of {r['component']}"
        else:
            part = "Residual and family" if r["group"] == RESIDUAL else f"Group effects: {r['group']}"
        rows.append((part, _word(str(r["term"])), *_cells(r, ("estimate", "std.error", "conf.low", "conf.high"))))
    try:
        found = [(f"R² {row['r2']}", row) for _, row in r2(fit, level=level, kind=kind).iterrows()]
        shares = icc(fit, level=level, kind=kind)
        found += [(f"ICC {row['group']}", row) for _, row in shares[shares["icc"] == "adjusted"].iterrows()]
        rows += [("Fit", label, *_cells(row, ("mean", "sd", "lower", "upper"))) for label, row in found]
    except PosteriorError:  # a link without a latent variance
        pass
    rows += [("Data", f"N ({g})", f"{len(b[0].levels):,}", "", "") for g, b in fit.model.groups.items()]
    rows.append(("Data", "Rows", f"{fit.model.design.n:,}", "", ""))
    return pd.DataFrame(rows, columns=["part", "term", "estimate", "sd", "interval"])


def _cells(r: Any, columns: tuple[str, str, str, str]) -> tuple[str, str, str]:
    mean, sd, lower, upper = (float(r[c]) for c in columns)
    return number(mean, sd), number(sd, sd), bracket(lower, upper, sd)


def _word(term: str) -> str:
    """``sd__Days`` → ``SD Days``, ``cor__Intercept.Days`` → ``Correlation Intercept, Days``."""
    for prefix, word in (("sd__", "SD"), ("log_sd__", "log SD:"), ("cor__", "Correlation")):
        if term.startswith(prefix):
            rest = term.removeprefix(prefix)
            return f"{word} {rest.replace('.', ', ', 1) if prefix == 'cor__' else rest}"
    return term
