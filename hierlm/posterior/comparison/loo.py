"""loo: how well does the model foresee a new row, or a whole new group?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.fit import Fit
from hierlm.model import Model
from hierlm.model.values import GroupBlock
from hierlm.posterior.comparison.elpd import Elpd, data_of, known_of
from hierlm.posterior.comparison.psis import Smoothed, good_k, joined, psis, relative_efficiency, verdicts
from hierlm.posterior.integrals import Units, integrate, known_groups, units_of, without_own_value
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, at_rows, chunks, thinned
from hierlm.posterior.response import log_density
from hierlm.posterior.rowwise import log_densities

__all__ = ["TARGETS", "Foreseen", "Target", "check_densities", "check_target", "conditional", "foreseen", "loo"]

Floats = NDArray[np.float64]
Target = Literal["row", "row_in_known_group", "new_group"]
TARGETS = ("row", "row_in_known_group", "new_group")


def loo(fit: Fit, target: Target = "row", *, group: str | None = None, draws: int | None = None) -> Elpd:
    """How well does the model foresee data that it has not seen?  Leave-one-out for a stated target.

    ``"row"``
        A new row of groups that are in the data: Σ_i log p(y_i | y_{−i}), from p(y_i | θ, b) with the draws of all
        group effects b.  Importance weights 1/p(y_i | θ, b) are often unreliable (k̂ > 0.7) where a group has few rows.
    ``"row_in_known_group"``
        The same quantity, estimated with the effects of row i's level of ``group`` (and of groupings nested inside it)
        integrated out: weights 1/p(y_i | y_{g,−i}, θ), where p(y_i | y_{g,−i}, θ) = ∫ p(y_i | b, θ) p(b | y_{g,−i}, θ)
        db is computed for every draw.  k̂ is smaller (Vehtari et al. 2016).  Of a level with many values of a latent
        residual process only the row's own value is integrated out, given all others.
    ``"new_group"``
        All rows of a level of ``group`` that is not in the data: Σ_g log p(y_g | y_{−g}), a joint density a level,
        from p(y_g | θ) = ∫ p(y_g | b, θ) p(b | θ) db.  Effects of groupings inside ``group`` are integrated out too,
        those of crossed or outer ones are those of the draws.  ``group`` may also be that of the blocks of correlated
        residuals, which need no effects; blocks must lie inside its levels.

    The two first ask how rows of known groups are foreseen, the third how new groups are: models can rank differently.
    In a model of several responses a unit has all responses of its rows.

    Parameters
    ----------
    fit : Fit
    target : {"row", "row_in_known_group", "new_group"}
    group : str, optional
        Which grouping; need not be named where there is one only, and means nothing for ``"row"``.
    draws : int, optional
        Use that many draws of each chain, evenly spaced.

    Returns
    -------
    Elpd
        With k̂ and a verdict for every unit; :func:`~hierlm.posterior.reloo` refits for those that are bad.

    Raises
    ------
    PosteriorError
        When the target is unknown, or asks for groups that the model does not have.
    PredictionError
        When ``draws`` is out of range.

    Notes
    -----
    With correlated residuals a row is foreseen from all others of its block: log p(y_i | θ, y_{−i}) (Bürkner, Gabry &
    Vehtari 2021, Computational Statistics 36:1243–1261).  A latent residual process is a group effect:
    ``"row"`` is given the draws of its values, the row's own among them.

    References
    ----------
    Vehtari, Gelman & Gabry (2017), Statistics and Computing 27:1413–1432; Vehtari, Mononen, Tolvanen, Sivula & Winther
    (2016), Journal of Machine Learning Research 17(103); Merkle, Furr & Rabe-Hesketh (2019), Psychometrika 84:802–829.

    Examples
    --------
    >>> fit.loo(target="new_group", group="Subject")  # doctest: +SKIP
    """
    found = foreseen(fit, target, group, draws)
    smoothed = found.smoothed()
    limit = good_k(found.draws.size)
    frame = pd.DataFrame(
        {
            "unit": list(found.labels),
            "rows": found.counts,
            "elpd": smoothed.elpd,
            "p": smoothed.p,
            "khat": smoothed.khat,
            "verdict": verdicts(smoothed.khat, limit),
        }
    )
    method = f"importance sampling (PSIS){found.method}"
    known = known_of(fit.model)
    size, data = found.draws.size, data_of(fit.model)
    return Elpd(target, found.group, frame, method, limit, size, data, found.error, known=known)


MOST_VALUES = 12
"""Effects of one level that are integrated out row by row, where a latent residual process is among them."""


@dataclass(frozen=True, eq=False)
class Foreseen:
    """log p(y_u | draw) of the units of a target with their labels and numbers of rows; some units at a time."""

    parts: Callable[[], Iterator[Floats]]
    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    group: str | None
    draws: Draws
    efficiency: float
    method: str
    error: float

    @property
    def values(self) -> Floats:
        """Of all units, (S, U)."""
        return np.concatenate(list(self.parts()), axis=1)

    def smoothed(self) -> Smoothed:
        """Leave-one-out densities of all units; their draws are not kept."""
        return joined([psis(part, self.draws.chains, self.efficiency) for part in self.parts()])


def foreseen(fit: Fit, target: str, group: str | None, draws: int | None) -> Foreseen:
    """How well each draw foresees each unit, group effects out where the target says so; see :func:`loo`."""
    model, chosen = fit.model, check_target(fit.model, target, group)
    posterior = thinned(fit, draws)
    used, rows = Draws(model, posterior), at_rows(model)
    efficiency = relative_efficiency(fit, posterior)
    labels, counts = tuple(str(r) for r in rows.index), np.ones(rows.n, dtype=np.int64)
    if chosen is None:
        return Foreseen(lambda: _by_row(model, used), labels, counts, None, used, efficiency, "", 0.0)
    units, zero = units_of(model, rows, chosen), NewLevels(model, used, 0, zero=True)
    ys = {r.name: r.y for r in model.responses}
    long = _long_process(model, units) if target == "row_in_known_group" else None
    if long is None:
        found = integrate(model, rows, used, ys, units, zero, leave_one=target == "row_in_known_group")
        out = f", effects of {', '.join(units.groupings)} out by {found.method}" if units.groupings else ""
    else:
        found = without_own_value(model, rows, used, ys, units, long)
        out = f", the row's own value of {long.label} out by {found.method}"
    method, error = out, float(found.error.max())
    if found.rows is not None:
        return Foreseen(partial(_once, found.rows), labels, counts, chosen, used, efficiency, method, error)
    sizes = np.array([len(r) for r in units.rows])
    return Foreseen(partial(_once, found.units), units.labels, sizes, chosen, used, efficiency, method, error)


def _long_process(model: Model, units: Units) -> GroupBlock | None:
    """A latent residual process with so many values that an integral over them for every row takes too long."""
    process = next((b for g in units.groupings for b in model.groups[g] if b.process is not None), None)
    return process if int(units.sizes.max()) > MOST_VALUES else None


def check_target(model: Model, target: str, group: str | None, *, asked: str = "") -> str | None:
    """The grouping that a target needs; None where it needs none.

    Parameters
    ----------
    asked : str
        What needs it, in words, where the user did not name a target.

    Raises
    ------
    PosteriorError
    """
    if target not in TARGETS:
        raise PosteriorError(f"There is no target {target!r}.", hint=did_you_mean(str(target), TARGETS))
    known = list(known_groups(model))
    if target == "row":
        if group is not None:
            raise PosteriorError(
                "target='row' has no group.", hint='Leave group= out, or say target="row_in_known_group".'
            )
        return None
    if not known:
        raise PosteriorError(
            f"{asked or f'target={target!r}'} asks about groups, and the model has no group terms.",
            hint="Its rows are alike: fit.predict(rows), fit.kfold() without group=." if asked else 'Use target="row".',
        )
    if group is None:
        own = list(model.groups) or known
        if len(own) > 1:
            raise PosteriorError("The model has several groupings.", hint=f"Say group=, one of: {', '.join(own)}.")
        return own[0]
    if group not in known:
        raise PosteriorError(f"The model has no grouping {group!r}.", hint=did_you_mean(str(group), known))
    return group


def conditional(model: Model, draws: Draws, given: str = "others") -> Floats:
    """log p(y_i | θ, b), all responses of a row together, shape (S, n).

    With correlated residuals also given other rows of its block, all of them or the ``"earlier"`` ones.
    """
    return np.concatenate(list(_by_row(model, draws, given)), axis=1)


def _by_row(model: Model, draws: Draws, given: str = "others") -> Iterator[Floats]:
    """The same, some rows at a time; with correlated residuals all at once."""
    rows, new, kept = at_rows(model), NewLevels(model, draws, 0, zero=True), tuple(model.groups)
    if rows.correlated is not None:
        out = np.zeros((draws.size, rows.n))
        for response in model.responses:
            out += log_densities(rows, draws, response, response.y, kept, new, given=given)
        check_densities(out, rows.index)
        yield out
        return
    for at in chunks(draws.size, rows.n):
        part = sum(log_density(rows, draws, r, r.y, at, kept, new) for r in model.responses)
        check_densities(np.asarray(part), rows.index[at])
        yield np.asarray(part)


def _once(values: Floats) -> Iterator[Floats]:
    yield values


def check_densities(values: Floats, index: NDArray[np.int64]) -> None:
    """Refuse densities (S, n) that are zero or no number.

    Raises
    ------
    PosteriorError
    """
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0))
    if bad.size:
        raise PosteriorError(
            f"The density of some rows is zero or no number in some draws (rows {index[bad][:5].tolist()}).",
            hint="A parameter leaves its range there; see fit.log_likelihood().",
        )
