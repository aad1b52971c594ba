"""Variance functions: nlme's definitions, the graph's density and gradient against SciPy, new data, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import stats

import hierlm as hl
from hierlm.formula.functions import VARIANCE_FUNCTIONS
from hierlm.variances import VARIANCES, get_variance

LOGP = "FAST_COMPILE"


@pytest.fixture(scope="module")
def squid() -> pd.DataFrame:
    """Testis weight of squid: its spread grows with mantle length and differs between months."""
    rng = np.random.default_rng(11)
    n = 160
    frame = pd.DataFrame({"DML": rng.uniform(80, 550, n), "MONTH": [str(m) for m in rng.integers(1, 5, n)]})
    sd = 0.03 * frame["DML"] ** 0.7 * frame["MONTH"].map({"1": 1.0, "2": 0.6, "3": 1.5, "4": 1.0})
    frame["weight"] = 1 + 0.02 * frame["DML"] + rng.normal(size=n) * sd
    return frame


def expected_sd(text: str, frame: pd.DataFrame, mu: np.ndarray, value: dict[str, float]) -> np.ndarray:
    """nlme's definitions, written again."""
    v = frame["DML"].to_numpy()
    ratio = frame["MONTH"].map(lambda m: 1.0 if m == "1" else value.get(f"varIdent(MONTH):{m}", np.nan)).to_numpy()
    by_month = frame["MONTH"].map(lambda m: value.get(f"varPower(DML | MONTH):{m}", np.nan)).to_numpy()
    const, power = (value.get(f"varConstPower(DML):{k}", np.nan) for k in ("const", "power"))
    return {
        "varFixed(DML)": lambda: np.sqrt(v),
        "varIdent(MONTH)": lambda: ratio,
        "varPower(DML)": lambda: v ** value["varPower(DML)"],
        "varExp(DML)": lambda: np.exp(value["varExp(DML)"] * v),
        "varConstPower(DML)": lambda: const + v**power,
        "varPower(fitted)": lambda: np.abs(mu) ** value["varPower(fitted)"],
        "varExp(fitted)": lambda: np.exp(value["varExp(fitted)"] * mu),
        "varPower(DML | MONTH)": lambda: v**by_month,
        "varIdent(MONTH) + varPower(DML)": lambda: ratio * v ** value["varPower(DML)"],
    }[text]()


TERMS = [
    "varFixed(DML)",
    "varIdent(MONTH)",
    "varPower(DML)",
    "varExp(DML)",
    "varConstPower(DML)",
    "varPower(fitted)",
    "varExp(fitted)",
    "varPower(DML | MONTH)",
    "varIdent(MONTH) + varPower(DML)",
]


def at(model: hl.Model, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """A point of the unconstrained graph, and the parameters there on the user's scale."""
    graph = model.pymc
    point = {k: v + 0.05 * rng.normal(size=np.shape(v)) for k, v in graph.initial_point().items()}
    wanted = [v for v in (*graph.free_RVs, *graph.deterministics) if "__" not in v.name]
    values = graph.compile_fn(graph.replace_rvs_by_values(wanted), inputs=graph.value_vars, mode=LOGP, point_fn=True)
    found = {}
    for variable, value in zip(wanted, values(point), strict=True):
        labels = [str(c) for c in graph.coords[graph.named_vars_to_dims[variable.name][0]]] if np.ndim(value) else [""]
        prefix = "" if variable.name == "varfun" else f"{variable.name}:"
        found |= {prefix + label: float(x) for label, x in zip(labels, np.atleast_1d(value), strict=True)}
    return point, found


def density(family: str, y: np.ndarray, mu: np.ndarray, sd: np.ndarray, nu: float) -> np.ndarray:
    return {
        "gaussian": lambda: stats.norm.logpdf(y, mu, sd),
        "student_t": lambda: stats.t.logpdf(y, nu, mu, sd),
        "lognormal": lambda: stats.lognorm.logpdf(y, sd, scale=np.exp(mu)),
    }[family]()


@pytest.mark.parametrize("text", TERMS)
@pytest.mark.parametrize("family", ["gaussian", "student_t", "lognormal"])
def test_density(text, family, squid):
    frame = squid.assign(DML=squid["DML"] / 100)
    frame["weight"] = np.abs(frame["weight"]) + 0.1
    model = hl.Model(["weight ~ DML", f"sigma ~ {text}"], frame, family=family)
    point, value = at(model, np.random.default_rng(5))
    graph = model.pymc
    found = graph.compile_logp(vars=graph.observed_RVs, sum=False, mode=LOGP)(point)[0]
    mu = value["b:Intercept"] + value["b:DML"] * frame["DML"].to_numpy()
    sd = np.exp(value["b_sigma:Intercept"]) * expected_sd(text, frame, mu, value)
    expected = density(family, frame["weight"].to_numpy(), mu, sd, value.get("nu:", np.nan))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("text", ["varConstPower(DML | MONTH)", "varPower(fitted)"])
def test_gradient(text, squid):
    model = hl.Model(["weight ~ DML", f"sigma ~ {text}"], squid.assign(DML=squid["DML"] / 100))
    point, _ = at(model, np.random.default_rng(6))
    graph = model.pymc
    logp, dlogp = graph.compile_logp(mode=LOGP), graph.compile_dlogp(mode=LOGP)
    slope, place = dlogp(point), 0
    for variable in graph.value_vars:
        for i in range(np.size(point[variable.name])):
            ends = []
            for h in (1e-5, -1e-5):
                moved = {k: np.array(v, dtype=float) for k, v in point.items()}
                moved[variable.name].reshape(-1)[i] += h
                ends.append(float(logp(moved)))
            assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-4)
            place += 1


