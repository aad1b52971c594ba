"""ModelPlots: pictures of a model that has not been fitted, ``model.plot.…``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from hierlm.plots.prior_check import prior_check

if TYPE_CHECKING:
    from hierlm.model import Model

__all__ = ["ModelPlots"]


@final
@dataclass(frozen=True, repr=False)
class ModelPlots:
    """The pictures of one model; every method is a line that calls a function."""

    model: Model

    def prior(self, kind: str | None = None, **options: Any) -> Any:
        """Data drawn from the prior beside the data; see :func:`hierlm.plots.prior_check.prior_check`."""
        return prior_check(self.model, kind, **options)

    def __dir__(self) -> list[str]:
        """The pictures, for tab completion."""
        return ["prior"]

    def __repr__(self) -> str:
        return "<plots of a model: prior(kind)>"
