"""The PyMC graph against an independent joint density: latent residual processes on the linear predictor.

Every correlation function, with families in turn.  20 points, 1e-8, gradients 1e-6, as in the grid of structures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import stats

import hierlm as hl
from hierlm.correlations import CORRELATIONS
from tests.trust.correlations import MEANINGS
from tests.trust.densities import log_density, needed
from tests.trust.graphs import Graph, check_model
from tests.trust.priors import gamma
from tests.trust.terms import MIDDLE, SD, SLOPE, Floats, Values, build

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

SHAPE = gamma(6.0, 2.0)
FAMILIES: dict[str, tuple[str, str | None]] = {
    "poisson": ("log", None),
    "negbinomial": ("log", "shape"),
    "bernoulli": ("logit", None),
    "gamma": ("log", "shape"),
    "beta": ("logit", "phi"),
    "binomial": ("logit", None),
}
"""Family → its link, and the parameter of its own."""
CASES = [(name, list(FAMILIES)[i % len(FAMILIES)]) for i, name in enumerate(MEANINGS)]
SIZES = (4, 4, 3, 4, 2)
WRITTEN = {"nothing": "1", "occasions": "C(t)", "steps": "t", "times": "when", "coordinates": "when"}


def table_of(family: str) -> dict[str, Any]:
    """Blocks of up to four rows, at different ones of the positions 0 to 3, in no order; every second one ½ later."""
    rng = np.random.default_rng(5)
    t = np.concatenate([np.sort(rng.permutation(4)[:m]) for m in SIZES])
    order, n = rng.permutation(sum(SIZES)), sum(SIZES)
    block = np.repeat(np.arange(len(SIZES)), SIZES)
    table = {"g": np.array([f"g{i}" for i in range(len(SIZES))])[block], "t": t, "when": t + 0.5 * (block % 2)}
    table |= {"x": rng.uniform(-1, 1, n), "h": np.resize(["h0", "h1", "h2"], n), "m": np.full(n, 5)}
    y = {"bernoulli": rng.integers(0, 2, n), "beta": rng.uniform(0.1, 0.9, n), "gamma": rng.gamma(2.0, size=n)}
    table["y"] = y.get(family, rng.integers(0, 5, n))
    return {name: column[order] for name, column in table.items()}


def made(name: str, family: str, parameterization: str) -> tuple[hl.Model, Any]:
    """The model, and its density by NumPy."""
    meaning, table = MEANINGS[name], table_of(family)
    written = WRITTEN[CORRELATIONS[meaning.name].needs]
    link, own = FAMILIES[family]
    options = "".join(f", {k}={v}" for k, v in meaning.options.items())
    priors: dict[str, Any] = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sd_h": SD, "sd_g": SD}
    priors |= {f"{c}_g": getattr(p, "one", p) for c, p in meaning.priors.items()} | ({own: SHAPE} if own else {})
    left = "y | trials(m)" if family == "binomial" else "y"
    model = build(
        f"{left} ~ x + (1 | h)",
        table,
        priors,
        family=family,
        residual=f"{meaning.name}({written} | g{options})",
        parameterization=parameterization,
    )
    column = table["when" if written == "when" else "t"].astype(float)
    if written == "1":  # the order of the rows within their block
        column = np.array([float((table["g"][:i] == level).sum()) for i, level in enumerate(table["g"])])
    places, slot = np.unique(column, return_inverse=True)
    g, h = (np.array([int(level[1:]) for level in table[c]]) for c in ("g", "h"))
    rounding = 1e-8 if meaning.name in ("gau", "mat") else 0.0

    def theirs(values: Values) -> float:
        b, sd, e = values["b"], float(values["sd_g"][0]), values["r_g"]
        eta = b[0] + b[1] * table["x"] + values["r_h"][h, 0] + e[g, slot]
        others = {own: values[own]} if own else {}
        if family == "binomial":
            others["trials"] = table["m"]
        total = log_density(family, link, table["y"], eta, **others).sum()
        total += MIDDLE.log_density(b[0]) + SLOPE.log_density(b[1]) + (SHAPE.log_density(values[own]) if own else 0.0)
        total += stats.norm.logpdf(values["r_h"], 0, values["sd_h"][0]).sum() + SD.log_density(values["sd_h"][0])
        total += SD.log_density(sd)
        at = {c: values[f"{c}_g"] for c in meaning.priors}
        total += sum(np.sum(getattr(p, "one", p).log_density(at[c])) for c, p in meaning.priors.items())
        R = (meaning.matrix(at, places[:, None]) + rounding * np.eye(len(places))) / (1 + rounding)
        return float(total + stats.multivariate_normal(np.zeros(len(R)), sd**2 * R).logpdf(e).sum())

    return model, theirs


def test_everything_registered_is_here() -> None:
    needed(CORRELATIONS, {m.name: m for m in MEANINGS.values()}, "meaning of the correlation of residuals")


@pytest.mark.parametrize(("name", "family"), CASES)
def test_every_correlation(name: str, family: str) -> None:
    check_model(*made(name, family, "centered"))


@pytest.mark.parametrize("name", ["ar1", "exp nugget", "arma"])
def test_without_centring_the_effects_have_the_same_law(name: str) -> None:
    """The log-density of standardised effects is that of the effects, and log |sd L| per block."""
    centred, theirs = made(name, "poisson", "centered")
    free, _ = made(name, "poisson", "noncentered")
    del centred
    graph, rng, off = Graph(free), np.random.default_rng(3), []
    density = graph.density_and_gradient()
    K = free.groups["g"][0].covariance.width(len(free.groups["g"][0].effects))
    for _ in range(5):
        v = graph.centre + rng.normal(0, 0.2, len(graph.centre))
        values = graph.values(v)
        at = {c: values[f"{c}_g"] for c in MEANINGS[name].priors}
        places = free.groups["g"][0].pieces[0].source.positions
        R = MEANINGS[name].matrix(at, places)
        J = len(SIZES)
        jacobian = J * (K * np.log(values["sd_g"][0]) + 0.5 * np.linalg.slogdet(R)[1]) + 3 * np.log(values["sd_h"][0])
        off.append(density(v)[0] - theirs(values) - jacobian)
    np.testing.assert_allclose(off, off[0], atol=1e-8)


def test_it_is_the_structure_of_the_effects_of_occasions() -> None:
    """Ar1(t | g) of equally spaced times is ar1(0 + C(t) | g), by another name."""
    table = table_of("poisson")
    priors = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sd_g": SD}
    one = build("y ~ x", table, priors, family="poisson", residual="ar1(t | g)", parameterization="noncentered")
    two = build("y ~ x + ar1(0 + C(t) | g)", table, priors, family="poisson", parameterization="noncentered")
    a, b = Graph(one), Graph(two)
    assert a.names == b.names
    rng = np.random.default_rng(1)
    for _ in range(3):
        v: Floats = rng.normal(0, 0.3, len(a.centre))
        assert a.density()(v) == pytest.approx(b.density()(v), abs=1e-12)


@pytest.mark.parametrize(("name", "family"), [("ar1", "poisson"), ("exp nugget", "gamma"), ("cs", "binomial")])
def test_without_variance_it_is_the_model_without_the_process(name: str, family: str) -> None:
    """As sd → 0 with standardised effects z: the density without, times p(sd) p(R) φ(z)."""
    meaning, (whole, _) = MEANINGS[name], made(name, family, "noncentered")
    data, (_, own) = table_of(family), FAMILIES[family]
    priors: dict[str, Any] = {"b[Intercept]": MIDDLE, "b[x]": SLOPE, "sd_h": SD} | ({own: SHAPE} if own else {})
    left = "y | trials(m)" if family == "binomial" else "y"
    plain = build(f"{left} ~ x + (1 | h)", data, priors, family=family, parameterization="noncentered").pymc
    rng, graph = np.random.default_rng(2), whole.pymc
    natural = {v.name: pm.draw(v, random_seed=4, mode="FAST_COMPILE") for v in graph.free_RVs}
    natural |= {"sd_g": np.array([1e-9])} | {"b": rng.normal(0, 0.3, 2)}
    z = next(name for name in natural if name.startswith("z_g"))
    shared = {v.name: natural[v.name] for v in plain.free_RVs}
    more = natural.keys() - shared.keys()
    assert {z, "sd_g"} < more
    total = _natural(plain, shared) + stats.norm.logpdf(natural[z]).sum() + SD.log_density(1e-9)
    for c, prior in meaning.priors.items():
        total += float(np.sum(getattr(prior, "one", prior).log_density(natural[f"{c}_g"])))
    assert _natural(graph, natural) == pytest.approx(float(total), abs=1e-5)


def _natural(graph: Any, values: Any) -> float:
    """The log-density at values on the scale of the variables, without Jacobians."""
    point = {}
    for rv in graph.free_RVs:
        transform, value = graph.rvs_to_transforms[rv], np.asarray(values[rv.name])
        moved = value if transform is None else transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
        point[graph.rvs_to_values[rv].name] = moved
    return float(graph.compile_logp(jacobian=False, mode="FAST_COMPILE")(point))
