"""A fit as one file that can be kept: nothing in it is executed, everything in it is checked."""

from hierlm.storage.keep import fit_or_load, load, save

__all__ = ["fit_or_load", "load", "save"]
