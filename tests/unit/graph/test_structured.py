"""The joint density of structures with coefficients, related levels, sub-populations and multi-membership: NumPy's."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import hierlm as hl
from hierlm.graph.evaluate import PYTHON
from tests.unit.graph.test_structures import density, point_at, random_point, users_values

J, TIMES, N = 5, ("t1", "t2", "t3", "t4"), 60
LEVELS = [f"g{i}" for i in range(J)]


def table(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    g = rng.permuted(np.resize(LEVELS, N))
    return pd.DataFrame(
        {
            "y": rng.normal(1.0, 2.0, N),
            "x": rng.normal(size=N),
            "g": g,
            "h": rng.permuted(np.resize(LEVELS, N)),
            "t": pd.Categorical(rng.permuted(np.resize(TIMES, N)), categories=TIMES, ordered=True),
            "when": rng.permuted(np.resize([0.0, 0.5, 2.0, 3.5, 7.0], N)),
            "lat": rng.permuted(np.resize([0.0, 1.0, 2.0], N)),
            "lon": rng.permuted(np.resize([0.0, 0.5], N)),
            "trt": np.where(np.isin(g, LEVELS[:2]), "a", "b"),
            "w1": rng.uniform(0.1, 1.0, N),
            "w2": rng.uniform(0.1, 1.0, N),
        }
    )


def spd(labels, seed):
    A = np.random.default_rng(seed).normal(size=(len(labels), len(labels) + 3))
    return pd.DataFrame(A @ A.T / len(labels), index=labels, columns=labels)


K_LEVELS = spd([*reversed(LEVELS), "unseen"], 1)
K_TIMES = spd(list(reversed(TIMES)), 2)
PEDIGREE = {"animal": ["g3", "g4", "g1", "g2"], "sire": ["g0", "g0", "old", "g3"], "dam": ["g1", "ma", None, "g4"]}


def ante_covariance(values, sd, k):
    V = np.empty((k, k))
    for i in range(k):
        for j in range(i, k):
            V[i, j] = V[j, i] = sd[i] * sd[j] * np.prod(values["phi_g"][i:j])
    return V


def loadings(values, k, d):
    L, rest = np.zeros((k, d)), list(values["loading_g"])
    for i in range(k):
        for j in range(min(i + 1, d)):
            L[i, j] = rest.pop(0)
    return L


def rr_prior(values, model, k, d):
    L, total = loadings(values, k, d), 0.0
    spread = model.responses[0].y.std(ddof=1)
    for i in range(k):
        for j in range(min(i + 1, d)):
            s = 2.5 * spread / np.sqrt(d)
            if i == j:  # the chi distribution with d − j degrees of freedom, times s
                total += stats.chi(d - j, scale=s).logpdf(L[i, j])
            else:
                total += stats.norm(0, s).logpdf(L[i, j])
    return total


def matern(nu, d):
    """2^(1−ν)/Γ(ν) s^ν K_ν(s), s = √(2ν) d, with SciPy's Bessel function."""
    s = np.sqrt(2 * nu) * d
    with np.errstate(invalid="ignore"):
        R = 2 ** (1 - nu) / special.gamma(nu) * s**nu * special.kv(nu, s)
    return np.where(d == 0, 1.0, R)


def half_normal(x, scale):
    return stats.halfnorm(scale=scale).logpdf(x).sum()


def truncated(rho):
    return stats.truncnorm(-2, 2, scale=0.5).logpdf(rho).sum()


def at_order(f):
    return np.array([[f(abs(i - j)) for j in range(4)] for i in range(4)])


