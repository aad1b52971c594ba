"""nlme: lme and gls, Gaussian, nested groupings, variance functions, correlated residuals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.values import Bar, ResidualTerm
from hierlm.translation.r_parts import Lines, call, factors_in, response, right_side
from hierlm.translation.r_text import addition_value, r_name, r_text, summands
from hierlm.translation.target import ONE_VARIANCE, Question, Target, Translation

__all__ = ["Nlme"]

CLASSES = {"us": "pdSymm", "idh": "pdDiag", "idv": "pdIdent", "corv": "pdCompSymm"}
NORMAL = ("gaussian", "identity")
CORRELATIONS = {
    "cs": "corCompSymm",
    "ar1": "corAR1",
    "car1": "corCAR1",
    "arma": "corARMA",
    "us": "corSymm",
    "exp": "corExp",
    "gau": "corGaus",
    "ratio": "corRatio",
    "lin": "corLin",
    "sph": "corSpher",
}
"""Correlation function → nlme's class …"""
ORDERS = {"arma": ("p", "q")}
"""… the options that it needs, …"""
UNLIKE = {"ar1": "corAR1 takes neighbouring rows as one step apart; where occasions are missing use corCAR1."}
"""… and where positions mean something else there."""
SIGMA = "sigma"


@final
class Nlme(Target):
    """Linear mixed models with groupings inside each other."""

    name: ClassVar[str] = "nlme"

    def correlated(self, question: Question) -> bool:
        """See :meth:`Target.correlated`."""
        term = question.formula.correlation
        return term is not None and term.function in CORRELATIONS and question.families[0].errors is not None

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
        correlation = question.formula.correlation
        if not question.mean.bars and correlation is None:
            raise self.refuse(question, "it needs a group term.", None, "Use gls() or lm().")
        lines = Lines()
        fixed = f"{response(question, lines)} ~ {right_side(question.mean)}"
        random = [f"random = {self._random(question)}"] if question.mean.bars else []
        if correlation is not None:
            random.append(f"correlation = {self._correlation(question, correlation, lines)}")
        arguments = [fixed, *random, *self._residual(question), "data = data", 'method = "ML"']
        function = "lme" if question.mean.bars else "gls"
        lines.note(f'method = "ML" maximises the likelihood; {function}\'s default is REML.')
        return Translation(self.name, lines.code("library(nlme)", call(function, *arguments)), tuple(lines.notes))

    def _correlation(self, question: Question, term: ResidualTerm, lines: Lines) -> str:
        """``corAR1(form = ~ t | g)``."""
        if len(term.factors) > 1:
            what = f"cells of {' and '.join(term.factors)} as blocks."
            raise self.refuse(question, what, term, "Make a column of the cells first.")
        inner = max((b.factors for b in question.mean.bars), key=len, default=())
        outside = [f for f in inner if f not in term.factors]
        if outside and not term.factors:
            what = "one block of all rows beside group terms."
            raise self.refuse(question, what, term, "Name the blocks after a bar, or leave the group terms out.")
        if outside:
            lines.note(f"lme() needs blocks, {r_name(term.factors[0])}, inside {r_name(inner[-1])}.")
        at = [p.removeprefix("C(").removesuffix(")") for p in term.positions]
        if at != list(term.positions):
            lines.note("Occasions are whole numbers 1, 2, … in nlme.")
        if term.function in UNLIKE and term.positions:
            lines.note(UNLIKE[term.function])
        form = " + ".join(map(r_text, at)) or "1"
        blocks = "/".join(r_name(f) for f in (*(inner if outside else ()), *term.factors))
        form += f" | {blocks}" if blocks else ""
        orders = [f"{k} = {term.options.get(k, 0)}" for k in ORDERS.get(term.function, ())]
        nugget = ["nugget = TRUE"] if term.options.get("nugget") is True else []
        return f"{CORRELATIONS[term.function]}({', '.join([f'form = ~ {form}', *orders, *nugget])})"

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
            if p.bars or p.offsets or len(summands(p.common)) != 2 or ":" in p.common or "(" in p.common:
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
