"""Evidence: the marginal likelihood of a model, and ratios of it."""

from hierlm.posterior.marginal_likelihood.bayes_factor import BayesFactor, bayes_factor
from hierlm.posterior.marginal_likelihood.evidence import Evidence, evidence

__all__ = ["BayesFactor", "Evidence", "bayes_factor", "evidence"]
