"""Are ranks uniform?  The tests are those of :mod:`hierlm.replicates.judge`; ranks come from here."""

from __future__ import annotations

from hierlm.replicates.judge import INSIDE, RANKS, Judgement, band, ecdf_p_value, judge
from tests.trust.replicate import DRAWS

__all__ = ["FAMILY_WISE", "INSIDE", "RANKS", "Judgement", "band", "ecdf_p_value", "judge"]

FAMILY_WISE = 1e-4
"""Probability that a run in which everything is right is said to be wrong somewhere."""

assert DRAWS + 1 == RANKS
