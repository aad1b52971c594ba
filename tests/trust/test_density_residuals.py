"""The PyMC graph against an independent joint density: residuals that are correlated within blocks.

Every correlation function × every family that has errors, with the standard deviation of residuals the same in all rows
or not.  20 points, 1e-8, gradients 1e-6, as in the grid of structures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy import stats

from hierlm.correlations import CORRELATIONS
from hierlm.families import FAMILIES
from tests.trust.correlations import MEANINGS
from tests.trust.densities import needed
from tests.trust.graphs import check_model
from tests.trust.priors import Several, gamma, normal
from tests.trust.terms import MIDDLE, SD, SIGMA, SLOPE, Floats, Values, build

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

NU = gamma(6.0, 0.5)
ERRORS = ("gaussian", "student_t", "lognormal")
SCALES = ("sigma", "sigma ~ z")
EVERY = [(name, family, scale) for name in MEANINGS for family in ERRORS for scale in SCALES]
QUICK = [(name, ERRORS[i % 3], SCALES[i // 3 % 2]) for i, name in enumerate(MEANINGS)]
SIZES = (4, 4, 3, 4, 1, 2)
PLACES = {
    "nothing": ("1", ("t",)),
    "occasions": ("C(t)", ("t",)),
    "steps": ("t", ("t",)),
    "times": ("when", ("when",)),
    "coordinates": ("when + lon", ("when", "lon")),
}
"""What a position is → how it is written, and its columns."""


def table_of() -> dict[str, Any]:
    """Blocks of up to four rows, at different ones of the positions 0 to 3, in no order."""
    rng = np.random.default_rng(5)
    t = np.concatenate([np.sort(rng.permutation(4)[:m]) for m in SIZES])
    order, n = rng.permutation(sum(SIZES)), sum(SIZES)
    table = {"g": np.repeat([f"g{i}" for i in range(len(SIZES))], SIZES), "t": t, "when": t + rng.uniform(0, 0.5, n)}
    table |= {"lon": rng.uniform(0, 2, n), "x": rng.uniform(-1, 1, n), "z": rng.uniform(-1, 1, n)}
    table |= {"h": np.resize(["h0", "h1", "h2"], n), "y": np.exp(0.3 * rng.normal(size=n))}
    return {name: column[order] for name, column in table.items()}


def block_density(family: str, y: Floats, mu: Floats, V: Floats, nu: Floats | None) -> float:
    if family == "student_t":
        return float(stats.multivariate_t(mu, V, nu).logpdf(y))
    if family == "lognormal":
        return float(stats.multivariate_normal(mu, V).logpdf(np.log(y)) - np.log(y).sum())
    return float(stats.multivariate_normal(mu, V).logpdf(y))


def test_everything_registered_has_an_independent_meaning() -> None:
    needed(CORRELATIONS, MEANINGS, "meaning of the correlation of residuals")
    needed({f.name: f for f in FAMILIES.values() if f.errors is not None}, dict.fromkeys(ERRORS), "law of errors")


def check(name: str, family: str, scale: str) -> None:
    meaning, table = MEANINGS[name], table_of()
    most = CORRELATIONS[meaning.name].most_dimensions
    written, columns = PLACES["times" if most == 1 else CORRELATIONS[meaning.name].needs]
    options = "".join(f", {k}={v}" for k, v in meaning.options.items())
    formulas = ["y ~ x + (1 | h)", *([scale] if "~" in scale else [])]
    log_sigma = normal(-0.5, 0.3)
    own: dict[str, Any] = {"nu": NU} if family == "student_t" else {}
    own |= {"b_sigma[Intercept]": log_sigma, "b_sigma[z]": SLOPE} if "~" in scale else {"sigma": SIGMA}
    free = [p.one if isinstance(p, Several) else p for p in meaning.priors.values() for _ in range(_size(p))]
    residual = f"{meaning.name}({written} | g{options})"
    labels = build(formulas, table, {}, family=family, residual=residual).residual.labels
    priors = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sd_h": SD, **own}
    priors |= {f"rescor[{label}]": p for label, p in zip(labels, free, strict=True)}
    model = build(formulas, table, priors, family=family, residual=residual, parameterization="centered")
    h = np.array([("h0", "h1", "h2").index(level) for level in table["h"]])
    at = np.column_stack([table[c] for c in columns]).astype(float)

    def theirs(values: Values) -> float:
        b, r, sd, rescor = values["b"], values["r_h"][:, 0], values["sd_h"][0], np.atleast_1d(values["rescor"])
        mu, total = b[0] + b[1] * table["x"] + r[h], sum(p.log_density(v) for p, v in zip(free, rescor, strict=True))
        total += MIDDLE.log_density(b[0]) + SLOPE.log_density(b[1])
        total += stats.norm.logpdf(r, 0, sd).sum() + SD.log_density(sd)
        if "~" in scale:
            c = values["b_sigma"]
            sigma = np.exp(c[0] + c[1] * table["z"])
            total += log_sigma.log_density(c[0]) + SLOPE.log_density(c[1])
        else:
            sigma = np.full(len(mu), values["sigma"])
            total += SIGMA.log_density(values["sigma"])
        nu = values.get("nu")
        total += NU.log_density(nu) if nu is not None else 0.0
        for block in np.unique(table["g"]):
            rows = np.flatnonzero(table["g"] == block)
            R = meaning.matrix(_by_name(name, rescor), at[rows])
            V = np.outer(sigma[rows], sigma[rows]) * R
            total += block_density(family, table["y"][rows], mu[rows], V, nu)
        return float(total)

    check_model(model, theirs)


def _size(prior: Any) -> int:
    return prior.size if isinstance(prior, Several) else 1


def _by_name(name: str, rescor: Floats) -> Mapping[str, Floats]:
    """Coefficient → its numbers."""
    found, rest = {}, list(rescor)
    for coefficient, prior in MEANINGS[name].priors.items():
        own = [rest.pop(0) for _ in range(_size(prior))]
        found[coefficient] = np.array(own) if isinstance(prior, Several) else own[0]
    return found


@pytest.mark.parametrize(("name", "family", "scale"), QUICK)
def test_every_correlation(name: str, family: str, scale: str) -> None:
    check(name, family, scale)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "family", "scale"), [case for case in EVERY if case not in QUICK])
def test_every_family_and_scale(name: str, family: str, scale: str) -> None:
    check(name, family, scale)