def stationary(pacf, k):
    """R of an autoregressive process of order k − 1 with these partial autocorrelations: by conditional distributions.

    Effects are added one by one; the partial correlation of effects 0 and m given those between is pacf[m − 1].
    """
    rho = [1.0]
    for m in range(1, k):
        inner = np.array([[rho[abs(i - j)] for j in range(m - 1)] for i in range(m - 1)]).reshape(m - 1, m - 1)
        ends = np.array(rho[1:m])
        weight = np.linalg.solve(inner, ends) if m > 1 else np.zeros(0)
        explained = float(weight @ ends[::-1]) if m > 1 else 0.0
        left = 1.0 - (float(weight @ ends) if m > 1 else 0.0)
        rho.append(explained + pacf[m - 1] * left)
    return np.array([[rho[abs(i - j)] for j in range(k)] for i in range(k)])


WHEN = np.array([0.0, 0.5, 2.0, 3.5, 7.0])
PLACES = np.array([[a, b] for a in (0.0, 1.0, 2.0) for b in (0.0, 0.5)])
APART = np.sqrt(((PLACES[:, None] - PLACES[None]) ** 2).sum(-1))
LONG = stats.lognorm(1.0, scale=np.median(APART[np.triu_indices(6, 1)]) / 2)


def one_sd(v, R):
    return v["sd_g"][0] ** 2 * R


def rounded(R):
    return (R + 1e-8 * np.eye(len(R))) / (1 + 1e-8)


CASES = {
    "ar1": (
        "ar1(0 + t | g)",
        {},
        lambda v, m: one_sd(v, at_order(lambda lag: v["phi_g"] ** lag)),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + truncated(v["phi_g"]),
    ),
    "hetar1": (
        "hetar1(0 + t | g)",
        {},
        lambda v, m: np.outer(v["sd_g"], v["sd_g"]) * at_order(lambda lag: v["phi_g"] ** lag),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + truncated(v["phi_g"]),
    ),
    "toep": (
        "toep(0 + t | g)",
        {},
        lambda v, m: np.outer(v["sd_g"], v["sd_g"]) * stationary(v["partial_g"], 4),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + truncated(v["partial_g"]),
    ),
    "homtoep": (
        "homtoep(0 + t | g)",
        {},
        lambda v, m: one_sd(v, stationary(v["partial_g"], 4)),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + truncated(v["partial_g"]),
    ),
    "car1": (
        "car1(when | g)",
        {},
        lambda v, m: one_sd(v, v["phi_g"] ** np.abs(np.subtract.outer(WHEN, WHEN))),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + stats.beta(1.5, 1).logpdf(v["phi_g"]),
    ),
    "exp": (
        "exp(lat + lon | g)",
        {},
        lambda v, m: one_sd(v, np.exp(-APART / v["range_g"])),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + LONG.logpdf(v["range_g"]),
    ),
    "gau": (
        "gau(lat + lon | g)",
        {},
        lambda v, m: one_sd(v, rounded(np.exp(-((APART / v["range_g"]) ** 2)))),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + LONG.logpdf(v["range_g"]),
    ),
    "mat": (
        "mat(0 + lat + lon | g, nu=2.5)",
        {},
        lambda v, m: one_sd(v, rounded(matern(2.5, APART / v["range_g"]))),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + LONG.logpdf(v["range_g"]),
    ),
    "ante": (
        "ante(0 + t | g)",
        {},
        lambda v, m: ante_covariance(v, v["sd_g"], 4),
        lambda v, m: half_normal(v["sd_g"], m["scale"]) + truncated(v["phi_g"]),
    ),
    "propto": (
        "propto(0 + t | g, K)",
        {"K": K_TIMES},
        lambda v, m: v["scale_g"] ** 2 * K_TIMES.loc[list(TIMES), list(TIMES)].to_numpy(),
        lambda v, m: half_normal(v["scale_g"], m["scale"]),
    ),
}


def prior_of_the_rest(model, values) -> float:
    """b and σ under their default priors, read from the model's table of priors."""
    total = 0.0
    for a in model.assignments:
        if a.variable in ("b", "sigma"):
            at = values[a.variable]
            total += float(a.prior.log_density(at if a.label is None else at[0 if a.label == "Intercept" else 1]))
    return total


