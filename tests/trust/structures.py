"""Group effects drawn by NumPy: groupings, levels and effects of six structures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

import hierlm as hl
from tests.trust.priors import Proper, exponential, half_normal

Rng = np.random.Generator
Floats = np.ndarray
ETA = 2.0
"""Of LKJ: (ρ + 1)/2 ~ Beta(2, 2) for two effects."""


@dataclass(frozen=True)
class Grouping:
    """Effects of one grouping.

    Parameters
    ----------
    name : str
        As in ``r_g``; ``"h:i"`` for cells.
    slopes : bool
        Whether x has an effect too.
    correlated : bool
    sds : tuple of Proper
        One an effect.
    """

    name: str
    sds: tuple[Proper, ...]
    correlated: bool = False

    @property
    def slopes(self) -> bool:
        """Whether x has an effect that varies too."""
        return len(self.sds) > 1

    @property
    def effects(self) -> tuple[str, ...]:
        """Labels."""
        return ("Intercept", "x")[: len(self.sds)]

    def priors(self) -> dict[str, Any]:
        """Under hierlm's names."""
        found: dict[str, Any] = {f"sd_{self.name}[{e}]": s.ours for e, s in zip(self.effects, self.sds, strict=True)}
        return found | ({f"cor_{self.name}": hl.LKJ(ETA)} if self.correlated else {})

    def draw(self, rng: Rng, levels: int) -> dict[str, Floats]:
        """Standard deviations, correlations and effects of the levels and of one more, ``new``, from their priors."""
        sd = np.array([s.draw(rng) for s in self.sds])
        rho = 2 * rng.beta(ETA, ETA) - 1 if self.correlated else 0.0
        z = rng.normal(size=(levels + 1, len(sd)))
        if self.slopes:
            z[:, 1] = rho * z[:, 0] + np.sqrt(1 - rho * rho) * z[:, 1]
        r = sd * z
        found = {f"sd_{self.name}": sd, f"r_{self.name}": r[:-1], f"new_{self.name}": r[-1]}
        return found | ({f"cor_{self.name}": np.array([[1.0, rho], [rho, 1.0]])} if self.correlated else {})

    def rows(self, r: Floats, table: Mapping[str, Any]) -> Floats:
        """What the effects r (…, n, effects) of every row's level add to its linear predictor."""
        return r[..., 0] + (r[..., 1] * table["x"] if self.slopes else 0.0)

    def parameters(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """What is ranked besides effects, by name."""
        sd = values[f"sd_{self.name}"]
        found = {f"sd_{self.name}[{e}]": sd[..., i] for i, e in enumerate(self.effects)}
        return found | ({f"cor_{self.name}": values[f"cor_{self.name}"][..., 0, 1]} if self.correlated else {})

    def log_prior(self, values: Mapping[str, Floats]) -> Floats:
        """log p of these."""
        total = sum(prior.log_density(values[f"sd_{self.name}"][..., i]) for i, prior in enumerate(self.sds))
        if self.correlated:
            total = total + stats.beta(ETA, ETA).logpdf((values[f"cor_{self.name}"][..., 0, 1] + 1) / 2)
        return np.asarray(total)


Codes = Mapping[str, np.ndarray]
"""Grouping → the level of every row."""


@dataclass(frozen=True)
class Structure:
    """Which effects vary over which groups, and a design to see them in.

    Parameters
    ----------
    bars : str
        Of the formula.
    n : int
        Rows.
    groupings : tuple of Grouping
    assign : function
        ``assign(rng, n)`` → (columns of labels, for every grouping the labels of its levels, codes of rows).
    coarse : bool
        Whether x has two values only, so that rows are alike.
    formulas : tuple of str
        Further ones.
    options : mapping
        Further arguments of ``hl.Model``.
    asked : mapping of column to two values
        Of the two rows that are predicted, what x and the groupings do not say.
    """

    bars: str
    n: int
    groupings: tuple[Grouping, ...]
    assign: Callable[[Rng, int], tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]]
    coarse: bool = False
    formulas: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    asked: Mapping[str, Floats] = field(default_factory=dict)


def _balanced(rng: Rng, levels: int, n: int) -> np.ndarray:
    return rng.permutation(np.arange(n) % levels)


def _names(prefix: str, levels: int) -> list[str]:
    return [f"{prefix}{i:02d}" for i in range(levels)]


def _plain(**levels: int) -> Callable[[Rng, int], tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]]:
    """Columns of their own, balanced and independent of each other."""

    def assign(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
        codes = {name: _balanced(rng, count, n) for name, count in levels.items()}
        labels = {name: _names(name, count) for name, count in levels.items()}
        return {name: np.array(labels[name])[codes[name]] for name in levels}, labels, codes

    return assign


def _nested(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
    """Three levels of i, called alike, in each of five of h."""
    cell = _balanced(rng, 15, n)
    h, i = _names("h", 5), _names("i", 3)
    labels = {"h": h, "h:i": [f"{a}:{b}" for a in h for b in i]}
    return {"h": np.array(h)[cell // 3], "i": np.array(i)[cell % 3]}, labels, {"h": cell // 3, "h:i": cell}


SD, WIDE = half_normal(0.7), exponential(1.5)
ROWS = 50

STRUCTURES: dict[str, Structure] = {
    "intercept": Structure("(1 | g)", 64, (Grouping("g", (SD,)),), _plain(g=8)),
    "slope us": Structure("(x | g)", 80, (Grouping("g", (SD, SD), correlated=True),), _plain(g=10)),
    "slope idh": Structure("(x || g)", 80, (Grouping("g", (SD, WIDE)),), _plain(g=10)),
    "nested": Structure("(1 | h/i)", 75, (Grouping("h", (WIDE,)), Grouping("h:i", (SD,))), _nested),
    "crossed": Structure(
        "(1 | g) + (1 | h)", 90, (Grouping("g", (SD,)), Grouping("h", (WIDE,))), _plain(g=8, h=5), coarse=True
    ),
    "observation": Structure("(1 | g)", ROWS, (Grouping("g", (SD,)),), _plain(g=ROWS)),
}
"""By the name of the structure; the last has one effect a row."""
