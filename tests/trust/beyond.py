"""Recipes: smooths, variance functions, formulas of further parameters with group effects, several memberships.

What terms mean is that of the tests of densities (:mod:`tests.trust.test_density_terms`); here it is drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import expit

from tests.trust import splines
from tests.trust.cells import INTERCEPT, LARGEST, SLOPE
from tests.trust.densities import log_density
from tests.trust.priors import Proper, gamma, half_normal, normal
from tests.trust.recipes import NEW, Recipe, Rng, Table, Values
from tests.trust.responses import RESPONSES, SHAPE
from tests.trust.structures import SD

Floats = np.ndarray
N, LABELS = 60, tuple(f"g{i:02d}" for i in range(10))
GAMMA, LOG_SIGMA = normal(0.0, 0.4), normal(-0.3, 0.4)
"""Of slopes on the scale of a logarithm, and of an intercept there."""


def _table(_: Rng) -> Table:
    """Six rows a level; v is positive, f has two levels.

    The same design in all replications.
    """
    rng = np.random.default_rng(29)
    g, f = rng.permutation(np.resize(LABELS, N)), rng.permutation(np.resize(["p", "q"], N))
    v = rng.uniform(0.3, 2.5, N)
    return {"g": g, "g2": rng.permutation(g), "x": rng.normal(size=N), "v": v, "centre": np.full(N, v.mean()), "f": f}


def _at(table: Mapping[str, Any], column: str = "g") -> Floats:
    return np.array([(*LABELS, NEW).index(label) for label in table[column]])


def _intercepts(rng: Rng, table: Table, values: Values, name: str = "g") -> dict[str, Floats]:
    """Independent effects of all levels and of a new one, as many as there are standard deviations."""
    sd = values[f"sd_{name}"]
    return {f"r_{name}": sd * rng.normal(size=(len(LABELS) + 1, len(sd)))}


def _mean(table: Table, values: Values) -> Floats:
    b, r = values["b"], values["r_g"]
    return b[..., :1] + b[..., 1:2] * table["x"] + r[..., _at(table), 0]


def _normal(rng: Rng, table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
    return rng.normal(predictors["mu"], np.exp(predictors["sigma"]))


def _normal_rows(table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
    return np.asarray(stats.norm.logpdf(table["y"], predictors["mu"], np.exp(predictors["sigma"])))


LINE = {"Intercept": INTERCEPT, "x": SLOPE}
OF_G = {"r_g": LABELS}


def _gaussian(name: str, formulas: tuple[str, ...], priors: Mapping[str, Mapping[str, Proper]], **how: Any) -> Recipe:
    """A normal response; ``how`` has the predictors, of the mean and of log σ."""
    usual: dict[str, Any] = {"table": _table, "effects": _intercepts, "levels": OF_G}
    return Recipe(name, formulas, "gaussian", priors, draw=_normal, rows=_normal_rows, **(usual | how))


# ------------------------------------------------------------------------------------------------- variance functions
Scale = Callable[[Table, Floats, Floats], Floats]
SCALES: dict[str, tuple[dict[str, Proper], Scale]] = {
    "varPower(v)": ({"varPower(v)": GAMMA}, lambda t, mu, p: p[..., :1] * np.log(t["v"])),
    "varExp(x)": ({"varExp(x)": GAMMA}, lambda t, mu, p: p[..., :1] * t["x"]),
    "varExp(fitted)": ({"varExp(fitted)": normal(0.0, 0.2)}, lambda t, mu, p: p[..., :1] * mu),
    "varIdent(f)": (
        {"varIdent(f):q": gamma(6.0, 5.0)},
        lambda t, mu, p: np.where(t["f"] == "q", np.log(p[..., :1]), 0.0),
    ),
    "varConstPower(v)": (
        {"varConstPower(v):const": gamma(4.0, 4.0), "varConstPower(v):power": normal(0.8, 0.4)},
        lambda t, mu, p: np.log(p[..., :1] + t["v"] ** p[..., 1:]),
    ),
}
"""Terms → priors of the parameters, and the log of sd/σ."""


def _variance(terms: str) -> Recipe:
    own, scale = SCALES[terms]

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        mu = _mean(table, values)
        return {"mu": mu, "sigma": values["b_sigma"][..., :1] + scale(table, mu, values["varfun"])}

    priors = {"b": LINE, "b_sigma": {"Intercept": LOG_SIGMA}, "sd_g": {"Intercept": SD}, "varfun": own}
    return _gaussian(f"terms/{terms}", ("y ~ x + (1 | g)", f"sigma ~ {terms}"), priors, predictors=predictors)


# ------------------------------------------------------------------------------------------------------------ smooths
def _smooth(kind: str) -> Recipe:
    """A curve in v with the covariance sd² K of SciPy's splines, about a straight line where the kind has one."""
    line = kind not in splines.CYCLIC

    def effects(rng: Rng, table: Table, values: Values) -> dict[str, Floats]:
        K = splines.curve(kind, table["v"], 6)
        U, size, _ = np.linalg.svd(K)
        root = U * np.sqrt(size)
        curve = values["sd_s(v)"] * (root @ rng.normal(size=len(K)))
        return _intercepts(rng, table, values) | {"curve": curve}

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        mu = (
            _mean(table, values) + values["curve"][..., : len(table["v"])]
        )  # rows that are predicted have the v of the first
        if line:
            mu = mu + values["b"][..., 2:] * (table["v"] - table["centre"])
        return {"mu": mu, "sigma": np.log(values["sigma"])[..., None]}

    def derived(model: Any, values: Values) -> dict[str, Floats]:
        (block,) = model.smooths
        return {"curve": values["r_s(v)"] @ block.pieces[0].Z.T}

    b = LINE | ({"s(v):v": normal(0.0, 0.7)} if line else {})
    priors = {"b": b, "sd_g": {"Intercept": SD}, "sd_s(v)": {"": half_normal(1.0)}, "sigma": {"": half_normal(1.0)}}
    return _gaussian(
        f"terms/s(v, {kind})",
        (f'y ~ x + s(v, k=6, bs="{kind}") + (1 | g)',),
        priors,
        effects=effects,
        predictors=predictors,
        derived=derived,
    )


