"""The model: a specification of responses, predictors, group blocks and priors."""

from hierlm.model.kernel_cache import find_place, forget_stale
from hierlm.model.model import Model

__all__ = ["Model"]

find_place()  # before any kernel is declared
forget_stale()
