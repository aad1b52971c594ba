"""BlackJAX: NUTS on JAX."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, ClassVar, final

from hierlm.errors import SamplingError
from hierlm.samplers.jax import completed
from hierlm.samplers.pymc import sample_with_pymc
from hierlm.samplers.sampler import Sampler, Settings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

__all__ = ["BlackJAX"]


@final
class BlackJAX(Sampler):
    """BlackJAX's NUTS on JAX (Cabezas et al. 2024); needs the extra ``blackjax``, a version that PyMC works with."""

    name: ClassVar[str] = "blackjax"
    requires: ClassVar[tuple[str, ...]] = ("jax", "blackjax")
    extra: ClassVar[str] = "blackjax"

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample`; an interrupt loses this run, and nothing else."""
        options = {"chain_method": "vectorized", "max_num_doublings": settings.max_treedepth}
        try:
            tree = sample_with_pymc(graph, settings, "blackjax", **options)
        except TypeError as error:
            if "progress_bar" not in str(error):
                raise
            raise SamplingError(
                f"PyMC {version('pymc')} does not work with blackjax {version('blackjax')}.",
                hint='Install an older one: pip install "blackjax<1.3"; or use the default sampler.',
            ) from error
        return completed(tree, settings, lp_sign=1.0)
