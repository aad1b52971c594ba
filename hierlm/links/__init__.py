"""Link functions g and their inverses, each once: one link a file."""

from hierlm.links.link import Link
from hierlm.links.registry import LINKS, get_link

__all__ = ["LINKS", "Link", "get_link"]
