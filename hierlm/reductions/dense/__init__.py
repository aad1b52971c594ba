"""The Gaussian marginal by dense matrices: any covariance of the rows that follows from few parameters."""

from hierlm.reductions.dense.density import DenseDensity
from hierlm.reductions.dense.effects import DenseEffects
from hierlm.reductions.dense.marginal import DenseMarginal

__all__ = ["DenseDensity", "DenseEffects", "DenseMarginal"]
