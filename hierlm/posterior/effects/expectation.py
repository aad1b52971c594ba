"""Expectations of rows for a target, on the scale of the outcome or of the link: what all effects are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.table import Table
from hierlm.errors import PredictionError
from hierlm.fit import Fit
from hierlm.graph.evaluate import kept
from hierlm.model.values import ModelResponse
from hierlm.posterior.effects.population import (
    Integral,
    chosen_rule,
    integrated,
    of_strangers,
    shifted_parameters,
    spread,
)
from hierlm.posterior.effects.scenarios import completed
from hierlm.posterior.effects.targets import Targets, is_units
from hierlm.posterior.levels import NewLevels
from hierlm.posterior.linear import At, Draws, Rows, at_rows, chunks
from hierlm.posterior.response import additions, linear_of, mean_at
from hierlm.posterior.variance import mean_is_linear

__all__ = ["Asked", "Expectation"]

Floats = NDArray[np.float64]

LARGEST = 1e100
"""Of an expectation: beyond, its variance is not a finite number."""
FITTED = "fitted"
"""The covariate of a variance function of the fitted mean."""
TRIED_DRAWS, TRIED_ROWS = 40, 50
"""On which rules of integration are compared."""


@final
class Expectation:
    """E[y] (or η) of any rows, draw by draw.

    Parameters
    ----------
    fit : Fit
    draws : Draws
    response : ModelResponse
    targets : Targets
    parameter : str or None
        Whose linear predictor, on the link scale; None for the response scale.
    seed : int
        Of scattered points.
    """

    def __init__(
        self, fit: Fit, draws: Draws, response: ModelResponse, targets: Targets, parameter: str | None, seed: int
    ) -> None:
        self.fit, self.draws, self.response, self.targets = fit, draws, response, targets
        self.parameter, self.seed = parameter, seed
        self.linear = parameter is not None or mean_is_linear(fit, response)
        self.integral: Integral | None = None
        self._compute = kept()
        self._effects = NewLevels(fit.model, draws, 0, zero=True)

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of the columns of an answer about categories; empty where it is one number a row."""
        return self.response.categories if self.parameter is None else ()

    @property
    def size(self) -> int:
        """How many numbers a row has."""
        return max(1, len(self.categories))

    @property
    def entering(self) -> tuple[str, ...]:
        """The parameters whose formulas it depends on."""
        if self.parameter is not None:
            return (self.parameter, *([names.MEAN] if self._fitted else ()))
        return (names.MEAN,) if self.linear else tuple(self.response.links)

    @property
    def _fitted(self) -> bool:
        """Whether it depends on a variance function of the fitted mean, which group effects enter by another way."""
        asked = [self.parameter] if self.parameter is not None else [] if self.linear else list(self.response.links)
        own = [p for p in self.fit.model.predictors if p.response == self.response.name and p.parameter in asked]
        return any(part.covariate == FITTED and part.v is None for p in own for part in p.variances)

    @property
    def quantity(self) -> str:
        """What it is, in words."""
        name = self.response.name
        if self.parameter is not None:
            of = "" if self.parameter == names.MEAN else f"{self.parameter} of "
            return f"linear predictor of {of}{name}, {self.response.links[self.parameter].name} scale"
        if self.categories:
            return f"probabilities of the categories of {name}"
        if "trials" in self.response.additions:
            return f"expected share E[{name}]/trials"
        if self.response.success is not None:
            return f"probability of {name} = {self.response.success}"
        return f"expected response E[{name}]"

    @property
    def numerics(self) -> tuple[str, ...]:
        """How groups were averaged over, in words."""
        groups = self.targets.of("population")
        if self.linear:
            same = "Linear in the effects, whose mean is zero: the population's average is the typical level's"
            return (same,) if groups else ()
        if self.integral is None:
            return ()
        return tuple(filter(None, (of_strangers(self.fit.model, groups), self.integral.words)))

    def rows(self, table: Table | None) -> Asked:
        """A table, or the data, ready to be asked about.

        Raises
        ------
        PredictionError
            When it lacks what the target needs.
        """
        model, targets = self.fit.model, self.targets
        averaged = () if self.linear and not self._fitted else targets.of("population")
        if table is None and any(group in model.scales for group in averaged):
            table = model.data
        if table is not None:
            for group in targets.of("given"):
                if is_units(model, group):
                    targets = targets.replaced(group, "population")
            averaged = () if self.linear and not self._fitted else targets.of("population")
            table = completed(model, table, targets.of("given"), averaged)
        rows = at_rows(model, table, kept=(*targets.of("given"), *averaged), strangers=averaged)
        if self._fitted and shifted_parameters(rows, self.response.name, averaged):
            raise PredictionError(
                f"The {self.quantity} depends on a variance function of the fitted mean, so it is not known how to "
                f"average it over the population of {', '.join(averaged)}.",
                hint="Ask target='typical' or target='given'.",
            )
        _check_levels(rows, targets.of("given"))
        self.targets = targets
        return Asked(rows, targets)

    def chunks(self, asked: Asked) -> Iterator[slice]:
        """Slices of rows that fit in memory together with the draws."""
        wide = 1 if not self._shifted(asked) else 4
        return chunks(self.draws.size * self.size * wide, asked.rows.n)

    def values(self, asked: Asked, at: At) -> Floats:
        """The expectation of the rows of ``at``, shape (S, rows, K).

        Raises
        ------
        PredictionError
            Where a value is out of range or not finite.
        """
        found = self._at(asked, at, self.draws, self._effects)
        _check(found, asked.rows, at)
        return found if found.ndim == 3 else found[..., None]

    def _at(self, asked: Asked, at: At, draws: Draws, effects: NewLevels) -> Floats:
        rows, given = asked.rows, asked.targets.of("given")
        if self.parameter is not None:
            return linear_of(rows, draws, self.response, at, given, effects, self.parameter)[self.parameter]
        etas = linear_of(rows, draws, self.response, at, given, effects)
        mean = partial(self._mean, rows, draws, at)
        shifted = self._shifted(asked)
        if not shifted:
            return mean(etas)
        A = spread(rows, effects, self.response.name, shifted, asked.targets.of("population"), at)
        if self.integral is None:
            self.prepare([asked])
        assert self.integral is not None
        with _population():
            return integrated(mean, etas, shifted, A, self.integral.rule)

    def _mean(self, rows: Rows, draws: Draws, at: At, etas: dict[str, Floats]) -> Floats:
        mean = mean_at(rows, draws, self.response, at, etas, self._compute)
        trials = additions(rows, self.response, at).get("trials")
        return mean if trials is None else mean / trials

    def _shifted(self, asked: Asked) -> tuple[str, ...]:
        if self.linear:  # the effects' mean is zero
            return ()
        return shifted_parameters(asked.rows, self.response.name, asked.targets.of("population"))

    def prepare(self, several: Sequence[Asked]) -> None:
        """Choose one rule of integration for all rows that are compared: the finest that any of them needs."""
        found = [self._integral(asked) for asked in several if self._shifted(asked)]
        if found:
            finest = max(found, key=lambda integral: len(integral.rule.nodes))
            self.integral = replace(finest, error=max(i.error for i in found))

    def _integral(self, asked: Asked) -> Integral:
        few = self.draws.thinned(TRIED_DRAWS)
        effects = NewLevels(self.fit.model, few, 0, zero=True)
        some = np.unique(np.linspace(0, asked.rows.n - 1, TRIED_ROWS).astype(np.int64))
        shifted = self._shifted(asked)
        etas = linear_of(asked.rows, few, self.response, some, asked.targets.of("given"), effects)
        A = spread(asked.rows, effects, self.response.name, shifted, asked.targets.of("population"), some)
        mean = partial(self._mean, asked.rows, few, some)
        with _population():
            return chosen_rule(lambda rule: integrated(mean, etas, shifted, A, rule), len(shifted), self.seed)


