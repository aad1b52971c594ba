"""Response distributions: one family a file."""

from hierlm.families.density import DensityFamily
from hierlm.families.family import Family, Parameter, Predicted, Vector
from hierlm.families.registry import FAMILIES, get_family

__all__ = ["FAMILIES", "DensityFamily", "Family", "Parameter", "Predicted", "Vector", "get_family"]
