"""Evidence: the marginal likelihood of a model, and ratios of it."""

from hierlm.posterior.evidence.bayes_factor import BayesFactor, bayes_factor
from hierlm.posterior.evidence.evidence import Evidence, evidence

__all__ = ["BayesFactor", "Evidence", "bayes_factor", "evidence"]
