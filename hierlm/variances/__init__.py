"""Variance functions of the residual: one a file, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hierlm.errors import ModelError, did_you_mean
from hierlm.variances.var_const_power import VarConstPower
from hierlm.variances.var_exp import VarExp
from hierlm.variances.var_fixed import VarFixed
from hierlm.variances.var_ident import VarIdent
from hierlm.variances.var_power import VarPower
from hierlm.variances.variance import VarianceFunction

__all__ = ["VARIANCES", "VarianceFunction", "get_variance"]

VARIANCES: Mapping[str, type[VarianceFunction]] = MappingProxyType(
    {v.name: v for v in (VarFixed, VarIdent, VarPower, VarExp, VarConstPower)}
)
"""Name → variance function."""


def get_variance(name: str) -> VarianceFunction:
    """The variance function called ``name``.

    Raises
    ------
    ModelError
        When there is none, with the nearest names.

    Examples
    --------
    >>> get_variance("varPower").parameters
    ('power',)
    """
    if name not in VARIANCES:
        raise ModelError(f"There is no variance function {name!r}.", hint=did_you_mean(name, VARIANCES))
    return VARIANCES[name]()
