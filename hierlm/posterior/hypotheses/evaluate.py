"""A term at draws of the parameters; and the linear combination that it is, where it is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from hierlm.errors import PosteriorError
from hierlm.fit import Fit
from hierlm.posterior.draws import elements
from hierlm.posterior.hypotheses.tree import Apply, Number, Parameter, Term

__all__ = ["draws_of", "linear_form", "parameters", "value"]

Floats = NDArray[np.float64]
OPERATIONS: Mapping[str, Callable[..., Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "negative": np.negative,
    "abs": np.abs,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
}


def parameters(term: Term) -> Iterator[str]:
    """The names in a term."""
    if isinstance(term, Parameter):
        yield term.name
    elif isinstance(term, Apply):
        for argument in term.arguments:
            yield from parameters(argument)


def draws_of(fit: Fit, *terms: Term) -> dict[str, Floats]:
    """The draws (chain, draw) of every parameter in the terms, by name."""
    wanted = list(dict.fromkeys(name for term in terms for name in parameters(term)))
    found = elements(fit, wanted) if wanted else []
    return {name: e.values[..., i] for e in found for i, name in enumerate(e.names)}


def value(term: Term, draws: Mapping[str, Floats]) -> Floats:
    """The term at every draw.

    Raises
    ------
    PosteriorError
        Where it is no finite number for some.
    """
    with np.errstate(all="ignore"):
        found = np.asarray(_value(term, draws), dtype=np.float64)
    bad = int((~np.isfinite(found)).sum())
    if bad:
        raise PosteriorError(
            f"The statement is no finite number for {bad} of the draws.",
            hint="A logarithm or root of a negative number, or a division by zero?",
        )
    return found


def _value(term: Term, draws: Mapping[str, Floats]) -> Floats:
    if isinstance(term, Number):
        return np.asarray(term.value)
    if isinstance(term, Parameter):
        return draws[term.name]
    return OPERATIONS[term.operation](*(_value(a, draws) for a in term.arguments))


def linear_form(term: Term) -> tuple[dict[str, float], float] | None:
    """Coefficients by name and the constant of a linear combination; None for any other term."""
    if isinstance(term, Number):
        return {}, term.value
    if isinstance(term, Parameter):
        return {term.name: 1.0}, 0.0
    parts = [linear_form(a) for a in term.arguments]
    if any(p is None for p in parts):
        return None
    known = [p for p in parts if p is not None]
    if term.operation == "negative":
        return _scaled(known[0], -1.0)
    if term.operation in ("+", "-"):
        (a, c), (b, d) = known[0], _scaled(known[1], 1.0 if term.operation == "+" else -1.0)
        return {name: a.get(name, 0.0) + b.get(name, 0.0) for name in {**a, **b}}, c + d
    constant = [not p[0] for p in known]
    if term.operation == "*" and any(constant):
        number, other = (known[0], known[1]) if constant[0] else (known[1], known[0])
        return _scaled(other, number[1])
    if term.operation == "/" and constant[1] and known[1][1] != 0:
        return _scaled(known[0], 1.0 / known[1][1])
    return None


def _scaled(form: tuple[dict[str, float], float], factor: float) -> tuple[dict[str, float], float]:
    return {name: factor * v for name, v in form[0].items()}, factor * form[1]
