"""The arguments of a model, as given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hierlm.covariances.relation import Relation
from hierlm.errors import ModelError
from hierlm.model.specify import LinkChoice

__all__ = ["Options", "checked_functions"]


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


def checked_functions(extra: object) -> dict[str, Callable[..., Any]]:
    """``extra`` as a dict, after checking that it is a mapping to functions."""
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):
        raise ModelError(f"extra is a {type(extra).__name__}, not a mapping.", hint='Write extra={"f": f}.')
    for name, function in extra.items():
        if not callable(function):
            raise ModelError(
                f"extra names {name!r}, which is no function but {function!r}.", hint='Write extra={"f": f}.'
            )
    return dict(extra)
