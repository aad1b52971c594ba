"""hypothesis: the probability of a statement about parameters, in the words of their names."""

from hierlm.posterior.hypotheses.hypothesis import Hypothesis, hypothesis

__all__ = ["Hypothesis", "hypothesis"]
