"""Whether the kernels know a prior and a structure."""

from __future__ import annotations

from collections.abc import Iterator

from hierlm import names
from hierlm.kernels.priors import CODES
from hierlm.model import Model
from hierlm.priors.prior import Prior

__all__ = ["has_positive_kernel", "structure_obstacles"]


def has_positive_kernel(prior: Prior) -> bool:
    """Whether the prior of a positive parameter has a kernel."""
    return prior.on == "value" and prior.name in CODES and set(prior.arguments) == set(CODES[prior.name][1])


def structure_obstacles(model: Model) -> Iterator[str]:
    """Which group blocks kernels cannot deal with, one sentence each."""
    response = model.responses[0].name
    for block in model.blocks:
        k = len(block.effects)
        if any((p.response, p.parameter) != (response, names.MEAN) for p in block.pieces):
            yield f"effects of {block.group} reach beyond the mean"
        if block.covariance.correlated(k) and block.covariance.correlation_kernel(k) is None:
            yield f"the structure {block.structure} of {block.group} has no kernel"
        if list(block.columns) != list(range(block.columns[0], block.columns[0] + k)):
            yield f"the effects of {block.group} are interleaved"
