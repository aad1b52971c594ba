"""Why a reduction does not apply: the plan of every kind of model, reason by reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.errors import ModelError
from hierlm.families import FAMILIES
from hierlm.reductions.dense.sets import set_codes
from hierlm.reductions.observed import response_kernel
from hierlm.reductions.plan import REDUCTIONS, plan
from hierlm.reductions.relations import relation_obstacles
from tests.unit.model.test_edges import K, N, table

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.DataWarning")
GRAPH, GAUSSIAN, STRUCTURED = "joint NUTS on the PyMC graph", "gaussian marginal", "structured marginal"
WHITENED, FROZEN, DENSE = "whitened effects", "effects whitened at the mode", "dense marginal"
T = hl.Prior("StudentT", nu=3, mu=0, sigma=1)

PLANS: dict[str, tuple[Any, dict[str, Any], str, dict[str, str]]] = {
    "several responses": (
        ["y ~ x + (1 | p | g)", "z ~ x + (1 | p | g)"], {}, GRAPH,
        dict.fromkeys((GAUSSIAN, STRUCTURED, WHITENED, FROZEN, DENSE), "there are several responses"),
    ),
    "counts": (
        "c ~ x + (1 | g)", {"family": "poisson"}, WHITENED,
        {GAUSSIAN: "the response is poisson, not normal", STRUCTURED: "the response is poisson, not normal"},
    ),
    "another link": (
        "y ~ x + (1 | g)", {"link": "log"}, GRAPH,
        dict.fromkeys((GAUSSIAN, STRUCTURED, DENSE), "the link of the mean is log, not the identity")
        | {WHITENED: "gaussian with the log link has no kernel", FROZEN: "gaussian with the log link has no kernel"},
    ),
    "a link of sigma": (
        ["y ~ x + (1 | g)", "sigma ~ f"], {"link": {"sigma": "identity"}}, DENSE,
        {STRUCTURED: "the link of sigma is identity", WHITENED: "a parameter other than the mean has a formula"},
    ),
    "errors and a residual": (
        "y | se(v, sigma=True) ~ x + (1 | g)", {}, DENSE,
        {GAUSSIAN: "on top of an unknown residual sd", WHITENED: "no kernel here", FROZEN: "no kernel here"},
    ),
    "variances of the mean": (
        ["y ~ x", "sigma ~ varExp(fitted)"], {}, GRAPH,
        {STRUCTURED: "follows the fitted mean", DENSE: "depends on the fitted mean", GAUSSIAN: "does not know varfun"},
    ),
    "effects of sigma": (
        ["y ~ x + (1 | g)", "sigma ~ f + (1 | g)"], {}, GRAPH,
        {GAUSSIAN: "has a formula of its own", STRUCTURED: "reach beyond the mean", DENSE: "reach beyond the mean"},
    ),
    "related levels": (
        "v ~ x + known(1 | g, K)", {"matrices": {"K": K}, "family": "gamma", "priors": {"b": hl.Prior("Uniform", lower=-9, upper=9)}},
        GRAPH, {WHITENED: "not on (-9, 9)", FROZEN: "not on (-9, 9)", DENSE: "not normal"},
    ),
    "members": (
        "y ~ x + (1 | mm(g, h))", {}, DENSE,
        dict.fromkeys((GAUSSIAN, WHITENED, FROZEN), "rows belong to several levels of mm(g,h)"),
    ),
    "a heavy prior of slopes": (
        "y ~ x + (1 | g)", {"priors": {"b": T}}, WHITENED, {GAUSSIAN: "integrated out needs Normal(mu, sigma)"},
    ),
    "a prior of a correlation": (
        "y ~ x + (x | g)", {"priors": {"cor_g": hl.Prior("Normal", mu=0, sigma=1)}}, DENSE,
        dict.fromkeys((GAUSSIAN, WHITENED, FROZEN), "correlations have a kernel for LKJ only"),
    ),
    "a prior that ends": (
        "y ~ x + (1 | g)", {"priors": {"sd_g": hl.Prior("Uniform", lower=0, upper=3)}}, DENSE,
        dict.fromkeys((GAUSSIAN, WHITENED, FROZEN), "not on (0, 3)"),
    ),
    "a joint prior": (
        "y ~ x + z + v + (1 | g)", {"priors": {"b": hl.Horseshoe()}}, GRAPH,
        dict.fromkeys((GAUSSIAN, STRUCTURED, WHITENED, FROZEN, DENSE), "is a joint prior, which no kernel has"),
    ),
    "correlated residuals": (
        "y ~ x", {"residual": "ar1(t | g)"}, STRUCTURED, {GAUSSIAN: "residuals are correlated, ar1(t | g)"},
    ),
    "correlated residuals of t": (
        "y ~ x", {"residual": "ar1(t | g)", "family": "student_t"}, GRAPH,
        {DENSE: "the response is student_t, not normal", WHITENED: "residuals are correlated"},
    ),
    "an sd with a formula": (
        ["c ~ x + (1 | g)", "sd(g) ~ m"], {"family": "poisson"}, GRAPH,
        dict.fromkeys((WHITENED, FROZEN), "the standard deviation of g has a formula of its own"),
    ),
    "a structure": (
        "y ~ x + ar1(0 + C(t) | g)", {}, DENSE, dict.fromkeys((GAUSSIAN, STRUCTURED, WHITENED), "does not know phi_g"),
    ),
    "many strata": (
        ["y ~ x + (1 | g)", "sigma ~ x"], {}, DENSE, {STRUCTURED: "48 different standard deviations, more than 20"},
    ),
    "a latent process": (
        "c ~ x", {"family": "poisson", "residual": "ar1(t | g)"}, GRAPH,
        dict.fromkeys((GAUSSIAN, STRUCTURED, WHITENED, FROZEN, DENSE), "a latent residual process"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANS)
def test_the_plan_and_why_not_the_others(case: str) -> None:
    formula, options, chosen, reasons = PLANS[case]
    found = hl.Model(formula, table(), **options).plan()
    assert found.name == chosen
    said = dict(line.split(": ", 1) for line in found.reasons)
    for name, reason in reasons.items():
        assert said[name].startswith("no, ")
        assert reason in said[name], said[name]
    assert all(said[r.name].startswith("no, ") for r in REDUCTIONS[: _place(chosen)])
    html = found._repr_html_()
    assert all(reason.split(": ")[0] in html for reason in found.reasons)


def _place(chosen: str) -> int:
    return next((i for i, r in enumerate(REDUCTIONS) if r.name == chosen), len(REDUCTIONS))


LIMITS: dict[str, tuple[Any, dict[str, Any], str, str, float, str]] = {
    "numbers": ("y ~ x + (x | g)", {}, DENSE, "hierlm.reductions.dense.marginal.MOST_NUMBERS", 2, "4 numbers are left"),
    "rows": ("y ~ x + (x | g)", {}, DENSE, "hierlm.reductions.dense.marginal.MOST_ROWS", 4, "6 rows depend on each"),
    "work": ("y ~ x + (x | g)", {}, DENSE, "hierlm.reductions.dense.marginal.MOST_WORK", 5, "multiplications, more than"),
    "strata": (
        ["y ~ x", "sigma ~ f"], {}, STRUCTURED, "hierlm.reductions.structured.MOST_STRATA", 2, "3 different standard deviations",
    ),
    "matrices": (
        "y ~ x", {"residual": "ar1(t | g)"}, STRUCTURED, "hierlm.reductions.structured.MOST_COMPONENTS", 1, "a sum of",
    ),
    "structured work": (
        "y ~ x", {"residual": "ar1(t | g)"}, STRUCTURED, "hierlm.reductions.structured.MOST_WORK", 1, "one gradient takes",
    ),
    "frozen work": ("y ~ x + (1 | g)", {}, FROZEN, "hierlm.reductions.frozen.MOST_WORK", 1, "one factorisation takes"),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
def test_too_much_of_something(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    formula, options, name, constant, value, reason = LIMITS[limit]
    model, reduction = hl.Model(formula, table(), **options), REDUCTIONS[_place(name)]
    assert not any(reason in said for said in reduction.obstacles(model))
    monkeypatch.setattr(constant, value)
    assert any(reason in said for said in reduction.obstacles(model)), list(reduction.obstacles(model))


def test_only_ways_with_a_gradient() -> None:
    model = hl.Model("y ~ x + (1 | mm(g, h))", table())
    assert plan(model).name == DENSE
    found = plan(model, gradients="NUTS is asked for")
    assert found.name == GRAPH
    assert "dense marginal: no, NUTS is asked for" in found.reasons
    assert "compiled first" in found.cost


def test_not_reduced() -> None:
    model = hl.Model("y ~ x + us(0 + C(t) | g)", table())
    found = plan(model, reduce=False)
    assert found.name == GRAPH
    assert {line.split(": ", 1)[1] for line in found.reasons} == {"no, reduce=False was asked for"}
    numbers = 8 * 6 + 2 + 6 + 15 + 1  # effects, b, sds, correlations, sigma
    assert f"NUTS samples {numbers} numbers" in found.cost
    for reduce in (None, "no", 1, np.True_):
        with pytest.raises(ModelError, match="neither True nor False"):
            plan(model, reduce=reduce)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [GAUSSIAN, WHITENED])
def test_a_factorisation_that_is_too_large(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reduction = REDUCTIONS[_place(name)]
    model = hl.Model(
        "y ~ x + (1 | g)" if name == GAUSSIAN else "c ~ x + (1 | g)",
        table(),
        family="gaussian" if name == GAUSSIAN else "poisson",
    )
    assert not list(reduction.obstacles(model))
    monkeypatch.setattr(f"{type(reduction).__module__}.MOST_WORK", 1.0)
    assert ["one factorisation takes" in said for said in reduction.obstacles(model)] == [True]


def test_precisions_of_related_levels_that_are_too_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    model = hl.Model("y ~ x + known(1 | g, K)", table(), matrices={"K": K})
    assert not list(relation_obstacles(model))
    monkeypatch.setattr("hierlm.reductions.relations.MOST_ENTRIES", 3)
    assert any("more than 3" in said for said in relation_obstacles(model))


def test_a_family_of_ones_own_by_a_known_name_has_no_kernel() -> None:
    """The kernel is that of the registered family, not of whatever is called so."""

    class Poisson(type(FAMILIES["poisson"])):  # type: ignore[misc]
        pass

    own = hl.Model("c ~ x + (1 | g)", table(), family=Poisson())
    assert response_kernel(own) is None
    assert own.plan().name == GRAPH
    assert response_kernel(hl.Model("c ~ x + (1 | g)", table(), family="poisson")) is not None


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("y ~ x", {}),
        ("y ~ x + (1 | g)", {}),
        ("y ~ x + (1 | g) + (1 | f)", {}),
        ("y ~ x + (1 | mm(g, h))", {}),
        ("y ~ x", {"residual": "ar1(t | h)"}),
        (["y ~ x + (1 | f)", "sigma ~ (1 | g)"], {}),
    ],
)
def test_rows_that_depend_on_each_other_are_one_set(formula: Any, options: dict[str, Any]) -> None:
    """Against links followed row by row; effects of sigma make no covariance of the response."""
    data = table().assign(f=np.repeat(list("uvwx"), N // 4))
    found = set_codes(hl.Model(formula, data, **options))
    columns = [c for c in "gfh" if "| " + c in f"{formula[0] if isinstance(formula, list) else formula}{options}"]
    members = "mm(" in str(formula)
    labels = [
        {("m", data["g"][i]), ("m", data["h"][i])} if members else {(c, data[c][i]) for c in columns} for i in range(N)
    ]
    for i in range(N):
        reached, left = {i}, [i]
        while left:
            at = left.pop()
            new = [j for j in range(N) if j not in reached and labels[at] & labels[j]]
            reached.update(new)
            left += new
        assert set(np.flatnonzero(found == found[i])) == reached
