"""lme4: lmer, glmer, glmer.nb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.values import Bar
from hierlm.translation.r_parts import Lines, call, cells, is_factor, response, right_side, several
from hierlm.translation.r_text import r_text, summands
from hierlm.translation.target import INDEPENDENT, ONE_SD, ONE_VARIANCE, UNSTRUCTURED, Question, Target, Translation

__all__ = ["Lme4"]

BINOMIAL = ("logit", "probit", "cloglog", "cauchit", "log")
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "gaussian": ("gaussian", ("identity", "log", "inverse")),
    "poisson": ("poisson", ("log", "identity", "sqrt")),
    "binomial": ("binomial", BINOMIAL),
    "bernoulli": ("binomial", BINOMIAL),
    "gamma": ("Gamma", ("log", "identity", "inverse")),
    "inverse_gaussian": ("inverse.gaussian", ("log", "identity", "inverse", "inverse_squared")),
    "negbinomial": ("", ("log",)),
}
"""Family → R's, and the links it has there."""

LINKS = {"inverse_squared": "1/mu^2"}
OTHERS = 'brms and glmmTMB have more: to="brms".'


@final
class Lme4(Target):
    """Correlated effects, and independent ones of numbers; common effects for the mean only."""

    name: ClassVar[str] = "lme4"

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        self.one_response(question)
        self.only_mean(question, 'nlme has varIdent, and glmmTMB and brms have formulas of sigma: to="glmmTMB".')
        self.no_shared_ids(question)
        hint = 'In brms weights multiply log-likelihoods as here, and se() is there too: to="brms".'
        self.only_additions(question, "trials", hint=hint)
        lines = Lines()
        bars = [text for bar in question.mean.bars for text in self._bar(bar, question, lines)]
        if not bars:
            raise self.refuse(question, "it needs a group term.", None, "Use lm() or glm().")
        formula = f"{response(question, lines)} ~ {right_side(question.mean, bars)}"
        return Translation(self.name, lines.code("library(lme4)", self._call(formula, question)), tuple(lines.notes))

    def _call(self, formula: str, question: Question) -> str:
        family, link = question.families[0].name, question.links[0][names.MEAN]
        known = FAMILIES.get(family)
        if known is None or link not in known[1]:
            where = f"the family {family}" + ("" if known is None else f" with the {link} link")
            raise self.refuse(question, f"{where} is not there.", question.response, OTHERS)
        if not known[0]:
            return call("glmer.nb", formula, "data = data")
        if known == FAMILIES["gaussian"] and link == known[1][0]:
            return call("lmer", formula, "data = data")
        return call("glmer", formula, "data = data", f'family = {known[0]}(link = "{LINKS.get(link, link)}")')

    def _bar(self, bar: Bar, question: Question, lines: Lines) -> list[str]:
        group = cells(bar, question, lines)
        effects = r_text(bar.effects).removeprefix("1 + ")
        single = bar.effects == "1" or (not several(bar) and is_factor(bar, question) is False)
        if bar.structure == UNSTRUCTURED or (single and bar.structure in ONE_VARIANCE):
            return [f"({effects} | {group})"]
        if bar.structure == INDEPENDENT:
            return self._independent(bar, group, question, lines)
        hint = (
            "lme4 2 has some structures by the names of glmmTMB, older versions have none: "
            'try to="glmmTMB" or to="nlme".'
        )
        if bar.structure == ONE_SD and bar.effects.startswith("0 + "):
            hint = f"For a factor (1 | {bar.effects[4:]}:{bar.group}) is the same model."
        raise self.refuse(question, f"the structure {bar.structure}() is not there.", bar, hint)

    def _independent(self, bar: Bar, group: str, question: Question, lines: Lines) -> list[str]:
        """One term an effect, since lme4 keeps columns of a factor correlated whatever the bar."""
        if is_factor(bar, question):
            what = "independent effects of a factor's levels; its || keeps them correlated."
            raise self.refuse(question, what, bar, 'glmmTMB has diag(), brms (… || g): to="glmmTMB".')
        parts = map(r_text, summands(bar.effects))
        if is_factor(bar, question) is None:
            lines.note(
                f"({bar.effects} || {bar.group}): right for numbers. Of a factor lme4 would keep the columns "
                "correlated; give data= to have that checked."
            )
        return [f"(1 | {group})" if p == "1" else f"(0 + {p} | {group})" for p in parts if p != "0"]
