"""Fits on the PyMC graph without a compilation each: nutpie's compiled graph of the first replication, with other data.

A cell's graphs differ in their data only, since priors do not depend on data and designs have one size.  That is checked:
the compiled density with new data is that of the new graph.  Coordinates may differ, such as those of b, which know the
means of X: points are taken from one graph to the other by their natural values.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.replace import clone_replace

from hierlm.graph.evaluate import PYTHON
from hierlm.samplers.nutpie import run

CHECKED = 3
"""Uses of one compiled graph whose density is compared."""


class Compiled:
    """What stands for ``Nutpie.sample``: one compilation."""

    def __init__(self) -> None:
        self.model: Any = None
        self.graph: Any = None
        self.uses = 0

    def sample(self, graph: Any, settings: Any) -> Any:
        """Draws given the data of ``graph``.

        Raises
        ------
        AssertionError
            When the graphs differ in more than their data.
        """
        import nutpie

        if self.model is None:
            with pytensor.config.change_flags(numba__fastmath=False):
                self.model, self.graph = nutpie.compile_pymc_model(graph), graph
        known = {variable.name for variable in self.model.shared_var_keys}
        data = {v.name: v.get_value() for v in graph.data_vars if v.name in known}
        assert set(data) == known, f"Shared variables that are no data: {known - set(data)}."
        model = self.model.with_data(**data)
        self.uses += 1
        if self.uses <= CHECKED:
            check_density(model, self.graph, graph)
        return run(model, settings, adaptation="draw_diag")


class Forms:
    """Compilations of one cell, one for each form: which effects are centred is chosen from the data."""

    def __init__(self) -> None:
        self.compiled: dict[tuple[str, ...], Compiled] = {}

    def sample(self, graph: Any, settings: Any) -> Any:
        """Draws given the data of ``graph``; see :meth:`Compiled.sample`."""
        form = tuple(sorted(variable.name for variable in graph.free_RVs))
        return self.compiled.setdefault(form, Compiled()).sample(graph, settings)


def check_density(model: Any, first: Any, graph: Any) -> None:
    """The compiled log-density and that of the graph differ by one constant at three points."""
    theirs, start = graph.compile_fn([graph.logp(jacobian=True)], mode=PYTHON), first.initial_point()
    natural = first.compile_fn(first.replace_rvs_by_values(first.free_RVs), mode=PYTHON, on_unused_input="ignore")
    ours, off = density(model), []
    for seed in range(3):
        v = np.random.default_rng(seed).normal(0, 0.3, model.n_dim)
        point, at = {}, 0
        for name, value in start.items():
            size = np.size(value)
            point[name], at = v[at : at + size].reshape(np.shape(value)), at + size
        there = {}
        values = _carried(first, graph, natural(point))
        for rv, value in values.items():
            transform = graph.rvs_to_transforms[rv]
            moved = value if transform is None else transform.forward(value, *rv.owner.inputs)
            there[graph.rvs_to_values[rv].name] = clone_replace(moved, values).eval(mode=PYTHON)
        off.append(ours(v) - float(theirs(there)[0]))
    np.testing.assert_allclose(off, off[0], atol=1e-7, err_msg="The compiled graph is not that of these data.")


def _carried(first: Any, graph: Any, natural: list[np.ndarray]) -> dict[Any, Any]:
    """The free variables of ``graph`` with which everything is what it is in ``first`` with natural values.

    Effects that are sampled around coefficients (``r_g__0``) know the means of X: the effects are to be the same.
    """
    theirs = dict(zip(first.free_RVs, map(pt.constant, natural), strict=True))
    values = dict(zip(graph.free_RVs, theirs.values(), strict=True))
    for rv, value in list(values.items()):
        group, _, part = rv.name.partition("__")
        if part and group.startswith("r_"):
            apart = (clone_replace(first[group], theirs) - clone_replace(graph[group], values)).eval(mode=PYTHON)
            alone = apart.shape != value.data.shape  # one column of several
            values[rv] = pt.constant(value.data + (apart[:, int(part)].reshape(value.data.shape) if alone else apart))
    return values


def density(model: Any) -> Callable[[np.ndarray], float]:
    """The C function that nutpie calls."""
    double = ctypes.POINTER(ctypes.c_double)
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, double, double, double, ctypes.c_void_p)
    function = kind(model.compiled_logp_func.address)

    def at(v: np.ndarray) -> float:
        v, gradient, value = np.array(v, dtype=float), np.zeros(len(v)), ctypes.c_double()
        code = function(
            len(v),
            v.ctypes.data_as(double),
            gradient.ctypes.data_as(double),
            ctypes.pointer(value),
            model.user_data.ctypes.data,
        )
        assert code == 0, code
        return value.value

    return at