def test_covariates_are_data(squid):
    """The graph with other covariates and strata is the graph of these data."""
    formulas = ["weight ~ 1", "sigma ~ varPower(DML | MONTH) + varIdent(MONTH)"]
    other = squid.assign(DML=squid["DML"].to_numpy()[::-1], MONTH=squid["MONTH"].to_numpy()[::-1])
    priors = {f"varfun[varPower(DML | MONTH):{m}]": hl.Prior("Normal", mu=0.3, sigma=0.1) for m in "1234"}
    one, two = (hl.Model(formulas, frame, priors=priors).pymc for frame in (squid, other))
    point = one.initial_point(random_seed=1)
    before, wanted = (m.compile_logp(mode=LOGP)(point) for m in (one, two))
    names = {v.name for v in one.data_vars}
    assert {"covariate_sigma_varPower(DML | MONTH)", "stratum_sigma_varIdent(MONTH)"} <= names
    with one:
        pm.set_data({v.name: v.get_value() for v in two.data_vars})
    assert one.compile_logp(mode=LOGP)(point) == pytest.approx(float(wanted), abs=1e-10)
    assert abs(before - wanted) > 0.01


def test_names_and_defaults(squid):
    model = hl.Model(["weight ~ DML", "sigma ~ varIdent(MONTH) + varConstPower(DML)"], squid)
    priors = model.priors().set_index("parameter")["prior"]
    assert [p for p in priors.index if p.startswith("varfun")] == [
        "varfun[varIdent(MONTH):2]",
        "varfun[varIdent(MONTH):3]",
        "varfun[varIdent(MONTH):4]",
        "varfun[varConstPower(DML):const]",
        "varfun[varConstPower(DML):power]",
    ]
    held = hl.Model(["weight ~ DML", "sigma ~ varPower(DML)"], squid, priors={"varfun[varPower(DML)]": 0.5})
    fixed = hl.Model(["weight ~ DML", "sigma ~ varFixed(DML)"], squid)
    points = [m.pymc.initial_point() for m in (held, fixed)]
    assert points[0].keys() == points[1].keys()
    values = [m.pymc.compile_logp(mode=LOGP)(points[0]) for m in (held, fixed)]
    assert values[0] == pytest.approx(values[1], abs=1e-10)


def test_equations(squid):
    model = hl.Model(["weight ~ DML", "sigma ~ varIdent(MONTH) + varPower(DML) + varPower(fitted)"], squid)
    assert "varfun[varPower(DML)] · log|DMLᵢ|" in model.equations()
    assert "log(varfun[varIdent(MONTH)]ᵢ)" in model.equations()
    assert "log|μᵢ|" in model.equations()
    assert r"\text{varfun}" in model.equations("latex")


