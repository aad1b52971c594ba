"""tidy: a row per parameter, with broom.mixed's columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PosteriorError, did_you_mean
from hierlm.posterior.coef import coef
from hierlm.posterior.draws import elements, flat
from hierlm.posterior.intervals import Kind, check_interval, describe
from hierlm.posterior.native import given_back
from hierlm.posterior.ranef import ranef

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["tidy", "tidy_rows"]

EFFECTS = ("fixed", "ran_pars", "ran_vals", "ran_coefs")
RENAMED = {"mean": "estimate", "sd": "std.error", "lower": "conf.low", "upper": "conf.high"}
CONDITIONAL = "cond"
RESIDUAL = "Residual"


@dataclass(frozen=True, eq=False)
class _Row:
    effect: str
    component: str
    group: str | None
    term: str
    values: NDArray[np.float64]


def tidy(
    fit: Fit,
    effects: str | Sequence[str] = ("fixed", "ran_pars"),
    *,
    level: float = 0.95,
    kind: Kind = "eti",
) -> Any:
    """All parameters as one frame, with the columns of R's broom.mixed.

    Parameters
    ----------
    fit : Fit
    effects : "fixed", "ran_pars", "ran_vals", "ran_coefs", or several
        Common effects; standard deviations and correlations of group effects with the family's parameters; group
        effects; coefficients of each level.
    level : float, default 0.95
        Probability inside the intervals.
    kind : {"eti", "hdi"}

    Returns
    -------
    DataFrame
        Of the kind of frame that the model was given: ``effect``, ``component`` (``"cond"`` for the mean, else the
        parameter), ``group``, ``level`` (where levels are asked for), ``term`` (``sd__Days``, ``cor__Intercept.Days``,
        ``sd__Observation``; ``log_sd__z`` of ``sd(g) ~ z``), ``estimate`` (posterior mean), ``std.error`` (posterior
        sd), ``conf.low``, ``conf.high``; scales as in :func:`hierlm.summary`.

    Raises
    ------
    PosteriorError
        For unknown effects.

    References
    ----------
    Bolker & Robinson, broom.mixed: Tidying Methods for Mixed Models (the names of the columns).

    Examples
    --------
    >>> import hierlm as hl
    >>> fit = hl.load("sleep.zarr")  # doctest: +SKIP
    >>> hl.tidy(fit)[["effect", "term", "estimate"]]  # doctest: +SKIP
    """
    wanted = [effects] if isinstance(effects, str) else list(effects)
    for name in wanted:
        if name not in EFFECTS:
            raise PosteriorError(f"There are no effects {name!r}.", hint=did_you_mean(str(name), EFFECTS))
    return given_back(fit.model, tidy_rows(fit, wanted, level, kind))


def tidy_rows(fit: Fit, wanted: Sequence[str], level: float, kind: str) -> pd.DataFrame:
    """The same, always as a pandas frame."""
    check_interval(level, kind)
    rows = [r for r in _parameters(fit) if r.effect in wanted]
    parts = []
    if rows:
        head = [(r.effect, r.component, r.group, r.term) for r in rows]
        numbers = describe(np.stack([r.values for r in rows], axis=1), level, kind)
        frame = pd.DataFrame(head, columns=["effect", "component", "group", "term"]).assign(**numbers)
        parts.append(frame)
    for effect, question in (("ran_vals", ranef), ("ran_coefs", coef)):
        if effect in wanted and fit.model.groups:
            found = pd.DataFrame(question(fit, level=level, kind=kind))  # type: ignore[arg-type]
            found = found.rename(columns={"effect": "term"})
            parts.append(found.assign(effect=effect, component=CONDITIONAL))
    if not parts:
        raise PosteriorError("The model has none of these effects.", hint="effects='fixed' are always there.")
    frame = pd.concat(parts, ignore_index=True).rename(columns=RENAMED)
    order = ["effect", "component", "group", "level", "term", *RENAMED.values()]
    return frame[[c for c in order if c in frame]]


def _parameters(fit: Fit) -> Iterator[_Row]:
    """Common effects, standard deviations and correlations, and what the family adds."""
    model = fit.model
    common = {names.common(p.parameter): p.parameter for p in model.predictors}
    owners = {make(g): g for g in model.batches for make in (names.sd, names.cor)}
    scales = {names.scale(g): g for g in model.scales}
    for e in elements(fit):
        inside = [name[len(e.variable) :][1:-1] for name in e.names]
        for label, values in zip(inside, flat(e.values).T, strict=True):
            if e.variable in common:
                parameter = common[e.variable]
                component = CONDITIONAL if parameter == names.MEAN else parameter
                yield _Row("fixed", component, None, label, values)
            elif e.variable in owners:
                group = owners[e.variable]
                what = "cor" if e.variable == names.cor(group) else "sd"
                yield _Row("ran_pars", CONDITIONAL, group, f"{what}__{label.replace(', ', '.')}".rstrip("_"), values)
            elif e.variable in scales:
                yield _Row("ran_pars", CONDITIONAL, scales[e.variable], f"log_sd__{label}", values)
            else:
                term = "sd__Observation" if e.variable == "sigma" else e.variable
                yield _Row("ran_pars", CONDITIONAL, RESIDUAL, f"{term}.{label}" if label else term, values)
