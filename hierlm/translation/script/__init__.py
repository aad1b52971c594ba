"""A model as a PyMC script that needs no hierlm."""

from hierlm.translation.script.script import code

__all__ = ["code"]
