"""Exact reductions of a model, and the plan that chooses among them."""

from hierlm.reductions.plan import REDUCTIONS, Plan, plan
from hierlm.reductions.reduction import Problem, Reduction, Verdict

__all__ = ["REDUCTIONS", "Plan", "Problem", "Reduction", "Verdict", "plan"]