def likelihood(model, values, group_part) -> float:
    p = model.predictors[0]
    eta = p.X @ values["b"] + group_part
    return stats.norm(eta, values["sigma"]).logpdf(model.responses[0].y).sum()


@cache
def built(formula: str, parameterization: str = "auto", matrices: str = ""):
    given = {"": None, "times": {"K": K_TIMES}, "levels": {"K": K_LEVELS}, "pedigree": {"A": hl.pedigree(PEDIGREE)}}
    model = hl.Model(formula, table(), parameterization=parameterization, matrices=given[matrices])
    return model, model.pymc


PARAMETERS = {
    "ar1": lambda k: 2,
    "hetar1": lambda k: k + 1,
    "toep": lambda k: 2 * k - 1,
    "homtoep": lambda k: k,
    "car1": lambda k: 2,
    "exp": lambda k: 2,
    "gau": lambda k: 2,
    "mat": lambda k: 2,
    "ante": lambda k: 2 * k - 1,
    "propto": lambda k: 1,
}


def chosen(text):
    """Which effect each row has."""
    data = table()
    if "when" in text:
        return np.searchsorted(WHEN, data["when"])
    if "lat" in text:
        return np.array([np.flatnonzero((row == PLACES).all(1))[0] for row in data[["lat", "lon"]].to_numpy()])
    return chosen_times()


def chosen_times() -> np.ndarray:
    return table()["t"].cat.codes.to_numpy()


def chosen_levels() -> np.ndarray:
    return np.array([LEVELS.index(g) for g in table()["g"]])


@pytest.mark.parametrize("parameterization", ["noncentered", "centered"])
@pytest.mark.parametrize("name", CASES)
def test_joint_density_of_structures(name, parameterization):
    """log p(y, b, r, θ) up to the Jacobian, against a dense construction with SciPy's multivariate normal."""
    text, matrices, covariance, prior = CASES[name]
    model, graph = built(f"y ~ x + {text}", parameterization, "times" if matrices else "")
    scale = {"scale": next(a.prior for a in model.assignments if a.variable in ("sd_g", "scale_g")).arguments["sigma"]}
    found = []
    for seed in range(4):
        values = users_values(graph, random_point(graph, seed))
        V = covariance(values, model)
        r = values["r_g"]
        k = len(V)
        assert model.blocks[0].covariance.n_parameters(k) == PARAMETERS[name](k)
        total = likelihood(model, values, r[chosen_levels(), chosen(text)])
        total += prior(values, scale) + prior_of_the_rest(model, values)
        if parameterization == "centered":
            total += stats.multivariate_normal(np.zeros(k), V).logpdf(r).sum()
        else:
            total += stats.norm.logpdf(np.linalg.solve(np.linalg.cholesky(V), r.T)).sum()
        found.append(density(graph, point_at(graph, values), jacobian=False) - total)
    np.testing.assert_allclose(found, 0.0, atol=1e-8)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_joint_density_of_reduced_rank(d):
    model, graph = built(f"y ~ x + rr(0 + t | g, d={d})")
    assert model.blocks[0].covariance.n_parameters(4) == 4 * d - d * (d - 1) // 2
    found = []
    for seed in range(4):
        point = random_point(graph, seed)
        values = users_values(graph, point)
        L = loadings(values, 4, d)
        z = point["z_g__0"]
        np.testing.assert_allclose(values["r_g"], z @ L.T, atol=1e-12)
        assert (np.diag(L) > 0).all()
        total = likelihood(model, values, values["r_g"][chosen_levels(), chosen_times()])
        total += rr_prior(values, model, 4, d) + stats.norm.logpdf(z).sum() + prior_of_the_rest(model, values)
        # the free variable of a diagonal loading is its square: p(Λ²) = p(Λ)/(2Λ)
        total -= np.log(2 * np.diag(L)).sum()
        found.append(density(graph, point_at(graph, values | free_values(graph, point)), jacobian=False) - total)
    np.testing.assert_allclose(found, 0.0, atol=1e-8)


