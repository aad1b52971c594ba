"""large marginal: the Gaussian marginal of designs whose factorisation is dear, with as few of them as possible."""

from hierlm.reductions.large.marginal import LargeMarginal

__all__ = ["LargeMarginal"]
