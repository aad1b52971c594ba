"""Frames and tables that people know: broom.mixed's tidy, glance and augment; a table for papers."""

from hierlm.posterior.frames.augment import augment
from hierlm.posterior.frames.glance import glance
from hierlm.posterior.frames.paper import table
from hierlm.posterior.frames.tidy import tidy

__all__ = ["augment", "glance", "table", "tidy"]