def free_values(graph, point):
    """The free variables on their own scale (squares of loadings, standardised effects)."""
    free = list(graph.free_RVs)
    function = graph.compile_fn(graph.replace_rvs_by_values(free), mode=PYTHON, on_unused_input="ignore")
    return {v.name: np.asarray(x) for v, x in zip(free, function(point), strict=True)}


@pytest.mark.parametrize(
    ("formula", "matrices", "K"),
    [
        ("y ~ x + known(1 | g, K)", "levels", lambda labels: K_LEVELS.loc[labels, labels].to_numpy()),
        ("y ~ x + (1 | gr(g, cov=A))", "pedigree", lambda labels: tabular_relationship(PEDIGREE, labels)),
    ],
)
def test_joint_density_of_related_levels(formula, matrices, K):
    """Effects of all levels have covariance σ² K: those of the matrix, or of a pedigree by the tabular method."""
    model, graph = built(formula, "auto", matrices)
    levels = list(model.blocks[0].levels)
    assert levels[:J] == LEVELS
    dense = K(levels)
    found = []
    for seed in range(4):
        point = random_point(graph, seed)
        values = users_values(graph, point)
        r, sd = values["r_g"][:, 0], float(values["sd_g"][0])
        scale = next(a.prior for a in model.assignments if a.variable == "sd_g").arguments["sigma"]
        total = likelihood(model, values, r[chosen_levels()]) + prior_of_the_rest(model, values)
        total += half_normal(values["sd_g"], scale)
        # p(z) = p(r) |∂r/∂z| with r = σ A z, A Aᵀ = K up to the order of z
        sign, log_det = np.linalg.slogdet(dense)
        assert sign == 1
        total += stats.multivariate_normal(np.zeros(len(r)), sd**2 * dense).logpdf(r)
        total += 0.5 * log_det + len(r) * np.log(sd)
        found.append(density(graph, point_at(graph, values | free_values(graph, point)), jacobian=False) - total)
    np.testing.assert_allclose(found, 0.0, atol=1e-8)


def tabular_relationship(pedigree, labels):
    """A by the tabular method: A_ij = ½ (A_i,sire(j) + A_i,dam(j)), A_jj = 1 + ½ A_sire,dam."""
    parents = {a: (s, d) for a, s, d in zip(pedigree["animal"], pedigree["sire"], pedigree["dam"], strict=True)}
    order: list[str] = []

    def visit(animal):
        if animal is None or animal in order:
            return
        for parent in parents.get(animal, (None, None)):
            visit(parent)
        order.append(animal)

    for animal in parents:
        visit(animal)
    A = np.zeros((len(order), len(order)))
    for j, animal in enumerate(order):
        s, d = (None if p is None else order.index(p) for p in parents.get(animal, (None, None)))
        for i in range(j):
            A[i, j] = A[j, i] = 0.5 * sum(A[i, p] for p in (s, d) if p is not None)
        A[j, j] = 1.0 + (0.5 * A[s, d] if s is not None and d is not None else 0.0)
    at = [order.index(label) for label in labels]
    return A[np.ix_(at, at)]


def test_related_slopes_are_a_kronecker_product():
    """Cov(vec r) = V ⊗ K for correlated intercepts and slopes of related levels."""
    model, graph = built("y ~ x + known(1 + x | g, K)", "auto", "levels")
    levels = list(model.blocks[0].levels)
    K = K_LEVELS.loc[levels, levels].to_numpy()
    point = random_point(graph, 5)
    values = users_values(graph, point)
    C = np.linalg.cholesky(values["cor_g"])
    expected = np.linalg.cholesky(K) @ point["z_g"] @ (np.diag(values["sd_g"]) @ C).T
    np.testing.assert_allclose(values["r_g"], expected, atol=1e-12)


