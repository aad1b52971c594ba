"""Calling a response's log-density by its address, so that the family is data too."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.extending import intrinsic

__all__ = ["call_response"]


@intrinsic
def _call(typing_context, address, y, t, eta, aux, out):
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


call_response: Any = _call
"""See :func:`_call`; its own type says that the first argument is numba's."""
