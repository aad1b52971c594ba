"""The abstract joint prior: hyperparameters with priors of their own, and a scale for each member given them.

A member that is a coefficient is Normal(0, scale) given the hyperparameters; one that is a standard deviation is the
scale itself.
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from hierlm import names
from hierlm.errors import PriorError
from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.prior import Prior

__all__ = ["Bound", "Conditional", "Hyper", "JointPrior", "Member", "Tensor", "positive"]

Tensor = Any  # a PyTensor variable or an array: laws are written with operators only
COEFFICIENT, DEVIATION, RESIDUAL = "coefficient", "deviation", "residual"


@dataclass(frozen=True)
class Member:
    """One parameter under a joint prior.

    Parameters
    ----------
    name : str
        ``"b[x]"``, ``"sd_g[Intercept]"``, ``"sigma"``.
    variable : str
    kind : {"coefficient", "deviation", "residual"}
        A common effect, a standard deviation of group effects, or that of the residuals.
    size : float
        Of the column that it multiplies: the standard deviation of x, the root mean square of z; 1 for residuals.
    spread : float
        Of the response, on the scale of the linear predictor.
    response : str
        Whose mean it is about.
    """

    name: str
    variable: str
    kind: str
    size: float
    spread: float
    response: str


@dataclass(frozen=True)
class Hyper:
    """One hyperparameter, or a vector of shares.

    Parameters
    ----------
    variable : str
    label : str or None
    prior : Prior or Dirichlet
    kind : {"positive", "probability", "simplex"}
    labels : tuple of str
        Of the elements of a simplex.
    """

    variable: str
    label: str | None
    prior: Prior | Dirichlet
    kind: str
    labels: tuple[str, ...] = ()


class JointPrior(ABC):
    """A prior of several parameters together.

    Attributes
    ----------
    across : bool
        Whether parameters of several variables that are given it (``"b"`` and ``"sd_g"``) share one set of
        hyperparameters; else each variable has its own.
    takes : tuple of str
        The kinds of members that it can have.
    residual : bool
        Whether scales are in units of the residual standard deviation, where the family has one.
    """

    across: ClassVar[bool]
    takes: ClassVar[tuple[str, ...]]
    residual: ClassVar[bool] = False

    @abstractmethod
    def hypers(self, members: Sequence[Member], rows: int) -> tuple[Hyper, ...]:
        """The hyperparameters for these members of a model of so many rows."""

    @abstractmethod
    def scales(self, members: Sequence[Member], values: Mapping[str, Tensor], residual: Tensor) -> Tensor:
        """The scale of every member, (…, members).

        Parameters
        ----------
        values : mapping of str to tensor
            Variable → its value; vectors have their elements on the last axis.
        residual : tensor or float
            The residual standard deviation, or the spread of the response where there is none.
        """

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :func:`hierlm.priors.joint.joint_from_json` makes the same prior."""
        own = [f.name for f in fields(self)]  # type: ignore[arg-type]
        return {"joint": type(self).__name__, "arguments": {name: _plain(getattr(self, name)) for name in own}}

    def __str__(self) -> str:
        """The first argument, and those that are not the default's: ``Horseshoe(nonzero=3)``."""
        own = [(f.name, getattr(self, f.name), f.default) for f in fields(self)]  # type: ignore[arg-type]
        given = [f"{n}={_word(v)}" for i, (n, v, default) in enumerate(own) if i == 0 or v != default]
        return f"{type(self).__name__}({', '.join(given)})"

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True)
class Bound:
    """A joint prior with its members in a model.

    Parameters
    ----------
    joint : JointPrior
    members : tuple of Member
    rows : int
    """

    joint: JointPrior
    members: tuple[Member, ...]
    rows: int

    @property
    def hypers(self) -> tuple[Hyper, ...]:
        """Its hyperparameters."""
        return self.joint.hypers(self.members, self.rows)


@dataclass(frozen=True)
class Conditional:
    """What one member has in place of a prior of its own.

    Parameters
    ----------
    bound : Bound
    position : int
        Among the members.
    """

    bound: Bound
    position: int

    @property
    def member(self) -> Member:
        """Whose prior it is."""
        return self.bound.members[self.position]

    def typical(self) -> float:
        """A typical size, for sampling."""
        return self.member.spread / self.member.size

    def to_json(self) -> dict[str, Any]:
        """That of the joint prior."""
        return self.bound.joint.to_json()

    def __str__(self) -> str:
        return str(self.bound.joint)


def _plain(value: Any) -> Any:
    """As JSON reads it again: lists, no tuples."""
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _word(value: Any) -> str:
    """An argument as it is written: a number, a name, or a mapping that is kept as pairs."""
    if isinstance(value, numbers.Real):
        return f"{value:.4g}"
    if isinstance(value, str):
        return repr(value)
    if all(isinstance(v, str) for v in value):
        return f"[{', '.join(map(_word, value))}]"
    return "{" + ", ".join(f"{_word(k)}: {_word(v)}" for k, v in value) + "}"


def positive(owner: object, *arguments: str) -> None:
    """Check that arguments of a frozen dataclass are positive finite numbers, and keep them as floats.

    Raises
    ------
    PriorError
    """
    for name in arguments:
        value = getattr(owner, name)
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
            raise PriorError(
                f"{type(owner).__name__}: {name} must be a number, not {value!r}.", hint="Give one number."
            )
        number = float(value)
        if not (math.isfinite(number) and number > 0):
            raise PriorError(
                f"{type(owner).__name__}: {name} must be greater than 0 and finite, not {number:g}.",
                hint="Leave it out for the default.",
            )
        object.__setattr__(owner, name, number)


def labels_of(members: Sequence[Member]) -> tuple[str, ...]:
    """What the members are called inside the brackets of a hyperparameter: ``x`` of ``b[x]`` alone, else all."""
    variables = {m.variable for m in members}
    if len(variables) > 1:
        return tuple(m.name for m in members)
    prefix = len(names.element(next(iter(variables)), ""))
    return tuple(m.name[prefix - 1 : -1] if m.name.endswith("]") else m.name for m in members)


def one_response(joint: JointPrior, members: Sequence[Member]) -> None:
    """Refuse members of several responses, and a single one, which would have all of the share.

    Raises
    ------
    PriorError
    """
    responses = dict.fromkeys(m.response for m in members)
    if len(responses) > 1:
        raise PriorError(
            f"{joint} is given to parameters of several responses: {', '.join(responses)}.",
            hint="Give it to those of one response.",
        )
    if len(members) < 2:
        raise PriorError(
            f"{joint} is given to '{members[0].name}' only, and there is nothing to share.",
            hint='Give the same one to several parameters: priors={"b": joint, "sd_g": joint}.',
        )
