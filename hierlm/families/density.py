"""Families that write their own log-density, in terms of linear predictors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

import pymc as pm
import pytensor.tensor as pt

from hierlm.families.family import Additions, Family, Predicted

__all__ = ["DensityFamily"]

Tensor = Any


class DensityFamily(Family):
    """A family whose density is written with log μ and log(1 − μ) from the link: extreme predictors stay finite.

    PyMC's distributions see μ only after it may have been rounded to 0 or 1; here PyMC draws, and the density is ours.
    """

    @abstractmethod
    def log_density(self, y: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """log p(y | parameters), elementwise; −∞ outside the support."""

    @abstractmethod
    def draws(self, size: Tensor, additions: Additions, **parameters: Predicted) -> Tensor:
        """An unnamed PyMC variable with this distribution, of the given size (None: that of the parameters)."""

    @final
    def distribution(self, additions: Additions, **parameters: Predicted) -> Tensor:
        """The unnamed PyMC random variable of the response: :meth:`draws` with :meth:`log_density`."""
        links = {name: p.link for name, p in parameters.items()}

        def read(inputs: tuple[Tensor, ...]) -> tuple[dict[str, Tensor], dict[str, Predicted]]:
            etas, rest = inputs[: len(links)], inputs[len(links) :]
            predicted = {name: Predicted(eta, link) for (name, link), eta in zip(links.items(), etas, strict=True)}
            return dict(zip(self.requires, rest, strict=True)), predicted

        def draw(*inputs: Tensor) -> Tensor:
            own, predicted = read(inputs[:-1])
            return self.draws(inputs[-1], own, **predicted)

        def logp(y: Tensor, *inputs: Tensor) -> Tensor:
            own, predicted = read(inputs)
            return self.restrict(self.log_density(pt.cast(y, "float64"), own, **predicted), **predicted)

        several = {vector.name for vector in self.vectors}
        core = ["(k)" if name in several else "()" for name in links] + ["()"] * len(self.requires)
        shapes = {"signature": f"{','.join(core)}->()"} if several else {}
        inputs = [p.eta for p in parameters.values()] + [pt.cast(additions[name], "float64") for name in self.requires]
        label = "".join(part.capitalize() for part in self.name.split("_"))
        return pm.CustomDist.dist(*inputs, dist=draw, logp=logp, class_name=label, **shapes)
