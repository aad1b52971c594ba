"""What the effects of a bar are: levels of one factor in order, or places."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hierlm.design.column import labels_of_numbers
from hierlm.design.common import MOST_NUMBERS, Terms
from hierlm.design.evaluate import Evaluator
from hierlm.design.factor import Factor
from hierlm.errors import DataError, FormulaError, warn_data
from hierlm.formula.values import Bar

__all__ = ["Places", "check_order", "coordinates", "fit_places", "later_occasions", "occasions", "place_labels", "stem"]

Floats = NDArray[np.float64]

_NUMBERS = re.compile(r"\d+")

NEAR = 1e-6
"""Steps between occasions that count as rounding."""


def stem(bar: Bar, terms: Terms) -> str:
    """What the left side of a bar names, for the names of what its effects share.

    Examples
    --------
    >>> from hierlm.design.common import read_terms
    >>> stem(Bar("0 + lat + lon", ("g",), needs="coordinates"), read_terms("0 + lat + lon"))
    'lat:lon'
    >>> stem(Bar("0 + f", ("g",)), read_terms("0 + f")), stem(Bar("1 + x", ("g",)), read_terms("1 + x"))
    ('f', '1 + x')
    """
    if bar.needs == "coordinates":
        return ":".join(atom.text for atom in terms.atoms)
    return bar.effects.removeprefix("0 + ")


def occasions(bar: Bar, terms: Terms, on: Evaluator) -> tuple[str, ...] | None:
    """The levels of the factor whose indicators the effects are, in order; None for other left sides.

    Raises
    ------
    DataError
        Where the structure needs them and there are none, or where their order is not known.

    Warns
    -----
    DataWarning
        Where the structure counts occasions that are not equally spaced as neighbours.
    """
    needed = bar.needs in ("order", "occasions")
    single = not terms.intercept and terms.terms == ((0,),)
    value = on.value(terms.atoms[0]) if single else None
    if isinstance(value, Factor):
        if needed and on.learning:
            check_order(bar.structure, value, on, counted=bar.needs != "order")
        return value.levels
    if needed:
        column = terms.atoms[0].blame if terms.atoms else bar.factors[0]
        hint = f"Write {bar.structure}(0 + f | {bar.group}), f a factor."
        if single:
            hint = f"Write {bar.structure}(0 + C({bar.effects.removeprefix('0 + ')}) | {bar.group}) to make it one."
        raise DataError(
            f"{bar.structure}() needs the levels of one factor, in order, and {bar.effects!r} is not that.",
            column=column,
            hint=hint,
        )
    return None


def check_order(structure: str, factor: Factor, on: Evaluator, *, counted: bool) -> None:
    """Text is sorted by its letters, so that "t10" comes before "t2".

    Parameters
    ----------
    counted : bool
        Whether the structure counts levels as one apart.

    Raises
    ------
    DataError

    Warns
    -----
    DataWarning
    """
    column = on.table.columns.get(factor.name)
    natural = sorted(factor.levels, key=lambda level: [int(n) for n in _NUMBERS.findall(level)])
    numbered = all(_NUMBERS.search(level) for level in factor.levels)
    if column is not None and column.kind == "text" and numbered and natural != list(factor.levels):
        raise DataError(
            f"{structure}() takes the levels of {factor.name!r} in their order, which is that of their letters: "
            f"{', '.join(factor.levels[:4])}, ….",
            column=factor.name,
            hint=f"Say their order: pd.Categorical(d[{factor.name!r}], categories=[…], ordered=True).",
        )
    if not counted:
        return
    try:
        gaps = np.diff([float(level) for level in factor.levels])
    except ValueError:
        return
    if not np.allclose(gaps, gaps[0]):
        warn_data(
            f"The levels of {factor.name!r} are not equally spaced ({', '.join(factor.levels[:5])}"
            f"{', …' if len(factor.levels) > 5 else ''}), and {structure}() counts them as neighbours. "
            "car1( ) takes the times themselves."
        )


@dataclass(frozen=True, eq=False)
class Places:
    """The places at which the data were taken: one effect each.

    Parameters
    ----------
    positions : (k, d) array
        Sorted by the first coordinate, then the second, ….
    labels : tuple of k str
        ``"lat:lon[0.5:2]"``.
    """

    positions: Floats
    labels: tuple[str, ...]

    def beyond(self, found: Floats, labels: Callable[[Floats], tuple[str, ...]]) -> Places:
        """These places, and behind them those of new rows that training did not have.

        Parameters
        ----------
        found : (n, d) array
            The place of every new row.
        labels : callable
            What places are called.

        Raises
        ------
        DataError
            When there are more than fit into memory.
        """
        known = {tuple(row) for row in self.positions}
        new = np.array(sorted({tuple(row) for row in found} - known)).reshape(-1, self.positions.shape[1])
        if not len(new):
            return self
        if len(found) * (len(self.positions) + len(new)) > MOST_NUMBERS:
            raise DataError(
                f"{len(new):,} new positions in {len(found):,} rows are more than fit into memory.",
                hint="Predict some of the rows at a time.",
            )
        return Places(np.concatenate([self.positions, new]), (*self.labels, *labels(new)))

    def columns(self, found: Floats) -> Floats:
        """(n, k) indicators of the place of every row, which is one of these."""
        place = {tuple(row): i for i, row in enumerate(self.positions)}
        codes = np.array([place[tuple(row)] for row in found], dtype=np.int64)
        Z = np.zeros((len(codes), len(self.positions)))
        Z[np.arange(len(codes)), codes] = 1.0
        Z.setflags(write=False)
        return Z


def coordinates(bar: Bar, terms: Terms, on: Evaluator) -> Floats:
    """(n, d) coordinates of every row: numeric columns, or one factor whose levels read as numbers, ``"(1,2)"``.

    Raises
    ------
    DataError, FormulaError
    """
    how = f"Write {bar.structure}(time | {bar.group}) or {bar.structure}(lat + lon | {bar.group})."
    if terms.intercept or any(len(term) != 1 for term in terms.terms):
        message = f"{bar.structure}() has coordinates on its left side: numeric columns joined by +."
        raise FormulaError(message, text=bar.text, stop=len(bar.text), hint=how)
    values = [on.value(terms.atoms[k]) for (k,) in terms.terms]
    if len(values) == 1 and isinstance(values[0], Factor):
        return _from_labels(bar, values[0], terms.atoms[0].blame)
    for (k,), value in zip(terms.terms, values, strict=True):
        if isinstance(value, Factor) or value.ndim != 1:
            column = terms.atoms[k].blame
            message = f"A coordinate of {bar.structure}() is a number, and {terms.atoms[k].text!r} is none."
            raise DataError(message, column=column, hint=f"pd.to_numeric(d[{column!r}]). {how}")
    return np.stack([np.asarray(v, dtype=np.float64) for v in values], axis=1) + 0.0  # no −0.0


def _from_labels(bar: Bar, factor: Factor, column: str) -> Floats:
    """Coordinates that are the labels of a factor, as glmmTMB's ``numFactor`` makes them."""
    try:
        rows = [[float(part) for part in level.strip("()[] ").split(",")] for level in factor.levels]
        return np.array(rows, dtype=np.float64)[factor.codes]
    except ValueError:
        raise DataError(
            f"{bar.structure}() needs coordinates, and the levels of {column!r} are not numbers: "
            f"{', '.join(map(repr, factor.levels[:3]))}.",
            column=column,
            hint=f"Name numeric columns: {bar.structure}(lat + lon | {bar.group}).",
        ) from None


