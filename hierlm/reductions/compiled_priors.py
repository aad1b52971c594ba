"""Priors that kernels do not know by name: their density compiled by PyTensor into one C function each.

log p and its derivative are those of :meth:`Prior.log_density`, on the scale of the value whatever the prior is on.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numba as nb
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import get_mode

from hierlm.kernels.calling_priors import bits_of
from hierlm.kernels.priors import COMPILED, COMPILED_EVEN
from hierlm.priors.prior import Prior

__all__ = ["CompiledPrior", "compiled"]

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
