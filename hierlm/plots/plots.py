"""Plots: the pictures of one fit, ``fit.plot.…``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from hierlm.elsewhere import PLOTS, Guided
from hierlm.plots.caterpillar import caterpillar
from hierlm.plots.comparisons import comparisons
from hierlm.plots.components import components
from hierlm.plots.effects import effects
from hierlm.plots.group_variance import group_variance
from hierlm.plots.hypothesis import hypothesis
from hierlm.plots.lines import lines
from hierlm.plots.marginal_means import marginal_means
from hierlm.plots.ppc import ppc
from hierlm.plots.predictions import predictions
from hierlm.plots.prior_overlap import prior_overlap
from hierlm.plots.qq import qq
from hierlm.plots.ranks import ranks
from hierlm.plots.residuals import residuals
from hierlm.plots.sensitivity import sensitivity
from hierlm.plots.shrinkage import shrinkage
from hierlm.plots.slopes import slopes
from hierlm.plots.smooths import smooths

if TYPE_CHECKING:
    from hierlm.fit.value import Fit
    from hierlm.plots.picture import Picture
    from hierlm.posterior.effects import Effects

__all__ = ["Plots"]


@final
@dataclass(frozen=True, repr=False)
class Plots(Guided):
    """The pictures of one fit; every method is a line that calls the function of the same name."""

    _words = PLOTS
    _otherwise = "dir(fit.plot) lists what there is."

    fit: Fit

    def caterpillar(self, group: str | None = None, effect: str | None = None, **options: Any) -> Any:
        """Group effects of every level, sorted; see :func:`hierlm.plots.caterpillar`."""
        return caterpillar(self.fit, group, effect, **options)

    def shrinkage(
        self, group: str | None = None, effect: str | tuple[str, str] | None = None, **options: Any
    ) -> Picture:
        """No pooling → partial pooling → complete pooling; see :func:`hierlm.plots.shrinkage`."""
        return shrinkage(self.fit, group, effect, **options)

    def components(self, **options: Any) -> Any:
        """Standard deviations of the groupings and of the residual; see :func:`hierlm.plots.components`."""
        return components(self.fit, **options)

    def group_variance(self, group: str | None = None, member: Any = None, **options: Any) -> Picture:
        """How the rows of one group vary together; see :func:`hierlm.plots.group_variance.group_variance`."""
        return group_variance(self.fit, group, member, **options)

    def ppc(self, kind: str | None = None, **options: Any) -> Any:
        """The data among data drawn from the fit; see :func:`hierlm.plots.ppc`."""
        return ppc(self.fit, kind, **options)

    def residuals(self, against: str = "fitted", **options: Any) -> Picture:
        """Residuals against fitted values, a column, or the order; see :func:`hierlm.plots.residuals.residuals`."""
        return residuals(self.fit, against, **options)

    def qq(self, group: str | None = None, effect: str | None = None, **options: Any) -> Picture:
        """Residuals, or group effects, against normal quantiles; see :func:`hierlm.plots.qq.qq`."""
        return qq(self.fit, group, effect, **options)

    def ranks(self, group: str | None = None, effect: str | None = None, **options: Any) -> Picture:
        """Ranks of levels with their uncertainty; see :func:`hierlm.plots.ranks.ranks`."""
        return ranks(self.fit, group, effect, **options)

    def lines(self, x: str | None = None, group: str | None = None, **options: Any) -> Picture:
        """Fitted lines of every level over the data; see :func:`hierlm.plots.lines`."""
        return lines(self.fit, x, group, **options)

    def smooths(self, term: str | None = None, **options: Any) -> Picture:
        """The curves and surfaces of smooth terms; see :func:`hierlm.plots.smooths`."""
        return smooths(self.fit, term, **options)

    def prior_overlap(self, parameters: Any = None, **options: Any) -> Picture:
        """Posterior densities over those of the priors; see :func:`hierlm.plots.prior_overlap.prior_overlap`."""
        return prior_overlap(self.fit, parameters, **options)

    def sensitivity(self, parameters: Any = None, **options: Any) -> Picture:
        """How far parameters move with the priors; see :func:`hierlm.plots.sensitivity.sensitivity`."""
        return sensitivity(self.fit, parameters, **options)

    def predictions(self, x: str, colour: str | None = None, panel: str | None = None, **options: Any) -> Picture:
        """The expected response along a column, beside the data; see :func:`hierlm.plots.predictions`."""
        return predictions(self.fit, x, colour, panel, **options)

    def comparisons(self, variables: Any, along: str | None = None, **options: Any) -> Picture:
        """What changes with a column; see :func:`hierlm.plots.comparisons`."""
        return comparisons(self.fit, variables, along, **options)

    def slopes(self, variables: Any, along: str | None = None, **options: Any) -> Picture:
        """How steep the expected response is; see :func:`hierlm.plots.slopes`."""
        return slopes(self.fit, variables, along, **options)

    def marginal_means(self, factors: Any, **options: Any) -> Picture:
        """The expected response at levels of factors; see :func:`hierlm.plots.marginal_means`."""
        return marginal_means(self.fit, factors, **options)

    def effects(self, answer: Effects, x: str | None = None, **options: Any) -> Picture:
        """Any answer about effects, contrasts among them; see :func:`hierlm.plots.effects`."""
        return effects(answer, x, **options)

    def hypothesis(self, statements: Any, **options: Any) -> Picture:
        """The draws of what statements compare; see :func:`hierlm.plots.hypothesis`."""
        return hypothesis(self.fit, statements, **options)

    def __dir__(self) -> list[str]:
        """The pictures, for tab completion."""
        return [name for name in vars(type(self)) if not name.startswith("_") and name != "fit"]

    def __repr__(self) -> str:
        return (
            "<plots of a fit: caterpillar(group), shrinkage(group), components(), ppc(kind), lines(x, group), "
            "smooths(), residuals(against), qq(group), ranks(group, effect), prior_overlap(), sensitivity(), "
            "group_variance(group), predictions(x), comparisons(variables), slopes(variables), "
            "marginal_means(factors), effects(answer), hypothesis(statements)>"
        )
