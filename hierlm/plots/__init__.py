"""Pictures of a fit, one a file; the only place that imports matplotlib and arviz-plots, when it draws."""

from hierlm.plots.caterpillar import caterpillar
from hierlm.plots.components import components
from hierlm.plots.lines import lines
from hierlm.plots.picture import Picture
from hierlm.plots.plots import Plots
from hierlm.plots.ppc import ppc
from hierlm.plots.shrinkage import shrinkage
from hierlm.plots.smooths import smooths

__all__ = ["Picture", "Plots", "caterpillar", "components", "lines", "ppc", "shrinkage", "smooths"]
