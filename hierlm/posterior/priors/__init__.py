"""What the priors do: on the scale of the response, beside the posterior, and to the posterior."""

from hierlm.posterior.priors.outcome import prior_check
from hierlm.posterior.priors.overlap import Overlap, prior_overlap
from hierlm.posterior.priors.sensitivity import Sensitivity, sensitivity

__all__ = ["Overlap", "Sensitivity", "prior_check", "prior_overlap", "sensitivity"]
