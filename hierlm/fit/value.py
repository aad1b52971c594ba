"""Fit: a model and the draws from its posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, final

import pandas as pd
import xarray as xr

from hierlm.fit.effect_questions import EffectQuestions
from hierlm.fit.prior_questions import PriorQuestions
from hierlm.fit.variance_questions import VarianceQuestions
from hierlm.model.model import Model

if TYPE_CHECKING:
    from hierlm.plots import Plots
    from hierlm.posterior import (
        Diagnosis,
        Elpd,
        Prediction,
        Ranks,
        Summary,
        UpdatedGroup,
    )
    from hierlm.replicates import Bootstrap

__all__ = ["Fit"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Fit(EffectQuestions, PriorQuestions, VarianceQuestions):
    """A model and the draws from its posterior; every question is one method, a line that calls a plain function.

    Parameters
    ----------
    model : Model
    draws : DataTree
        ArviZ groups ``posterior``, ``sample_stats``, ``observed_data``; dims and coordinates are named after terms and
        levels.
    provenance : mapping
        Sampler, seed, settings, versions, time.

    Examples
    --------
    >>> import hierlm as hl
    >>> model = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy"))
    >>> fit = model.fit(seed=1)  # doctest: +SKIP
    >>> fit  # doctest: +SKIP
    >>> fit.varcorr()  # doctest: +SKIP
    >>> fit.plot.caterpillar("Subject")  # doctest: +SKIP
    """

    model: Model
    draws: xr.DataTree
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws, dims ``chain``, ``draw`` and those of each variable."""
        return self.draws["posterior"].to_dataset()

    def summary(self, **options: Any) -> Summary:
        """Means, sds, intervals and diagnostics; see :func:`hierlm.posterior.summary`."""
        from hierlm.posterior import summary

        return summary(self, **options)

    def fixef(self, **options: Any) -> pd.DataFrame:
        """Common effects; see :func:`hierlm.posterior.fixef`."""
        from hierlm.posterior import fixef

        return fixef(self, **options)

    def ranef(self, group: str | None = None, **options: Any) -> pd.DataFrame:
        """Group effects; see :func:`hierlm.posterior.ranef`."""
        from hierlm.posterior import ranef

        return ranef(self, group, **options)

    def coef(self, group: str | None = None, **options: Any) -> pd.DataFrame:
        """Coefficients of each level, common plus group effect; see :func:`hierlm.posterior.coef`."""
        from hierlm.posterior import coef

        return coef(self, group, **options)

    def smooths(self, term: str | None = None, **options: Any) -> pd.DataFrame:
        """The curves of smooth terms on a grid, with intervals; see :func:`hierlm.posterior.smooths`."""
        from hierlm.posterior import smooths

        return smooths(self, term, **options)

    def shrinkage(self, group: str | None = None, **options: Any) -> Any:
        """Partial pooling by term and by level; see :func:`hierlm.posterior.shrinkage`."""
        from hierlm.posterior import shrinkage

        return shrinkage(self, group, **options)

    def diagnose(self) -> Diagnosis:
        """Whether the draws can be trusted, and what to do if not; see :func:`hierlm.posterior.diagnose`."""
        from hierlm.posterior import diagnose

        return diagnose(self)

    def predict(self, new: Any = None, **options: Any) -> Prediction:
        """Predictions for the data or for new rows; see :func:`hierlm.posterior.predict`."""
        from hierlm.posterior import predict

        return predict(self, new, **options)

    def log_likelihood(self, new: Any = None, **options: Any) -> xr.Dataset:
        """Pointwise log-likelihood; see :func:`hierlm.posterior.log_likelihood`."""
        from hierlm.posterior import log_likelihood

        return log_likelihood(self, new, **options)

    def posterior_predictive(self, **options: Any) -> xr.Dataset:
        """Replicated responses; see :func:`hierlm.posterior.posterior_predictive`."""
        from hierlm.posterior import posterior_predictive

        return posterior_predictive(self, **options)

    def loo(self, target: Any = "row", **options: Any) -> Elpd:
        """How well new rows or new groups are foreseen; see :func:`hierlm.posterior.loo`."""
        from hierlm.posterior import loo

        return loo(self, target, **options)

    def reloo(self, result: Elpd | None = None, **options: Any) -> Elpd:
        """The same, refitted where importance sampling is not reliable; see :func:`hierlm.posterior.reloo`."""
        from hierlm.posterior import reloo

        return reloo(self, result, **options)

    def kfold(self, k: int = 10, **options: Any) -> Elpd:
        """Cross-validation by refits; see :func:`hierlm.posterior.kfold`."""
        from hierlm.posterior import kfold

        return kfold(self, k, **options)

    def check(self, stat: Any = ("mean", "sd", "min", "max"), **options: Any) -> pd.DataFrame:
        """Statistics of the data beside those of data drawn from the fit; see :func:`hierlm.posterior.check`."""
        from hierlm.posterior import check

        return check(self, stat, **options)

    def residuals(self, kind: Any = "quantile", **options: Any) -> pd.DataFrame:
        """What is left of each observation; see :func:`hierlm.posterior.residuals`."""
        from hierlm.posterior import residuals

        return residuals(self, kind, **options)

    def check_residuals(self, **options: Any) -> pd.DataFrame:
        """Dispersion, zeros, outliers, shape, autocorrelation; see :func:`hierlm.posterior.check_residuals`."""
        from hierlm.posterior import check_residuals

        return check_residuals(self, **options)

    def influence(self, by: Any = "row", **options: Any) -> pd.DataFrame:
        """Which rows or groups move the fit; see :func:`hierlm.posterior.influence`."""
        from hierlm.posterior import influence

        return influence(self, by, **options)

    def bootstrap(self, n: int = 200, statistic: Any = None, **options: Any) -> Bootstrap:
        """How estimates would vary in repeated studies; see :func:`hierlm.replicates.bootstrap`."""
        from hierlm.replicates.bootstrap import bootstrap

        return bootstrap(self, n, statistic, **options)

    def update_group(self, rows: Any, **options: Any) -> UpdatedGroup:
        """Effects of an unseen group from a few of its rows; see :func:`hierlm.posterior.update_group`."""
        from hierlm.posterior import update_group

        return update_group(self, rows, **options)

    def ranks(self, group: str | None = None, effect: str | None = None, **options: Any) -> Ranks:
        """Which level is first, and how sure that is; see :func:`hierlm.posterior.ranks`."""
        from hierlm.posterior import ranks

        return ranks(self, group, effect, **options)

    def effective_parameters(self) -> pd.DataFrame:
        """How many effects the data have determined; see :func:`hierlm.posterior.effective_parameters`."""
        from hierlm.posterior import effective_parameters

        return effective_parameters(self)

    def repeatability(self, **options: Any) -> pd.DataFrame:
        """How alike two measurements of one group are; see :func:`hierlm.posterior.repeatability`."""
        from hierlm.posterior import repeatability

        return repeatability(self, **options)

    def tree(self, **options: Any) -> xr.DataTree:
        """The draws with log-likelihood and replicated responses, for ArviZ; see :func:`hierlm.posterior.tree.tree`."""
        from hierlm.posterior.tree import tree

        return tree(self, **options)

    @property
    def plot(self) -> Plots:
        """Plots of this fit: ``fit.plot.caterpillar("Subject")`` …"""
        from hierlm.plots import Plots

        return Plots(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write one portable archive; see :func:`hierlm.storage.save`."""
        from hierlm.storage import save

        save(self, path)

    def __repr__(self) -> str:
        from hierlm.posterior import display

        return display.text(self)

    def _repr_html_(self) -> str:
        from hierlm.posterior import display

        return display.html(self)
