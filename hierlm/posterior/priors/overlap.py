"""prior_overlap: how much of the prior is still seen in the posterior?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import beta

from hierlm import names
from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.draws import Wanted, elements
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.layout import Table, bracket, html_lines, html_page, html_table, percent, text_table
from hierlm.posterior.options import checked_seed
from hierlm.posterior.predictive import prior_draws
from hierlm.priors import LKJ, Prior

__all__ = ["Curves", "Overlap", "curves", "prior_overlap"]

Floats = NDArray[np.float64]
Density = Callable[[Floats], Floats]
WEAK = 0.35
"""Overlap above which a parameter counts as weakly identified (Garrett & Zeger 2000)."""

PRIOR_DRAWS = 4_000
GRID = 512
MOST_ROWS = 40


@dataclass(frozen=True, eq=False)
class Curves:
    """Both densities of one parameter on a grid.

    Parameters
    ----------
    name : str
    grid, posterior, prior : (m,) arrays
        The grid covers the posterior's draws.
    prior_values, values : arrays
        Draws of each.
    """

    name: str
    grid: Floats
    posterior: Floats
    prior: Floats
    prior_values: Floats
    values: Floats

    @property
    def overlap(self) -> float:
        """∫ min(p, q), between 0 and 1."""
        shared = np.trapezoid(np.minimum(self.posterior, self.prior), self.grid)
        return float(min(1.0, shared / np.trapezoid(self.posterior, self.grid)))


@final
@dataclass(frozen=True, eq=False, repr=False)
class Overlap:
    """The answer of :func:`prior_overlap`.

    Parameters
    ----------
    frame : DataFrame
        A row per parameter: ``parameter``, ``prior_lower``, ``prior_upper``, ``lower``, ``upper`` (intervals of prior
        and posterior), ``overlap`` and ``note``.
    level : float
    """

    frame: pd.DataFrame
    level: float

    def _table(self) -> Table:
        rows = [
            (
                str(r["parameter"]),
                bracket(r["prior_lower"], r["prior_upper"]),
                bracket(r["lower"], r["upper"]),
                f"{r['overlap']:.2f}",
                str(r["note"]),
            )
            for _, r in self.frame.head(MOST_ROWS).iterrows()
        ]
        shown = percent(self.level)
        return ("parameter", f"prior, {shown} interval", f"posterior, {shown} interval", "overlap", ""), rows

    def _footer(self) -> list[str]:
        hidden = len(self.frame) - MOST_ROWS
        more = [f"… {hidden:,} more parameters in .frame"] if hidden > 0 else []
        return [*more, f"overlap: area under both densities; above {WEAK:g} the data have said little."]

    def __repr__(self) -> str:
        return "\n".join([text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._table()), html_lines(self._footer()))


def prior_overlap(
    fit: Fit, parameters: Wanted | None = None, *, level: float = 0.95, seed: int | None = None
) -> Overlap:
    """How much of the prior is still seen in the posterior?  The area under both marginal densities, by parameter.

    ∫ min(p(θ), p(θ | y)) dθ is 1 where the data changed nothing and near 0 where they decided.  Above 0.35 a parameter
    is called weakly identified.  It says how much was learnt, and not whether another prior would matter: for that see
    :func:`hierlm.posterior.priors.sensitivity.sensitivity`.

    Prior densities are exact where the parameter has a univariate prior, and from 4,000 draws of the prior elsewhere
    (thresholds, coefficients that a structure cuts off).

    Parameters
    ----------
    fit : Fit
    parameters : str, compiled pattern, or sequence of these, optional
        Variables or rows, or what a pattern (``re.compile(…)``) finds in the names of rows; all
        but the group effects unless given.
    level : float
        Of the intervals.
    seed : int, optional
        Of the draws of the prior.

    Returns
    -------
    Overlap

    Raises
    ------
    PriorError
        When a prior is improper.
    PosteriorError
        For an unknown name, or when everything that was asked for is fixed.

    References
    ----------
    Garrett & Zeger (2000), Biometrics 56:1055–1067.

    Examples
    --------
    >>> fit.prior_overlap(seed=1)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    rows = []
    for c in curves(fit, parameters, seed=seed):
        prior, posterior = interval(c.prior_values, level), interval(c.values, level)
        note = "the data say little" if c.overlap > WEAK else ""
        rows.append(
            (c.name, float(prior[0]), float(prior[1]), float(posterior[0]), float(posterior[1]), c.overlap, note)
        )
    columns = ["parameter", "prior_lower", "prior_upper", "lower", "upper", "overlap", "note"]
    return Overlap(pd.DataFrame(rows, columns=columns), float(level))


