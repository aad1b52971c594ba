"""What users hand over by name, as relations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from hierlm.covariances.inheritance import Inheritance
from hierlm.covariances.matrix import KnownMatrix
from hierlm.covariances.relation import Relation
from hierlm.errors import ModelError

__all__ = ["KINDS", "relations_of"]

KINDS: Mapping[str, type[Relation]] = MappingProxyType({r.kind: r for r in (KnownMatrix, Inheritance)})
"""How a relation is called in an archive → its class."""


def relations_of(given: object) -> dict[str, Relation]:
    """``matrices={"K": …}`` with every value as a relation.

    Raises
    ------
    ModelError
        For a value that is none, naming it.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ModelError(f"matrices is a {type(given).__name__}, not a mapping.", hint='Write matrices={"K": K}.')
    return {_name(name): _relation(str(name), value) for name, value in given.items()}


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise ModelError(f"A matrix is handed over by its name in the formula, not by {name!r}.", hint='{"K": K}')
    return name


def _relation(name: str, value: Any) -> Relation:
    if isinstance(value, Relation):
        return value
    if not isinstance(value, pd.DataFrame):
        raise ModelError(
            f"matrices[{name!r}] is a {type(value).__name__}, which has no labels to match with levels.",
            hint="Give pd.DataFrame(K, index=labels, columns=labels), hl.pedigree( ) or hl.phylogeny( ).",
        )
    try:
        return KnownMatrix.of_frame(value)
    except ModelError as problem:
        raise ModelError(f"matrices[{name!r}]: {problem.message}", hint=problem.hint) from problem
