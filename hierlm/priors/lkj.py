"""LKJ: the prior of a correlation matrix."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hierlm.errors import PriorError

__all__ = ["LKJ"]


@dataclass(frozen=True)
class LKJ:
    """The prior of a correlation matrix R: p(R) ∝ det(R)^(η − 1).

    η = 1 is uniform over correlation matrices, larger η favours small correlations.  For two effects
    (r + 1)/2 ~ Beta(η, η).

    Source: Lewandowski, Kurowicka & Joe (2009), Journal of Multivariate Analysis 100, 1989–2001.

    Parameters
    ----------
    eta : float
        Greater than 0.

    Raises
    ------
    PriorError
        When ``eta`` is not a positive finite number.

    Examples
    --------
    >>> LKJ(2)
    LKJ(eta=2)
    """

    eta: float = 2.0

    def __post_init__(self) -> None:
        given: object = self.eta
        if isinstance(given, bool) or not isinstance(given, numbers.Real):
            raise PriorError(f"LKJ: eta must be a number, not {given!r}.", hint="Write hl.LKJ(2).")
        eta = float(given)
        if not (math.isfinite(eta) and eta > 0):
            raise PriorError(f"LKJ: eta must be greater than 0 and finite, not {eta:g}.", hint="Write hl.LKJ(2).")
        object.__setattr__(self, "eta", eta)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which :meth:`from_json` makes the same prior.

        Returns
        -------
        dict
        """
        return {"prior": "LKJ", "arguments": {"eta": self.eta}}

    @classmethod
    def from_json(cls, obj: Any) -> LKJ:
        """The prior of a JSON object.

        Parameters
        ----------
        obj : object

        Returns
        -------
        LKJ

        Raises
        ------
        PriorError
            For whatever :meth:`to_json` does not write.
        """
        if not isinstance(obj, Mapping) or set(obj) != {"prior", "arguments"} or obj["prior"] != "LKJ":
            raise PriorError(f"Not a stored LKJ prior: {obj!r}.", hint="Read what LKJ.to_json() has written.")
        arguments = obj["arguments"]
        if not isinstance(arguments, Mapping) or set(arguments) != {"eta"}:
            raise PriorError(
                f"Not the arguments of a stored LKJ prior: {arguments!r}.", hint="Read what LKJ.to_json() has written."
            )
        return cls(arguments["eta"])

    def __repr__(self) -> str:
        return f"LKJ(eta={self.eta:.15g})"

    def __str__(self) -> str:
        return f"LKJ({self.eta:.4g})"