def curves(fit: Fit, parameters: Wanted | None = None, *, seed: int | None = None) -> list[Curves]:
    """Prior and posterior density of every free parameter."""
    wanted = [e for e in elements(fit, parameters) if not e.constant.all()]
    if not wanted:
        raise PosteriorError("Nothing that is free was asked for.", hint="See fit.summary() for what there is.")
    drawn = prior_draws(fit.model, PRIOR_DRAWS, seed=checked_seed(seed))
    before = {n: e.values[..., i] for e in elements(Fit(fit.model, drawn)) for i, n in enumerate(e.names)}
    known = _densities(fit)
    found = []
    for e in wanted:
        for i, name in enumerate(e.names):
            if e.constant[i]:
                continue
            if name not in before:
                raise PosteriorError(
                    f"{name} has no prior of its own.", hint="Group effects follow sd and cor: leave them out."
                )
            found.append(_curves(name, e.values[..., i].ravel(), before[name].ravel(), known.get(name)))
    return found


def _densities(fit: Fit) -> dict[str, tuple[tuple[float, float], Density]]:
    """(support, density) of the parameters whose marginal prior is known in closed form."""
    found: dict[str, tuple[tuple[float, float], Density]] = {}
    for a in fit.model.assignments:
        if isinstance(a.prior, Prior) and a.kind not in ("correlation", "elements"):
            found |= dict.fromkeys(a.keys, (a.prior.support, _of(a.prior)))
    lkj = {(a.variable, a.label): a.prior.eta for a in fit.model.assignments if isinstance(a.prior, LKJ)}
    for block in fit.model.blocks:
        eta, k = lkj.get((names.cor(block.group), ", ".join(block.effects))), len(block.effects)
        if eta is not None and (k == 2 or block.covariance.n_parameters(k) - len(block.covariance.sd_groups(k)) > 1):
            shape = eta + 0.5 * k - 1.0  # (r + 1)/2 ~ Beta(shape, shape)
            marginal = beta(shape, shape, loc=-1.0, scale=2.0).pdf
            pairs = combinations(block.effects, 2)
            found |= {names.element(names.cor(block.group), *pair): ((-1.0, 1.0), marginal) for pair in pairs}
    return found


def _of(prior: Prior) -> Density:
    return lambda x: np.exp(prior.log_density(x))


def _curves(name: str, values: Floats, drawn: Floats, known: tuple[tuple[float, float], Density] | None) -> Curves:
    grid, posterior = kernel_density(values, (float(drawn.min()), float(drawn.max())) if known is None else known[0])
    if known is not None and _agrees(known[1], drawn):
        density = known[1](grid)
        return Curves(name, grid, posterior, np.where(np.isfinite(density), density, 0.0), drawn, values)
    inner = drawn[(drawn >= np.quantile(drawn, 0.001)) & (drawn <= np.quantile(drawn, 0.999))]  # heavy tails
    at, density = kernel_density(inner, (-np.inf, np.inf))
    return Curves(name, grid, posterior, np.interp(grid, at, density, left=0.0, right=0.0), drawn, values)


def _agrees(density: Density, drawn: Floats) -> bool:
    """Whether the density has half of its mass between the quartiles of draws: no structure has cut it off further."""
    low, high = np.quantile(drawn, [0.25, 0.75])
    at = np.linspace(low, high, 201)
    return abs(float(np.trapezoid(density(at), at)) - 0.5) < 0.05


def kernel_density(values: Floats, support: tuple[float, float]) -> tuple[Floats, Floats]:
    """A density on a grid over the draws, reflected where the support ends near them.

    Parameters
    ----------
    values : (n,) array
    support : (float, float)
    """
    from arviz_stats.base import array_stats

    spread = float(values.std()) or max(abs(float(values[0])), 1.0) * 1e-6
    low = max(float(values.min()) - 0.5 * spread, support[0])
    high = min(float(values.max()) + 0.5 * spread, support[1])
    grid, density, _ = array_stats.kde(values, grid_len=GRID, custom_lims=(low, high))
    return np.asarray(grid), np.asarray(density)
