"""The contract of every covariance structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.compile.mode import Mode
from pytensor.graph.replace import graph_replace

from hierlm.covariances.covariance import Covariance
from hierlm.covariances.setting import Coefficient, Setting
from hierlm.priors.lkj import LKJ

__all__ = ["check_covariance", "example_setting"]

Floats = NDArray[np.float64]
Evaluate = Callable[[Floats], Floats]

_PYTHON: Final = Mode(linker="py", optimizer="fast_compile")  # nothing to compile
_EXTREME: Final = 20.0  # unconstrained; a correlation of two effects is then 1 − 4e-9


def check_covariance(structure: Covariance, *, largest: int = 5, seed: int = 0) -> None:
    """Check a covariance structure for 1 to ``largest`` effects; a plugin's test is this one call.

    * the parts are disjoint, complete and canonical, and have as many parameters as the whole;
    * the free variables of a model have ``n_parameters(k)`` elements;
    * C is lower triangular with a positive diagonal, C Cᵀ has a unit diagonal, and V = diag(sd) C Cᵀ diag(sd) is
      positive definite and reads back as sd and R, at random and at extreme parameters;
    * with an LKJ(η) prior, p(R) ∝ det(R)^(η−1) over the correlation matrices of the structure.

    Of a structure with coefficients, told of effects as :func:`example_setting` has them (of places if it needs some):

    * the coefficients' default priors lie within their bounds, and have names that are told apart;
    * L is finite, V = L Lᵀ is positive semidefinite, definite unless ``singular``, and has the variances that it
      says, those of its standard deviations where it has some, for coefficients inside and close to their bounds.

    Parameters
    ----------
    structure : Covariance
    largest : int
        The largest number of effects to try.
    seed : int
        Of the random parameters.

    Raises
    ------
    AssertionError
        Saying what does not hold, and for how many effects.

    Examples
    --------
    >>> from hierlm.covariances import get_covariance
    >>> check_covariance(get_covariance("idh"), largest=2)
    """
    rng = np.random.default_rng(seed)
    for k in range(2 if structure.structured(2) else 1, largest + 1):
        where = f"{structure!r} of {k} effects"
        if structure.structured(k):
            setting = example_setting(k)
            if structure.needs != "coordinates":  # where effects are levels, positions are the numbers of these
                setting = replace(setting, positions=None)
            _check_structured(structure.at(setting), k, rng, where)
            continue
        _check_parts(structure, k, where)
        _check_sd_groups(structure, k, where)
        priors = [structure.default_correlation_prior(k)]
        priors += [LKJ(1.0), LKJ(3.5)] if isinstance(priors[0], LKJ) else []
        for prior in priors if structure.correlated(k) else priors[:1]:
            model, matrix = _correlation_model(structure, k, prior)
            size = sum(int(np.prod(_value_shape(v))) for v in model.value_vars)
            found = size + len(structure.sd_groups(k))
            assert found == structure.n_parameters(k), (
                f"{where}: {found} free parameters, but n_parameters says {structure.n_parameters(k)}"
            )
            factor = _evaluator(model, matrix)
            points = [rng.normal(size=size) for _ in range(4)] + [np.full(size, s * _EXTREME) for s in (-1, 1)]
            for x in points:
                _check_factor(factor(x), _standard_deviations(structure, k, rng), where)
            if isinstance(prior, LKJ) and size:
                _check_lkj(model, factor, prior, points[:4], where)


def example_setting(k: int) -> Setting:
    """Effects of every kind: the levels of a factor, at places, with a matrix."""
    rng = np.random.default_rng(k)
    places = np.cumsum(rng.uniform(0.5, 2.0, size=(k, 1)), axis=0)
    A = rng.normal(size=(k, k + 2))
    return Setting(
        effects=tuple(f"f[{i}]" for i in range(k)),
        scales=np.exp(rng.normal(size=k)),
        levels=tuple(str(i) for i in range(k)),
        positions=places,
        matrix=A @ A.T,
    )


def _check_structured(structure: Covariance, k: int, rng: np.random.Generator, where: str) -> None:
    found = structure.coefficients(k)
    names = [(c.name, c.label) for c in found]
    assert len(set(names)) == len(names), f"{where}: two coefficients have one name"
    for c in found:
        lower, upper = c.prior.support
        assert c.lower <= lower < upper <= c.upper, f"{where}: the default prior of {c.name} lies outside its bounds"
    count = len(structure.sd_groups(k)) + len(found)
    assert count == structure.n_parameters(k), f"{where}: {count} parameters, n_parameters says otherwise"
    _check_sd_groups(structure, k, where)
    inputs = {n: pt.tensor(n, dtype="float64", shape=(None,) if label else ()) for n, label in names}
    sds = pt.vector("sds", shape=(k,), dtype="float64")
    answers = [structure.root(inputs, sds, k), structure.variances(inputs, sds, k)]
    function = pytensor.function([*inputs.values(), sds], answers, mode=_PYTHON, on_unused_input="ignore")
    for draw in (_inside, _inside, _inside, _near_lower, _near_upper):
        values = {n: np.array([draw(c, rng) for c in found if c.name == n]) for n in inputs}
        sd = _standard_deviations(structure, k, rng)
        L, variances = function(*(v if inputs[n].ndim else v[0] for n, v in values.items()), sd)
        V = L @ L.T
        assert L.shape == (k, structure.width(k)), f"{where}: width says {structure.width(k)}, L is {L.shape}"
        assert np.isfinite(L).all(), f"{where}: L is not finite at {values}"
        np.testing.assert_allclose(np.diag(V), variances, rtol=1e-9, err_msg=f"{where}: variances() differs from V")
        if structure.sd_groups(k):
            np.testing.assert_allclose(variances, sd**2, rtol=1e-9, err_msg=f"{where}: sds do not read back")
        if not structure.singular:
            diagonal = np.diag(np.linalg.qr(L.T, mode="r"))
            assert (np.abs(diagonal) > 0).all(), f"{where}: V is singular at {values}"


def _inside(c: Coefficient, rng: np.random.Generator) -> float:
    if np.isfinite(c.upper):
        return float(rng.uniform(c.lower, c.upper))
    return float(np.exp(rng.normal())) if np.isfinite(c.lower) else float(rng.normal())


def _near_lower(c: Coefficient, rng: np.random.Generator) -> float:
    return c.lower + 1e-4 if np.isfinite(c.lower) else -50.0


def _near_upper(c: Coefficient, rng: np.random.Generator) -> float:
    return c.upper - 1e-4 if np.isfinite(c.upper) else 50.0


def _check_parts(structure: Covariance, k: int, where: str) -> None:
    parts = structure.parts(k)
    assert sorted(i for _, effects in parts for i in effects) == list(range(k)), (
        f"{where}: parts must share out effects"
    )
    total = sum(part.n_parameters(len(effects)) for part, effects in parts)
    assert total == structure.n_parameters(k), f"{where}: its parts have {total} parameters"
    for part, effects in parts:
        again = part.parts(len(effects))
        assert len(again) == 1, f"{where}: part {part!r} falls apart further"
        assert type(again[0][0]) is type(part), f"{where}: part {part!r} is not canonical"
    assert structure.correlated(k) == any(part.correlated(len(effects)) for part, effects in parts), (
        f"{where}: correlated differs from its parts"
    )


def _check_sd_groups(structure: Covariance, k: int, where: str) -> None:
    members = [i for group in structure.sd_groups(k) for i in group]
    assert len(members) == len(set(members)), f"{where}: an effect has two standard deviations"
    assert set(members) <= set(range(k)), f"{where}: a standard deviation of an effect that does not exist"
    assert all(structure.sd_groups(k)), f"{where}: a standard deviation of no effect"


def _standard_deviations(structure: Covariance, k: int, rng: np.random.Generator) -> Floats:
    sd = np.ones(k)
    for group in structure.sd_groups(k):
        sd[list(group)] = np.exp(rng.normal(scale=3))
    return sd


def _correlation_model(structure: Covariance, k: int, prior: object) -> tuple[pm.Model, pt.TensorVariable]:
    """A model of the correlation parameter alone, and C as a matrix."""
    with pm.Model() as model:
        parameter = structure.correlation_parameter("cor", k, prior) if structure.correlated(k) else None  # type: ignore[arg-type]
        rows = structure.correlation_factor(parameter, k)
    assert [len(row) for row in rows] == list(range(1, k + 1)), f"{structure!r} of {k} effects: rows are not triangular"
    matrix = pt.zeros((k, k), dtype="float64")
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            matrix = matrix[i, j].set(entry)
    return model, matrix


def _value_shape(value: pt.TensorVariable) -> tuple[int, ...]:
    assert None not in value.type.shape, f"the shape of {value} is not known"
    return tuple(value.type.shape)


def _evaluator(model: pm.Model, tensor: pt.TensorVariable) -> Evaluate:
    """``tensor`` as a function of all unconstrained values in one vector."""
    x = pt.vector("x", dtype="float64")
    (tensor,) = model.replace_rvs_by_values([tensor])
    replacements, start = {}, 0
    for value in model.value_vars:
        shape = _value_shape(value)
        stop = start + int(np.prod(shape))
        replacements[value] = x[start:stop].reshape(shape).astype(value.dtype)
        start = stop
    (tensor,) = graph_replace([tensor], replacements, strict=False)
    return pm.pytensorf.compile([x], tensor, mode=_PYTHON, on_unused_input="ignore")


def _check_factor(C: Floats, sd: Floats, where: str) -> None:
    """With a finite lower-triangular C of positive diagonal V is positive definite, whatever rounding says of V."""
    assert np.isfinite(C).all(), f"{where}: C is not finite"
    assert (np.diag(C) > 0).all(), f"{where}: a diagonal element of C is not positive"
    R = C @ C.T
    np.testing.assert_allclose(np.diag(R), 1.0, rtol=1e-12, err_msg=f"{where}: C Cᵀ has no unit diagonal")
    L = sd[:, None] * C
    V = L @ L.T
    back = np.sqrt(np.diag(V))
    np.testing.assert_allclose(back, sd, rtol=1e-12, err_msg=f"{where}: standard deviations do not read back")
    np.testing.assert_allclose(V / np.outer(back, back), R, atol=1e-12, err_msg=f"{where}: R does not read back")


def _check_lkj(model: pm.Model, factor: Evaluate, prior: LKJ, points: list[Floats], where: str) -> None:
    """log p(x) − (η−1) log det R(x) − ½ log det(JᵀJ), J = ∂R/∂x, must be the same number everywhere."""
    log_density = _evaluator(model, model.logp())

    def correlations(x: Floats) -> Floats:
        C = factor(x)
        return (C @ C.T)[np.tril_indices(len(C), -1)]

    def constant(x: Floats) -> float:
        J = np.column_stack([(correlations(x + h) - correlations(x - h)) / 2e-5 for h in 1e-5 * np.eye(len(x))])
        log_det = 2 * np.log(np.diag(factor(x))).sum()
        return float(log_density(x)) - (prior.eta - 1) * log_det - 0.5 * float(np.linalg.slogdet(J.T @ J)[1])

    constants = np.array([constant(x) for x in points])
    np.testing.assert_allclose(
        constants, constants[0], atol=1e-6, err_msg=f"{where}: {prior!r} is not p(R) ∝ det(R)^(η−1)"
    )
