"""Recipes: latent residual processes on the linear predictor, families without residuals of their own.

Values at the positions of the data, and at one that no row has, are drawn together by NumPy from the meanings of
:mod:`tests.trust.correlations`; so forecasts are ranked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.trust.cells import INTERCEPT, LARGEST, SLOPE
from tests.trust.correlations import MEANINGS
from tests.trust.densities import log_density
from tests.trust.priors import Proper, Several, gamma, half_normal, truncated_normal
from tests.trust.recipes import NEW, Recipe, Rng, Table, Values
from tests.trust.responses import RESPONSES

Floats = np.ndarray
LABELS = tuple(f"g{i:02d}" for i in range(14))
LONG, LATER = 4, 6
"""Positions 0 to 3 of the data, not all of them in every block, and the one that is foreseen."""
PLACES = np.array([0.0, 1.0, 2.0, 3.0, float(LATER)])[:, None]
LINE = {"Intercept": INTERCEPT, "x": SLOPE}


def _table(_: Rng) -> Table:
    """Every third block lacks its last position; the same design in all replications."""
    rng = np.random.default_rng(31)
    sizes = [LONG - (i % 3 == 2) for i in range(len(LABELS))]
    t = np.concatenate([np.arange(m) for m in sizes])
    g = np.repeat(LABELS, sizes)
    return {"g": g, "t": t, "x": rng.normal(size=len(t)), "m": np.full(len(t), 6)}


class WithProcess(Recipe):
    """Thresholds, which have one prior together, are ranked one by one."""

    def quantities(self, table: Table, values: Values) -> dict[str, Floats]:
        """See :meth:`Recipe.quantities`."""
        found = super().quantities(table, values)
        for name, rows in self.priors.items():
            several = rows.get("")
            if isinstance(several, Several):
                whole = found.pop(name)
                found |= {f"{name}[{k}]": whole[..., k] for k in range(several.size)}
        return found


def _process(name: str, family: str, written: str, coefficients: Mapping[str, Proper], label: str) -> Recipe:
    """e ~ N(0, sd² R) within blocks, added to η of the mean.

    Parameters
    ----------
    name : str
        Of the correlation function.
    written : str
        ``residual=``.
    label : str
        Of the row of ``sd_g``.
    """
    response, meaning = RESPONSES[family], MEANINGS[name]

    def effects(rng: Rng, table: Table, values: Values) -> dict[str, Floats]:
        R = meaning.matrix({c: values[f"{c}_g"] for c in coefficients}, PLACES)
        e = values["sd_g"] * rng.normal(size=(len(LABELS) + 1, len(PLACES))) @ np.linalg.cholesky(R).T
        return {"r_g": e[:, :LONG], "later": e[:, LONG]}

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        b, r = values["b"], values["r_g"]
        at, t = np.array([(*LABELS, NEW).index(level) for level in table["g"]]), np.asarray(table["t"])
        e = r[..., at, np.minimum(t, LONG - 1)]
        if (t == LATER).any():
            e = np.where(t == LATER, values["later"][at], e)
        line = b[..., :1] + b[..., 1:] * table["x"] if response.intercept else b * table["x"]
        return {"mu": line + e}

    def others(table: Table, values: Values) -> dict[str, Any]:
        own = {
            p: np.asarray(values[p])[..., None, :] if isinstance(prior, Several) else np.asarray(values[p])[..., None]
            for p, prior in response.others.items()
        }
        return own | ({"trials": table["m"]} if response.trials else {})

    def draw(rng: Rng, table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
        own = {p: np.asarray(values[p]) for p in response.others}
        return response.draw(rng, predictors["mu"], own | ({"trials": table["m"]} if response.trials else {}))

    def rows(table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
        return log_density(family, response.link, table["y"], predictors["mu"], **others(table, values))

    def enough(y: Floats) -> bool:
        return response.enough(y) and bool(y.max() < LARGEST) and (family != "gamma" or y.min() > 1 / LARGEST)

    line = LINE if response.intercept else {"x": SLOPE}
    priors: dict[str, dict[str, Any]] = {"b": line, "sd_g": {label: half_normal(0.8)}}
    priors |= {f"{c}_g": {"": p} for c, p in coefficients.items()}
    priors |= {p: {"": prior} for p, prior in response.others.items()}
    return WithProcess(
        f"latent/{name}, {family}",
        (f"{'y | trials(m)' if response.trials else 'y'} ~ x",),
        f"{family}({response.link})",
        priors,
        table=_table,
        effects=effects,
        predictors=predictors,
        draw=draw,
        rows=rows,
        levels={"r_g": LABELS},
        enough=enough,
        asked={"t": np.array([LATER, 1])},
        options={"residual": written},
    )


SHARE = truncated_normal(0.3, 0.3, -1.0, 1.0)
LATENT: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _process("ar1", "poisson", "ar1(t | g)", {"phi": SHARE}, "residual ar1(t)"),
        _process("cs", "binomial", "cs(1 | g)", {"rho": truncated_normal(0.3, 0.3, 0.0, 1.0)}, "residual cs(1)"),
        _process("exp", "gamma", "exp(t | g)", {"range": gamma(4.0, 2.0)}, "residual exp(t)"),
        _process(
            "car1", "negbinomial", "car1(t | g)", {"phi": truncated_normal(0.4, 0.3, 0.0, 1.0)}, "residual car1(t)"
        ),
        _process("ar1", "zero_inflated_poisson", "ar1(t | g)", {"phi": SHARE}, "residual ar1(t)"),
        _process(
            "car1", "cumulative", "car1(t | g)", {"phi": truncated_normal(0.4, 0.3, 0.0, 1.0)}, "residual car1(t)"
        ),
        _process("cs", "acat", "cs(1 | g)", {"rho": truncated_normal(0.3, 0.3, 0.0, 1.0)}, "residual cs(1)"),
    )
}
"""By name."""
