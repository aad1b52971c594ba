"""table: a fit as a table for a paper, by great_tables."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from hierlm.errors import PosteriorError
from hierlm.posterior.effects.answer import Effects
from hierlm.posterior.estimates import IN_WORDS
from hierlm.posterior.frames.tidy import RESIDUAL, tidy_rows
from hierlm.posterior.icc import icc
from hierlm.posterior.intervals import Kind
from hierlm.posterior.layout import bracket, number, percent, plain
from hierlm.posterior.r2 import r2

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["several_rows", "table", "table_rows"]

ORDER = ("Common effects", "Group effects", "Residual and family", "Fit", "Data")
"""How the parts of a table begin."""


def table(
    fit: Fit | Mapping[str, Fit] | Effects, *, title: str | None = None, level: float = 0.95, kind: Kind = "eti"
) -> Any:
    """A table for a paper: estimates with intervals, standard deviations and correlations, numbers of groups and rows.

    Parameters
    ----------
    fit : Fit, mapping of str to Fit, or Effects
        Of several fits, with a name each, a column for each; a term that a fit does not have is left empty.  Or an
        answer about effects, such as marginal means and their contrasts, with its target below.
    title : str, optional
        The formula unless given; none above several fits; of effects what was asked.
    level : float, default 0.95
        Probability inside the intervals; effects have their own.
    kind : {"eti", "hdi"}

    Returns
    -------
    great_tables.GT
        Shows itself in notebooks; ``as_raw_html()``, ``as_latex()``, and everything else that great_tables can do.

    Raises
    ------
    PosteriorError
        When great_tables is not installed, and for no fit at all.

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.table(fit).as_raw_html()  # doctest: +SKIP
    >>> hl.table({"intercepts": simple, "slopes": fit})  # doctest: +SKIP
    >>> herds = hl.load("cbpp.zarr")  # doctest: +SKIP
    >>> hl.table(hl.contrasts(herds.marginal_means("period")))  # doctest: +SKIP
    """
    try:
        gt: Any = importlib.import_module("great_tables")
    except ModuleNotFoundError as error:
        raise PosteriorError("Tables for papers need great_tables.", hint='pip install "hierlm[tables]"') from error
    if isinstance(fit, Effects):
        return _effects(gt, fit, title)
    if isinstance(fit, Mapping):
        return _several(gt, fit, title, level, kind)
    heading = plain(" ".join(fit.model.formula.text.split())) if title is None else title
    made = gt.GT(table_rows(fit, level, kind), rowname_col="term", groupname_col="part")
    return (
        made.tab_header(title=heading, subtitle=f"Family: {_families(fit)}")
        .cols_label(estimate="Estimate", sd="SD", interval=f"{percent(level)} interval")
        .cols_align("right", columns=["estimate", "sd", "interval"])
        .tab_source_note(
            f"Posterior mean, sd and {percent(level)} {IN_WORDS[kind]} interval from {_draws(fit)} draws. "
            "R² and ICC (adjusted) on the link scale."
        )
    )


def _effects(gt: Any, answer: Effects, title: str | None) -> Any:
    rows = answer.table[answer.labels].astype(str)
    numbers = [_cells(r, ("mean", "sd", "lower", "upper")) for _, r in answer.table.iterrows()]
    for place, name in enumerate(("estimate", "sd", "interval")):
        rows[f"_{name}"] = [cells[place] for cells in numbers]
    labels = {"_estimate": "Estimate", "_sd": "SD", "_interval": f"{percent(answer.level)} interval"}
    if "p_direction" in answer.table:
        rows["_p"], labels["_p"] = [f"{p:.3f}" for p in answer.table["p_direction"]], "P(direction)"
    heading = answer.quantity[:1].upper() + answer.quantity[1:] if title is None else title
    made = gt.GT(rows).tab_header(title=plain(heading)).cols_label(**labels).cols_align("right", columns=list(labels))
    for line in answer.header:
        made = made.tab_source_note(plain(line))
    sizes = answer.draws.sizes
    return made.tab_source_note(
        f"Posterior mean, sd and {percent(answer.level)} {IN_WORDS[answer.kind]} interval "
        f"from {sizes['chain']} × {sizes['draw']:,} draws."
    )


def _several(gt: Any, fits: Mapping[str, Fit], title: str | None, level: float, kind: Kind) -> Any:
    if not fits:
        raise PosteriorError("There is no fit to make a table of.", hint='Write {"name": fit, …}.')
    made = gt.GT(several_rows(fits, level, kind), rowname_col="term", groupname_col="part")
    if title is not None:
        made = made.tab_header(title=title)
    made = made.cols_align("right", columns=list(fits)).tab_source_note(
        f"Posterior mean and {percent(level)} {IN_WORDS[kind]} interval. R² and ICC (adjusted) on the link scale."
    )
    for name, fit in fits.items():
        formula = plain(" ".join(fit.model.formula.text.split()))
        made = made.tab_source_note(f"{name}: {formula}; {_families(fit)}; {_draws(fit)} draws.")
    return made


def several_rows(fits: Mapping[str, Fit], level: float, kind: Kind) -> pd.DataFrame:
    """The rows of a table of several fits, as text: ``part``, ``term``, and a column for each fit."""
    each = {name: table_rows(fit, level, kind) for name, fit in fits.items()}
    parts = list(dict.fromkeys(part for name in each for part in each[name]["part"]))
    parts.sort(key=lambda part: [part.startswith(first) for first in ORDER].index(True))
    keys = [
        (part, term)
        for part in parts
        for term in dict.fromkeys(t for rows in each.values() for t in rows.loc[rows["part"] == part, "term"])
    ]
    columns: dict[str, list[str]] = {"part": [k[0] for k in keys], "term": [k[1] for k in keys]}
    for name, rows in each.items():
        own = {(r["part"], r["term"]): f"{r['estimate']} {r['interval']}".strip() for _, r in rows.iterrows()}
        columns[name] = [own.get(key, "") for key in keys]
    return pd.DataFrame(columns)


def _families(fit: Fit) -> str:
    return ", ".join(
        f"{r.family.name} ({', '.join(f'{p}: {k.name}' for p, k in r.links.items())})" for r in fit.model.responses
    )


def _draws(fit: Fit) -> str:
    return f"{fit.posterior.sizes['chain']} × {fit.posterior.sizes['draw']:,}"


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
