"""sensitivity: would another prior change the story?"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import arviz_stats
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.posterior.draws import Elements, Wanted, elements
from hierlm.posterior.layout import Table, html_lines, html_page, html_table, text_table
from hierlm.posterior.priors.likelihood import Which, total_likelihood
from hierlm.posterior.priors.log_prior import log_prior

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["CONFLICT", "STRONG", "Sensitivity", "sensitivity"]

Floats = NDArray[np.float64]
CONFLICT, STRONG = "prior and data disagree", "the prior says more than the data"
POWERS = (0.99, 1.01)
MOST_ROWS = 40
MOST_DRAWS = 1000
"""For which group effects are integrated out by quadrature, unless more are asked for."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Sensitivity:
    """The answer of :func:`sensitivity`.

    Parameters
    ----------
    frame : DataFrame
        A row per parameter: ``parameter``, ``prior`` and ``likelihood`` (how much the posterior moves with each),
        ``diagnosis`` (empty where there is nothing to say) and ``strongest``, the variable whose prior matters most to
        it where there is a diagnosis.
    by_prior : DataFrame
        Parameter × variable with a prior: how much it moves with the prior of that variable alone.
    threshold : float
    likelihood : str
        Which likelihood was scaled, in words.
    """

    frame: pd.DataFrame
    by_prior: pd.DataFrame
    threshold: float
    likelihood: str

    @property
    def verdict(self) -> str:
        """One sentence or two."""
        found = []
        for diagnosis, words in (
            (CONFLICT, "prior and data disagree about {0}: a wider or another prior would move {1}"),
            (STRONG, "the prior decides {0}: the data say little, so report why that prior"),
        ):
            rows = self.frame[self.frame["diagnosis"] == diagnosis]
            if len(rows):
                shown = ", ".join(str(p) for p in rows["parameter"].head(4))
                more = f" and {len(rows) - 4} more" if len(rows) > 4 else ""
                found.append(words.format(shown + more, "it" if len(rows) == 1 else "them"))
        if not found:
            return "Another prior would not change the story: no parameter moves with the priors."
        text = "; ".join(found)
        return text[0].upper() + text[1:] + "."

    def _table(self) -> Table:
        rows = [
            (str(r["parameter"]), _shown(r["prior"]), _shown(r["likelihood"]), str(r["diagnosis"]), str(r["strongest"]))
            for _, r in self.frame.head(MOST_ROWS).iterrows()
        ]
        return ("parameter", "prior", "likelihood", "diagnosis", "strongest prior"), rows

    def _footer(self) -> list[str]:
        hidden = len(self.frame) - MOST_ROWS
        more = [f"… {hidden:,} more parameters in .frame"] if hidden > 0 else []
        what = "How far the posterior moves when the priors, or the likelihood, are raised to a power; from "
        return [*more, f"{what}{self.threshold:g} on it matters.", f"Likelihood: {self.likelihood}."]

    def __repr__(self) -> str:
        return "\n".join([self.verdict, text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_lines([self.verdict], bold=1), html_table(*self._table()), html_lines(self._footer()))


def sensitivity(
    fit: Fit,
    parameters: Wanted | None = None,
    *,
    likelihood: Which = "auto",
    threshold: float = 0.05,
    draws: int | None = None,
) -> Sensitivity:
    """Would another prior change the story?  How far the posterior moves when priors or likelihood count a little more.

    The posteriors ∝ p(y | θ) p(θ)^α and ∝ p(y | θ)^α p(θ) with α near one are had by weighing the draws (no refit).
    It is the slope, by log₂ α at α = 1, of the distance between the marginals with and without the power (a
    cumulative Jensen–Shannon distance).  For a normal posterior 0.05 is about a shift of the mean by 0.3 sd when the
    power is doubled.  p(θ) are the priors of coefficients, standard deviations, correlations and further parameters;
    the distribution of group effects belongs to the model, and is integrated over in p(y | θ) where that can be done.

    Parameters
    ----------
    fit : Fit
    parameters : str, compiled pattern, or sequence of these, optional
        Variables or rows, or what a pattern (``re.compile(…)``) finds in the names of rows, group
        effects among them; all but the group effects unless given.
    likelihood : {"auto", "integrated", "conditional"}
        p(y | θ) with the group effects integrated out, or p(y | θ, r) at the draws of the effects, which says too
        little about what the data know of coefficients beside group effects.  ``"auto"`` integrates where that can be
        done: not over related levels, nor over thousands of effects of groupings that cross.
    threshold : float
        From which on a sensitivity counts.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.  All of them unless given, but 1,000 in all where group
        effects have to be integrated out of a response that is not normal.

    Returns
    -------
    Sensitivity

    Raises
    ------
    PosteriorError
        When the likelihood is zero at some draws, nothing is free, or ``threshold`` is not positive.

    References
    ----------
    Kallioinen, Paananen, Bürkner & Vehtari (2024), Statistics and Computing 34:57.

    Examples
    --------
    >>> fit.sensitivity()  # doctest: +SKIP
    """
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not threshold > 0:
        raise PosteriorError(f"threshold={threshold!r} is not a positive number.", hint="Leave it out: 0.05.")
    used = _thinned(fit, _affordable(fit, likelihood) if draws is None else draws)
    free = [_moving(e) for e in elements(used, parameters)]
    columns = {name: e.values[..., i] for e in free for i, name in enumerate(e.names)}
    if not columns:
        raise PosteriorError("Nothing that is free was asked for.", hint="See fit.summary() for what there is.")
    rows, words = total_likelihood(used, likelihood)
    moved = _moves(used, list(columns.values()), rows)
    names = pd.Index(list(columns), name="parameter")
    by_prior = pd.DataFrame({key: v for key, v in moved.items() if key not in (PRIOR, LIKELIHOOD)}, index=names)
    frame = pd.DataFrame({"parameter": names, "prior": moved[PRIOR], "likelihood": moved[LIKELIHOOD]})
    matters, informed = frame["prior"] >= threshold, frame["likelihood"] >= threshold
    frame["diagnosis"] = np.where(matters & informed, CONFLICT, np.where(matters, STRONG, ""))
    frame["strongest"] = [
        str(by_prior.columns[int(np.argmax(row))]) if flagged and len(row) else ""
        for row, flagged in zip(by_prior.to_numpy(), matters, strict=True)
    ]
    sizes = used.posterior.sizes
    if sizes["draw"] < fit.posterior.sizes["draw"]:
        words = f"{words}; {sizes['chain'] * sizes['draw']:,} of the draws"
    return Sensitivity(frame, by_prior, float(threshold), words)


PRIOR, LIKELIHOOD = "*prior", "*likelihood"


def _moves(fit: Fit, parameters: list[Floats], rows: Floats) -> dict[str, Floats]:
    """The sensitivity of all parameters to all priors together, to each variable's, and to the likelihood."""
    densities: dict[str, Floats] = {}
    owner = {a.name: a.variable for a in fit.model.assignments}
    for name, density in log_prior(fit).items():
        variable = owner[name]
        densities[variable] = densities[variable] + density if variable in densities else density
    scaled = {PRIOR: sum(densities.values(), start=np.zeros(())), LIKELIHOOD: rows, **densities}
    posterior = xr.Dataset({f"p{i}": (("chain", "draw"), v) for i, v in enumerate(parameters)})
    found = {}
    for name, density in scaled.items():
        if not np.isfinite(density).all():
            what = "likelihood" if name == LIKELIHOOD else "prior density"
            raise PosteriorError(
                f"The {what} is zero at some draws, so it cannot be scaled.", hint="Do fit.diagnose() and the data fit?"
            )
        if np.ptp(density) == 0:  # flat: no power of it moves anything
            found[name] = np.zeros(len(parameters))
            continue
        tree = xr.DataTree.from_dict(
            {"posterior": posterior, "log_prior": xr.Dataset({"p": (("chain", "draw"), density)})}
        )
        with _quiet():
            moved = arviz_stats.psense(tree, group="prior", alphas=POWERS)
        found[name] = np.array([float(moved[f"p{i}"]) for i in range(len(parameters))])
    return found


def _affordable(fit: Fit, likelihood: Which) -> int | None:
    """Draws of each chain; None for all of them."""
    normal = all(r.family.normal_errors for r in fit.model.responses)
    if normal or likelihood == "conditional" or not fit.model.groups:
        return None
    each = max(1, MOST_DRAWS // fit.posterior.sizes["chain"])
    return each if each < fit.posterior.sizes["draw"] else None


def _thinned(fit: Fit, draws: int | None) -> Fit:
    from hierlm.fit.value import Fit as Made
    from hierlm.posterior.linear import thinned

    if draws is None:
        return fit
    return Made(fit.model, xr.DataTree.from_dict({"posterior": thinned(fit, draws)}), fit.provenance)


def _moving(e: Elements) -> Elements:
    """Without what is held fixed."""
    kept = [i for i in range(len(e.names)) if not e.constant[i] and np.ptp(e.values[..., i]) > 0]
    return Elements(e.variable, tuple(e.names[i] for i in kept), e.values[..., kept], e.constant[kept])


def _shown(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("arviz_stats")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
