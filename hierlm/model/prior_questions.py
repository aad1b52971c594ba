"""What a model says about its priors before any fit; every method is a line that calls a plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hierlm.elsewhere import Guided

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.model.model import Model
    from hierlm.plots.model_plots import ModelPlots
    from hierlm.posterior.checking.check import Checks

__all__ = ["PriorChecks"]


class PriorChecks(Guided):
    """What the priors of a model mean for data."""

    _otherwise = "What is estimated is asked of its fit: fit = model.fit(seed=1)."

    def prior_predictive(self, draws: int = 500, *, seed: int | None = None) -> xr.DataTree:
        """Draws of parameters and responses from the prior; see :func:`hierlm.posterior.prior_predictive`."""
        from hierlm.posterior import prior_predictive

        return prior_predictive(cast("Model", self), draws, seed=seed)

    def prior_check(self, stat: Any = ("mean", "sd", "min", "max"), **options: Any) -> Checks:
        """Statistics of data drawn from the prior; see :func:`hierlm.posterior.prior_check`."""
        from hierlm.posterior import prior_check

        return prior_check(cast("Model", self), stat, **options)

    @property
    def plot(self) -> ModelPlots:
        """Plots of this model before any fit: ``model.plot.prior()``."""
        from hierlm.plots.model_plots import ModelPlots

        return ModelPlots(cast("Model", self))
