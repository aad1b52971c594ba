"""The panel: data sets and models, in hierlm's and in Bambi's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """One line of the panel.

    Parameters
    ----------
    name : str
    data : callable
        Returns the table, a new one at each call.
    formula : str
        In hierlm's words.
    peer : str or None
        In Bambi's words; None when Bambi cannot say it.
    family : str
    beside : str or None
        The line whose peer is compared with, where this one has none.
    skip : str or None
        Why the peer's low-rank metric is not tried.
    """

    name: str
    data: Callable[[], pd.DataFrame]
    formula: str
    peer: str | None
    family: str = "gaussian"
    beside: str | None = None
    skip: str | None = None


def _table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> Callable[[], pd.DataFrame]:
    """A table that comes with hierlm, changed."""

    def load() -> pd.DataFrame:
        import hierlm as hl

        data = hl.load_data(name)
        return data if change is None else change(data)

    return load


def _overdispersed(rows: int = 25_000) -> pd.DataFrame:
    """Counts with one level per row."""
    rng = np.random.default_rng(25_000)
    x, nu = rng.normal(5.0, 1.0, rows), rng.normal(0.0, 0.1, rows)
    level = pd.Categorical.from_codes(np.arange(rows), [str(i) for i in range(rows)])
    return pd.DataFrame({"y": rng.poisson(np.exp(1 + 0.5 * x + nu)), "x": x, "row": level})


CROP = _table("Oats", lambda d: d.rename(columns={"yield": "crop"}))  # yield is a keyword of Python
SEX = _table("Orthodont", lambda d: d.assign(Sex=d["Sex"].astype(str)))  # Bambi sorts levels, whatever their order
USE = _table("Contraception", lambda d: d.assign(y=(d["use"] == "Y").astype(int), age=d["age"] / 10))
YES = _table("VerbAgg", lambda d: d.assign(y=(d["r2"] == "Y").astype(int)))
# Standardised, lest the peer start where counts overflow.
HEIGHT = _table("grouseticks", lambda d: d.assign(cHEIGHT=d["cHEIGHT"] / d["cHEIGHT"].std()))
TICKS = "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)"
VERBAL = "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)"
CONTRACEPTION = "y ~ age + I(age**2) + urban + livch + (1 | district)"
EPILEPSY = "count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs)"
INSTEVAL = "y ~ service + (1 | s) + (1 | d) + (1 | dept)"
COSTLY = "not tried: the low-rank metric costs more than it brings beyond a few hundred dimensions"

_ALL = (
    Row("Dyestuff", _table("Dyestuff"), "Yield ~ 1 + (1 | Batch)", "Yield ~ 1 + (1 | Batch)"),
    Row(
        "sleepstudy", _table("sleepstudy"), "Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (Days | Subject)"
    ),
    Row("sleepstudy-us", _table("sleepstudy"), "Reaction ~ Days + (Days | Subject)", None, beside="sleepstudy"),
    Row(
        "Oats",
        CROP,
        "crop ~ nitro + Variety + (1 | Block/Variety)",
        "crop ~ nitro + Variety + (1 | Block) + (1 | Block:Variety)",
    ),
    Row(
        "Orthodont",
        SEX,
        "distance ~ age8 * Sex + (age8 || Subject)",
        "distance ~ age8 * Sex + (age8 | Subject)",
    ),
    Row(
        "Penicillin",
        _table("Penicillin"),
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
    ),
    Row(
        "Pastes",
        _table("Pastes"),
        "strength ~ 1 + (1 | batch/cask)",
        "strength ~ 1 + (1 | batch) + (1 | batch:cask)",
    ),
    Row(
        "cbpp",
        _table("cbpp"),
        "incidence | trials(size) ~ period + (1 | herd)",
        "p(incidence, size) ~ period + (1 | herd)",
        "binomial",
    ),
    Row("Contraception", USE, CONTRACEPTION, CONTRACEPTION, "bernoulli"),
    Row("epilepsy", _table("epilepsy"), EPILEPSY, EPILEPSY, "poisson"),
    Row("grouseticks", HEIGHT, TICKS, TICKS, "poisson"),
    Row("VerbAgg", YES, VERBAL, VERBAL, "bernoulli", skip=COSTLY),
    Row("InstEval", _table("InstEval"), INSTEVAL, INSTEVAL, skip=COSTLY),
    Row("Poisson25k", _overdispersed, "y ~ x + (1 | row)", "y ~ x + (1 | row)", "poisson", skip=COSTLY),
)

ROWS = {row.name: row for row in _ALL}
