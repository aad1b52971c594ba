"""Effects on the scale of the outcome: predictions, comparisons, slopes, marginal means, for a stated target."""

from hierlm.posterior.effects.answer import Effects
from hierlm.posterior.effects.comparisons import comparisons
from hierlm.posterior.effects.grid import grid
from hierlm.posterior.effects.marginal_means import contrasts, marginal_means
from hierlm.posterior.effects.predictions import predictions
from hierlm.posterior.effects.slopes import slopes

__all__ = ["Effects", "comparisons", "contrasts", "grid", "marginal_means", "predictions", "slopes"]
