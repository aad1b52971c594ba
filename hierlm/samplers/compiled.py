"""nutpie on a density that is compiled already: no compilation a model.

The C entry of nutpie is private, so it is used here and nowhere else; where it has changed, the public
``from_pyfunc`` does the same, slower.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hierlm.samplers.draws import draws_tree
from hierlm.samplers.nutpie import run
from hierlm.samplers.progress import compiling
from hierlm.samplers.sampler import Settings

if TYPE_CHECKING:
    import xarray as xr

    from hierlm.reductions.reduction import Problem

__all__ = ["sample_problem"]


def sample_problem(problem: Problem, settings: Settings) -> xr.DataTree:
    """NUTS draws of θ: group ``posterior`` with ``theta`` (chain, draw, dimension), and ``sample_stats``."""
    if problem.dimension == 0:
        return draws_tree(np.zeros((settings.chains * settings.draws, 0)), settings)  # the effects alone are drawn
    with compiling(settings.progress):
        try:
            model = _hosted(problem)
        except (ImportError, AttributeError, TypeError):
            model = _public(problem)
    return run(model, settings)


def _start(problem: Problem) -> Any:
    def start(seed: Any) -> NDArray[np.float64]:
        return np.random.default_rng(seed).uniform(-1.0, 1.0, problem.dimension)

    return start


def _hosted(problem: Problem) -> Any:
    from nutpie import _lib
    from nutpie.sample import CompiledModel

    value, store = problem.callbacks()

    @dataclasses.dataclass(frozen=True)
    class Hosted(CompiledModel):
        @property
        def n_dim(self) -> int:
            return problem.dimension

        @property
        def shapes(self) -> dict[str, tuple[int, ...]]:
            return {"theta": (problem.dimension,)}

        @property
        def coords(self) -> dict[str, Any]:
            return {}

        def _make_sampler(self, settings: Any, init_mean: Any, cores: Any, *rest: Any) -> Any:
            density = _lib.LogpFunc(value.address, problem.data.ctypes.data, problem)
            expand = _lib.ExpandFunc(problem.dimension, problem.dimension, store.address, 0, problem)
            sizes = {"dimension": problem.dimension}
            variables = _lib.PyVariable.new_variables(
                ["theta"], ["float64"], [[problem.dimension]], sizes, {"theta": ["dimension"]}
            )
            model = _lib.PyMcModel(
                density, expand, variables, problem.dimension, sizes, {}, _start(problem), lambda *a, **k: None
            )
            return _lib.PySampler.from_pymc(settings, cores, model, *rest)

    usual: dict[str, Any] = {"dims": {}, "reparameterized_names": []}  # what this version of nutpie has of these
    fields = {f.name for f in dataclasses.fields(CompiledModel)}
    return Hosted(**{name: default for name, default in usual.items() if name in fields})


def _public(problem: Problem) -> Any:
    from nutpie.compiled_pyfunc import from_pyfunc

    def make_density() -> Any:
        def density(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            gradient = np.zeros(problem.dimension)
            return problem.density(theta, problem.data, gradient), gradient

        return density

    return from_pyfunc(
        problem.dimension,
        make_density,
        lambda *a, **k: lambda theta: {"theta": theta},
        [np.dtype("float64")],
        [(problem.dimension,)],
        ["theta"],
        make_initial_point_fn=_start(problem),
    )
