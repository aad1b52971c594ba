"""What update_group answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm import names
from hierlm.errors import PredictionError, did_you_mean, show_rows
from hierlm.model import Model
from hierlm.posterior.correlated import standard
from hierlm.posterior.estimates import Estimates
from hierlm.posterior.intervals import check_interval
from hierlm.posterior.known_errors import Known, alike, check_apart
from hierlm.posterior.layout import html_lines, html_page
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import Draws, Rows, at_rows, chunks
from hierlm.posterior.options import check_finite, checked_seed, labelled_draws
from hierlm.posterior.prediction import Prediction, frame_of
from hierlm.posterior.response import drawn_response, expected_response, linear_of
from hierlm.posterior.rowwise import shifted

__all__ = ["UpdatedGroup"]

Floats = NDArray[np.float64]
KINDS = ("mean", "linear", "response")


@final
@dataclass(frozen=True, eq=False, repr=False)
class UpdatedGroup:
    """What a fit says about a level that it has not seen, after some of its rows.

    Parameters
    ----------
    group, level : str
    effects : Estimates
        ``group``, ``level``, ``effect``, ``mean``, ``sd``, ``lower``, ``upper``, on the link scale; those of nested
        groupings too.
    khat : float
        Pareto k̂ of the importance weights p(y_new | draw); above ``good_k`` fit the model again with the new rows.
    good_k : float
    ess : float
        Draws that the weights are worth.
    posterior : Dataset
        Draws of everything else given the old and the new data, equally weighted.
    model : Model
    given : mapping of (grouping, level) to (S, effects) array
        Draws of the effects that belong to them.
    observed : tuple of rows and (n,) array, or None
        The new rows and their response, where residuals are correlated.
    """

    group: str
    level: str
    effects: Estimates
    khat: float
    good_k: float
    ess: float
    posterior: xr.Dataset
    model: Model
    given: Mapping[tuple[str, str], Floats] = field(default_factory=dict)
    observed: tuple[Rows, Floats] | None = None

    @property
    def ok(self) -> bool:
        """Whether the weights are reliable."""
        return bool(self.khat <= self.good_k)

    def predict(
        self,
        new: Any,
        *,
        kind: Literal["mean", "linear", "response"] = "mean",
        response: str | None = None,
        level: float = 0.95,
        seed: int | None = None,
    ) -> Prediction:
        """Predictions for rows of the new level, or of any other.

        With correlated residuals new observations of the new level are drawn given the residuals of its rows, and those
        of levels of the data are refused.

        Parameters
        ----------
        new : data frame
        kind : {"mean", "linear", "response"}
            E[y], η of the mean, or new observations.
        response : str, optional
            Which one, in a model of several.
        level : float
            Of the intervals.
        seed : int, optional
            Of new observations, and of further new levels.

        Returns
        -------
        Prediction

        Raises
        ------
        PredictionError, PosteriorError
        """
        if kind not in KINDS:
            raise PredictionError(f"kind={kind!r} is unknown.", hint=did_you_mean(str(kind), KINDS))
        check_interval(level, "eti")
        known = {r.name: r for r in self.model.responses}
        name = next(iter(known)) if response is None and len(known) == 1 else response
        if name not in known:
            raise PredictionError(f"Name a response, not {response!r}.", hint=f"One of: {', '.join(known)}.")
        chosen = known[name]
        if chosen.categories:
            raise PredictionError(
                f"'{name}' has categories.", hint="Fit the model again with the new rows, and predict."
            )
        draws, root = Draws(self.model, self.posterior), checked_seed(seed)
        rows = at_rows(self.model, new, positions=kind == "response", forecasts=True)
        effects = NewLevels(self.model, draws, root, zero=False, given=self.given)
        noise, kept = np.random.default_rng(np.random.SeedSequence([root])), tuple(self.model.groups)
        out = np.empty((draws.size, rows.n))
        if kind == "response" and self.observed is not None:
            before, rows = _observed(self.model, draws, self.observed, rows, effects)
            out = before.drawn(standard(rows, draws, chosen, kept, effects), noise)
        for at in chunks(draws.size, rows.n) if kind != "response" or self.observed is None else ():
            if kind == "linear":
                out[:, at] = linear_of(rows, draws, chosen, at, kept, effects, names.MEAN)[names.MEAN]
            elif kind == "mean":
                out[:, at] = expected_response(rows, draws, chosen, at, kept, effects)
            else:
                out[:, at] = drawn_response(rows, draws, chosen, at, kept, effects, noise)
        check_finite(out, rows)
        quantity = {"mean": f"E[{name}]", "linear": f"Linear predictor of {name}", "response": f"New {name}"}[kind]
        return Prediction(
            frame_of(out, rows, level), labelled_draws(out, draws, rows, quantity), quantity, level, {}, "draw"
        )

    def _footer(self) -> str:
        verdict = "reliable" if self.ok else "not reliable: fit the model again with the new rows"
        k = "exact" if np.isneginf(self.khat) else f"k̂ = {self.khat:.2f} (good up to {self.good_k:.2f})"
        return f"Weights of the draws given the new rows: {k}, worth {self.ess:,.0f} draws, {verdict}."

    def __repr__(self) -> str:
        return f"{self.group} {self.level}, from its new rows\n{self.effects!r}\n{self._footer()}"

    def _repr_html_(self) -> str:
        return html_page(self.effects._repr_html_(), html_lines([self._footer()]))


def _observed(
    model: Model, draws: Draws, observed: tuple[Rows, Floats], rows: Rows, effects: NewLevels
) -> tuple[Known, Rows]:
    """The new level's rows as what others are predicted from, and these with blocks that are numbered alike.

    Raises
    ------
    PredictionError
        For rows of blocks that the data had.
    """
    (response,), (before, y), kept = model.responses, observed, tuple(model.groups)
    assert model.residual is not None
    assert rows.correlated is not None
    assert before.correlated is not None
    old = rows.correlated.codes < len(model.residual.levels)
    if old.any():
        raise PredictionError(
            f"New data: blocks of {model.residual.label} that the fit has seen {show_rows(rows.index[old].tolist())}.",
            hint="Their new observations depend on the data: ask fit.predict().",
        )
    known, later = alike(before.correlated, rows.correlated)
    rows = shifted(replace(rows, correlated=later), known)
    assert rows.correlated is not None
    check_apart(known, rows.correlated, rows.index, hint="Leave them out.")
    return Known(standard(replace(before, correlated=known), draws, response, kept, effects), y), rows
