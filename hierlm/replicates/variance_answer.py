"""VarianceTest: what the test of a variance found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.posterior.layout import Table, html_lines, html_page, html_table, text_table
from hierlm.replicates.runner import Records

__all__ = ["Method", "VarianceTest"]

Floats = NDArray[np.float64]
Method = Literal["REML", "ML"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class VarianceTest:
    """The answer of :func:`variance_test`.

    Parameters
    ----------
    what : str
        The standard deviations that are zero under H₀.
    method : {"REML", "ML"}
    exact : bool
        Whether likelihoods are closed forms; else they are Laplace's approximations.
    statistic : float
        −2 log likelihood ratio of the data.
    p, error : float
        (1 + replicates whose statistic is as large)/(1 + replicates), and its Monte-Carlo error.
    null : (n,) array
        The statistic of every replicate.
    estimates : DataFrame
        σ, and the estimated standard deviations, with and without.
    records : Records
    seed : int
    """

    what: str
    method: str
    exact: bool
    statistic: float
    p: float
    error: float
    null: Floats
    estimates: pd.DataFrame
    records: Records
    seed: int

    def _lines(self) -> list[str]:
        zero = float(np.mean(self.null < 1e-6))
        how = self.method if self.exact else f"{self.method}, Laplace's approximation"
        ratio = f"−2 log likelihood ratio ({how}) = {self.statistic:.3f}"
        n = len(self.null)
        least = self.p <= 1 / (1 + n)
        more = f" None has as large a ratio, so that p is the smallest of n={n}." if least else ""
        return [
            f"H₀: {self.what} = 0.  {ratio}, p = {self.p:.4f} ± {self.error:.4f}",
            f"p by {n} data sets without that variance; no χ² is used. {zero:.0%} have a ratio of 1.{more}",
            "Priors play no part in it. A large p is no evidence that the variance is zero.",
            *(f"{text}." for text in self.records.sentences()),
        ]

    def _shown(self) -> Table:
        rows = [(str(r[0]), *(("–" if np.isnan(v) else f"{v:.4g}") for v in r[1:])) for r in self.estimates.to_numpy()]
        return ("maximum likelihood", "with", "without"), rows

    def __repr__(self) -> str:
        first, *rest = self._lines()
        return "\n".join([first, "", text_table(*self._shown()), *rest])

    def _repr_html_(self) -> str:
        first, *rest = self._lines()
        return html_page(html_lines([first], bold=1), html_table(*self._shown()), html_lines(rest))
