"""MCMCglmm: random and rcov, an overdispersion residual in every model but the Gaussian."""

from __future__ import annotations

from typing import ClassVar, final

from hierlm import names
from hierlm.formula.columns import identifiers
from hierlm.formula.values import Bar, Predictor
from hierlm.translation.r_parts import Lines, call, factors_in, response, right_side
from hierlm.translation.r_text import addition_value, r_name, r_text, summands
from hierlm.translation.target import ONE_VARIANCE, Question, Target, Translation

__all__ = ["MCMCglmm"]

OVERDISPERSED = {
    ("poisson", "log"): "poisson",
    ("binomial", "logit"): "multinomial2",
    ("exponential", "log"): "exponential",
}
"""(family, link) → MCMCglmm's, in which every row has a normal effect of its own."""

LIABILITY = {("bernoulli", "probit"): "threshold"}
"""(family, link) → MCMCglmm's with the residual variance fixed at 1: the same model without an effect a row."""

NORMAL = ("gaussian", "identity")
STRUCTURES = {"us": "us", "idh": "idh", "idv": "idv", "cor": "corg"}


@final
class MCMCglmm(Target):
    """Gaussian models; counts and successes with an effect for each row; liabilities."""

    name: ClassVar[str] = "MCMCglmm"

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        self.one_response(question)
        self.no_shared_ids(question)
        self.only_additions(question, "trials", "se", hint='brms has more: to="brms".')
        if question.mean.offsets:
            hint = "There an offset is a common effect whose prior is as good as fixed at 1; brms and lme4 have it."
            raise self.refuse(question, "offsets are not read.", question.mean.text, hint)
        lines = Lines()
        family, rows = self._family(question, lines)
        bars = [self._bar(b, question, lines) for b in question.mean.bars if b is not rows]
        arguments = [f"{response(question, lines)} ~ {right_side(question.mean)}"]
        if bars:
            arguments.append(f"random = ~ {' + '.join(bars)}")
        arguments += [f"rcov = ~ {self._residual(question)}", *self._errors(question), f'family = "{family}"']
        if family in LIABILITY.values():
            arguments.append("prior = prior")
        arguments.append("data = data")
        lines.note(
            "Priors are MCMCglmm's own unless you give prior=; its default for variances is improper, so give one."
        )
        code = lines.code("library(MCMCglmm)", call("MCMCglmm", *arguments))
        return Translation(self.name, code, tuple(lines.notes))

    def _family(self, question: Question, lines: Lines) -> tuple[str, Bar | None]:
        """The family, and the bar that is its residual."""
        key = question.families[0].name, question.links[0][names.MEAN]
        rows = next((b for b in question.mean.bars if b.factors == (names.UNITS,) and question.has_units(b)), None)
        if key == NORMAL:
            if rows is not None:
                raise self.refuse(question, "an effect a row beside sigma.", rows, "Leave it out: it is sigma.")
            return "gaussian", None
        if key in LIABILITY:
            if rows is not None:
                raise self.refuse(question, "its residual is fixed at 1 here.", rows, "Leave (1 | units) out.")
            groups = range(1, len(question.mean.bars) + 1)
            parts = ", ".join(f"G{i} = list(V = diag(1), nu = 1.002)" for i in groups)
            lines.first(f"prior <- list(R = list(V = 1, fix = 1){', G = list(' + parts + ')' if parts else ''})")
            lines.note("V of each G must have as many rows as its term has effects: diag(2) for two.")
            return LIABILITY[key], None
        if key in OVERDISPERSED:
            if rows is None:
                hint = "Add (1 | units) here, if that is what you want, or translate to lme4, glmmTMB or brms."
                what = f"its {key[0]} models always have a normal effect for each row, and this one has none."
                raise self.refuse(question, what, question.response, hint)
            if rows.effects != "1":
                raise self.refuse(question, "slopes of single rows.", rows, "Write (1 | units).")
            lines.note("(1 | units) is MCMCglmm's residual, rcov = ~ units.")
            return OVERDISPERSED[key], rows
        what = f"the family {key[0]} with the {key[1]} link is not there."
        raise self.refuse(question, what, question.response, 'Try to="brms".')

    def _residual(self, question: Question) -> str:
        hint = 'Only sigma ~ 0 + f with a factor f has one, rcov = ~ idh(f):units; brms has all: to="brms".'
        for p in question.others:
            factor, known = factors_in(p.common, question)
            plain = not p.bars and not p.offsets and len(summands(p.common)) == 2
            interaction = ":" in p.common
            if p.parameter != SIGMA or not plain or interaction or (known and not factor):
                raise self.refuse(question, f"'{p.parameter}' has a formula of its own.", p.text, hint)
            if not known:
                raise self.refuse(
                    question, f"'{p.parameter}' has one only where the column is a factor.", p.text, "Give data=."
                )
            return f"idh({_column(p)}):units"
        return "units"

    def _errors(self, question: Question) -> list[str]:
        for addition in question.response.additions:
            if addition.name == "se":
                if not addition.options.get("sigma", False):
                    what = "known standard errors without a residual beside them."
                    raise self.refuse(question, what, question.response, 'Write se(s, sigma=True), or to="brms".')
                return [f"mev = with(data, ({addition_value(addition)})^2)"]
        return []

    def _bar(self, bar: Bar, question: Question, lines: Lines) -> str:
        group = ":".join(self._factor(f, question, lines) for f in bar.factors)
        if bar.effects == "1" and bar.structure in ONE_VARIANCE:
            return group
        structure = STRUCTURES.get(bar.structure)
        if structure is None:
            raise self.refuse(question, f"the structure {bar.structure}() is not there.", bar, 'Try to="glmmTMB".')
        effects = r_text(bar.effects).removeprefix("0 + ")
        return f"{structure}({effects}):{group}"

    def _factor(self, name: str, question: Question, lines: Lines) -> str:
        """A grouping, which must be a factor; one of its own where the column is a number elsewhere in the formula."""
        if name == names.UNITS:
            return name
        value = f"factor(data${r_name(name)})"
        if name in _values(question) and name not in (question.factors or ()):
            return r_name(lines.column(question, f"{name}_levels", value))
        lines.first(f"data${r_name(name)} <- {value}")
        return r_name(name)


SIGMA = "sigma"


def _values(question: Question) -> frozenset[str]:
    """The columns whose values matter, not only which rows have the same."""
    texts = [e for r in question.formula.responses for e in (r.expression, *(a.expression for a in r.additions))]
    for p in question.formula.predictors:
        texts += [p.common, *p.offsets, *(b.effects for b in p.bars)]
    return frozenset(c for text in texts for c in identifiers(text))


def _column(predictor: Predictor) -> str:
    return r_text(predictor.common.removeprefix("1 + ").removeprefix("0 + "))
