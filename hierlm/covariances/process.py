"""A latent residual process: one standard deviation, and any correlation function of residuals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations import Correlation, get_correlation
from hierlm.covariances import COVARIANCES
from hierlm.covariances.covariance import Covariance, Tensor
from hierlm.covariances.setting import Setting
from hierlm.covariances.structured import ByFunction, Structured

__all__ = ["Process", "function_of", "process"]


@final
class Process(ByFunction):
    """V_st = σ² R_st, R a correlation function of the positions of the rows.

    What ``residual="ar1(time | g)"`` is to a family without residuals of its own.  It is not asked for by name.

    Parameters
    ----------
    function : Correlation
    rounding : float
        As of the structure of group effects with the same function.
    """

    name: ClassVar[str] = "residual"
    needs: ClassVar[str] = "coordinates"
    on_error: ClassVar[str] = "nan"

    def __init__(self, function: Correlation, rounding: float = 0.0) -> None:
        Structured.__init__(self)
        self.R = function
        self.rounding = rounding

    def check(self, setting: Setting) -> None:
        """See :meth:`Structured.check`."""
        Structured.check(self, setting)
        self.R.check([self._places(setting)])

    def correlation(self, values: Mapping[str, Tensor], k: int) -> Tensor:
        """R; vectors of coefficients are told their length, which functions ask for."""
        counts = Counter(c.name for c in self.coefficients(k) if c.label is not None)
        sized = {n: pt.specify_shape(v, (counts[n],)) if n in counts else v for n, v in values.items()}
        return super().correlation(sized, k)

    def __repr__(self) -> str:
        return f"Process({self.R!r})"


def function_of(covariance: Covariance) -> tuple[Correlation, float]:
    """The correlation function of a latent residual process, and what its diagonal is rounded by."""
    assert isinstance(covariance, Process)
    return covariance.R, covariance.rounding


def process(function: str, **options: object) -> Covariance:
    """The structure of a latent residual process with a correlation function.

    Raises
    ------
    ModelError
        For a function that is not there, or an option that means nothing.
    """
    twin = COVARIANCES.get(function)
    rounding = twin.rounding if twin is not None and issubclass(twin, ByFunction) else 0.0
    return Process(get_correlation(function, **options), rounding)
