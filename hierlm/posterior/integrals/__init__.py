"""Integrals over group effects: how well does a draw of everything else foresee the rows of a whole group?"""

from hierlm.posterior.integrals.integrate import Integrated, integrate
from hierlm.posterior.integrals.units import Units, inside, units_of

__all__ = ["Integrated", "Units", "inside", "integrate", "units_of"]
