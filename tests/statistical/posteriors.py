"""Posteriors that no sampler describes well, with the words that name the remedy; and healthy ones of real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import hierlm as hl

Prior = hl.Prior


@dataclass(frozen=True)
class Posterior:
    """A model and how it is fitted; ``words`` must be said about a sick one, by a warning or by its diagnosis."""

    formula: str | list[str]
    frame: Callable[[], pd.DataFrame]
    words: tuple[str, ...] = ()
    family: str = "gaussian"
    model: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)


def _frame(**columns: Callable[[pd.DataFrame, np.random.Generator], Any]) -> Callable[[], pd.DataFrame]:
    """40 rows of y, x and eight levels g, with further columns made from these."""

    def make() -> pd.DataFrame:
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"y": rng.normal(size=40), "x": rng.normal(size=40), "g": np.repeat(list("abcdefgh"), 5)})
        for name, column in columns.items():
            frame[name] = column(frame, rng)
        return frame

    return make


def _schools() -> pd.DataFrame:
    effects, errors = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    return pd.DataFrame({"y": effects, "s": errors, "g": list("ABCDEFGH")})


def _informative() -> pd.DataFrame:
    """Means of groups are known well, which non-centred effects suit badly."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"g": np.repeat(list("abcdefgh"), 200)})
    frame["y"] = np.repeat(rng.normal(0, 10, 8), 200) + rng.normal(size=1600)
    return frame


def _two_clumps() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame({"y": np.concatenate([rng.normal(0, 0.1, 20), rng.normal(30, 0.1, 20)])})


def _two_groups() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({"g": np.repeat(["a", "b"], 20), "y": np.repeat([0.0, 3.0], 20) + rng.normal(size=40)})


SIGN = _frame(z=lambda d, rng: (d["x"] > 0).astype(int))
FLAT, WIDE = {"b[x]": Prior("Flat"), "b[z]": Prior("Flat")}, {"b[x]": Prior("Normal", mu=0, sigma=1000)}
SHORT: dict[str, Any] = {"draws": 300, "tune": 300}

