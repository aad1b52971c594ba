"""brms: brm, with distributional formulas, shared ids and several responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.values import Addition, Bar, Predictor, ResponseTerm
from hierlm.translation.r_parts import Lines, call, cells, is_factor, picked, right_side, several
from hierlm.translation.r_text import addition_value, r_text
from hierlm.translation.target import INDEPENDENT, ONE_SD, ONE_VARIANCE, UNSTRUCTURED, Question, Target, Translation

__all__ = ["Brms"]

PROBABILITY = ("logit", "probit", "cloglog", "cauchit", "identity", "log")
POSITIVE = ("log", "identity", "inverse", "softplus")
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "gaussian": ("gaussian", ("identity", "log", "inverse", "softplus")),
    "student_t": ("student", ("identity", "log", "inverse", "softplus")),
    "lognormal": ("lognormal", ("identity", "inverse")),
    "gamma": ("Gamma", ("log", "identity", "inverse", "softplus")),
    "inverse_gaussian": ("inverse.gaussian", ("log", "identity", "inverse", "inverse_squared", "softplus")),
    "beta": ("Beta", PROBABILITY),
    "poisson": ("poisson", ("log", "identity", "sqrt", "softplus")),
    "negbinomial": ("negbinomial", ("log", "identity", "sqrt", "softplus")),
    "binomial": ("binomial", PROBABILITY),
    "bernoulli": ("bernoulli", PROBABILITY),
    "beta_binomial": ("beta_binomial", PROBABILITY),
    "exponential": ("exponential", ("log", "identity", "inverse", "softplus")),
    "zero_inflated_poisson": ("zero_inflated_poisson", ("log",)),
    "zero_inflated_negbinomial": ("zero_inflated_negbinomial", ("log",)),
    "zero_inflated_binomial": ("zero_inflated_binomial", ("logit",)),
    "hurdle_poisson": ("hurdle_poisson", ("log",)),
    "hurdle_negbinomial": ("hurdle_negbinomial", ("log",)),
    "hurdle_gamma": ("hurdle_gamma", ("log",)),
    "hurdle_lognormal": ("hurdle_lognormal", ("identity",)),
    "zero_one_inflated_beta": ("zero_one_inflated_beta", ("logit",)),
}
"""Family → brms's, and the links of the mean that it has there; further parameters have the same names."""

LINKS = {"inverse_squared": "1/mu^2"}


@final
class Brms(Target):
    """Everything but covariance structures with one variance or one correlation."""

    name: ClassVar[str] = "brms"

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        hint = "brms may have it by another name; write the model there by hand."
        self.only_additions(question, "trials", "weights", "se", hint=hint)
        lines = Lines()
        parts = [
            self._response(question, position, term, lines) for position, term in enumerate(question.formula.responses)
        ]
        formula = " +\n  ".join(parts)
        if len(parts) > 1:
            formula += " +\n  set_rescor(FALSE)"
        lines.note("Priors are brms's own unless you give prior=; see model.priors() for those of hierlm.")
        code = lines.code("library(brms)", call("brm", formula, "data = data"))
        return Translation(self.name, code, tuple(lines.notes))

    def _response(self, question: Question, position: int, term: ResponseTerm, lines: Lines) -> str:
        predictors = [p for p in question.formula.predictors if p.response == term.name]
        left = self._left(question, term, lines)
        formulas = [
            f"{left if p.parameter == names.MEAN else p.parameter} ~ {self._right(p, question, lines)}"
            for p in sorted(predictors, key=lambda p: p.parameter != names.MEAN)
        ]
        family = self._family(question, position, predictors)
        if len(question.formula.responses) == 1 and len(formulas) == 1:
            return f"{formulas[0]}, family = {family}"
        return f"bf({', '.join(formulas)}, family = {family})"

    def _left(self, question: Question, term: ResponseTerm, lines: Lines) -> str:
        y = picked(question, term, lines)
        additions = " + ".join(_addition(a) for a in term.additions)
        return f"{y} | {additions}" if additions else y

    def _right(self, predictor: Predictor, question: Question, lines: Lines) -> str:
        return right_side(predictor, [self._bar(b, question, lines) for b in predictor.bars])

    def _bar(self, bar: Bar, question: Question, lines: Lines) -> str:
        group, effects = cells(bar, question, lines), r_text(bar.effects).removeprefix("1 + ")
        single = bar.effects == "1" or (not several(bar) and is_factor(bar, question) is False)
        middle = "|" if bar.id is None else f"| {bar.id} |"
        if bar.structure == UNSTRUCTURED or (single and bar.structure in ONE_VARIANCE):
            return f"({effects} {middle} {group})"
        if bar.structure == INDEPENDENT:
            if bar.id is not None:
                what = "independent effects with a shared id."
                raise self.refuse(question, what, bar, "Leave the id out, or let the effects be correlated.")
            return f"({effects} || {group})"
        hint = 'Try to="glmmTMB".'
        if bar.structure == ONE_SD and bar.effects.startswith("0 + "):
            hint = f"For a factor (1 | {bar.effects[4:]}:{bar.group}) is the same model."
        raise self.refuse(question, f"the structure {bar.structure}() is not there.", bar, hint)

    def _family(self, question: Question, position: int, predictors: list[Predictor]) -> str:
        family, links = question.families[position].name, question.links[position]
        known, link = FAMILIES.get(family), links[names.MEAN]
        if known is None or link not in known[1]:
            where = f"the family {family}" + ("" if known is None else f" with the {link} link")
            place = question.formula.responses[position]
            raise self.refuse(question, f"{where} is not there.", place, 'Try to="glmmTMB".')
        arguments = [f'link = "{LINKS.get(link, link)}"']
        for p in predictors:
            if p.parameter != names.MEAN:
                arguments.append(f'link_{p.parameter} = "{links[p.parameter]}"')
        return f"{known[0]}({', '.join(arguments)})"


def _addition(addition: Addition) -> str:
    options = "".join(f", {key} = {str(value).upper()}" for key, value in addition.options.items())
    return f"{addition.name}({addition_value(addition)}{options})"
