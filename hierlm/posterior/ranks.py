"""ranks: which level is first, and how sure is that?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hierlm.errors import PosteriorError, did_you_mean
from hierlm.posterior.draws import effect_draws, known_group
from hierlm.posterior.intervals import check_interval, interval
from hierlm.posterior.layout import Table, bracket, html_lines, html_page, html_table, number, percent, text_table

if TYPE_CHECKING:
    from hierlm.fit.value import Fit

__all__ = ["Ranks", "ranks"]

Floats = NDArray[np.float64]
SHOWN = 20


@final
@dataclass(frozen=True, eq=False, repr=False)
class Ranks:
    """The ranks of a grouping's levels.

    Parameters
    ----------
    group, effect : str
    frame : DataFrame
        A row per level, by expected rank: ``level``, ``effect_mean``, ``rank`` (expected), ``lower``, ``upper`` (of the
        rank), ``p_first``, ``p_last``.
    probabilities : DataFrame
        P(level has rank), levels in the order of ``frame`` × ranks 1 … J.
    level : float
    largest_first : bool
    """

    group: str
    effect: str
    frame: pd.DataFrame
    probabilities: pd.DataFrame
    level: float
    largest_first: bool

    def _table(self) -> Table:
        rows = [
            (
                str(r["level"]),
                number(r["effect_mean"]),
                f"{r['rank']:.1f}",
                bracket(r["lower"], r["upper"], 10.0),
                f"{r['p_first']:.2f}",
                f"{r['p_last']:.2f}",
            )
            for _, r in self.frame.head(SHOWN).iterrows()
        ]
        return (self.group, "effect", "expected rank", f"{percent(self.level)} interval", "P(first)", "P(last)"), rows

    def _footer(self) -> list[str]:
        hidden = len(self.frame) - SHOWN
        more = [f"… {hidden:,} more levels in .frame"] if hidden > 0 else []
        return [*more, f"Rank 1: the {'largest' if self.largest_first else 'smallest'} {self.effect} of {self.group}."]

    def __repr__(self) -> str:
        return "\n".join([text_table(*self._table()), *self._footer()])

    def _repr_html_(self) -> str:
        return html_page(html_table(*self._table()), html_lines(self._footer()))


def ranks(
    fit: Fit, group: str | None = None, effect: str | None = None, *, largest_first: bool = True, level: float = 0.95
) -> Ranks:
    """Which level of a grouping has the largest effect, and how sure is that?

    Every draw of the effects is ranked; a level's probability of a rank is the share of draws in which it has that
    rank.  Expected ranks are pulled towards the middle where the data say little, as effects are (Laird & Louis 1989).

    Parameters
    ----------
    fit : Fit
    group : str, optional
        Need not be named where there is one only.
    effect : str, optional
        Need not be named where there is one only, ``"Intercept"`` being taken where there is one.
    largest_first : bool
        Whether rank 1 is the largest effect.
    level : float
        Of the intervals of ranks.

    Returns
    -------
    Ranks

    Raises
    ------
    PosteriorError
        For an unknown grouping or effect, or where one must be named.

    References
    ----------
    Laird & Louis (1989), Journal of Educational Statistics 14:29–46; Goldstein & Spiegelhalter (1996), Journal of the
    Royal Statistical Society A 159:385–443.

    Examples
    --------
    >>> fit.ranks("Subject", "Days").frame.head(3)  # doctest: +SKIP
    """
    check_interval(level, "eti")
    groups = known_group(fit, group)
    if len(groups) != 1:
        hint = f"Name one of: {', '.join(groups)}." if groups else "Only models with group terms have levels to rank."
        raise PosteriorError(
            "The model has several groupings." if groups else "The model has no group terms.", hint=hint
        )
    levels, effects, r = effect_draws(fit, groups[0])
    chosen = _effect(groups[0], effects, effect)
    values = r[:, :, effects.index(chosen)]
    J = len(levels)
    order = np.argsort(-values if largest_first else values, axis=1, kind="stable")
    place = np.empty(order.shape, dtype=np.int64)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(1, J + 1), order.shape), axis=1)
    lower, upper = interval(place.astype(np.float64), level)
    frame = pd.DataFrame(
        {
            "level": levels,
            "effect_mean": values.mean(axis=0),
            "rank": place.mean(axis=0),
            "lower": lower,
            "upper": upper,
            "p_first": (place == 1).mean(axis=0),
            "p_last": (place == J).mean(axis=0),
        }
    )
    by_rank = np.argsort(frame["rank"].to_numpy(), kind="stable")
    shares = np.stack([np.bincount(place[:, j] - 1, minlength=J) / len(place) for j in by_rank])
    probabilities = pd.DataFrame(
        shares, index=pd.Index([levels[j] for j in by_rank], name="level"), columns=range(1, J + 1)
    )
    return Ranks(groups[0], chosen, frame.iloc[by_rank].reset_index(drop=True), probabilities, level, largest_first)


def _effect(group: str, effects: tuple[str, ...], effect: str | None) -> str:
    if effect is None:
        if len(effects) == 1 or "Intercept" in effects:
            return effects[0] if len(effects) == 1 else "Intercept"
        raise PosteriorError(f"'{group}' has several effects.", hint=f"Name one of: {', '.join(effects)}.")
    if effect not in effects:
        raise PosteriorError(f"'{group}' has no effect '{effect}'.", hint=did_you_mean(str(effect), effects))
    return effect