SICK: dict[str, Posterior] = {
    "a funnel: centred effects of eight schools": Posterior(
        "y | se(s) ~ 1 + (1 | g)", _schools, ("gaussian marginal", "without reduce=False", "HalfNormal"),
        model={"priors": {"sd_g": Prior("HalfCauchy", beta=5)}, "parameterization": "centered"}, fit={"reduce": False},
    ),
    "the other funnel: non-centred effects that the data know": Posterior(
        "y ~ 1 + (1 | g)", _informative, ("without reduce=False",),
        model={"parameterization": "noncentered"}, fit=SHORT | {"reduce": False, "target_accept": 0.8},
    ),
    "a funnel without a reduction": Posterior(
        ["y ~ 1 + (1 | g)", "sigma ~ x"], _frame(),
        ("parameterization={'g': 'noncentered'}",), model={"parameterization": "centered"}, fit=SHORT,
    ),
    "one predictor twice, flat priors": Posterior(
        "y ~ x + z", _frame(z=lambda d, rng: 2 * d["x"]), ("'b[x]' and 'b[z]' cannot be told apart", "leave one of them out"),
        model={"priors": FLAT}, fit=SHORT | {"max_treedepth": 8},
    ),
    "one predictor nearly twice, flat priors": Posterior(
        "y ~ x + z", _frame(z=lambda d, rng: 2 * d["x"] + 1e-6 * rng.normal(size=40)),
        ("'b[x]' and 'b[z]' cannot be told apart", "leave one of them out", "improper"),
        model={"priors": FLAT}, fit=SHORT | {"max_treedepth": 8},
    ),
    "separation, wide prior": Posterior(
        "z ~ x", SIGN, ("Separation", "priors={'b[x]': hl.Prior(\"Normal\", mu=0, sigma=2.5)}"), "bernoulli",
        model={"priors": WIDE},
    ),
    "separation, flat prior": Posterior(
        "z ~ x", SIGN, ("Separation", "improper", "give a proper prior"), "bernoulli",
        model={"priors": {"b[x]": Prior("Flat")}}, fit=SHORT | {"max_treedepth": 8},
    ),
    "heavy tails": Posterior(
        "z ~ x", SIGN, ("Cauchy(0, 1000), has heavy tails", 'hl.Prior("Normal", sigma=1000)'), "bernoulli",
        model={"priors": {"b[x]": Prior("Cauchy", alpha=0, beta=1000)}}, fit=SHORT,
    ),
    "two modes: a link that forgets the sign": Posterior(
        "k ~ 1", _frame(k=lambda d, rng: rng.poisson(50, 40)), ("several modes", "one-sided prior of 'b[Intercept]'"),
        "poisson", model={"link": "sqrt", "priors": {"b[Intercept]": Prior("Normal", mu=0, sigma=10)}}, fit=SHORT,
    ),
    "two modes: two clumps of a Student-t": Posterior(
        "y ~ 1", _two_clumps, ("several modes", "and near 30"), "student_t",
        model={"priors": {"nu": 2.0, "sigma": 0.2, "b[Intercept]": Prior("Normal", mu=15, sigma=100)}},
    ),
    "two groups": Posterior("y ~ 1 + (1 | g)", _two_groups, ("2 levels of 'g'", "priors={'sd_g': …}", "common effect")),
    "two groups, improper priors": Posterior(
        "y ~ 1 + (1 | g)", _two_groups, ("improper", "give a proper prior", "2 levels of 'g'"),
        model={"priors": {"sd_g": Prior("HalfFlat"), "b[Intercept]": Prior("Flat")}}, fit=SHORT,
    ),
    "chains too short": Posterior("y ~ x + (x | g)", _frame(), ("Sample longer: fit(draws=",), fit={"draws": 20, "tune": 20}),
    "one chain": Posterior("y ~ x + (1 | g)", _frame(), ("chains=4",), fit={"chains": 1}),
    "trajectories too short": Posterior(
        "y ~ x + (1 | g)", _frame(), ("fit(max_treedepth=3)",), fit={"max_treedepth": 1}
    ),
    "one grouping twice": Posterior(
        "y ~ x + (1 | g) + (1 | h)", _frame(h=lambda d, rng: d["g"].str.upper()),
        ("'g' and 'h' put the same rows together", "Leave one of them out"),
    ),
    "groups that the common effects describe": Posterior(
        "y ~ 0 + g + (1 | g)", _frame(), ("a mean of its own", "Leave one of them out")
    ),
    "one row a level": Posterior("y ~ x + (1 | units)", _frame(), ("one row per level", "Leave (1 | units) out"), fit=SHORT),
    "one row a level, 0 and 1": Posterior(
        "z ~ x + (1 | units)", _frame(z=lambda d, rng: (d["y"] > 0).astype(int)),
        ("one row per level", "Leave (1 | units) out"), "bernoulli",
    ),
    "no variance: a response made from a predictor": Posterior(
        "y ~ x", _frame(y=lambda d, rng: 2 * d["x"]), ("'sigma' runs to zero", "made from the response"), fit=SHORT
    ),
    "no variance within groups": Posterior(
        "y ~ x + (1 | g)", _frame(y=lambda d, rng: np.repeat(rng.normal(size=8), 5)), ("'sigma' runs to zero",),
        fit=SHORT,
    ),
    "a predictor in other units": Posterior(
        "k ~ x + (1 | g)", _frame(x=lambda d, rng: 1e9 + 1e6 * d["x"], k=lambda d, rng: rng.poisson(3, 40)),
        ("Use other units, or scale()",), "poisson",
    ),
    "as many coefficients as rows": Posterior(
        "y ~ poly(x, 3)", lambda: _frame()().head(4), ("Use fewer terms or more rows",)
    ),
}  # fmt: skip


