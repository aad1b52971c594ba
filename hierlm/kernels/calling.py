"""Calling log-densities by their addresses, so that families, priors and whole problems are data too."""

from __future__ import annotations

import struct
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.extending import intrinsic

__all__ = ["bits_of", "call_density", "call_gradient", "call_prior", "call_rows", "length_of"]


def bits_of(address: int) -> float:
    """The float whose 64 bits are an address, for a table of floats; it is copied, never calculated with.

    Examples
    --------
    >>> bits_of(0x3FF0000000000000)
    1.0
    """
    return float(struct.unpack("<d", struct.pack("<Q", address))[0])


@intrinsic
def _call_rows(
    typing_context, address, n, y, t, w, eta, aux, slopes, weights, bars, tau, start, nodes, log_weights, modes
):
    """Σ w log p by the C function at ``address``, see :mod:`hierlm.kernels.responses.compiled`.

    Parameters
    ----------
    address, n : int
    y, t, w, eta, aux, slopes, weights, bars, start, nodes, log_weights, modes : contiguous float arrays
    tau : float
    """
    real, whole = types.float64, types.int64
    arrays = [y, t, w, eta, aux, slopes, weights, bars, start, nodes, log_weights, modes]
    signature = real(whole, whole, *arrays[:8], real, *arrays[8:])

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        double, pointer = ir.DoubleType(), ir.DoubleType().as_pointer()
        size = ir.IntType(64)

        def made(i: int) -> Any:
            return context.make_array(signature.args[i])(context, builder, value=arguments[i])

        def data(i: int) -> Any:
            return builder.bitcast(made(i).data, pointer)

        kind = ir.FunctionType(double, [size, *[pointer] * 8, double, pointer, size, *[pointer] * 3])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        q = builder.extract_value(made(12).shape, 0)
        before = [arguments[1], *[data(i) for i in range(2, 10)], arguments[10], data(11)]
        return builder.call(function, [*before, q, data(12), data(13), data(14)])

    return signature, generate


call_rows: Any = _call_rows
"""See :func:`_call_rows`; its own type says that the first argument is numba's."""


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


@intrinsic
def _length_of(typing_context, pointer, length):
    """The length of what a pointer points to, 0 where it is null."""
    signature = types.uint64(pointer, types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, length = arguments
        return builder.select(cgutils.is_not_null(builder, pointer), length, length.type(0))

    return signature, generate


length_of: Any = _length_of
"""See :func:`_length_of`; its own type says that the first argument is numba's."""


@intrinsic
def _call_density(typing_context, address, dimension, zetas, values, buffer, i):
    """values[i] ← the C density at ``address``, see :mod:`hierlm.kernels.callbacks`, at zetas[i], without its gradient.

    Parameters
    ----------
    address, dimension, i : int
    zetas, values, buffer : pointers
    """
    whole = types.uint64
    signature = types.int64(whole, whole, zetas, values, buffer, whole)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address, dimension, zetas, values, buffer, i = arguments
        pointer, size = ir.DoubleType().as_pointer(), ir.IntType(64)
        function = builder.inttoptr(address, ir.FunctionType(size, [size, *[pointer] * 4]).as_pointer())
        zeta = builder.gep(zetas, [builder.mul(i, dimension)])
        return builder.call(function, [dimension, zeta, pointer(None), builder.gep(values, [i]), buffer])

    return signature, generate


call_density: Any = _call_density
"""See :func:`_call_density`; its own type says that the first argument is numba's."""


@intrinsic
def _call_gradient(typing_context, address, dimension, zeta, gradient, value, buffer):
    """value[0] and gradient ← the C density at ``address``, see :mod:`hierlm.kernels.callbacks`, at zeta.

    Parameters
    ----------
    address, dimension : int
    zeta, gradient, value : contiguous float arrays
    buffer : pointer
    """
    whole = types.uint64
    signature = types.int64(whole, whole, zeta, gradient, value, buffer)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, size = ir.DoubleType().as_pointer(), ir.IntType(64)
        function = builder.inttoptr(arguments[0], ir.FunctionType(size, [size, *[pointer] * 4]).as_pointer())
        arrays = [context.make_array(signature.args[i])(context, builder, value=arguments[i]).data for i in (2, 3, 4)]
        data = [builder.bitcast(array, pointer) for array in arrays]
        return builder.call(function, [arguments[1], *data, arguments[5]])

    return signature, generate


call_gradient: Any = _call_gradient
"""See :func:`_call_gradient`; its own type says that the first argument is numba's."""
