"""Effects on the scale of the outcome, statements and frames; every method is a line that calls a plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hierlm.elsewhere import FIT, Guided

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.posterior import Effects, Hypothesis

__all__ = ["EffectQuestions"]


class EffectQuestions(Guided):
    """What a fit says about the outcome, and about statements; and its frames."""

    _words = FIT

    def predictions(self, new: Any = None, **options: Any) -> Effects:
        """Expected responses for a stated target; see :func:`hierlm.posterior.predictions`."""
        from hierlm.posterior import predictions

        return predictions(cast("Fit", self), new, **options)

    def comparisons(self, variables: Any, new: Any = None, **options: Any) -> Effects:
        """What changes when a column changes; see :func:`hierlm.posterior.comparisons`."""
        from hierlm.posterior import comparisons

        return comparisons(cast("Fit", self), variables, new, **options)

    def slopes(self, variables: Any, new: Any = None, **options: Any) -> Effects:
        """How steep the expected response is in a number; see :func:`hierlm.posterior.slopes`."""
        from hierlm.posterior import slopes

        return slopes(cast("Fit", self), variables, new, **options)

    def marginal_means(self, factors: Any, **options: Any) -> Effects:
        """Expected responses at levels of factors, the others balanced; see :func:`hierlm.posterior.marginal_means`."""
        from hierlm.posterior import marginal_means

        return marginal_means(cast("Fit", self), factors, **options)

    def hypothesis(self, statements: Any, **options: Any) -> Hypothesis:
        """How probable statements about parameters are; see :func:`hierlm.posterior.hypothesis`."""
        from hierlm.posterior import hypothesis

        return hypothesis(cast("Fit", self), statements, **options)

    def tidy(self, effects: Any = ("fixed", "ran_pars"), **options: Any) -> Any:
        """A row per parameter, in broom.mixed's columns; see :func:`hierlm.posterior.tidy`."""
        from hierlm.posterior import tidy

        return tidy(cast("Fit", self), effects, **options)

    def glance(self) -> Any:
        """One row about the fit; see :func:`hierlm.posterior.glance`."""
        from hierlm.posterior import glance

        return glance(cast("Fit", self))

    def augment(self, data: Any = None, **options: Any) -> Any:
        """The data with fitted values and residuals; see :func:`hierlm.posterior.augment`."""
        from hierlm.posterior import augment

        return augment(cast("Fit", self), data, **options)

    def table(self, **options: Any) -> Any:
        """A table for a paper, by great_tables; see :func:`hierlm.posterior.table`."""
        from hierlm.posterior import table

        return table(cast("Fit", self), **options)
