"""nlme: lme, Gaussian, nested groupings, variance functions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.values import Bar
from hierlm.translation.r_parts import Lines, call, factors_in, response, right_side
from hierlm.translation.r_text import addition_value, r_name, r_text
from hierlm.translation.target import ONE_VARIANCE, Question, Target, Translation

__all__ = ["Nlme"]

CLASSES = {"us": "pdSymm", "idh": "pdDiag", "idv": "pdIdent", "corv": "pdCompSymm"}
NORMAL = ("gaussian", "identity")
SIGMA = "sigma"


@final
class Nlme(Target):
    """Linear mixed models with groupings inside each other."""

    name: ClassVar[str] = "nlme"

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        self.one_response(question)
        self.no_shared_ids(question)
        key = question.families[0].name, question.links[0][names.MEAN]
        if key != NORMAL:
            what = f"{key[0]} responses with the {key[1]} link."
            raise self.refuse(question, what, question.response, 'Try to="lme4" or to="glmmTMB".')
        self.only_additions(question, "se", hint='brms and glmmTMB have more: to="glmmTMB".')
        if question.mean.offsets:
            hint = f"Subtract it from the response: I({question.response.expression} - …)."
            raise self.refuse(question, "lme() ignores offsets.", question.mean.text, hint)
        if not question.mean.bars:
            raise self.refuse(question, "it needs a group term.", None, "Use gls() or lm().")
        lines = Lines()
        fixed = f"{response(question, lines)} ~ {right_side(question.mean)}"
        arguments = [fixed, f"random = {self._random(question)}", *self._residual(question), "data = data"]
        arguments.append('method = "ML"')
        lines.note('method = "ML" maximises the likelihood; lme\'s default is REML.')
        return Translation(self.name, lines.code("library(nlme)", call("lme", *arguments)), tuple(lines.notes))

    def _random(self, question: Question) -> str:
        groups: dict[tuple[str, ...], list[Bar]] = {}
        for bar in question.mean.bars:
            if question.has_units(bar):
                raise self.refuse(question, "an effect a row beside sigma.", bar, "Leave it out: it is sigma.")
            groups.setdefault(bar.factors, []).append(bar)
        order = sorted(groups, key=len)
        for outer, inner in pairwise(order):
            if len(inner) == len(outer) or not set(outer) < set(inner):
                what = "groupings that do not lie in each other are not there."
                hint = 'lme4 has crossed groupings: to="lme4". If they are nested, write (1 | a/b).'
                raise self.refuse(question, what, groups[inner][0], hint)
        entries, before = [], set[str]()
        for factors in order:
            new = [f for f in factors if f not in before]
            if len(new) > 1:
                what = f"cells of {' and '.join(factors)} without an effect of each step are not there."
                raise self.refuse(question, what, groups[factors][0], "Make a column of the cells first.")
            before |= set(new)
            entries.append(f"{r_name(new[0])} = {self._terms(groups[factors], question)}")
        return f"list({', '.join(entries)})"

    def _terms(self, bars: Sequence[Bar], question: Question) -> str:
        parts = [self._class(bar, question) for bar in bars]
        return parts[0] if len(parts) == 1 else f"pdBlocked(list({', '.join(parts)}))"

    def _class(self, bar: Bar, question: Question) -> str:
        if bar.effects == "1" and bar.structure in ONE_VARIANCE:
            return "pdSymm(~ 1)"
        if bar.structure not in CLASSES:
            what = f"the structure {bar.structure}() is not there."
            raise self.refuse(question, what, bar, 'Try to="glmmTMB".')
        return f"{CLASSES[bar.structure]}(~ {r_text(bar.effects).removeprefix('1 + ')})"

    def _residual(self, question: Question) -> list[str]:
        """Variance functions: ``varIdent`` for a factor, ``varExp`` for a number, ``varFixed`` for known errors."""
        for addition in question.response.additions:
            if addition.name == "se":
                if addition.options.get("sigma", False):
                    what = "known standard errors on top of an unknown residual."
                    raise self.refuse(question, what, question.response, 'brms has them: to="brms".')
                variance = f"weights = varFixed(~ I(({addition_value(addition)})^2))"
                return [variance, "control = lmeControl(sigma = 1)"]
        for p in question.others:
            hint = 'brms and glmmTMB predict sigma by any formula: to="glmmTMB".'
            if p.bars or p.offsets or p.common.count(" + ") != 1 or ":" in p.common or "(" in p.common:
                raise self.refuse(question, "more than one column for sigma.", p.text, hint)
            if question.links[0][SIGMA] != "log":
                raise self.refuse(question, "sigma on another scale than the logarithm.", p.text, hint)
            column = p.common.removeprefix("1 + ").removeprefix("0 + ")
            factor, known = factors_in(column, question)
            if not known:
                raise self.refuse(question, "sigma by a column of which kind nobody knows.", p.text, "Give data=.")
            if factor:
                return [f"weights = varIdent(form = ~ 1 | {r_text(column)})"]
            if p.common.startswith("0 + "):
                raise self.refuse(question, "sigma without an intercept.", p.text, hint)
            return [f"weights = varExp(form = ~ {r_text(column)})"]
        return []
