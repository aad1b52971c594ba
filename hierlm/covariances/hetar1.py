"""hetar1: autoregressive of order one with a variance for each occasion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from hierlm.correlations import Correlation
from hierlm.correlations.ar1 import Ar1
from hierlm.covariances.structured import ByFunction

__all__ = ["Hetar1"]


@final
class Hetar1(ByFunction):
    """V_ij = σᵢ σⱼ φ^|i−j|, −1 < φ < 1: an autoregressive process of order one with a variance for each occasion.

    k + 1 parameters. glmmTMB ``hetar1``, SAS ``ARH(1)``.
    """

    name: ClassVar[str] = "hetar1"
    aliases: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[Mapping[str, object]] = Ar1.options
    needs: ClassVar[str] = "occasions"
    function: ClassVar[type[Correlation]] = Ar1
    homogeneous: ClassVar[bool] = False
