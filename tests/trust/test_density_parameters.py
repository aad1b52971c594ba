"""The PyMC graph against an independent joint density where more than the mean is predicted, or rows have additions.

Every further parameter of every family with each of its links, ``y ~ x + (1 | g)`` and ``sigma ~ x``; weights, offsets and
known standard errors.  20 points, 1e-8, gradients 1e-6, as in the grid of the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm.families import FAMILIES
from tests.trust.densities import INVERSE_LINKS, LINKS, LOG_DENSITIES, log_density
from tests.trust.graphs import check_model
from tests.trust.priors import Proper, half_normal, normal
from tests.trust.responses import RESPONSES, TRIALS

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

CASES = [(f.name, p.name, link) for f in FAMILIES.values() for p in f.parameters[1:] for link in p.links]
QUICK = [next(c for c in CASES if c[2] == link) for link in dict.fromkeys(link for *_, link in CASES)]
LEVELS = ("g0", "g1", "g2", "g3")
SD = half_normal(0.2)


def middle_of(family: str, parameter: str) -> float:
    """Where the prior of the predicted parameter has its middle."""
    declared = next(p for p in FAMILIES[family].parameters if p.name == parameter)
    return 1.5 if np.isinf(declared.upper) else 0.3


def table_of(family: str) -> dict[str, Any]:
    rng, response, n = np.random.default_rng(23), RESPONSES[family], 20
    table: dict[str, Any] = response.columns(rng, n) | {"g": rng.permutation(np.resize(LEVELS, n))}
    table |= {
        "x": rng.uniform(-1, 1, n),
        "w": rng.uniform(0.5, 2, n),
        "s": rng.uniform(0.5, 2, n),
        "o": rng.normal(0, 0.1, n),
    }
    eta = LINKS[response.link](np.float64(0.4 if response.link == "logit" else 2.0)) + 0.1 * rng.normal(size=n)
    table["y"] = response.simulate(rng, eta, table, response.typical())
    return table


def effects(table: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[np.ndarray, float]:
    """Of every row, and their log-density with its standard deviation."""
    r, sd = values["r_g"][:, 0], values["sd_g"][0]
    rows = r[[LEVELS.index(g) for g in table["g"]]]
    return rows, float(stats.norm.logpdf(r, 0, sd).sum() + SD.log_density(sd))


def check_parameter(family: str, parameter: str, link: str) -> None:
    response, table = RESPONSES[family], table_of(family)
    middle = float(LINKS[response.link](np.float64(0.4 if response.link == "logit" else 2.0)))
    at = float(LINKS[link](np.float64(middle_of(family, parameter))))
    declared = next(p for p in FAMILIES[family].parameters if p.name == parameter)
    common = {"b[Intercept]": normal(middle, 0.1)} if response.intercept else {}
    further = {f"b_{parameter}[Intercept]": normal(at, 0.05)} if declared.intercept else {}
    priors: dict[str, Proper] = common | {"b[x]": normal(0.0, 0.2)} | further | {f"b_{parameter}[x]": normal(0.1, 0.1)}
    rest = {name: prior for name, prior in response.others.items() if name != parameter}
    model = hl.Model(
        [f"{response.left} ~ x + (1 | g)", f"{parameter} ~ x"],
        table,
        response.family,
        link={"mu": response.link, parameter: link},
        priors={name: prior.ours for name, prior in (priors | rest | {"sd_g": SD}).items()},
        parameterization="centered",
    )

    def theirs(values: Mapping[str, Any]) -> float:
        (*b0, b), (*c0, c) = values["b"], values[f"b_{parameter}"]
        rows, total = effects(table, values)
        predicted = INVERSE_LINKS[link](sum(c0) + c * table["x"])
        if not ((predicted > declared.lower) & (predicted < declared.upper)).all():
            return -np.inf  # as for the mean: also where a row, such as the zero of a hurdle, does not look at it
        others = {name: values[name] for name in rest} | {parameter: predicted}
        others |= {"trials": table[TRIALS]} if response.trials else {}
        total += log_density(family, response.link, table["y"], sum(b0) + b * table["x"] + rows, **others).sum()
        total += sum(p.log_density(v) for p, v in zip(priors.values(), [*b0, b, *c0, c], strict=True))
        return float(total + sum(prior.log_density(values[name]) for name, prior in rest.items()))

    check_model(model, theirs)


@pytest.mark.parametrize(("family", "parameter", "link"), QUICK)
def test_every_link_of_a_parameter(family: str, parameter: str, link: str) -> None:
    check_parameter(family, parameter, link)


@pytest.mark.slow
@pytest.mark.parametrize(("family", "parameter", "link"), [c for c in CASES if c not in QUICK])
def test_every_parameter(family: str, parameter: str, link: str) -> None:
    check_parameter(family, parameter, link)


ADDITIONS = {
    "weights": ("y | weights(w) ~ x + (1 | g)", "poisson"),
    "offset": ("y ~ x + offset(o) + (1 | g)", "poisson"),
    "standard errors": ("y | se(s) ~ x + (1 | g)", "gaussian"),
    "standard errors and sigma": ("y | se(s, sigma=True) ~ x + (1 | g)", "gaussian"),
    "weights of a normal response": ("y | weights(w) ~ x + offset(o) + (1 | g)", "gaussian"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ADDITIONS)
def test_additions_of_rows(name: str) -> None:
    """Weights are powers of each row's density; se stands for σ, or is added to its square."""
    (formula, family), slope, middle = ADDITIONS[name], normal(0.0, 0.2), normal(0.7, 0.3)
    table, sigma = table_of(family), half_normal(1.0)
    free = {"sigma": sigma} if family == "gaussian" and "se(s)" not in formula else {}
    priors = {"b[Intercept]": middle, "b[x]": slope, "sd_g": SD} | free
    model = hl.Model(formula, table, family, priors={k: p.ours for k, p in priors.items()}, parameterization="centered")

    def theirs(values: Mapping[str, Any]) -> float:
        b = values["b"]
        rows, total = effects(table, values)
        eta = b[0] + b[1] * table["x"] + rows + (table["o"] if "offset" in formula else 0.0)
        if family == "poisson":
            each = LOG_DENSITIES["poisson"](table["y"], np.exp(eta))
        else:
            known = table["s"] if "se(" in formula else 0.0
            each = stats.norm.logpdf(table["y"], eta, np.hypot(known, values.get("sigma", 0.0)))
        total += (each * (table["w"] if "weights" in formula else 1.0)).sum()
        total += middle.log_density(b[0]) + slope.log_density(b[1])
        return float(total + sum(p.log_density(values[k]) for k, p in free.items()))

    check_model(model, theirs)