def _data(name: str, **columns: Callable[[pd.DataFrame], Any]) -> Callable[[], pd.DataFrame]:
    return lambda: hl.load_data(name).assign(**columns)


CBPP = "cbind(incidence, size - incidence) ~ period"
SLEEP = "Reaction ~ Days + (Days | Subject)"

HEALTHY: dict[str, Posterior] = {
    "sleepstudy": Posterior(SLEEP, _data("sleepstudy")),
    "sleepstudy, independent": Posterior("Reaction ~ Days + (Days || Subject)", _data("sleepstudy")),
    "sleepstudy, Student-t": Posterior(SLEEP, _data("sleepstudy"), family="student_t"),
    "sleepstudy, lognormal": Posterior(SLEEP, _data("sleepstudy"), family="lognormal"),
    "sleepstudy, gamma": Posterior("Reaction ~ Days + (1 | Subject)", _data("sleepstudy"), family="gamma"),
    "sleepstudy, inverse Gaussian": Posterior(
        "Reaction ~ Days + (1 | Subject)", _data("sleepstudy"), family="inverse_gaussian"
    ),
    "Dyestuff": Posterior("Yield ~ 1 + (1 | Batch)", _data("Dyestuff")),
    "Dyestuff2": Posterior("Yield ~ 1 + (1 | Batch)", _data("Dyestuff2")),
    "Penicillin": Posterior("diameter ~ 1 + (1 | plate) + (1 | sample)", _data("Penicillin")),
    "Pastes": Posterior("strength ~ 1 + (1 | batch/cask)", _data("Pastes")),
    "Oats": Posterior("yield ~ nitro + Variety + (1 | Block/Variety)", _data("Oats")),
    "Orthodont": Posterior("distance ~ age * Sex + (age | Subject)", _data("Orthodont")),
    "Orthodont, formula for sigma": Posterior(
        ["distance ~ age + Sex + (1 | Subject)", "sigma ~ Sex"], _data("Orthodont")
    ),
    "BodyWeight": Posterior("weight ~ Time * Diet + (Time | Rat)", _data("BodyWeight")),
    "Dialyzer": Posterior("rate ~ poly(pressure, 3) * QB + (1 | Subject)", _data("Dialyzer")),
    "Ovary": Posterior("follicles ~ poly(Time, 3) + (1 | Mare)", _data("Ovary"), family="poisson"),
    "cbpp": Posterior(f"{CBPP} + (1 | herd)", _data("cbpp"), family="binomial"),
    "cbpp, probit": Posterior(f"{CBPP} + (1 | herd)", _data("cbpp"), family="binomial(probit)"),
    "cbpp, one effect a row": Posterior(f"{CBPP} + (1 | herd) + (1 | units)", _data("cbpp"), family="binomial"),
    "cbpp, beta-binomial": Posterior(f"{CBPP} + (1 | herd)", _data("cbpp"), family="beta_binomial"),
    "Contraception": Posterior("use ~ age + urban + livch + (urban | district)", _data("Contraception"), family="bernoulli"),
    "epilepsy": Posterior("count ~ zAge + zBase * Trt + (1 | patient)", _data("epilepsy"), family="poisson"),
    "epilepsy, negative binomial": Posterior(
        "count ~ zAge + zBase * Trt + (1 | patient)", _data("epilepsy"), family="negbinomial"
    ),
    "grouseticks": Posterior("TICKS ~ YEAR + cHEIGHT + (1 | LOCATION/BROOD/INDEX)", _data("grouseticks"), family="poisson"),
    "Salamanders": Posterior("count ~ mined + spp + (1 | site)", _data("Salamanders"), family="negbinomial1"),
    "Wheat2": Posterior("yield ~ latitude + longitude + (1 | variety)", _data("Wheat2")),
    "eight schools": Posterior("y | se(s) ~ 1 + (1 | g)", _schools),
}  # fmt: skip