def test_no_kernel_takes_it(squid):
    plan = hl.Model(["weight ~ DML + (1 | MONTH)", "sigma ~ varPower(DML)"], squid).plan()
    assert plan.chosen is None or not plan.chosen.gradients, plan


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("sigma ~ varPower(DMX)", "no column 'DMX'"),
        ("sigma ~ varPower(DML, form=1)", "no argument 'form'"),
        ("sigma ~ varPower()", "takes one covariate"),
        ("sigma ~ varPower(I(DML - 300))", "above zero"),
        ("sigma ~ varFixed(zero)", "above zero"),
        ("sigma ~ varExp(hole)", "missing"),
        ("sigma ~ varIdent(DML | MONTH)", "no covariate"),
        ("sigma ~ varIdent(one)", "one level only"),
        ("sigma ~ varPower(DML | MONTH + one)", "levels of one factor"),
        ("sigma ~ varComb(varIdent(MONTH), varPower(DML))", "joined by '\\+'"),
        ("sigma ~ varPower(DML) + varPower(DML)", "given twice"),
        ("sigma ~ DML - varPower(DML)", "cannot be taken away"),
        ("sigma ~ varPower(weight)", "cannot predict itself"),
        ("sigma ~ varPower(MONTH)", "not numeric"),
    ],
)
def test_refused(formula, message, squid):
    frame = squid.assign(zero=np.where(squid["DML"] > 300, 1.0, 0.0), one="a", hole=squid["DML"].where(squid.index > 3))
    with pytest.raises(hl.HierlmError, match=message) as caught:
        hl.Model(["weight ~ DML", formula], frame)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("formulas", "family", "message"),
    [
        (["weight ~ DML", "shape ~ varPower(DML)"], "gamma", "'shape' of gamma is none"),
        (["weight ~ varPower(DML)"], "gaussian", "'mu' of gaussian is none"),
        (["weight ~ DML", "nu ~ varPower(DML)"], "student_t", "'nu' of student_t is none"),
    ],
)
def test_refused_elsewhere(formulas, family, message, squid):
    with pytest.raises(hl.HierlmError, match=message) as caught:
        hl.Model(formulas, squid.assign(weight=np.abs(squid["weight"]) + 0.1), family=family)
    assert caught.value.hint


def test_only_with_the_log_link(squid):
    with pytest.raises(hl.HierlmError, match="log link"):
        hl.Model(["weight ~ DML", "sigma ~ varPower(DML)"], squid, link={"sigma": "identity"})


def test_names_that_a_formula_knows_are_those_that_exist():
    assert {*VARIANCE_FUNCTIONS} - {"varComb"} == {*VARIANCES}
    assert {n: get_variance(n).covariate for n in VARIANCES} == {n: VARIANCE_FUNCTIONS[n] for n in VARIANCES}


@pytest.fixture(scope="module")
def fit(squid):
    model = hl.Model(["weight ~ DML", "sigma ~ varPower(fitted) + varIdent(MONTH)"], squid)
    return model.fit(draws=100, tune=200, chains=2, seed=1)


def test_new_data_have_the_draws_own_mean(fit, squid, tmp_path):
    new = {"DML": [100.0, 500.0], "MONTH": ["3", "1"]}
    post = fit.posterior.stack(s=("chain", "draw"))
    mu = post["b"].sel(coef="Intercept").values + np.array([100.0, 500.0])[:, None] * post["b"].sel(coef="DML").values
    power = post["varfun"].sel(variance="varPower(fitted)").values
    ratio = np.stack([post["varfun"].sel(variance="varIdent(MONTH):3").values, np.ones(200)])
    expected = post["b_sigma"].values + power * np.log(np.abs(mu)) + np.log(ratio)
    found = fit.predict(new, kind="linear", parameter="sigma").draws.stack(s=("chain", "draw")).values
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    fit.save(tmp_path / "fit.zarr")
    again = hl.load(tmp_path / "fit.zarr").predict(new, kind="linear", parameter="sigma")
    np.testing.assert_array_equal(again.draws.values, fit.predict(new, kind="linear", parameter="sigma").draws.values)
    with pytest.raises(hl.HierlmError, match="stratum '9'"):
        fit.predict({"DML": [100.0], "MONTH": ["9"]})


def test_log_likelihood_is_that_of_the_draws_own_scale(fit, squid):
    post = fit.posterior.isel(chain=0, draw=3)
    mu = post["b"].sel(coef="Intercept").item() + post["b"].sel(coef="DML").item() * squid["DML"].to_numpy()
    value = dict(zip(post["variance"].values, post["varfun"].values, strict=True))
    sd = np.exp(post["b_sigma"].item()) * expected_sd("varIdent(MONTH)", squid, mu, value)
    sd = sd * np.abs(mu) ** value["varPower(fitted)"]
    found = fit.log_likelihood()["y"].isel(chain=0, draw=3).values
    np.testing.assert_allclose(found, stats.norm.logpdf(squid["weight"], mu, sd), rtol=1e-9)
