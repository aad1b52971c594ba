"""Bars: rows to levels as integer codes (never a row × level matrix), and the columns of the left side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hierlm import names
from hierlm.design.common import Terms, columns_of
from hierlm.design.evaluate import Evaluator
from hierlm.design.factor import Factor
from hierlm.design.levels import Cell, cells, check_levels
from hierlm.design.memberships import member_levels, members_of
from hierlm.design.populations import home_of, population, spread
from hierlm.design.positions import (
    Places,
    coordinates,
    fit_places,
    later_occasions,
    occasions,
    place_labels,
    stem,
)
from hierlm.design.processes import fit_slots, new_slots
from hierlm.design.rank import warn_rank, warn_scales
from hierlm.design.values import Groups, Ints, Members
from hierlm.errors import DataError, FormulaError, did_you_mean
from hierlm.formula.values import Bar

__all__ = ["GroupCoding", "fit_groups"]


@dataclass(frozen=True, eq=False)
class GroupCoding:
    """What a bar learnt from the training data.

    Parameters
    ----------
    bar : Bar
    terms : Terms
        Of its left side.
    levels : tuple of str
        Labels of the levels.
    place : mapping of tuple of str to int
        The factors' levels in a cell → position of the cell in ``levels``.
    effects : tuple of str
    row_codes : (n,) int array or None
        Of a grouping by ``units``, whose levels are the rows of the training data: row → level.
    example : Groups
        The bar on the training data, for what does not change with the rows.
    places : Places or None
        Where the effects are places.
    closed : bool
        Whether there can be no further levels, since how they are related is known of these only.
    """

    bar: Bar
    terms: Terms
    levels: tuple[str, ...]
    place: Mapping[Cell, int]
    effects: tuple[str, ...]
    row_codes: Ints | None
    example: Groups
    places: Places | None = None
    closed: bool = False

    def apply(self, on: Evaluator, *, known_rows: bool, skip: bool) -> Groups:
        """The bar on new data.

        Parameters
        ----------
        known_rows : bool
            Whether the rows are those of the training data, so that ``units`` know them; other rows are new units.
        skip : bool
            Leave the grouping out: no level and zero columns, so that it adds nothing.
        """
        n = on.table.n
        if skip:
            columns = replace(self.example, Z=_frozen(np.zeros((n, len(self.effects)))))
            blank = np.full(n, -1, dtype=np.int64)
            return self._groups(columns, _frozen(blank), (), _frozen(blank.copy()), members=None)
        columns = self._columns(on)
        if self.row_codes is not None:
            if known_rows:
                return self._groups(columns, self.row_codes)
            rows = np.arange(n, dtype=np.int64)
            new = tuple(f"new row {i}" for i in range(n))
            blank = np.full(n, -1, dtype=np.int64)
            return self._groups(columns, _frozen(blank), new, _frozen(rows))
        if self.bar.multiple:
            members, others = members_of(self.bar, on.table, {cell[0]: i for cell, i in self.place.items()})
            self._check_closed(others)
            first = _frozen(members.codes[:, 0].copy())
            return self._groups(columns, first, others, _frozen(members.unseen[:, 0].copy()), members=members)
        codes, found = cells(on.table, self.bar.factors)
        places = np.array([self.place.get(cell, -1) for cell in found], dtype=np.int64)
        unseen = np.flatnonzero(places < 0)
        order = np.full(len(found), -1, dtype=np.int64)
        order[unseen] = np.arange(len(unseen))
        labels = tuple(names.cell_label(found[i]) for i in unseen)
        self._check_closed(labels)
        unseen_codes = _frozen(order[codes]) if len(unseen) else None
        made = self._groups(columns, _frozen(places[codes]), labels, unseen_codes)
        if self.bar.process is not None:
            slots = new_slots(self, on, places[codes], codes, known_rows=known_rows)
            return replace(made, Z=slots.Z, effects=slots.effects, positions=slots.positions)
        if self.bar.by is not None:
            self._check_home(made, population(self.bar.by, on), on)
        return made

    def _groups(
        self,
        columns: Groups,
        codes: Ints,
        unseen: tuple[str, ...] = (),
        unseen_codes: Ints | None = None,
        members: Members | None = None,
    ) -> Groups:
        return replace(columns, codes=codes, unseen=unseen, unseen_codes=unseen_codes, members=members)

    def _columns(self, on: Evaluator) -> Groups:
        """The example with the left side's columns of new rows; places that training did not have are further ones."""
        bar, example, further = self.bar, self.example, replace(on, further=True)
        if bar.process is not None:  # its places depend on the levels
            return replace(example, Z=np.zeros((on.table.n, 0)))
        if self.places is not None:
            found = coordinates(bar, self.terms, further)
            at = self.places.beyond(found, lambda new: place_labels(stem(bar, self.terms), new))
            return replace(example, Z=at.columns(found), effects=at.labels, positions=at.positions)
        if bar.needs == "occasions" and example.occasions is not None:
            factor = further.value(self.terms.atoms[0])
            if isinstance(factor, Factor) and len(factor.levels) > len(example.occasions):
                positions = later_occasions(bar, factor, example.occasions)
                Z, effects = factor.columns(full=True)
                return replace(example, Z=_frozen(Z), effects=effects, occasions=factor.levels, positions=positions)
        Z, effects = columns_of(self.terms, on)
        return replace(example, Z=Z if bar.by is None else spread(Z, effects, population(bar.by, on))[0])

    def _check_closed(self, labels: Sequence[str]) -> None:
        """Refuse levels whose relation to the others is not known."""
        if self.closed and labels:
            raise DataError(
                f"{self.bar.across!r} does not say how {labels[0]!r} is related to the levels of {self.bar.group!r}.",
                column=self.bar.factors[0],
                hint=f"{did_you_mean(labels[0], self.levels)} Fit with a {self.bar.across!r} that has it.",
            )

    def _check_home(self, made: Groups, factor: Factor, on: Evaluator) -> None:
        """Refuse a known level in another sub-population than in training."""
        assert made.home is not None
        known = made.codes >= 0
        moved = known & (made.home[np.where(known, made.codes, 0)] != factor.codes)
        if moved.any():
            raise DataError(
                f"A level of {self.bar.group!r} is in another level of {factor.name!r} than when the model was fitted",
                column=factor.name,
                rows=on.table.rows[moved].tolist(),
                hint="Its effects were learnt there; give it another label to draw new ones.",
            )


