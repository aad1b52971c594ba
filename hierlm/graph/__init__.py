"""Model → PyMC graph, and numbers out of graph expressions."""

from hierlm.graph.build import build_graph, coordinates
from hierlm.graph.picture import Picture

__all__ = ["Picture", "build_graph", "coordinates"]
