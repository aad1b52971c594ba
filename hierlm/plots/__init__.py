"""Pictures of a fit, one a file; the only place that imports matplotlib and arviz-plots, when it draws."""

from hierlm.plots.caterpillar import caterpillar
from hierlm.plots.comparisons import comparisons
from hierlm.plots.components import components
from hierlm.plots.effects import effects
from hierlm.plots.hypothesis import hypothesis
from hierlm.plots.lines import lines
from hierlm.plots.marginal_means import marginal_means
from hierlm.plots.picture import Picture
from hierlm.plots.plots import Plots
from hierlm.plots.ppc import ppc
from hierlm.plots.predictions import predictions
from hierlm.plots.shrinkage import shrinkage
from hierlm.plots.slopes import slopes
from hierlm.plots.smooths import smooths

__all__ = [
    "Picture",
    "Plots",
    "caterpillar",
    "comparisons",
    "components",
    "effects",
    "hypothesis",
    "lines",
    "marginal_means",
    "ppc",
    "predictions",
    "shrinkage",
    "slopes",
    "smooths",
]
