"""A model in the words of other packages, and as a PyMC script of its own."""

from hierlm.translation.target import Question, Target, Translation
from hierlm.translation.translate import TARGETS, translate

__all__ = ["TARGETS", "Question", "Target", "Translation", "translate"]
