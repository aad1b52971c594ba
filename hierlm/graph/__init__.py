"""Model → PyMC graph, and numbers out of graph expressions."""

from hierlm.graph.build import build_graph, coordinates

__all__ = ["build_graph", "coordinates"]
