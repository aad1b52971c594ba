"""Calling log-densities of responses and priors by their addresses, so that families and priors are data too."""

from __future__ import annotations

import struct
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic

__all__ = ["bits_of", "call_prior", "call_response"]


def bits_of(address: int) -> float:
    """The float whose 64 bits are an address, for a table of floats; it is copied, never calculated with.

    Examples
    --------
    >>> bits_of(0x3FF0000000000000)
    1.0
    """
    return float(struct.unpack("<d", struct.pack("<Q", address))[0])


@intrinsic
def _call_response(typing_context, address, y, t, eta, aux, out):
    """log p(y | η) by the C function at ``address``, see :mod:`hierlm.kernels.responses`; fills ``out``.

    Parameters
    ----------
    address : int
    y, t, eta : float
    aux, out : contiguous float arrays
    """
    real = types.float64
    signature = real(types.int64, real, real, real, aux, out)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double = ir.DoubleType()
        pointer = double.as_pointer()
        kind = ir.FunctionType(double, [double, double, double, pointer, pointer])
        data = [context.make_array(signature.args[i])(context, builder, value=arguments[i]).data for i in (4, 5)]
        data = [builder.bitcast(d, pointer) for d in data]
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        return builder.call(function, [*arguments[1:4], *data])

    return signature, generate


call_response: Any = _call_response
"""See :func:`_call_response`; its own type says that the first argument is numba's."""


@intrinsic
def _call_prior(typing_context, bits, x):
    """(log p(x), its derivative) by the C function ``double f(double x, double *derivative)``.

    Parameters
    ----------
    bits : float
        Of its address, see :func:`bits_of`.
    x : float
    """
    real = types.float64
    signature = types.UniTuple(real, 2)(real, real)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double = ir.DoubleType()
        kind = ir.FunctionType(double, [double, double.as_pointer()])
        derivative = cgutils.alloca_once(builder, double)
        function = builder.inttoptr(builder.bitcast(arguments[0], ir.IntType(64)), kind.as_pointer())
        value = builder.call(function, [arguments[1], derivative])
        return context.make_tuple(builder, signature.return_type, [value, builder.load(derivative)])

    return signature, generate


call_prior: Any = _call_prior
"""See :func:`_call_prior`; its own type says that the first argument is numba's."""
