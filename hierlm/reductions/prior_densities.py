"""How kernels have priors: by a code, or as a C function of their own that PyTensor compiles.

log p and its derivative are those of :meth:`Prior.log_density`, on the scale of the value whatever the prior is on.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numba as nb
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import get_mode

from hierlm.kernels.calling import bits_of
from hierlm.kernels.priors import BOUNDED_CODES, CODES, COMPILED, COMPILED_EVEN, REAL_CODES
from hierlm.priors.prior import Prior

__all__ = ["CompiledPrior", "bounded_density", "compiled", "positive_density", "real_density"]

_SIGNATURE = nb.types.float64(nb.types.float64, nb.types.CPointer(nb.types.float64))
_AT_ZERO = 1e-9
"""Of a prior's typical value: so near to zero a density that is finite there has reached its limit, to 1e-6."""


@dataclass(frozen=True, eq=False)
class CompiledPrior:
    """A prior's density as a C function ``double f(double x, double *derivative)``.

    It returns log p(x), and −∞ with the derivative 0 where that or the derivative is not finite; never NaN.

    Parameters
    ----------
    function : numba CFunc
    even : bool
        Whether log p and its derivative are finite at zero, so that x may stand for |x|.
    """

    function: Any
    even: bool

    @property
    def bits(self) -> float:
        """The function's address, as tables of the kernels have it."""
        return bits_of(self.function.address)

    @property
    def code(self) -> int:
        """What the kernels call it by."""
        return COMPILED_EVEN if self.even else COMPILED

    def __call__(self, x: float) -> tuple[float, float]:
        """(log p(x), its derivative)."""
        return _called(self.function, x)


_KNOWN: dict[Prior, CompiledPrior] = {}
_LOCK = Lock()


def compiled(prior: Prior) -> CompiledPrior:
    """The C function of a prior's density; equal priors share one.

    It is compiled at the first use in a process and lives as long as the process: nothing else keeps what an address
    in a table points to.  It takes about a second, and less where PyTensor finds most of it in its cache on disk.

    Parameters
    ----------
    prior : Prior
        Of a positive parameter on (0, ∞), or of a real number.

    Returns
    -------
    CompiledPrior

    Examples
    --------
    >>> from hierlm import Prior
    >>> compiled(Prior("HalfNormal", tau=4))(0.5)[1]
    -2.0
    """
    with _LOCK:
        if prior not in _KNOWN:
            function = _compile(prior)
            _KNOWN[prior] = CompiledPrior(function, _finite_at_zero(function, prior))
        return _KNOWN[prior]


def positive_density(prior: Prior) -> list[float]:
    """(code, two arguments) of a positive parameter's prior."""
    code, arguments = CODES.get(prior.name, (-1, ()))
    if code < 0 or prior.on != "value" or set(prior.arguments) != set(arguments):
        function = compiled(prior)
        return [float(function.code), function.bits, 0.0]
    return [float(code), *_two(prior, arguments)]


def bounded_density(prior: Prior) -> list[float]:
    """(code, two arguments) of the prior of a number with bounds, within them."""
    code, arguments = BOUNDED_CODES.get(prior.name, (-1, ()))
    if code < 0 or not set(arguments) <= set(prior.arguments):
        return [float(COMPILED), compiled(prior).bits, 0.0]
    return [float(code), *_two(prior, arguments)]


def real_density(prior: Prior, location: float) -> list[float]:
    """(code or −1 where normal, two arguments) of a coefficient's prior; a compiled one is told its location."""
    if prior.name == "Normal" and set(prior.arguments) == {"mu", "sigma"}:
        return [-1.0, 0.0, 0.0]
    code, arguments = REAL_CODES.get(prior.name, (-1, ()))
    if code < 0 or not set(arguments) <= set(prior.arguments):
        return [float(COMPILED), compiled(prior).bits, location]
    return [float(code), *_two(prior, arguments)]


def _two(prior: Prior, arguments: Sequence[str]) -> list[float]:
    return [*(prior.arguments[a] for a in arguments), 0.0, 0.0][:2]


def _compile(prior: Prior) -> Any:
    """The C function."""
    x = pt.scalar("x", dtype="float64")
    value = _log_density(prior, x)
    slope = pt.grad(value, x, disconnected_inputs="ignore")
    # The arguments have been checked by Prior; C could not catch the exception of a check.
    mode = get_mode("NUMBA").including("local_remove_check_parameter")
    both = pytensor.function([x], [value, slope], mode=mode, on_unused_input="ignore").vm.jit_fn

    def evaluate(x, derivative):  # type: ignore[no-untyped-def]
        value, slope = both(np.asarray(x))
        out = nb.carray(derivative, 1)
        if math.isfinite(value.item()) and math.isfinite(slope.item()):
            out[0] = slope.item()
            return value.item()
        out[0] = 0.0
        return -np.inf

    return nb.cfunc(_SIGNATURE, error_model="numpy")(evaluate)


def _log_density(prior: Prior, x: Any) -> Any:
    """log p(x), x on the scale of the value: see :meth:`Prior.log_density`."""
    if prior.on == "value":
        return pm.logp(prior.dist(), x)
    if prior.on == "variance":
        return pm.logp(prior.dist(), pt.sqr(x)) + math.log(2.0) + pt.log(x)
    return pm.logp(prior.dist(), pt.reciprocal(pt.sqr(x))) + math.log(2.0) - 3.0 * pt.log(x)


def _finite_at_zero(function: Any, prior: Prior) -> bool:
    near, at = _called(function, _AT_ZERO * abs(prior.typical())), _called(function, 0.0)
    return math.isfinite(at[0]) and abs(near[0] - at[0]) < 1e-6


def _called(function: Any, x: float) -> tuple[float, float]:
    derivative = ctypes.c_double()
    return function.ctypes(x, ctypes.byref(derivative)), derivative.value
