"""exp and log in plain arithmetic, so that compilers take several rows at once; calls to a C library forbid that.

exp(x) = 2ⁿ eʳ with |r| ≤ ½ log 2, eʳ by its Taylor series to r¹³; logarithms by that of the inverse hyperbolic tangent.
All are exact to about two units in the last place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic, register_jitable

__all__ = ["exp", "log", "log1p_fraction", "plain"]

plain = register_jitable(error_model="numpy", fastmath={"contract"}, forceinline=True)
"""Decorator: compiled into whatever calls it; also as an argument of other such functions."""

_SHIFT = 1.5 * 2.0**52
"""Added to a number it leaves the nearest whole number in the last bits."""

_BIAS = 1023.0
_PER_LOG_2 = 1.0 / math.log(2.0)
_LOG_2_HIGH = 0.693147180369123816490
_LOG_2_LOW = 1.90821492927058770002e-10
"""log 2 in two parts, of which the first has zeros in its last bits (Cody & Waite 1980)."""

_SMALLEST = 2.0**-1022
_LOWEST, _HIGHEST = -708.0, 709.0
_C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9, _C10, _C11, _C12, _C13 = (1.0 / math.factorial(k) for k in range(2, 14))
_ROOT_2_LESS_1 = math.sqrt(2.0) - 1.0
_LOG_2 = math.log(2.0)


@intrinsic
def _scale_of(typing_context, shifted):
    """2ⁿ of n + bias + shift, whose last bits are the exponent of a float."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(64)
        bits = builder.shl(builder.bitcast(arguments[0], whole), ir.Constant(whole, 52))
        return builder.bitcast(bits, ir.DoubleType())

    return types.float64(types.float64), generate


_power_of_two: Any = _scale_of
"""Its own type says that the first argument is numba's."""


@intrinsic
def _parts_of(typing_context, x):
    """(exponent, mantissa in [1, 2)) of a normal positive float."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole, double = ir.IntType(64), ir.DoubleType()
        bits = builder.bitcast(arguments[0], whole)
        mantissa = builder.or_(builder.and_(bits, ir.Constant(whole, (1 << 52) - 1)), ir.Constant(whole, 1023 << 52))
        exponent = builder.or_(builder.lshr(bits, ir.Constant(whole, 52)), ir.Constant(whole, 1075 << 52))
        shifted = builder.bitcast(exponent, double)  # 2⁵² + the biased exponent
        exponent = builder.fsub(shifted, ir.Constant(double, 2.0**52 + _BIAS))
        return context.make_tuple(builder, signature.return_type, [exponent, builder.bitcast(mantissa, double)])

    return types.UniTuple(types.float64, 2)(types.float64), generate


_parts: Any = _parts_of


@plain
def exp(x):
    """eˣ; 0 below −708, ∞ above 709, NaN of NaN."""
    inside = min(max(x, _LOWEST), _HIGHEST)
    shifted = inside * _PER_LOG_2 + _SHIFT
    n = shifted - _SHIFT
    r = (inside - n * _LOG_2_HIGH) - n * _LOG_2_LOW
    p = _C9 + r * (_C10 + r * (_C11 + r * (_C12 + r * _C13)))
    p = _C4 + r * (_C5 + r * (_C6 + r * (_C7 + r * (_C8 + r * p))))
    p = 1.0 + r * (1.0 + r * (_C2 + r * (_C3 + r * p)))
    result = p * _power_of_two(shifted + _BIAS)
    result = result if x <= _HIGHEST else np.inf
    result = result if x >= _LOWEST else 0.0
    return result if x == x else x


@plain
def log1p_fraction(e):
    """log(1 + e) for 0 ≤ e ≤ 1: log c + 2 atanh((1 + e − c)/(1 + e + c)), c = 2 for e > √2 − 1, else 1."""
    far = e > _ROOT_2_LESS_1
    c = 2.0 if far else 1.0
    return (_LOG_2 if far else 0.0) + _twice_atanh((e - (c - 1.0)) / (e + (c + 1.0)))


@plain
def _twice_atanh(s):
    """2 atanh(s) for |s| ≤ (√2 − 1)/(√2 + 1)."""
    q = s * s
    p = 1.0 / 13.0 + q * (1.0 / 15.0 + q * (1.0 / 17.0 + q * (1.0 / 19.0 + q / 21.0)))
    p = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * p)))))
    return 2.0 * s * p


@plain
def log(x):
    """log x; NaN for x ≤ 0, NaN and ∞, and for the smallest numbers, below 2⁻¹⁰²²."""
    n, m = _parts(x)
    far = m > _ROOT_2_LESS_1 + 1.0
    n = n + 1.0 if far else n
    m = 0.5 * m if far else m
    result = n * _LOG_2_HIGH + (_twice_atanh((m - 1.0) / (m + 1.0)) + n * _LOG_2_LOW)
    return result if (x >= _SMALLEST) & (x < np.inf) else np.nan
