"""Working memory of a block of rows on the stack: compilers know that it overlaps with nothing else."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic

__all__ = ["BLOCK", "local"]

BLOCK = 256
"""Rows that are worked on at once."""


@intrinsic
def _local(typing_context):
    """A pointer to room for :data:`BLOCK` floats, which lasts as long as the function that calls this."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        room = cgutils.alloca_once(builder, ir.ArrayType(ir.DoubleType(), BLOCK))
        return builder.bitcast(room, ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(), generate


local: Any = _local
"""See :func:`_local`; its own type says that the first argument is numba's."""