def test_sub_populations_have_their_own_covariance():
    """Marginally over effects, y ~ N(Xb, Σ) with V_a among levels of a and V_b among those of b."""
    model, graph = built("y ~ x + (1 + x | gr(g, by=trt))")
    assert [a.name for a in model.assignments if a.variable in ("sd_g", "cor_g")] == [
        "sd_g[Intercept:trt[a]]",
        "sd_g[x:trt[a]]",
        "cor_g[Intercept:trt[a], x:trt[a]]",
        "sd_g[Intercept:trt[b]]",
        "sd_g[x:trt[b]]",
        "cor_g[Intercept:trt[b], x:trt[b]]",
    ]
    values = users_values(graph, random_point(graph, 1))
    data, sd, R = table(), values["sd_g"], values["cor_g"]
    V = np.diag(sd) @ R @ np.diag(sd)
    assert np.all(V[:2, 2:] == 0)
    Z = np.zeros((N, 4))
    for i, (trt, x) in enumerate(zip(data["trt"], data["x"], strict=True)):
        Z[i, [0, 1] if trt == "a" else [2, 3]] = 1.0, x
    same = chosen_levels()[:, None] == chosen_levels()[None, :]
    expected = same * (Z @ V @ Z.T)
    block_Z = np.hstack([p.Z for b in model.blocks for p in b.pieces])
    order = [c for b in model.blocks for c in b.columns]
    np.testing.assert_allclose(same * (block_Z @ V[np.ix_(order, order)] @ block_Z.T), expected, atol=1e-12)
    r = values["r_g"][chosen_levels()]
    total = likelihood(model, values, (Z * r).sum(axis=1)) + prior_of_the_rest(model, values)
    inner = [p for p in model.assignments if p.variable == "sd_g"]
    total += sum(float(a.prior.log_density(s)) for a, s in zip(inner, sd, strict=True))
    for rho in (R[0, 1], R[2, 3]):  # LKJ(2): u = (1 + r)/2 ~ Beta(2, 2)
        total += stats.beta(2, 2).logpdf((1 + rho) / 2)
    free = free_values(graph, point := random_point(graph, 1))
    total += stats.norm.logpdf(np.linalg.solve(np.linalg.cholesky(V), values["r_g"].T)).sum()
    assert density(graph, point_at(graph, values | free), jacobian=False) == pytest.approx(total, abs=1e-8)
    assert point


@pytest.mark.parametrize(
    ("term", "weights"),
    [
        ("mm(g, h)", lambda d: np.full((N, 2), 0.5)),
        ("mm(g, h, scale=False)", lambda d: np.ones((N, 2))),
        ("mm(g, h, weights=cbind(w1, w2))", lambda d: (w := d[["w1", "w2"]].to_numpy()) / w.sum(1, keepdims=True)),
        ("mm(g, h, weights=cbind(w1, w2), scale=FALSE)", lambda d: d[["w1", "w2"]].to_numpy()),
    ],
)
def test_multi_membership(term, weights):
    """η = Xb + Σ_m w_m (r_{g_m, 0} + x r_{g_m, 1})."""
    model, graph = built(f"y ~ x + (1 + x || {term})")
    data = table()
    values = users_values(graph, random_point(graph, 2))
    r = values["r_mm(g,h)"]
    codes = np.stack([chosen_levels(), [LEVELS.index(v) for v in data["h"]]], axis=1)
    part = np.zeros(N)
    for i in range(N):
        for m in range(2):
            part[i] += weights(data)[i, m] * (r[codes[i, m], 0] + data["x"][i] * r[codes[i, m], 1])
    total = likelihood(model, values, part) + prior_of_the_rest(model, values)
    sds = values["sd_mm(g,h)"]
    own = [a for a in model.assignments if a.variable == "sd_mm(g,h)"]
    total += sum(float(a.prior.log_density(s)) for a, s in zip(own, sds, strict=True))
    z = r / sds
    total += stats.norm.logpdf(z).sum()
    point = point_at(graph, values | {"z_mm(g,h)": z})
    assert density(graph, point, jacobian=False) == pytest.approx(total, abs=1e-8)