def fit_groups(
    bar: Bar, terms: Terms, on: Evaluator, related: Mapping[str, Sequence[str]] | None = None
) -> tuple[Groups, GroupCoding]:
    """A bar on the training data.

    Parameters
    ----------
    terms : Terms
        Of the bar's left side.
    related : mapping of str to sequence of str, optional
        Name → the labels of the levels whose relation it gives; all of them become levels.

    Raises
    ------
    FormulaError
        When its left side has no column.
    DataError
        For a grouping with one level, or by fractional numbers; for levels whose relation is not known.

    Warns
    -----
    DataWarning
        Linearly dependent columns; text that looks like measurements.
    """
    places, populations, home, members = None, None, None, None
    if bar.process is not None:
        places, Z = fit_slots(bar, on, *cells(on.table, bar.factors))
        effects = places.labels
    elif bar.needs == "coordinates":
        places, Z = fit_places(bar, terms, on)
        effects = places.labels
    else:
        Z, effects = columns_of(terms, on)
        if not effects:
            raise FormulaError(
                "A group term needs an effect.", text=bar.text, stop=len(bar.text), hint="Write (1 | g)."
            )
        warn_rank(Z, effects, f"In ({bar.effects} | {bar.group})")
        warn_scales(Z, effects)
    if bar.multiple:
        found: list[Cell] = [(level,) for level in member_levels(bar, on.table)]
        members, _ = members_of(bar, on.table, {cell[0]: i for i, cell in enumerate(found)})
        codes = members.codes[:, 0].copy()
    else:
        codes, found = cells(on.table, bar.factors)
    found += _relatives(bar, found, related or {})
    levels = tuple(names.cell_label(cell) for cell in found)
    check_levels(bar, on.table, levels)
    if bar.by is not None:
        factor = population(bar.by, on)
        home = home_of(codes, levels, factor, bar.group, on.table.rows)
        Z, effects, populations = spread(Z, effects, factor)
    groups = Groups(
        bar,
        _frozen(codes),
        levels,
        Z,
        effects,
        stem=stem(bar, terms) if bar.process is None else bar.process.stem,
        occasions=None if places is not None else occasions(bar, terms, on),
        positions=None if places is None else places.positions,
        populations=populations,
        home=home,
        members=members,
    )
    by_row = names.UNITS in bar.factors and names.UNITS not in on.table.columns
    place = {} if by_row else {cell: i for i, cell in enumerate(found)}
    return groups, GroupCoding(
        bar, terms, levels, place, effects, codes if by_row else None, groups, places, bar.across is not None
    )


def _relatives(bar: Bar, found: Sequence[Cell], related: Mapping[str, Sequence[str]]) -> list[Cell]:
    """The levels that the data lack and the relation has."""
    if bar.across is None:
        return []
    if len(bar.factors) > 1 and not bar.multiple:
        raise FormulaError(
            f"{bar.across!r} relates the levels of one column, not cells.",
            text=bar.text,
            stop=len(bar.text),
            hint=f"Write known(1 | animal, {bar.across}).",
        )
    labels = related[bar.across]
    known = set(labels)
    lost = [cell[0] for cell in found if cell[0] not in known]
    if lost:
        shown = ", ".join(map(repr, lost[:5])) + (", …" if len(lost) > 5 else "")
        raise DataError(
            f"{bar.across!r} lacks {len(lost)} level{'s' if len(lost) > 1 else ''} of {bar.group!r}: {shown}.",
            column=bar.factors[0],
            hint=f"{did_you_mean(lost[0], labels)} Levels are matched by their labels.",
        )
    present = {cell[0] for cell in found}
    return [(label,) for label in labels if label not in present]


def _frozen[T: np.generic](values: NDArray[T]) -> NDArray[T]:
    values.setflags(write=False)
    return values
