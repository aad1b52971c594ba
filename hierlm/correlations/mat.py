"""mat: the Matérn function."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

import pytensor.tensor as pt

from hierlm.correlations.correlation import Tensor
from hierlm.correlations.spatial import Spatial
from hierlm.errors import ModelError

__all__ = ["Mat"]

SMOOTHNESS = (0.5, 1.5, 2.5)


@final
class Mat(Spatial):
    """R_st = 2^(1−ν)/Γ(ν) · a^ν K_ν(a), a = √(2ν) d/r; times 1 − c for s ≠ t with a nugget c.

    Matérn's function, whose smoothness ν is an option: 0.5 (``exp``), 1.5 (unless given) or 2.5, where it is a
    polynomial times an exponential: e^−a, (1 + a) e^−a, (1 + a + a²/3) e^−a.

    References
    ----------
    Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*, section 4.2.1.
    """

    name: ClassVar[str] = "mat"
    aliases: ClassVar[tuple[str, ...]] = ("matern", "corMatern")
    options: ClassVar[Mapping[str, object]] = MappingProxyType({"nugget": False, "nu": 1.5})

    def check_options(self) -> None:
        """ν is one of three."""
        super().check_options()
        nu = self.option("nu")
        if isinstance(nu, bool) or nu not in SMOOTHNESS:
            raise ModelError(f"mat() has nu={nu!r}.", hint="The smoothness nu is 0.5, 1.5 or 2.5.")

    def at(self, ratio: Tensor) -> Tensor:
        """See :meth:`Spatial.at`."""
        nu = float(self.option("nu"))
        a = (2 * nu) ** 0.5 * ratio
        polynomial = {0.5: 1.0, 1.5: 1 + a, 2.5: 1 + a + a**2 / 3}[nu]
        return polynomial * pt.exp(-a)