@contextmanager
def _population() -> Iterator[None]:
    """Errors that say what was being averaged."""
    try:
        yield
    except PredictionError as problem:
        raise PredictionError(
            f"Averaged over the population of groups: {problem.message}",
            hint="Effects of every size count there; target='typical' or 'given' asks less.",
        ) from problem


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows with the targets that hold for them."""

    rows: Rows
    targets: Targets


def _check_levels(rows: Rows, given: tuple[str, ...]) -> None:
    for block in rows.blocks:
        unseen: tuple[str, ...] = block.pieces[0].source.unseen if block.group in given else ()
        if unseen:
            shown = ", ".join(unseen[:3]) + (", …" if len(unseen) > 3 else "")
            raise PredictionError(
                f"With target='given' every level of {block.group!r} must be one of the data; new: {shown}.",
                hint="target='population' averages over levels that there could be, target='typical' takes none.",
            )


def _check(found: NDArray[Any], rows: Rows, at: At) -> None:
    fine = np.abs(found) < LARGEST  # neither infinite nor no number
    bad = rows.index[at][~fine.all(axis=(0, *range(2, found.ndim)))]
    if bad.size:
        raise PredictionError(
            f"The expectation is not a finite number for some draws in row{'s' if bad.size > 1 else ''} "
            f"{', '.join(map(str, bad[:5]))}{' …' if bad.size > 5 else ''}.",
            hint="The mean does not exist, or the linear predictor is beyond what the link can map: scale='link'.",
        )
