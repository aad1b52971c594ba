"""arma: autoregressive moving average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, final

import numpy as np
import pytensor.tensor as pt

from hierlm.correlations.correlation import CORRELATION_PRIOR, Coefficient, Correlation, Floats, Tensor, Values
from hierlm.correlations.lags import by_lag, lags
from hierlm.correlations.partial import ar_coefficients, autocorrelations, ma_coefficients
from hierlm.errors import ModelError

__all__ = ["Arma"]

LARGEST = 10


@final
class Arma(Correlation):
    """R_st = ρ(|s − t|), ρ that of z_t = Σ φᵢ z_{t−i} + ε_t + Σ θⱼ ε_{t−j}, at whole positions.

    nlme ``corARMA(p=, q=)``, with its φ and θ.  The free numbers are partial autocorrelations in (−1, 1), of the
    autoregressive part ``ar`` and of the moving average ``ma``: each vector of them is one stationary and invertible
    process.  With p = 1 the first is φ₁ itself, with q = 1 the second is θ₁.
    """

    name: ClassVar[str] = "arma"
    aliases: ClassVar[tuple[str, ...]] = ("corARMA",)
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"p": 0, "q": 0})
    needs: ClassVar[str] = "steps"

    def check_options(self) -> None:
        """Orders are whole numbers, and one is above zero."""
        for name in ("p", "q"):
            order = self.option(name)
            if isinstance(order, bool) or not isinstance(order, int) or not 0 <= order <= LARGEST:
                raise ModelError(
                    f"arma() has {name}={order!r}, which is no whole number from 0 to {LARGEST}.",
                    hint="Write arma(time | g, p=1, q=1).",
                )
        if self.option("p") + self.option("q") == 0:
            raise ModelError("arma() has no order.", hint="Write arma(time | g, p=1, q=1), or ar1(time | g).")

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """p and q partial autocorrelations."""
        return tuple(
            Coefficient(name, CORRELATION_PRIOR, -1.0, 1.0, str(i + 1))
            for name, order in (("ar", self.option("p")), ("ma", self.option("q")))
            for i in range(order)
        )

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        return by_lag(self._autocorrelations(values, int(lags(positions).max())), positions)

    def reported(self, values: Values, places: Sequence[Floats]) -> dict[str, Tensor]:
        """φ and θ, as nlme reports them."""
        p, q = self.option("p"), self.option("q")
        phi = ar_coefficients(values["ar"], p) if p else ()
        theta = ma_coefficients(values["ma"], q) if q else ()
        return {f"phi{i + 1}": phi[i] for i in range(p)} | {f"theta{i + 1}": theta[i] for i in range(q)}

    def _autocorrelations(self, values: Values, last: int) -> Tensor:
        """ρ(0), …, ρ(last): z is the moving average of an autoregression x, so γ(h) = Σ_ij θᵢ θⱼ γ_x(h + i − j)."""
        p, q = self.option("p"), self.option("q")
        gamma = _autoregressive(values["ar"], p, last + q) if p else pt.eye(last + q + 1, dtype="float64")[0]
        if not q:
            return gamma[: last + 1]
        theta = pt.concatenate([pt.ones(1, dtype="float64"), ma_coefficients(values["ma"], q)])
        lag = np.abs(np.arange(last + 1)[:, None, None] + np.arange(q + 1)[:, None] - np.arange(q + 1))
        total = (gamma[pt.constant(lag)] * theta[:, None] * theta).sum(axis=(1, 2))
        return total / total[0]


def _autoregressive(partial: Tensor, p: int, last: int) -> Tensor:
    """ρ_x(0), …, ρ_x(last) of AR(p): ρ(h) = Σ φᵢ ρ(h − i), by doubling with powers of the companion matrix."""
    if p == 1:  # the companion would be a number, and its powers one product of many factors
        return pt.concatenate([pt.ones(1, dtype="float64"), partial[0] ** pt.constant(np.arange(1.0, last + 1))])
    first = autocorrelations(partial, p)
    phi = ar_coefficients(partial, p)
    companion = pt.concatenate([phi[None, :], pt.eye(p, dtype="float64")[: p - 1]], axis=0)
    states = first[1:][::-1][:, None]  # the column of state h holds ρ(h), …, ρ(h − p + 1); here h = p
    size = 1
    while size < last - p + 1:
        states = pt.concatenate([states, companion @ states], axis=1)
        companion = companion @ companion
        size *= 2
    return pt.concatenate([first[:p], states[0]])[: last + 1]
