"""Small tables of the field, with their provenance: ``load_data("sleepstudy")``."""

from __future__ import annotations

from hierlm.datasets.tables import citation, list_data, load_data

__all__ = ["citation", "list_data", "load_data"]