def test_a_structure_beside_a_plain_term():
    """Two blocks of one grouping: effects of both add up, and cor_g is about the plain term only."""
    model, graph = built("y ~ x + ante(0 + t | g) + (1 + x | g)")
    values = users_values(graph, random_point(graph, 1))
    assert values["cor_g"].shape == (2, 2)
    assert values["r_g"].shape == (J, 6)
    r = values["r_g"]
    part = r[chosen_levels(), chosen_times()] + r[chosen_levels(), 4] + table()["x"].to_numpy() * r[chosen_levels(), 5]
    point = random_point(graph, 1)
    V = ante_covariance(values, values["sd_g"][:4], 4)
    np.testing.assert_allclose(r[:, :4], point["z_g__0"] @ np.linalg.cholesky(V).T, atol=1e-12)
    total = likelihood(model, values, part) + prior_of_the_rest(model, values)
    free = free_values(graph, point)
    total += sum(
        float(a.prior.log_density(s))
        for a, s in zip([a for a in model.assignments if a.variable == "sd_g"], values["sd_g"], strict=True)
    )
    total += truncated(values["phi_g"]) + stats.beta(2, 2).logpdf((1 + values["cor_g"][0, 1]) / 2)
    total += stats.norm.logpdf(point["z_g__0"]).sum() + stats.norm.logpdf(point["z_g"]).sum()
    assert density(graph, point_at(graph, values | free), jacobian=False) == pytest.approx(total, abs=1e-8)
    assert not model.plan().chosen


ON_THE_GRAPH = [
    ("y ~ x + ante(0 + t | g)", ""),
    ("y ~ x + ar1(0 + t | g)", ""),
    ("y ~ x + toep(0 + t | g)", ""),
    ("y ~ x + car1(when | g)", ""),
    ("y ~ x + exp(lat + lon | g)", ""),
    ("y ~ x + gau(lat + lon | g)", ""),
    ("y ~ x + mat(lat + lon | g)", ""),
    ("y ~ x + rr(0 + t | g, d=2)", ""),
    ("y ~ x + propto(0 + t | g, K)", "times"),
    ("y ~ x + (1 | mm(g, h))", ""),
]


@pytest.mark.parametrize(("formula", "matrices"), ON_THE_GRAPH)
def test_no_kernel_is_taken(formula, matrices):
    chosen = built(formula, "auto", matrices)[0].plan().chosen
    assert chosen is None or not chosen.gradients, "a kernel does not know this"


@pytest.mark.parametrize(
    ("formula", "matrices"),
    [*ON_THE_GRAPH, ("y ~ x + known(1 + x | g, K)", "levels"), ("y ~ x + (1 | gr(g, cov=A))", "pedigree")],
)
def test_gradients_are_differences(formula, matrices):
    _, graph = built(formula, "auto", matrices)
    point = random_point(graph, 9)
    logp = graph.compile_logp(mode=PYTHON)
    gradient = graph.compile_dlogp(mode=PYTHON)(point)
    rng = np.random.default_rng(0)
    start, at = {}, 0
    for v in graph.value_vars:
        start[v.name] = at
        at += point[v.name].size
    for _ in range(6):
        direction = {k: rng.normal(size=np.shape(v)) for k, v in point.items()}
        h = 1e-6
        up, down = ({k: v + s * h * direction[k] for k, v in point.items()} for s in (1, -1))
        slope = sum(float(gradient[start[k] : start[k] + v.size] @ np.ravel(direction[k])) for k, v in point.items())
        assert (logp(up) - logp(down)) / (2 * h) == pytest.approx(slope, rel=1e-5, abs=1e-5)
