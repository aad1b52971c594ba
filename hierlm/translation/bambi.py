"""Bambi: independent group effects, formulas of further parameters, in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, final

from hierlm import names
from hierlm.formula.functions import ELEMENTWISE
from hierlm.formula.values import Bar, Predictor
from hierlm.translation.r_parts import ROW, SUCCESS, Lines, is_factor, several
from hierlm.translation.target import INDEPENDENT, ONE_VARIANCE, UNSTRUCTURED, Question, Target, Translation

__all__ = ["Bambi"]

PROBABILITY = ("logit", "probit", "cloglog")
FAMILIES: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, str]]] = {
    "gaussian": ("gaussian", ("identity", "log", "inverse"), {"sigma": "sigma"}),
    "student_t": ("t", ("identity", "log", "inverse"), {"sigma": "sigma", "nu": "nu"}),
    "gamma": ("gamma", ("log", "identity", "inverse"), {"shape": "alpha"}),
    "inverse_gaussian": ("wald", ("log", "identity", "inverse", "inverse_squared"), {"shape": "lam"}),
    "beta": ("beta", PROBABILITY, {"phi": "kappa"}),
    "poisson": ("poisson", ("log", "identity"), {}),
    "negbinomial": ("negativebinomial", ("log", "identity"), {"shape": "alpha"}),
    "binomial": ("binomial", PROBABILITY, {}),
    "bernoulli": ("bernoulli", PROBABILITY, {}),
    "beta_binomial": ("beta_binomial", PROBABILITY, {"phi": "kappa"}),
    "exponential": ("exponential", ("log", "identity"), {}),
}
"""Family → Bambi's, the links of its mean, and what it calls the further parameters."""

UNWEIGHTED = frozenset({"student_t"})
"""Families of which Bambi 0.21 cannot build a weighted response."""

NEW = "data = data.assign({}={})"
_CALL = re.compile(r"(?<![\w.`])(" + "|".join(sorted(ELEMENTWISE, key=len, reverse=True)) + r")\(")


@final
class Bambi(Target):
    """Group effects without correlations."""

    name: ClassVar[str] = "bambi"
    language: ClassVar[str] = "Python"

    def translate(self, question: Question) -> Translation:
        """See :meth:`Target.translate`."""
        self.one_response(question)
        self.no_shared_ids(question)
        self.only_additions(question, "trials", "weights", hint='brms has se(): to="brms".')
        lines = Lines()
        family, link, renamed = self._family(question)
        formulas = [f"{self._left(question, lines)} ~ {self._right(question.mean, question, lines)}"]
        links = {"mu": link} | {renamed[p.parameter]: question.links[0][p.parameter] for p in question.others}
        for p in question.others:
            formulas.append(f"{renamed[p.parameter]} ~ {self._right(p, question, lines)}")
        shown = ", ".join(repr(f) for f in formulas)
        text = shown if len(formulas) == 1 else f"bmb.Formula({shown})"
        linked = repr(link) if len(links) == 1 else repr(links)
        imports = ["import bambi as bmb"]
        imports += ["import numpy as np"] if "np." in shown else []
        imports += ["from scipy.special import expit, logit"] if re.search(r"\b(expit|logit)\(", shown) else []
        code = "\n".join(
            [*imports, *lines.before, f"model = bmb.Model({text}, data, family={family!r}, link={linked})"]
        )
        lines.note("Priors are Bambi's own unless you give priors=; see model.priors() for those of hierlm.")
        return Translation(self.name, code, tuple(lines.notes))

    def _family(self, question: Question) -> tuple[str, str, Mapping[str, str]]:
        family, link = question.families[0].name, question.links[0][names.MEAN]
        known = FAMILIES.get(family)
        if known is None or link not in known[1]:
            where = f"the family {family}" + ("" if known is None else f" with the {link} link")
            raise self.refuse(question, f"{where} is not there.", question.response, 'Try to="brms".')
        return known[0], link, known[2]

    def _left(self, question: Question, lines: Lines) -> str:
        term = question.response
        given = {a.name: a.expression for a in term.additions}
        y = _python(term.expression)
        if term.level is not None and {*term.level}.isdisjoint("'\""):
            y = f"{y}['{term.level}']"
        elif term.level is not None:  # its strings hold no quotes
            value = f"(data[{term.name!r}] == {term.level!r}).astype(int)"
            y = lines.column(question, SUCCESS, value, NEW)
        if "weights" in given and "trials" in given:
            what = "weights beside trials."
            raise self.refuse(question, what, term, 'brms has both: to="brms".')
        if "weights" in given and question.families[0].name in UNWEIGHTED:
            raise self.refuse(question, "weights with this family.", term, 'brms has them: to="brms".')
        if "trials" in given:
            return f"p({y}, {_python(given['trials'])})"
        return f"weighted({y}, {_python(given['weights'])})" if "weights" in given else y

    def _right(self, predictor: Predictor, question: Question, lines: Lines) -> str:
        common = _python(predictor.common)
        parts = [common, *(f"offset({_python(o)})" for o in predictor.offsets)]
        return " + ".join([*parts, *(self._bar(b, question, lines) for b in predictor.bars)])

    def _bar(self, bar: Bar, question: Question, lines: Lines) -> str:
        rows = question.has_units(bar)
        row = lines.column(question, ROW, "[str(i) for i in range(len(data))]", NEW) if rows else ""
        group = ":".join(row if rows and f == names.UNITS else _quoted(f) for f in bar.factors)
        if bar.effects == "1" and bar.structure in ONE_VARIANCE:
            return f"(1|{group})"
        single = not several(bar) and is_factor(bar, question) is False
        if bar.structure == UNSTRUCTURED and not single:
            what = "correlated group effects; its bars always mean independent ones."
            raise self.refuse(question, what, bar, f"Write ({bar.effects} || {bar.group}) if independence will do.")
        if bar.structure not in (UNSTRUCTURED, INDEPENDENT) and not single:
            raise self.refuse(question, f"the structure {bar.structure}() is not there.", bar, 'Try to="glmmTMB".')
        return f"({_python(bar.effects)}|{group})"


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _python(text: str) -> str:
    """Canonical text as Bambi reads it: numpy's functions by their full name."""
    return _CALL.sub(lambda m: m[0] if m[1] in ("expit", "logit") else f"np.{m[0]}", text)
