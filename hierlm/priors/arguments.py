"""What a user gives as the arguments of a distribution, checked."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from hierlm.errors import PriorError, did_you_mean
from hierlm.priors.distributions import DISTRIBUTIONS, DOMAINS

__all__ = ["checked_arguments", "describe_forms"]


def checked_arguments(name: str, given: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """The arguments in the order of their form, defaults filled in, each a finite number in its domain.

    Parameters
    ----------
    name : str
        Canonical name of the distribution.
    given : mapping of str to object
        As typed.

    Raises
    ------
    PriorError
        Unknown, missing, contradictory, or outside the domain.

    Examples
    --------
    >>> checked_arguments("Normal", {"tau": 4})
    (('mu', 0.0), ('tau', 4.0))
    """
    distribution = DISTRIBUTIONS[name]
    for argument in given:
        if argument not in distribution.domains:
            near = did_you_mean(argument, distribution.domains)
            near = f"{near} " if near.startswith("Did") else ""
            raise PriorError(f"{name} has no argument {argument!r}.", hint=near + describe_forms(name))
    values = {k: _number(name, k, v) for k, v in given.items()}
    for argument, value in values.items():
        reads, holds = DOMAINS[distribution.domains[argument]]
        if not holds(value):
            raise PriorError(f"{name}: {argument} must be {reads}, not {value:g}.", hint=describe_forms(name))
    values = _completed(name, values)
    if distribution.condition is not None and not distribution.condition[1](values):
        shown = ", ".join(f"{k}={v:g}" for k, v in values.items())
        raise PriorError(f"{name} needs {distribution.condition[0]}; got {shown}.", hint=describe_forms(name))
    return tuple(values.items())


def _completed(name: str, values: Mapping[str, float]) -> dict[str, float]:
    """The arguments of the form that was meant, with its defaults."""
    distribution = DISTRIBUTIONS[name]
    for form in distribution.forms:
        missing = set(form) - set(values)
        if set(values) <= set(form) and missing <= set(distribution.defaults):
            return {k: values.get(k, distribution.defaults.get(k, math.nan)) for k in form}
    given = f"is not defined by {', '.join(values)}" if values else "needs arguments"
    raise PriorError(f"{name} {given}.", hint=describe_forms(name))


def _number(name: str, argument: str, value: Any) -> float:
    """A finite float; numbers only (no text, booleans or arrays)."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise PriorError(
            f"{name}: {argument} must be a number, not {value!r}.", hint="Give one number, the same for every element."
        )
    number = float(value)
    if not math.isfinite(number):
        raise PriorError(f"{name}: {argument} must be a finite number, not {number}.", hint=describe_forms(name))
    return number


def describe_forms(name: str) -> str:
    """How to define a distribution, for messages.

    Examples
    --------
    >>> describe_forms("Exponential")
    'Arguments of Exponential: lam; or scale.'
    """
    distribution = DISTRIBUTIONS[name]
    if not distribution.domains:
        return f"{name} takes no arguments."
    defaults = distribution.defaults
    forms = [
        " and ".join(f"{a} ({defaults[a]:g} unless given)" if a in defaults else a for a in form)
        for form in distribution.forms
    ]
    return f"Arguments of {name}: {'; or '.join(forms)}."
