"""A model for its reader: equations, plain text and HTML."""

from hierlm.model.describe.equations import equations
from hierlm.model.describe.html import html
from hierlm.model.describe.text import text

__all__ = ["equations", "html", "text"]
