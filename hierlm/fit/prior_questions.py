"""What a fit says about its priors and what depends on them; every method is a line that calls a plain function."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior import Evidence, Overlap, Sensitivity

__all__ = ["PriorQuestions"]


class PriorQuestions(ABC):  # noqa: B024 - the part of Fit that asks about priors
    """What the priors did to a fit."""

    def prior_overlap(self, parameters: Any = None, **options: Any) -> Overlap:
        """How much of each prior is still seen in the posterior; see :func:`hierlm.posterior.prior_overlap`."""
        from hierlm.posterior import prior_overlap

        return prior_overlap(cast("Fit", self), parameters, **options)

    def sensitivity(self, parameters: Any = None, **options: Any) -> Sensitivity:
        """Whether another prior would change the story; see :func:`hierlm.posterior.sensitivity`."""
        from hierlm.posterior import sensitivity

        return sensitivity(cast("Fit", self), parameters, **options)

    def evidence(self, **options: Any) -> Evidence:
        """How probable the data are under the model; see :func:`hierlm.posterior.evidence`."""
        from hierlm.posterior import evidence

        return evidence(cast("Fit", self), **options)
