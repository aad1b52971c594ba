"""One named vector variable whose elements may have different priors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymc as pm
import pytensor.tensor as pt

from hierlm import names
from hierlm.priors.fixed import Fixed
from hierlm.priors.prior import Prior
from hierlm.priors.stacked import stack

__all__ = ["Given", "vector"]

Tensor = Any


@dataclass(frozen=True, eq=False)
class Given:
    """A parameter whose value follows from hyperparameters, in the place of its prior.

    Parameters
    ----------
    value : tensor
    size : float
        A typical one.
    """

    value: Tensor
    size: float

    def typical(self) -> float:
        """See :meth:`hierlm.priors.Prior.typical`."""
        return self.size

    def build(self, name: str, *, dims: Any = None, shape: Any = None) -> Tensor:
        """The value, called ``name``."""
        return pm.Deterministic(name, self.value, dims=dims)


def vector(
    name: str,
    dim: str,
    priors: Sequence[Prior | Fixed | Given],
    *,
    index: Sequence[int] | None = None,
    transform: Any = None,
) -> Tensor:
    """Add the vector ``name`` to the PyMC model on the context stack.

    One random variable where the priors differ in their arguments only; otherwise one for each distribution
    (``name__0``, …), gathered under ``name``.

    Parameters
    ----------
    name, dim : str
    priors : sequence of Prior, Fixed or Given
        One per free parameter.
    index : sequence of int, optional
        Element → parameter, where elements share one (a homogeneous structure).
    transform : Transform, optional
        Sampling coordinates; used only where the whole vector is one variable with the transform's ``support``.
    """
    index = range(len(priors)) if index is None else index
    shared = list(index) != list(range(len(priors)))
    plain = [p for p in priors if isinstance(p, Prior)]
    same = stack(plain) if len(plain) == len(priors) else None
    if same is not None and not shared:
        template, arrays = same
        usable = transform is not None and all(p.support == transform.support and p.on == "value" for p in plain)
        options: dict[str, Any] = {"default_transform": transform} if usable else {}
        return template.build(name, dims=dim, **options, **arrays)
    parts: dict[int, Tensor] = {}
    for number, members in enumerate(_alike(priors)):
        first = priors[members[0]]
        if isinstance(first, Given):
            parts |= {m: priors[m].value for m in members}  # type: ignore[union-attr]
            continue
        if isinstance(first, Fixed):
            parts |= {m: pt.constant(priors[m].value) for m in members}  # type: ignore[union-attr]
            continue
        template, arrays = stack([priors[m] for m in members])  # type: ignore[misc]
        variable = template.build(names.internal(name, number), shape=len(members), **arrays)
        parts |= {m: variable[i] for i, m in enumerate(members)}
    return pm.Deterministic(name, pt.stack([parts[i] for i in index]), dims=dim)


def _alike(priors: Sequence[Prior | Fixed | Given]) -> list[list[int]]:
    """Positions of the priors that can be one variable, in order of first appearance."""
    groups: dict[object, list[int]] = {}
    for i, prior in enumerate(priors):
        key = (prior.name, prior.on, tuple(prior.arguments)) if isinstance(prior, Prior) else type(prior)
        groups.setdefault(key, []).append(i)
    return list(groups.values())
