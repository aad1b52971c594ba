"""The PyMC graph against an independent joint density: every family × link × covariance structure × centring.

At 20 points of the sampling coordinates the difference is one constant, 1e-8 of the size of the density, and the
gradient along a random direction is that of the independent density, 1e-6.  A model takes about two seconds, most of
it for the graph of the gradient: the quick lane has every family once, with links and structures by turns; the slow lane
every link of every family, and every structure with each centring; ``make trust`` tries all combinations
(:mod:`tests.trust.grid_run`).  What is registered later enters by being registered: the first test fails for what has
no independent meaning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

from hierlm.covariances import COVARIANCES
from hierlm.errors import ModelError
from hierlm.families import FAMILIES
from tests.trust import densities, joint
from tests.trust.covariances import MEANINGS
from tests.trust.densities import INVERSE_LINKS, LOG_DENSITIES, needed
from tests.trust.graphs import Graph, derivative
from tests.trust.grid import CENTRINGS, GRID, KINDS, PAIRS, POINTS, check, points
from tests.trust.joint import Spec, log_joint, log_scale, natural_coordinates, predictor
from tests.trust.responses import RESPONSES

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")

LINKS_OF = [f.parameters[0].links for f in FAMILIES.values()]
ONCE = [(s, CENTRINGS[(i + i // 2) % 2] if not MEANINGS[s].loadings else "noncentered") for i, s in enumerate(MEANINGS)]
"""Each structure with one centring."""
QUICK = [
    (f, links[i % len(links)], *ONCE[i % len(ONCE)])
    for i, (f, links) in enumerate(zip(FAMILIES, LINKS_OF, strict=True))
]
STEP = next(n for n in (5, 7, 11, 13) if len(KINDS) % n)
"""Without a common divisor with the number of kinds, so that turns reach all."""
SLOW = [(*p, *KINDS[(STEP * i) % len(KINDS)]) for i, p in enumerate(PAIRS)]
ONES = ("family", "link", "structure", "centring")


def name(value: Any) -> str:
    return str(value)


def test_everything_registered_has_an_independent_counterpart() -> None:
    needed(FAMILIES, LOG_DENSITIES, "log-density")
    needed(FAMILIES, RESPONSES, "simulator")
    needed(densities.LINKS, INVERSE_LINKS, "inverse link")
    needed(dict.fromkeys(link for _, link in PAIRS), densities.LINKS, "link")
    needed(COVARIANCES, MEANINGS, "meaning of the covariance structure")


def test_both_lanes_have_everything_they_should() -> None:
    assert [case[0] for case in QUICK] == list(FAMILIES)
    assert {case[2] for case in QUICK} == set(MEANINGS)
    assert {case[2:] for case in SLOW} == set(KINDS)
    assert {case[:2] for case in SLOW} == set(PAIRS)
    assert set(QUICK) | set(SLOW) <= set(GRID)


def test_what_has_no_counterpart_is_named() -> None:
    with pytest.raises(AssertionError, match="No independent log-density of zipf: add it in tests/trust/"):
        needed({"gaussian": 1, "zipf": 2}, LOG_DENSITIES, "log-density")


@pytest.mark.parametrize(ONES, QUICK, ids=name)
def test_every_family(family: str, link: str, structure: str, centring: str) -> None:
    check(family, link, structure, centring)


@pytest.mark.slow
@pytest.mark.parametrize(ONES, [c for c in SLOW if c not in set(QUICK)], ids=name)
def test_every_link_of_every_family(family: str, link: str, structure: str, centring: str) -> None:
    check(family, link, structure, centring)


def test_only_what_has_a_density_can_be_centred() -> None:
    for structure, meaning in MEANINGS.items():
        if meaning.loadings:
            spec = Spec("gaussian", "identity", structure)
            with pytest.raises(ModelError, match="non-centred only"):
                spec.model(spec.table(), "centered")


JACOBIANS = [pytest.param(*kind, marks=() if kind == ("us", "centered") else pytest.mark.slow) for kind in KINDS]


@pytest.mark.parametrize(("structure", "centring"), JACOBIANS)
def test_sampling_coordinates_change_no_density(structure: str, centring: str) -> None:
    """With the Jacobian of the coordinates: the independent density of the natural values and the determinant of their
    derivatives, by differences, at 3 points; 1e-6."""
    spec = Spec("gaussian", "identity", structure)
    table = spec.table()
    graph = Graph(spec.model(table, centring))
    ours, off = graph.density(), []
    for v in points(spec, table, graph, 3):
        columns = [
            derivative(lambda t, e=e, v=v: natural_coordinates(spec, graph.values(v + t * e)), 1e-3)
            for e in np.eye(len(v))
        ]
        determinant = np.linalg.slogdet(np.array(columns))[1]
        off.append(ours(v) - log_joint(spec, table, graph.values(v)) - determinant)
    np.testing.assert_allclose(off, off[0], rtol=0, atol=1e-6)


def test_a_wrong_density_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of the independent density, changed a little, no longer agrees."""
    wrong = {
        "SLOPE": joint.normal(0.05, 0.1001),
        "SD_H": joint.gamma(3.0, 30.01),
        "ETA": 1.501,
        "OTHER_LEVELS": ("h0", "h2", "h1"),
        "log_density": lambda *a, **k: (1 + 1e-6) * densities.log_density(*a, **k),
    }
    spec = Spec("gaussian", "identity", "us")
    table = spec.table()
    graph = Graph(spec.model(table, "centered"))
    ours = graph.density_and_gradient()
    some = points(spec, table, graph, 5)

    def spread() -> float:
        return float(np.ptp([ours(v)[0] - log_joint(spec, table, graph.values(v)) for v in some]))

    assert spread() < 1e-9
    for part, value in wrong.items():
        with monkeypatch.context() as patched:
            patched.setattr(joint, part, value)
            assert spread() > 1e-7, part


@pytest.mark.slow
def test_near_the_pole_of_a_link_the_gradient_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where μ is 1e-9 SciPy's p = shape/(shape + μ) has no digits left: by log1p, and differences of a shorter step."""

    def negbinomial(y: Any, mu: Any, shape: Any) -> Any:
        total = special.gammaln(y + shape) - special.gammaln(shape) - special.gammaln(y + 1)
        return total - shape * np.log1p(mu / shape) + y * (np.log(mu) - np.log(mu + shape))

    monkeypatch.setattr(densities, "_negbinomial", negbinomial)
    spec = Spec("zero_inflated_negbinomial", "sqrt", "cor")
    table = spec.table()
    graph = Graph(spec.model(table, "noncentered"))
    v = points(spec, table, graph, POINTS)[2]
    assert np.abs(predictor(table, graph.values(v))).min() < 1e-4
    _, slopes = graph.density_and_gradient()(v)
    direction = np.random.default_rng(5).normal(size=len(v))

    def along(t: float) -> float:
        values = graph.values(v + t * direction)
        return log_joint(spec, table, values) + log_scale(spec, values)

    length = np.linalg.norm(direction)
    assert slopes @ direction == pytest.approx(derivative(along, 3e-7 / length), abs=1e-6 * np.linalg.norm(slopes))
