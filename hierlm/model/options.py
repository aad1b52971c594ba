"""The arguments of a model, as given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hierlm.covariances.relation import Relation
from hierlm.model.specify import LinkChoice

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The arguments of :class:`Model` other than the formula and the data, as given."""

    family: Any
    link: LinkChoice
    priors: Mapping[str, object]
    random: str | None
    residual: str | None
    missing: str
    parameterization: str | Mapping[str, str]
    extra: Mapping[str, Callable[..., Any]]
    matrices: Mapping[str, Relation] = field(default_factory=dict)
