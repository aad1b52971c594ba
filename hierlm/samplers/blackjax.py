"""BlackJAX: NUTS on JAX."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from hierlm.samplers.pymc import sample_with_pymc
from hierlm.samplers.sampler import Sampler, Settings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["BlackJAX"]


@final
class BlackJAX(Sampler):
    """BlackJAX's NUTS on JAX; needs the extra ``blackjax`` and versions of it that PyMC works with."""

    name: ClassVar[str] = "blackjax"
    requires: ClassVar[tuple[str, ...]] = ("jax", "blackjax")
    extra: ClassVar[str] = "blackjax"

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample`."""
        return sample_with_pymc(graph, settings, "blackjax")
