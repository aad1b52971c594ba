"""nutpie: NUTS in Rust on a numba-compiled density; the default."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, final

from hierlm.errors import SamplingError
from hierlm.samplers.progress import NOTEBOOK, compiling
from hierlm.samplers.sampler import Sampler, Settings

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr

    from hierlm.reductions.reduction import Problem

__all__ = ["Nutpie", "compiled_once", "run"]

NAMES = {
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "mean_tree_accept": "acceptance_rate",
    "logp": "lp",
}
"""nutpie's statistic → ArviZ's."""


_BASE: ContextVar[tuple[str, Callable[[], Any]] | None] = ContextVar("what was compiled before", default=None)
_COMPILED: dict[str, Any] = {}
_LOCK = Lock()


@contextmanager
def compiled_once(key: str, base: Callable[[], Any]) -> Iterator[None]:
    """Compile one graph for all that are sampled in this context, under the same key; the last one is kept.

    They may differ in their data containers (``pm.Data``) alone.  What is compiled is always ``base()``, since a
    compiled graph has starting points in it: draws must not depend on which graph came first.
    """
    token = _BASE.set((key, base))
    try:
        yield
    finally:
        _BASE.reset(token)


def _compiled(graph: pm.Model) -> Any:
    """The graph compiled, or the base of the context with the data of this one."""
    import nutpie

    found = _BASE.get()
    if found is None:
        return nutpie.compile_pymc_model(graph)
    key, base = found
    with _LOCK:
        if key not in _COMPILED:
            made = nutpie.compile_pymc_model(base())
            _COMPILED.clear()
            _COMPILED[key] = made
        kept = _COMPILED[key]
    shared = {variable.name for variable in kept.shared_var_keys}
    return kept.with_data(**{d.name: d.get_value() for d in graph.data_vars if d.name in shared})


@final
class Nutpie(Sampler):
    """nutpie (Seyboldt); draws do not depend on the number of cores.

    The diagonal metric is adapted to the draws, as in Stan: on nested and crossed models it mixes several times better
    per gradient than nutpie's default, which also weighs the gradients (``docs/decisions/0012``).
    """

    name: ClassVar[str] = "nutpie"
    requires: ClassVar[tuple[str, ...]] = ("nutpie",)
    samples_problems: ClassVar[bool] = True

    def sample(self, graph: pm.Model, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample`."""
        import pytensor

        with (
            warnings.catch_warnings(),
            pytensor.config.change_flags(numba__fastmath=False),
            compiling(settings.progress),
        ):
            warnings.simplefilter("ignore", FutureWarning)
            compiled = _compiled(graph)
        return run(compiled, settings, adaptation="draw_diag")

    def sample_problem(self, problem: Problem, settings: Settings) -> xr.DataTree:
        """See :meth:`Sampler.sample_problem`; see :func:`hierlm.samplers.compiled.sample_problem`."""
        from hierlm.samplers.compiled import sample_problem

        return sample_problem(problem, settings)


def run(compiled: Any, settings: Settings, **options: Any) -> xr.DataTree:
    """nutpie.sample with our settings: ArviZ's names of the statistics, and an error that says what to do.

    Parameters
    ----------
    compiled : nutpie model
    settings : Settings
    **options
        Further arguments of ``nutpie.sample``.

    Raises
    ------
    SamplingError
        When no starting point has a finite density.
    """
    import nutpie
    import xarray as xr

    try:
        tree = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=max(settings.tune, 1),  # nuts-rs panics at 0
            chains=settings.chains,
            cores=settings.cores,
            seed=settings.seed,
            target_accept=settings.target_accept,
            maxdepth=settings.max_treedepth,
            save_warmup=False,
            progress_bar=settings.progress,
            progress_template=NOTEBOOK,
            progress_style=" ",  # nutpie's own where it is empty
            **options,
        )
    except RuntimeError as error:
        raise SamplingError(
            f"nutpie could not start: {str(error).splitlines()[0]}",
            hint="The density is not finite near the starting point: check the priors and the scale of the data.",
        ) from error
    stats = tree["sample_stats"].to_dataset()
    return tree.assign(sample_stats=xr.DataTree(stats.rename({old: new for old, new in NAMES.items() if old in stats})))
