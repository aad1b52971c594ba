"""toep: one correlation for each lag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, final

from hierlm.correlations.correlation import CORRELATION_PRIOR, Coefficient, Correlation, Floats, Tensor, Values
from hierlm.correlations.lags import by_lag, lags, longest
from hierlm.correlations.partial import autocorrelations
from hierlm.errors import ModelError

__all__ = ["Toep"]

MOST_LAGS = 60


@final
class Toep(Correlation):
    """R_st = ρ(|s − t|), any positive definite ρ, at whole positions: one correlation for each lag.

    The free numbers are the partial autocorrelations of lags 1, 2, … in (−1, 1), each vector of which is one positive
    definite Toeplitz matrix; ``reported`` are the correlations.  glmmTMB ``toep`` (one variance).
    """

    name: ClassVar[str] = "toep"
    aliases: ClassVar[tuple[str, ...]] = ("toeplitz",)
    needs: ClassVar[str] = "steps"

    def check(self, places: Sequence[Floats]) -> None:
        """Not too many lags."""
        super().check(places)
        if longest(places) > MOST_LAGS:
            raise ModelError(
                f"toep() would have {longest(places)} correlations, one for each lag.",
                hint="Use ar1(time | g) or arma(time | g, p=2, q=1).",
            )

    def coefficients(self, places: Sequence[Floats]) -> tuple[Coefficient, ...]:
        """One partial autocorrelation for each lag."""
        return tuple(
            Coefficient("partial", CORRELATION_PRIOR, -1.0, 1.0, str(lag + 1)) for lag in range(longest(places))
        )

    def matrix(self, values: Values, positions: Floats) -> Tensor:
        """See :meth:`Correlation.matrix`."""
        return by_lag(autocorrelations(values["partial"], int(lags(positions).max())), positions)

    def reported(self, values: Values, places: Sequence[Floats]) -> dict[str, Tensor]:
        """The correlation of every lag."""
        last = longest(places)
        rho = autocorrelations(values["partial"], last)
        return {f"rho{lag}": rho[lag] for lag in range(1, last + 1)}
