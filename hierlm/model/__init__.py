"""The model: a specification of responses, predictors, group blocks and priors."""

from hierlm.model.model import Model

__all__ = ["Model"]
