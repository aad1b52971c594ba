"""How well does a model foresee new data: cross-validation for a stated target, and comparison of models."""

from hierlm.posterior.comparison.compare import Comparison, compare
from hierlm.posterior.comparison.elpd import Elpd
from hierlm.posterior.comparison.kfold import kfold
from hierlm.posterior.comparison.loo import loo
from hierlm.posterior.comparison.reloo import reloo

__all__ = ["Comparison", "Elpd", "compare", "kfold", "loo", "reloo"]