def fit_places(bar: Bar, terms: Terms, on: Evaluator) -> tuple[Places, Floats]:
    """The places of the training data, and (n, k) indicators of each row's.

    Raises
    ------
    DataError
        When there is one place only, or more than fit into memory.
    """
    found = coordinates(bar, terms, on)
    positions = np.unique(found, axis=0)
    k, name = len(positions), stem(bar, terms)
    if k < 2:
        column = terms.atoms[0].blame
        hint = "Leave the term out, or check the column."
        raise DataError(f"All rows have the same position {name!r}.", column=column, hint=hint)
    if k * max(k, len(found)) > MOST_NUMBERS:
        raise DataError(
            f"{name!r} has {k:,} positions in {len(found):,} rows, more than fit into memory.",
            column=terms.atoms[0].blame,
            hint="Round the coordinates.",
        )
    positions.setflags(write=False)
    places = Places(positions, place_labels(name, positions))
    return places, places.columns(found)


def place_labels(name: str, positions: Floats) -> tuple[str, ...]:
    """What the effects at places are called.

    Examples
    --------
    >>> place_labels("lat:lon", np.array([[0.5, 2.0]]))
    ('lat:lon[0.5:2]',)
    """
    return tuple(f"{name}[{':'.join(labels_of_numbers(row))}]" for row in positions)


def later_occasions(bar: Bar, factor: Factor, trained: Sequence[str]) -> Floats:
    """Where the levels of a factor lie whose first ones were occasions of the training data, (levels, 1).

    Those were counted 0, 1, …; a further level is that many steps from the first, which only numbers tell.

    Raises
    ------
    DataError
        Where it is not known where a further level lies.
    """
    count = np.arange(len(trained), dtype=np.float64)
    further = factor.levels[len(trained) :]
    try:
        values = np.array([float(level) for level in factor.levels])
        gap = (values[len(trained) - 1] - values[0]) / (len(trained) - 1)
        places = (values - values[0]) / gap
        lost = [level for level, p in zip(further, places[len(trained) :], strict=True) if abs(p - round(p)) > NEAR]
        even = np.allclose(places[: len(trained)], count, rtol=0, atol=NEAR)
    except (ValueError, ZeroDivisionError):
        lost, even = list(further), False
    if lost or not even:
        raise DataError(
            f"{bar.structure}() does not know how far {(lost or further)[0]!r} is from the levels of {factor.name!r} "
            f"that the model was fitted with: {', '.join(trained[:5])}{', …' if len(trained) > 5 else ''}.",
            column=factor.name,
            hint="Levels that are numbers, equally spaced, tell that; car1( ) takes times as they are.",
        )
    return np.round(places)[:, None]
