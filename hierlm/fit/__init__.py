"""Sampling a model, and the value that comes of it."""

from hierlm.fit.sampling import fit
from hierlm.fit.value import Fit

__all__ = ["Fit", "fit"]
