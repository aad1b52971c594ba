"""Effects that are inherited: aᵢ = w (a_first + a_second) + sᵢ zᵢ, as one operation with a gradient.

Both directions take one pass over the levels, so that a pedigree or a tree of any size costs what it is long: the
sparse triangular solve (1 − W) a = diag(s) z and its transpose.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

__all__ = ["Inherit", "inherit", "inherited"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VERSION = 1
"""Of the compiled code: PyTensor's cache does not notice that it changed."""


def _down(z: Floats, parents: Ints, weights: Floats, scales: Floats) -> Floats:
    """A of z; parents come before their offspring, −1 where there is none."""
    n, m = z.shape
    out = np.empty((n, m))
    for i in range(n):
        for c in range(m):
            total = scales[i] * z[i, c]
            for p in range(2):
                if parents[i, p] >= 0:
                    total += weights[i, p] * out[parents[i, p], c]
            out[i, c] = total
    return out


def _up(d: Floats, parents: Ints, weights: Floats, scales: Floats) -> Floats:
    """The transposed: gradients with respect to z from those with respect to a."""
    n, m = d.shape
    out = d.copy()
    for i in range(n - 1, -1, -1):
        for c in range(m):
            g = out[i, c]
            for p in range(2):
                if parents[i, p] >= 0:
                    out[parents[i, p], c] += weights[i, p] * g
            out[i, c] = scales[i] * g
    return out


inherited = numba.njit(cache=True)(_down)
_raised = numba.njit(cache=True)(_up)


class Inherit(Op):
    """a of z, or with ``transposed`` its transpose.

    Parameters
    ----------
    transposed : bool
    """

    __props__ = ("transposed",)

    def __init__(self, *, transposed: bool) -> None:
        self.transposed = transposed

    def make_node(self, z: Any, parents: Any, weights: Any, scales: Any) -> Apply:
        """The node of one application."""
        inputs = [pt.as_tensor(v) for v in (z, parents, weights, scales)]
        return Apply(self, inputs, [pt.matrix(dtype="float64", shape=inputs[0].type.shape)])

    def infer_shape(self, node: Apply, shapes: list[Any]) -> list[Any]:
        """That of z."""
        return [shapes[0]]

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """One pass over the levels."""
        z, parents, weights, scales = inputs
        outputs[0][0] = (_raised if self.transposed else inherited)(np.ascontiguousarray(z), parents, weights, scales)

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """The transposed, of the gradient."""
        back = Inherit(transposed=not self.transposed)(cotangents[0], *inputs[1:])
        return [back, *(disconnected_type() for _ in inputs[1:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only z has a gradient."""
        return [[True], [False], [False], [False]]


@register_funcify_default_op_cache_key(Inherit)  # type: ignore[untyped-decorator]
def _compiled(op: Inherit, node: Apply, **options: Any) -> tuple[Any, int]:
    return numba_njit(_up if op.transposed else _down), VERSION


def inherit(z: Any, parents: Ints, weights: Floats, scales: Floats) -> Any:
    """Effects from standard normal numbers, (n, m).

    Parameters
    ----------
    z : (n, m) tensor
    parents : (n, 2) int array
        Rows of the parents, which come before; −1 for none.
    weights : (n, 2) array
    scales : (n,) array
    """
    return Inherit(transposed=False)(z, *(pt.constant(v) for v in (parents, weights, scales)))