# --------------------------------------------------------------------------------- formulas of further parameters
def _further(family: str, parameter: str, others: Mapping[str, Mapping[str, Proper]]) -> Recipe:
    """A slope and a group effect of a probability: logit link."""
    response = RESPONSES[family]
    b = {"Intercept": INTERCEPT, "x": SLOPE}

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        c = values[f"b_{parameter}"]
        eta = c[..., :1] + c[..., 1:] * table["x"] + values["r_g"][..., _at(table), 1]
        return {"mu": _mean(table, values), parameter: eta}

    def all_parameters(predictors: dict[str, Floats], values: Values) -> dict[str, Floats]:
        return {parameter: expit(predictors[parameter])} | {name: values[name][..., None] for name in others}

    def draw(rng: Rng, table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
        return response.draw(rng, predictors["mu"], all_parameters(predictors, values))

    def rows(table: Table, predictors: dict[str, Floats], values: Values) -> Floats:
        return log_density(family, response.link, table["y"], predictors["mu"], **all_parameters(predictors, values))

    def enough(y: Floats) -> bool:
        return response.enough(y) and y.max() < LARGEST and y[y > 0].min() > 1 / LARGEST

    return Recipe(
        f"terms/{parameter} ~ x + (1 | g), {family}",
        ("y ~ x + (1 | g)", f"{parameter} ~ x + (1 | g)"),
        f"{family}({response.link})",
        {
            "b": b,
            f"b_{parameter}": {"Intercept": normal(-0.8, 0.5), "x": SLOPE},
            "sd_g": {"Intercept": SD, f"{parameter}:Intercept": SD},
            **others,
        },
        table=_table,
        effects=_intercepts,
        predictors=predictors,
        draw=draw,
        rows=rows,
        levels=OF_G,
        enough=enough,
    )


def _scale_formula() -> Recipe:
    """log σ with a slope and a group effect."""

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        c = values["b_sigma"]
        return {
            "mu": _mean(table, values),
            "sigma": c[..., :1] + c[..., 1:] * table["x"] + values["r_g"][..., _at(table), 1],
        }

    priors = {"b": LINE, "b_sigma": {"Intercept": LOG_SIGMA, "x": GAMMA}}
    priors |= {"sd_g": {"Intercept": SD, "sigma:Intercept": half_normal(0.4)}}
    formulas = ("y ~ x + (1 | g)", "sigma ~ x + (1 | g)")
    return _gaussian("terms/sigma ~ x + (1 | g)", formulas, priors, predictors=predictors)


# ------------------------------------------------------------------------------------------------- several memberships
def _memberships() -> Recipe:
    """Every row has two levels of one group, with half of the effect of each."""
    name = "mm(g,g2)"

    def effects(rng: Rng, table: Table, values: Values) -> dict[str, Floats]:
        return _intercepts(rng, table, values, name)

    def predictors(table: Table, values: Values) -> dict[str, Floats]:
        b, r = values["b"], values[f"r_{name}"][..., 0]
        both = (r[..., _at(table)] + r[..., _at(table, "g2")]) / 2
        return {"mu": b[..., :1] + b[..., 1:] * table["x"] + both, "sigma": np.log(values["sigma"])[..., None]}

    priors = {"b": LINE, f"sd_{name}": {"Intercept": half_normal(1.0)}, "sigma": {"": half_normal(1.0)}}
    formulas = ("y ~ x + (1 | mm(g, g2))",)
    return _gaussian(
        "terms/mm(g, g2)", formulas, priors, effects=effects, predictors=predictors, levels={f"r_{name}": LABELS}
    )


BEYOND: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *(_smooth(kind) for kind in splines.BASES),
        *(_variance(terms) for terms in SCALES),
        _further("zero_inflated_poisson", "zi", {}),
        _further("hurdle_gamma", "hu", {"shape": {"": SHAPE}}),
        _scale_formula(),
        _memberships(),
    )
}
"""By name."""
