"""Integrals over group effects: how well does a draw of everything else foresee the rows of a whole group?"""

from hierlm.posterior.integrals.correlated import check_blocks
from hierlm.posterior.integrals.integrate import Integrated, integrate
from hierlm.posterior.integrals.own_value import without_own_value
from hierlm.posterior.integrals.units import Units, inside, known_groups, trained_ids, units_of

__all__ = [
    "Integrated",
    "Units",
    "check_blocks",
    "inside",
    "integrate",
    "known_groups",
    "trained_ids",
    "units_of",
    "without_own_value",
]
