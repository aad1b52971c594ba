"""The Gaussian marginal is exact: against dense algebra, against the PyMC graph, against lme4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import hierlm as hl
from hierlm import names
from hierlm.kernels.callbacks import Called, gaussian_callbacks
from hierlm.reductions.arrangement import arrange
from hierlm.reductions.statistics import gaussian_buffer
from tests.reference.tables import reference_table
from tests.unit.reductions.dense import graph_density, natural, point
from tests.unit.reductions.gaussian_models import (
    MODELS,
    REDUCTION,
    RELATED,
    SCALES,
    conditional,
    coordinates,
    dense_log_density,
    gaussian,
    has_a_sign,
    log_prior,
    rescaled,
)
from tests.unit.reductions.slopes import check_gradient

pytestmark = pytest.mark.filterwarnings("ignore::hierlm.errors.DataWarning")


@pytest.mark.parametrize("name", [*MODELS, *RELATED])
def test_value_and_gradient(name: str) -> None:
    """log p(y | θ) is the dense multivariate normal (weights as powers of each row's density), 1e-8; gradient 1e-6.

    With the coordinates that were chosen, and with every sd on a softplus or signed and coordinates that mix all.
    """
    model, problem = gaussian(name)
    assert REDUCTION.accepts(model).accepted
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        for seed in range(3):
            zeta, gradient = coordinates(problem.dimension, seed), np.zeros(problem.dimension)
            value = problem.density(zeta, data, gradient)
            expected = dense_log_density(model, problem.place, natural(data, zeta))
            assert value - log_prior(data, zeta) == pytest.approx(expected, abs=1e-8), scale
            check_gradient(problem.density, data, zeta)


@pytest.mark.parametrize("name", [*MODELS, *RELATED])
def test_identity_with_the_graph(name: str) -> None:
    """log p(θ) p(y | θ) p(u | y, θ) is the graph's log p(θ, u, y), 1e-7 but for a constant, at draws of u.

    What is drawn goes under the graph's names, with positive sds.
    """
    model, problem = gaussian(name)
    graph = graph_density(model)
    for scale in SCALES:
        data = rescaled(problem.data, scale)
        if scale == "signed" and not has_a_sign(data):
            continue
        constants = []
        for seed in range(4):
            zeta = coordinates(problem.dimension, seed)
            n = natural(data, zeta)
            effects = _drawn(model, problem, data, zeta)
            marginal = problem.density(zeta, data, np.zeros(len(zeta))) - n.log_jacobian
            joint = graph(point(model, problem.place, n, effects, {})) - _log_scale(problem.place, n)
            constants.append(marginal + _log_conditional(model, problem.place, n, effects) - joint)
        np.testing.assert_allclose(constants, constants[0], atol=1e-7, err_msg=scale)


def _drawn(model: hl.Model, problem: Any, data: np.ndarray, zeta: np.ndarray) -> dict[str, np.ndarray]:
    """Effects drawn at ζ; everything else of the draw is what ζ means."""
    draw = REDUCTION.recover(model, replace(problem, data=data), zeta[None, None], 1).isel(chain=0, draw=0)
    values = {str(k): v.to_numpy() for k, v in draw.data_vars.items()}
    n, place = natural(data, zeta), problem.place
    for g, group in enumerate(place.groups):
        owned = [o for o in place.owner[g] if o >= 0]
        if owned:
            np.testing.assert_allclose(values[names.sd(group)], n.sds[owned], rtol=1e-12)
        if names.cor(group) in values:
            np.testing.assert_allclose(values[names.cor(group)], n.factors[g] @ n.factors[g].T, atol=1e-12)
    assert all(values[s] == pytest.approx(v) for s, v in zip(model.responses[0].free, n.positives, strict=False))
    b = values.get("b", np.zeros(0))
    return {k: v for k, v in values.items() if k.startswith("r_")} | {"b": b}


def _log_scale(place: Any, n: Any) -> float:
    """From the graph's z to r = Λ z."""
    each = [np.log(np.abs(np.diag(part))).sum() for part in n.scaled]
    return float(sum(j * e for j, e in zip(place.levels, each, strict=True)))


def _log_conditional(model: hl.Model, place: Any, n: Any, effects: dict[str, np.ndarray]) -> float:
    u = np.concatenate(
        [effects[names.effects(g)].ravel() for g in place.groups] + [(effects["b"] - place.means)[place.free]]
    )
    return float(stats.multivariate_normal(*conditional(model, place, n)).logpdf(u)) if len(u) else 0.0


LME4 = ("dyestuff", "sleepstudy_us", "sleepstudy_idh", "penicillin", "orthodont", "oats")


@pytest.mark.parametrize("id_", LME4)
def test_lme4s_deviance(id_: str, reference: Callable[[str], Any], data: Callable[[str], Any]) -> None:
    """At lme4's estimates, everything but the correlation held fixed, −2 log p(y | θ) is lme4's deviance."""
    entry = next(e for e in reference("lme4") if e["id"] == id_)
    frame = reference_table(entry["data"], data)
    known, theta = _estimates(entry, hl.Model(entry["formula"], frame))
    model = hl.Model(entry["formula"], frame, priors=known)
    packed = gaussian_buffer(model, arrange(model))
    value = Called(gaussian_callbacks()[0])(theta, packed, np.zeros(len(theta)))
    assert -2 * (value - log_prior(packed, theta)) == pytest.approx(entry["minus2loglik"], abs=1e-6)


def _estimates(entry: dict[str, Any], free: hl.Model) -> tuple[dict[str, Any], np.ndarray]:
    """(lme4's estimates by our names, θ of the correlation if there is one)."""
    known: dict[str, Any] = {"sigma": entry["sigma"]}
    beta = {k.replace("(Intercept)", "Intercept"): v for k, v in entry["fixef"].items()}
    known |= {a.name: beta[a.label.replace("[", "").replace("]", "")] for a in free.assignments if a.variable == "b"}
    theta = np.zeros(0)
    for block in free.blocks:
        for term, found in entry["varcorr"].items():
            labels = [n.replace("(Intercept)", "Intercept") for n in np.atleast_1d(found["names"])]
            if {*term.split(".")[0].split(":")} == {*block.group.split(":")} and set(block.effects) <= set(labels):
                at = [labels.index(e) for e in block.effects]
                sds = np.atleast_1d(found["sd"])[at]
                known |= {f"sd_{block.group}[{e}]": float(s) for e, s in zip(block.effects, sds, strict=True)}
                if len(at) == 2:
                    r = found["cor"][at[0]][at[1]]
                    theta = np.array([np.log((1 + r) / (1 - r))])
    return known, theta
