"""glmmTMB: structures by name, a formula of the dispersion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.values import Bar, Predictor
from hierlm.translation.r_parts import Lines, call, cells, is_factor, response, right_side, several
from hierlm.translation.r_text import addition_value, r_name, r_text
from hierlm.translation.target import UNSTRUCTURED, Question, Target, Translation

__all__ = ["GlmmTMB"]

PROBABILITY = ("logit", "probit", "cloglog")
FAMILIES: Mapping[str, tuple[str, tuple[str, ...], str | None]] = {
    "gaussian": ("gaussian", ("identity", "log", "inverse", "sqrt"), "sigma"),
    "student_t": ("t_family", ("identity", "log", "inverse"), "sigma"),
    "gamma": ("Gamma", ("log", "identity", "inverse"), None),
    "beta": ("beta_family", PROBABILITY, "phi"),
    "poisson": ("poisson", ("log", "identity", "sqrt"), None),
    "negbinomial": ("nbinom2", ("log", "identity", "sqrt"), "shape"),
    "negbinomial1": ("nbinom1", ("log", "identity", "sqrt"), "phi"),
    "binomial": ("binomial", PROBABILITY, None),
    "bernoulli": ("binomial", PROBABILITY, None),
    "beta_binomial": ("betabinomial", PROBABILITY, "phi"),
}
"""Family → glmmTMB's, the links of its mean, and which parameter ``dispformula`` predicts on the log scale as here."""

STRUCTURES = {"us": "us", "idh": "diag", "idv": "homdiag", "corh": "cs", "corv": "homcs"}

PROCESSES = {"ar1": "ar1"}
"""Correlation functions of latent residual processes, as structures of effects of occasions."""


@final
class GlmmTMB(Target):
    """Every structure of hierlm's but ``cor``."""

    name: ClassVar[str] = "glmmTMB"

    def correlated(self, question: Question) -> bool:
        """See :meth:`Target.correlated`: latent processes of known occasions are its group terms."""
        term = question.formula.correlation
        known = term is not None and term.function in PROCESSES and len(term.positions) == 1 and bool(term.factors)
        return known and question.families[0].errors is None

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        self.one_response(question)
        self.no_shared_ids(question)
        self.only_additions(question, "trials", "weights", hint='brms has se(): to="brms".')
        lines = Lines()
        family, dispersion = self._family(question)
        bars = [self._bar(b, question, lines) for b in question.mean.bars]
        term = question.formula.correlation
        if term is not None:
            effects = f"0 + factor({r_text(term.positions[0])})"
            bars.append(f"{PROCESSES[term.function]}({effects} | {':'.join(map(r_name, term.factors))})")
            lines.note(
                "The levels of factor() must be all occasions, also those without rows: factor(t, levels = 1:9)."
            )
        formula = f"{response(question, lines)} ~ {right_side(question.mean, bars)}"
        arguments = [formula, "data = data", f"family = {family}", *self._weights(question)]
        for predictor in question.others:
            arguments.append(f"dispformula = ~ {self._dispersion(question, predictor, dispersion, lines)}")
        code = lines.code("library(glmmTMB)", call("glmmTMB", *arguments))
        return Translation(self.name, code, tuple(lines.notes))

    def _family(self, question: Question) -> tuple[str, str | None]:
        family, link = question.families[0].name, question.links[0][names.MEAN]
        known = FAMILIES.get(family)
        if known is None or link not in known[1]:
            where = f"the family {family}" + ("" if known is None else f" with the {link} link")
            hint = 'Try to="brms".'
            if family in LOGARITHMS:
                hint = "Model log(y) as gaussian: the same likelihood but for a constant."
            raise self.refuse(question, f"{where} is not there.", question.response, hint)
        return f'{known[0]}(link = "{link}")', known[2]

    def _weights(self, question: Question) -> list[str]:
        found = [addition_value(a) for a in question.response.additions if a.name == "weights"]
        if found and any(a.name == "trials" for a in question.response.additions):
            what = "weights beside trials: its weights are the trials."
            raise self.refuse(question, what, question.response, 'brms has both: to="brms".')
        return [f"weights = {w}" for w in found]

    def _dispersion(self, question: Question, predictor: Predictor, known: str | None, lines: Lines) -> str:
        hint = 'brms predicts every parameter: to="brms".'
        if predictor.parameter != known or question.links[0][predictor.parameter] != "log":
            what = f"'{predictor.parameter}' cannot be predicted on this scale."
            raise self.refuse(question, what, predictor.text, hint)
        if predictor.bars:
            what = f"group effects of '{predictor.parameter}' are not in every version of it."
            raise self.refuse(question, what, predictor.bars[0], hint)
        if known == "sigma":
            lines.note(
                "Older versions of glmmTMB predict the logarithm of the variance, not of the standard deviation: "
                "there the coefficients of dispformula are twice as large."
            )
        return right_side(predictor)

    def _bar(self, bar: Bar, question: Question, lines: Lines) -> str:
        group, effects = cells(bar, question, lines), r_text(bar.effects).removeprefix("1 + ")
        structure = STRUCTURES.get(bar.structure)
        if structure is None:
            hint = 'MCMCglmm has corg(): to="MCMCglmm".'
            raise self.refuse(question, f"the structure {bar.structure}() is not there.", bar, hint)
        single = bar.effects == "1" or (not several(bar) and is_factor(bar, question) is False)
        if structure == UNSTRUCTURED or single:
            return f"({effects} | {group})"
        if structure in RECENT:
            lines.note(f"{structure}() needs a recent version of glmmTMB.")
        return f"{structure}({effects} | {group})"


RECENT = ("homdiag", "homcs")
LOGARITHMS = ("lognormal",)
