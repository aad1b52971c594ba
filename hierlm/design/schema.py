"""What training data taught, and the same coding on new data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hierlm.design.checks import complete
from hierlm.design.evaluate import Evaluator, Extra
from hierlm.design.groups import GroupCoding
from hierlm.design.predictor import Key, PredictorPlan
from hierlm.design.residuals import columns_of_residuals, correlated_rows
from hierlm.design.response import ResponsePlan
from hierlm.design.scales import ScaleCoding
from hierlm.design.smooths import SmoothCoding
from hierlm.design.table import Table, available, read_table
from hierlm.design.values import Design, Groups, PredictorDesign
from hierlm.errors import DataError, FormulaError, PredictionError, did_you_mean
from hierlm.formula.values import Formula

__all__ = ["Schema"]


@dataclass(frozen=True, eq=False)
class Schema:
    """What the training data taught: enough to code new data in the same way.

    Parameters
    ----------
    formula : Formula
    table : Table
        The used columns of the training data, incomplete rows left out: with ``formula`` it rebuilds the design,
        ``build(formula, table)``.
    extra : mapping of str to callable
        The user's own functions.
    fitted : mapping
        What transforms and factors learnt, by their text.
    notes : tuple of str
        What was done to the data without a warning, e.g. unused levels dropped.
    smooths : mapping
        What the smooths of every predictor learnt: knots, constraints and scales.
    scales : mapping
        What the formulas for standard deviations of groupings learnt.
    """

    formula: Formula
    table: Table
    extra: Extra
    fitted: Mapping[str, Any]
    responses: tuple[ResponsePlan, ...]
    predictors: tuple[PredictorPlan, ...]
    codings: Mapping[Key, tuple[GroupCoding, ...]]
    notes: tuple[str, ...] = ()
    smooths: Mapping[Key, tuple[SmoothCoding, ...]] = field(default_factory=dict)
    scales: Mapping[str, ScaleCoding] = field(default_factory=dict)

    def apply(
        self,
        new_data: Any,
        *,
        new_levels_ok: bool = True,
        need_response: bool = False,
        skip_groups: Collection[str] = (),
        need_positions: bool = False,
        strangers: Collection[str] = (),
    ) -> Design:
        """The design of new data, coded as in training: same columns, same level order, same transforms.

        Columns are found by name; the order of rows, columns and categories does not matter, and a row's values do
        not depend on the other rows.  A row of new data is a new unit of ``(1 | units)``, unless the new data are
        the training data.

        Parameters
        ----------
        new_data : frame
            With every column that the formula uses, but for the response (``need_response=False``) and its weights.
        new_levels_ok : bool
            Whether groups may have levels that training did not have; they get code −1 and are listed in ``unseen``.
        need_response : bool
            Whether to read the response too.  Without it the responses' ``values`` are empty.
        skip_groups : collection of str
            Groupings (``"Subject"``, ``"batch:cask"``) that the prediction leaves out; their columns are not needed.
        need_positions : bool
            Whether to read where residuals that are correlated were taken.
        strangers : collection of str
            Groupings of related levels that may have levels of which it is not known how they are related.

        Returns
        -------
        Design
            Its ``schema`` is this one.

        Raises
        ------
        PredictionError
            Missing columns, another type of column, missing values, unseen levels of a common factor.
        """
        try:
            skip, open_ = frozenset(skip_groups), frozenset(strangers)
            return self._apply(new_data, new_levels_ok, need_response, skip, need_positions, open_)
        except (DataError, FormulaError) as problem:
            raise PredictionError(f"New data: {problem.message}", hint=problem.hint) from problem

    def _apply(
        self,
        new_data: Any,
        new_levels_ok: bool,
        need_response: bool,
        skip: frozenset[str],
        need_positions: bool,
        strangers: frozenset[str],
    ) -> Design:
        known = {c.bar.group for codings in self.codings.values() for c in codings}
        for group in skip - known:
            raise PredictionError(f"The model has no grouping {group!r}.", hint=did_you_mean(group, sorted(known)))
        needed = [c for p in self.predictors for c in p.columns(skip)]
        needed += [c for g, coding in self.scales.items() if g not in skip for c in coding.terms.columns]
        needed += [c for r in self.responses for c in r.columns(response=need_response)]
        correlation = self.formula.correlation if need_positions else None
        needed += columns_of_residuals(correlation)
        needed = [c for c in dict.fromkeys(needed) if c in self.table.columns]
        table = self._read(new_data, needed)
        on = Evaluator(table, self.extra, dict(self.fitted), learning=False)
        training = Table({name: self.table[name] for name in needed}, self.table.rows)
        known_rows = table.same_as(training)
        predictors = {}
        for p in self.predictors:
            smooths = [coding.apply(on) for coding in self.smooths.get(p.key, ())]
            predictors[p.key] = PredictorDesign(
                *p.key,
                p.common(on, smooths),
                tuple(
                    self._groups(replace(c, closed=False) if c.bar.group in strangers else c, on, known_rows, skip)
                    for c in self.codings[p.key]
                ),
                tuple(part for columns in smooths for part in columns.parts),
                p.variances(on),
            )
        if not new_levels_ok:
            _refuse_unseen(g for p in predictors.values() for g in p.groups)
        responses = tuple(r.apply(on, response=need_response) for r in self.responses)
        correlated = None if correlation is None else correlated_rows(correlation, on)
        return Design(self.formula, table.n, table.rows, responses, predictors, self, correlated=correlated)

    def _groups(self, coding: GroupCoding, on: Evaluator, known_rows: bool, skip: frozenset[str]) -> Groups:
        """One bar on new data, with what its standard deviations depend on."""
        left_out = coding.bar.group in skip
        groups = coding.apply(on, known_rows=known_rows, skip=left_out)
        scale = self.scales.get(coding.bar.group)
        return groups if scale is None or left_out else scale.apply(groups, on)

    def _read(self, data: Any, needed: list[str]) -> Table:
        """The needed columns of new data, checked against those of training."""
        present = available(data)
        absent = [name for name in needed if name not in present]
        if absent:
            near = [did_you_mean(name, [p for p in present if p not in needed]) for name in absent]
            hint = next(
                (n for n in near if n.startswith("Did")), f"They have {', '.join(present[:9]) or 'no columns'}."
            )
            listed = ", ".join(map(repr, absent))
            raise PredictionError(f"The new data lack the column{'s' if len(absent) > 1 else ''} {listed}.", hint=hint)
        table = read_table(data, needed)
        for name in needed:
            was, now = _holds(self.table[name].kind), _holds(table[name].kind)
            if was != now and not table[name].missing.all():
                raise PredictionError(
                    f"The new column {name!r} holds {now}, but held {was} when the model was fitted.",
                    hint="Convert it: " + _REMEDY[was, now].format(name),
                )
        try:
            table = complete(table, "error")
        except DataError as problem:
            remedy = problem.hint
            if problem.column and (table[problem.column].missing | table[problem.column].infinite).any():
                remedy = "A prediction needs every value: fill it in or leave the row out."
            raise PredictionError(f"New data: {problem.message}", hint=remedy) from problem
        return Table({name: column.without_unused()[0] for name, column in table.columns.items()}, table.rows)


def _refuse_unseen(groups: Iterable[Groups]) -> None:
    for g in groups:
        if g.unseen:
            shown = ", ".join(map(repr, g.unseen[:5])) + (", …" if len(g.unseen) > 5 else "")
            raise PredictionError(
                f"The model was not fitted with {len(g.unseen)} level(s) of {g.bar.group!r} in the new data: {shown}.",
                hint='Use new_levels="draw" or new_levels="zero".',
            )


def _holds(kind: str) -> str:
    return {"numeric": "numbers", "bool": "booleans"}.get(kind, "text")


_REMEDY = {
    ("numbers", "text"): "pd.to_numeric(d[{!r}]).",
    ("numbers", "booleans"): "d[{!r}].astype(float).",
    ("booleans", "numbers"): "d[{!r}].astype(bool).",
    ("booleans", "text"): 'd[{!r}] == "True".',
    ("text", "numbers"): "d[{!r}].astype(str).",
    ("text", "booleans"): "d[{!r}].astype(str).",
}
