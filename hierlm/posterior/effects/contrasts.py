"""Weights of contrasts between the rows of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import PredictionError, did_you_mean
from hierlm.posterior.effects.answer import DIRECTION, Effects
from hierlm.posterior.intervals import describe

__all__ = ["Contrasts", "check_means", "contrast_weights"]

Floats = NDArray[np.float64]
Named = list[tuple[str, Floats]]


def _pairwise(levels: Sequence[str], sign: str) -> Named:
    return [
        (f"{levels[j]} {sign} {levels[i]}", _pair(len(levels), i, j)) for i, j in combinations(range(len(levels)), 2)
    ]


def _reference(levels: Sequence[str], sign: str) -> Named:
    return [(f"{levels[j]} {sign} {levels[0]}", _pair(len(levels), 0, j)) for j in range(1, len(levels))]


def _sequential(levels: Sequence[str], sign: str) -> Named:
    return [(f"{levels[j]} {sign} {levels[j - 1]}", _pair(len(levels), j - 1, j)) for j in range(1, len(levels))]


def _pair(size: int, lo: int, hi: int) -> Floats:
    weights = np.zeros(size)
    weights[hi], weights[lo] = 1.0, -1.0
    return weights


def _polynomial(levels: Sequence[str], _: str) -> Named:
    """Orthonormal polynomials over 1, 2, …, the highest power positive (R's ``contr.poly``)."""
    k = len(levels)
    x = np.arange(k) - (k - 1) / 2
    Q, R = np.linalg.qr(np.vander(x, k, increasing=True))
    Q = Q * np.sign(np.diag(R))
    words = ("linear", "quadratic", "cubic")
    return [(words[d - 1] if d <= 3 else f"power {d}", Q[:, d]) for d in range(1, min(k, 6))]


METHODS: Mapping[str, Callable[[Sequence[str], str], Named]] = {
    "pairwise": _pairwise,
    "reference": _reference,
    "sequential": _sequential,
    "polynomial": _polynomial,
}


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Weights (contrasts, rows of the answer) and what each is called."""

    labels: dict[str, list[Any]]
    weights: Floats

    def answer(self, means: Effects, drawn: Floats, quantity: str, null: float | None) -> Effects:
        """The answer whose draws (S, contrasts) these are."""
        described = describe(drawn, means.level, means.kind)
        if null is not None:
            described[DIRECTION] = np.maximum((drawn > null).mean(axis=0), (drawn < null).mean(axis=0))
        table = pd.DataFrame({**self.labels, **described})
        table.attrs = dict(means.table.attrs)
        coords = {dim: means.draws[dim].to_numpy() for dim in ("chain", "draw")}
        draws = xr.DataArray(
            drawn.reshape(means.draws.sizes["chain"], means.draws.sizes["draw"], -1),
            dims=("chain", "draw", "effect"),
            coords={**coords, **{name: ("effect", column) for name, column in self.labels.items()}},
            name=quantity,
        )
        return replace(means, table=table, draws=draws, quantity=quantity, null=null)


def contrast_weights(
    means: Effects,
    method: str | Mapping[str, Any],
    of: str | None,
    by: str | Sequence[str] | None,
    interaction: bool,
    *,
    two: bool,
    sign: str = "−",
) -> Contrasts:
    """The contrasts asked for.

    Parameters
    ----------
    two : bool
        Whether each must compare two levels.
    sign : str
        What stands between two levels, in words.

    Raises
    ------
    PredictionError
    """
    levels = {name: list(dict.fromkeys(means.table[name])) for name in means.labels}
    if not levels or any(name in ("variable", "contrast", "row") for name in levels):
        raise PredictionError(
            "Contrasts are taken of means by factors.", hint="Start from marginal_means(fit, …) or predictions(by=…)."
        )
    _check_complete(means, levels)
    inner, outer = _split(levels, of, by, interaction)
    each = [_named(method, levels[name], name, sign) for name in inner]
    rows, weights = [], []
    for place in product(*(levels[name] for name in outer)):
        for chosen in product(*each):
            rows.append((" × ".join(name for name, _ in chosen), *place))
            weights.append(_spread(means, inner, outer, [w for _, w in chosen], place, levels))
    found = np.array(weights)
    if two and not (np.isin(found, (-1.0, 0.0, 1.0)).all() and (np.abs(found).sum(axis=1) == 2).all()):
        raise PredictionError(
            "Only differences can be taken of contrasts that weigh more than two means.", hint="measure='difference'."
        )
    columns = list(zip(*rows, strict=True))
    names = ["contrast", *outer]
    return Contrasts({name: list(column) for name, column in zip(names, columns, strict=True)}, found)


def _check_complete(means: Effects, levels: Mapping[str, Sequence[Any]]) -> None:
    """Refuse means of which some are missing: weights would not add up to zero."""
    present = set(means.table[list(levels)].itertuples(index=False, name=None))
    absent = [place for place in product(*levels.values()) if place not in present]
    if absent:
        raise PredictionError(
            f"The data have no rows at {', '.join(f'{n} = {v}' for n, v in zip(levels, absent[0], strict=True))}, so "
            "the means cannot all be compared.",
            hint="marginal_means(fit, …) has all cells; or average by one factor only.",
        )


def check_means(means: object) -> None:
    """Refuse what is no answer about effects.

    Raises
    ------
    PredictionError
    """
    if not isinstance(means, Effects):
        raise PredictionError(
            f"Contrasts are taken of means by factors, not of a {type(means).__name__}.",
            hint="Write hl.contrasts(fit.marginal_means('f')).",
        )


def _split(
    levels: Mapping[str, Sequence[Any]], of: str | None, by: str | Sequence[str] | None, interaction: bool
) -> tuple[list[str], list[str]]:
    outer = [] if by is None else [by] if isinstance(by, str) else list(by)
    for name in (*outer, *([of] if of is not None else [])):
        if name not in levels:
            raise PredictionError(f"The means have no factor {name!r}.", hint=did_you_mean(str(name), levels))
    rest = [name for name in levels if name not in outer]
    if interaction:
        if len(rest) < 2:
            raise PredictionError(
                "An interaction needs two factors.", hint="Ask means of both: marginal_means(fit, [a, b])."
            )
        return rest, outer
    if of is None and len(rest) > 1:
        raise PredictionError(
            f"The means are by {', '.join(levels)}.",
            hint=f"Say which to contrast: of={rest[0]!r}, or interaction=True.",
        )
    inner = [rest[0] if of is None else of]
    return inner, [name for name in levels if name not in inner]


def _named(method: str | Mapping[str, Any], levels: Sequence[Any], factor: str, sign: str) -> Named:
    texts = [str(level) for level in levels]
    if isinstance(method, Mapping):
        found: Named = []
        for name, given in method.items():
            weights = np.zeros(len(levels))
            if not isinstance(given, Mapping) or not given:
                raise PredictionError(
                    f"The contrast {name!r} has no weights.", hint="Write {'b vs a': {'b': 1, 'a': -1}}."
                )
            for level, weight in given.items():
                if str(level) not in texts:
                    raise PredictionError(f"'{factor}' has no level {level!r}.", hint=did_you_mean(str(level), texts))
                weights[texts.index(str(level))] = float(weight)
            if not np.isclose(weights.sum(), 0.0):
                raise PredictionError(
                    f"The weights of the contrast {name!r} add up to {weights.sum():g}, not to 0.",
                    hint="A contrast compares: what is added is taken away elsewhere.",
                )
            found.append((str(name), weights))
        return found
    if method not in METHODS:
        raise PredictionError(f"method={method!r} is unknown.", hint=did_you_mean(str(method), METHODS))
    if len(levels) < 2:
        raise PredictionError(f"'{factor}' has one level only.", hint="There is nothing to contrast.")
    return METHODS[method](texts, sign)


def _spread(
    means: Effects,
    inner: Sequence[str],
    outer: Sequence[str],
    weights: Sequence[Floats],
    place: tuple[Any, ...],
    levels: Mapping[str, Sequence[Any]],
) -> Floats:
    """Weights of all rows of the answer: products of the factors' weights within one place of the outer factors."""
    table = means.table
    inside = np.all([(table[name] == value).to_numpy() for name, value in zip(outer, place, strict=True)], axis=0)
    parts = [w[[list(levels[name]).index(v) for v in table[name]]] for name, w in zip(inner, weights, strict=True)]
    return np.asarray(reduce(np.multiply, parts) * (inside if outer else 1.0))
