"""Calling a prior's log-density by its address, so that the distribution is data too."""

from __future__ import annotations

import struct
from typing import Any

import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.core.extending import intrinsic

__all__ = ["bits_of", "call_prior"]


def bits_of(address: int) -> float:
    """The float whose 64 bits are an address, for a table of floats; it is copied, never calculated with.

    Examples
    --------
    >>> bits_of(0x3FF0000000000000)
    1.0
    """
    return float(struct.unpack("<d", struct.pack("<Q", address))[0])


@intrinsic
def _call(typing_context, bits, x):
    """(log p(x), its derivative) by the C function ``double f(double x, double *derivative)``.

    Parameters
    ----------
    bits : float
        Of its address, see :func:`bits_of`.
    x : float
    """
    real = nb.types.float64
    signature = nb.types.UniTuple(real, 2)(real, real)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double, double.as_pointer()])
        derivative = cgutils.alloca_once(builder, double)
        function = builder.inttoptr(builder.bitcast(arguments[0], ir.IntType(64)), kind.as_pointer())
        value = builder.call(function, [arguments[1], derivative])
        return context.make_tuple(builder, signature.return_type, [value, builder.load(derivative)])

    return signature, generate


call_prior: Any = _call
"""See :func:`_call`; its own type says that the first argument is numba's."""
