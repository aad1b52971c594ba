"""translate: the same model in another package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hierlm.correlations import POSITIONS
from hierlm.covariances import STRUCTURES
from hierlm.design.table import available, read_table
from hierlm.errors import TranslationError, did_you_mean
from hierlm.formula import parse
from hierlm.formula.columns import columns
from hierlm.model.specify import FamilyChoice, LinkChoice, families_of
from hierlm.translation.bambi import Bambi
from hierlm.translation.brms import Brms
from hierlm.translation.glmmtmb import GlmmTMB
from hierlm.translation.known import check_known
from hierlm.translation.lme4 import Lme4
from hierlm.translation.mcmcglmm import MCMCglmm
from hierlm.translation.nlme import Nlme
from hierlm.translation.target import Question, Target, Translation

__all__ = ["TARGETS", "translate"]

TARGETS: Mapping[str, Target] = {t.name.lower(): t for t in (Lme4(), Brms(), MCMCglmm(), GlmmTMB(), Nlme(), Bambi())}
"""Every package by its name in small letters."""


def translate(
    formula: str | Sequence[str],
    to: str,
    *,
    family: FamilyChoice = "gaussian",
    link: LinkChoice = None,
    random: str | None = None,
    residual: str | None = None,
    data: Any = None,
) -> Translation:
    """Code for the same model in another package, or a refusal that says why there is none.

    It is the formula as hierlm reads it that is written down, so that ``||``, nesting and structures mean the same.
    Priors are not translated, and the code is not run.

    Parameters
    ----------
    formula : str or sequence of str
    to : {"lme4", "brms", "MCMCglmm", "glmmTMB", "nlme", "bambi"}
    family, link, random, residual
        As of :class:`hierlm.Model`.
    data : table, optional
        Tells numbers from factors, on which some translations depend; without it they carry a note.

    Returns
    -------
    Translation
        ``code`` to paste (the data are called ``data``), and ``notes``.

    Raises
    ------
    TranslationError
        Where the package has no equivalent, with a caret under the place and a way round.
    FormulaError
        Where the formula cannot be read.

    Examples
    --------
    >>> import hierlm as hl
    >>> hl.translate("Reaction ~ Days + (Days || Subject)", to="lme4", data=hl.load_data("sleepstudy"))
    library(lme4)
    lmer(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), data = data)
    >>> hl.translate("y ~ x + cor(0 + f | g)", to="brms")
    Traceback (most recent call last):
    hierlm.errors.TranslationError: brms has no equivalent: the structure cor() is not there.
      y ~ x + cor(0 + f | g)
              ^^^^^^^^^^^^^^
    Try to="glmmTMB".
    """
    target = TARGETS.get(to.lower()) if isinstance(to, str) else None
    if target is None:
        known = [t.name for t in TARGETS.values()]
        raise TranslationError(
            f"{to!r} is no package that models are translated to.", hint=did_you_mean(str(to), known)
        )
    chosen = families_of(family)
    parsed = parse(
        formula,
        random=random,
        residual=residual,
        parameters={p.name for f, _ in chosen for p in f.parameters},
        structures=STRUCTURES,
        correlations=POSITIONS,
    )
    check_known(parsed, "A translation", correlated=True)
    if len(chosen) == 1:
        chosen = chosen * len(parsed.responses)
    if len(chosen) != len(parsed.responses):
        raise TranslationError(
            f"There are {len(parsed.responses)} responses and {len(chosen)} families.", hint="Give one a response."
        )
    given = {"mu": link} if isinstance(link, str) else dict(link or {})
    links = tuple({p.name: p.link for p in f.parameters} | dict(own) | given for f, own in chosen)
    factors, present = None, frozenset[str]()
    if data is not None:
        present = frozenset(available(data))
        table = read_table(data, [c for c in columns(parsed) if c in present])
        factors = frozenset(name for name, column in table.columns.items() if column.levels is not None)
    question = Question(parsed, tuple(f for f, _ in chosen), links, factors, present)
    if parsed.correlation is not None and not target.correlated(question):
        latent = chosen[0][0].errors is None
        what, term = "This latent residual process" if latent else "This correlation of residuals", parsed.correlation
        raise TranslationError(
            f"{what} is not translated to {target.name}.",
            text=parsed.source,
            start=term.start,
            stop=term.stop,
            hint=_nearest(question, latent),
        )
    return target.translate(question)


def _nearest(question: Question, latent: bool) -> str:
    """Which package has a structure of residuals that this one has not."""
    others = [t.name for t in TARGETS.values() if t.correlated(question)]
    if others:
        return f'Try to="{others[0]}".'
    return "Write it by hand" + (": values of it are effects of the positions." if latent else ".")
