"""brms's posteriors with brms's priors: every coefficient, standard deviation, correlation and group effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from tests.reference.tables import reference_table

# (reference, table, formula, family, draws a chain)
FITS = {
    "sleepstudy_us": ("sleepstudy", "Reaction ~ 0 + Intercept + Days + (Days | Subject)", "gaussian", 2000),
    "sleepstudy_idh": ("sleepstudy", "Reaction ~ 0 + Intercept + Days + (Days || Subject)", "gaussian", 2000),
    "penicillin_crossed": ("Penicillin", "diameter ~ 0 + Intercept + (1 | plate) + (1 | sample)", "gaussian", 4000),
    "cbpp_binomial": ("cbpp", "incidence | trials(size) ~ 0 + Intercept + period + (1 | herd)", "binomial", 2000),
    "cbpp_binomial_olre": (
        "cbpp",
        "incidence | trials(size) ~ 0 + Intercept + period + (1 | herd) + (1 | obs)",
        "binomial",
        3000,
    ),
    "epilepsy_poisson_olre": (
        "epilepsy",
        "count ~ 0 + Intercept + zAge + zBase * Trt + (1 | patient) + (1 | obs)",
        "poisson",
        3000,
    ),
    "grouseticks_poisson_nested": (
        "grouseticks",
        "TICKS ~ 0 + Intercept + YEAR + h + (1 | LOCATION) + (1 | BROOD) + (1 | INDEX)",
        "poisson",
        6000,
    ),
    "orthodont_gamma": (
        "Orthodont",
        "distance ~ 0 + Intercept + age8 * Sex + (1 + age8 || Subject)",
        "gamma(log)",
        3000,
    ),
}
QUICK = {"sleepstudy_us", "cbpp_binomial"}


def _prior(text: str) -> hl.Prior | hl.LKJ:
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", text.replace(" ", "")).groups()  # type: ignore[union-attr]
    values = [float(a) for a in arguments.split(",")]
    if name == "normal":
        return hl.Prior("Normal", mu=values[0], sigma=values[1])
    if name == "gamma":
        return hl.Prior("Gamma", alpha=values[0], beta=values[1])
    if name == "lkj":
        return hl.LKJ(values[0])
    raise AssertionError(text)


def _priors(stated: list[dict[str, str]], model: hl.Model) -> dict[str, Any]:
    """brms's stated priors under hierlm's names; class ``b`` of brms holds ``Intercept`` too in ``0 + Intercept``."""
    classes = {p["class"]: _prior(p["prior"]) for p in stated if not p["coef"]}
    named = {p["coef"]: _prior(p["prior"]) for p in stated if p["coef"]}
    found: dict[str, Any] = {}
    for a in model.assignments:
        if a.variable == "b":
            assert a.label is not None
            key = a.label.replace("[", "").replace("]", "")
            found[a.name] = named.get(key, classes.get("b"))
        else:
            found[a.variable] = classes[a.variable.split("_")[0]]
    assert all(v is not None for v in found.values())
    return found


def _draws(fit: hl.Fit) -> dict[str, np.ndarray]:
    """Every scalar under brms's name: draws of shape (chain, draw)."""
    posterior, out = fit.posterior, {}
    for name, array in posterior.data_vars.items():
        dims = array.dims[2:]
        for index in np.ndindex(*array.shape[2:]):
            labels = [str(array[d].to_numpy()[i]) for d, i in zip(dims, index, strict=True)]
            plain = [label.replace("[", "").replace("]", "") for label in labels]
            if name == "b":
                key = f"b_{plain[0]}"
            elif name.startswith("sd_"):
                key = f"{name}__{plain[0]}"
            elif name.startswith("cor_"):
                key = f"{name}__{plain[0]}__{plain[1]}"
            elif name.startswith("r_"):
                key = f"{name}[{labels[0]},{labels[1]}]"
            else:
                key = str(name)
            out[key] = array.to_numpy()[(slice(None), slice(None), *index)]
    return out


GAUSSIAN = [n for n, (*_, family, _) in FITS.items() if family == "gaussian"]
CASES = [
    *(pytest.param(n, True, marks=() if n in QUICK or n in GAUSSIAN else pytest.mark.slow) for n in FITS),
    *(pytest.param(n, False, marks=pytest.mark.slow) for n in (*GAUSSIAN, "cbpp_binomial_olre")),
]
JOINT: dict[str, Any] = {"tune": 1000, "target_accept": 0.95}


@pytest.mark.parametrize(("name", "reduce"), CASES)
def test_posterior_is_that_of_brms(
    name: str, reduce: bool, reference: Callable[[str], Any], data: Callable[[str], Any]
) -> None:
    """By default through a reduction, as users get it; some by joint NUTS on the graph too."""
    from arviz_stats.base import array_stats

    stored = reference(f"brms_{name}")
    table, formula, family, draws = FITS[name]
    frame = reference_table(table, data)
    model = hl.Model(formula, frame, family=family)
    model = hl.Model(formula, frame, family=family, priors=_priors(stored["priors"], model))
    if reduce:
        assert model.plan().name == ("gaussian marginal" if family == "gaussian" else "whitened effects")
    settings = {} if reduce else JOINT
    fit = model.fit(draws=draws, seed=20261120, reduce=reduce, progress=False, **settings)
    ours, compared = _draws(fit), 0
    for row in stored["summary"]:
        key = row["variable"]
        if key in ("lp__", "lprior"):
            continue
        x = ours[key]
        mcse_mean = float(array_stats.mcse(x, method="mean", chain_axis=0, draw_axis=1))
        mcse_sd = float(array_stats.mcse(x, method="sd", chain_axis=0, draw_axis=1))
        error = np.hypot(mcse_mean, row["mcse_mean"])
        assert abs(x.mean() - row["mean"]) < 4.5 * error, (key, x.mean(), row["mean"], error)
        sd_error = np.hypot(mcse_sd, row["mcse_sd"]) / row["sd"]
        assert abs(x.std() / row["sd"] - 1) < max(0.05, 4.5 * sd_error), (key, x.std(), row["sd"], sd_error)
        compared += 1
    assert compared == len([r for r in stored["summary"] if r["variable"] not in ("lp__", "lprior")])
    expected = sum(int(np.prod(v.shape[2:])) for k, v in fit.posterior.data_vars.items() if not k.startswith("cor_"))
    assert compared >= expected
