"""Quantities by their text, and their draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.draws import elements
from hierlm.posterior.hypotheses.evaluate import value
from hierlm.posterior.hypotheses.reader import Names, read_target
from hierlm.posterior.hypotheses.tree import Comparison, Term

__all__ = ["parameter_draws", "target_of", "term_draws", "terms_of"]

Floats = NDArray[np.float64]


def parameter_draws(fit: Fit) -> dict[str, Floats]:
    """Name → draws (chain × draw,) of every parameter, fixed ones too; no group effects."""
    found: dict[str, Floats] = {}
    for e in elements(fit):
        flat = e.values.reshape(-1, len(e.names))
        found |= {name: flat[:, i] for i, name in enumerate(e.names)}
    return found


def term_draws(term: Term, draws: Mapping[str, Floats]) -> Floats:
    """A quantity at every draw.

    Raises
    ------
    PosteriorError
        Where it is no finite number.
    """
    size = len(next(iter(draws.values())))
    return np.broadcast_to(value(term, draws), (size,))


def target_of(fit: Fit, text: str) -> Term | tuple[Comparison, ...]:
    """A quantity or a statement about the parameters of a fit.

    Raises
    ------
    FormulaError
        For what cannot be read, with a caret.
    """
    return read_target(text, Names.of([(e.variable, e.names) for e in elements(fit)]))


def terms_of(fit: Fit, statistic: str | Iterable[str] | None) -> dict[str, Term]:
    """Quantities by their text; all parameters for None.

    Raises
    ------
    FormulaError
        For what cannot be read.
    PosteriorError
        For a comparison.
    """
    free = [name for e in elements(fit) for name, fixed in zip(e.names, e.constant, strict=True) if not fixed]
    texts = free if statistic is None else [statistic] if isinstance(statistic, str) else list(statistic)
    found: dict[str, Term] = {}
    for text in texts:
        term = target_of(fit, text)
        if isinstance(term, tuple):
            raise PosteriorError(
                f"'{text}' compares, and a bootstrap needs a quantity.", hint=f"Write '{text.split('>')[0].strip()}'."
            )
        found[text.strip()] = term
    return found
