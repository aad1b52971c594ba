"""The contract of every joint prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from hierlm.priors.dirichlet import Dirichlet
from hierlm.priors.joint import Hyper, JointPrior, Member
from hierlm.priors.joint.joint import COEFFICIENT, DEVIATION, RESIDUAL
from hierlm.testing.numbers import PYTHON, values

__all__ = ["check_joint_prior"]

Floats = NDArray[np.float64]
KINDS: Final = (COEFFICIENT, DEVIATION, RESIDUAL)
BOUNDS: Final = {"positive": (0.0, np.inf), "probability": (0.0, 1.0)}
ROWS: Final = 40
UNIT: Final = 3.0


def check_joint_prior(joint: JointPrior, *, smallest: int = 2, largest: int = 5, seed: int = 0) -> None:
    """Check a joint prior for ``smallest`` to ``largest`` members of each kind; a plugin's test is this one call.

    * the kinds that it takes are known, it can be told apart and looked up (equal to itself, hashable), and what
      ``to_json`` keeps makes the same prior;
    * hyperparameters have names that are told apart, and priors within the bounds of their kind; those of a simplex
      have a label for each share;
    * scales are one positive finite number a member, at draws of the hyperparameters, for many draws at once as for
      one, and the same in PyTensor as in NumPy;
    * the unit of measurement means nothing: with a column in another unit the scale is in that unit, and with the
      response in another unit all are.

    Parameters
    ----------
    joint : JointPrior
    smallest, largest : int
        The numbers of members to try.
    seed : int
        Of the draws of hyperparameters.

    Raises
    ------
    AssertionError
        Saying what does not hold, and for which members.

    Examples
    --------
    >>> import hierlm as hl
    >>> check_joint_prior(hl.R2D2M2(), largest=2)
    """
    assert joint.takes, f"{joint}: it takes no kind of parameter"
    assert set(joint.takes) <= set(KINDS), f"{joint}: it takes {joint.takes}, of which some are no kind: {KINDS}"
    stored = joint.to_json()["arguments"]
    again = type(joint)(**stored)
    assert again == joint, f"{joint}: what it stores does not make it again: {stored}"
    assert hash(again) == hash(joint), f"{joint}: it cannot be looked up"
    for n in range(smallest, largest + 1):
        members = _members(joint, n)
        where = f"{joint} of {', '.join(m.name for m in members)}"
        hypers = joint.hypers(members, ROWS)
        _check_hypers(where, hypers)
        _check_scales(where, joint, members, hypers, seed)
        _check_units(where, joint, members, seed)


def _members(joint: JointPrior, n: int) -> tuple[Member, ...]:
    """Coefficients of one variable, then standard deviations, then that of the residuals, as far as it takes them."""
    residual = int(RESIDUAL in joint.takes and n > 1 and (DEVIATION in joint.takes or COEFFICIENT in joint.takes))
    rest = n - residual
    deviations = 0 if DEVIATION not in joint.takes else rest if COEFFICIENT not in joint.takes else rest // 2
    found = [Member(f"b[x{i}]", "b", COEFFICIENT, 0.5 + i, 2.0, "y") for i in range(rest - deviations)]
    found += [Member(f"sd_g{i}[Intercept]", f"sd_g{i}", DEVIATION, 1.0 + i, 2.0, "y") for i in range(deviations)]
    found += [Member("sigma", "sigma", RESIDUAL, 1.0, 2.0, "y")] * residual
    if not joint.across:
        found = [m for m in found if m.variable == found[0].variable]
    return tuple(found)


def _check_hypers(where: str, hypers: Sequence[Hyper]) -> None:
    names = [(h.variable, h.label) for h in hypers]
    assert len(set(names)) == len(names), f"{where}: hyperparameters are not told apart: {names}"
    for h in hypers:
        if h.kind == "simplex":
            assert isinstance(h.prior, Dirichlet), f"{where}: '{h.variable}' is a simplex with the prior {h.prior}"
            assert len(h.labels) == h.prior.size, f"{where}: '{h.variable}' has {len(h.labels)} labels of its shares"
            continue
        assert h.kind in BOUNDS, f"{where}: '{h.variable}' is of the kind {h.kind!r}"
        assert not isinstance(h.prior, Dirichlet), f"{where}: '{h.variable}' is no simplex"
        (low, high), (lower, upper) = h.prior.support, BOUNDS[h.kind]
        assert lower <= low < high <= upper, f"{where}: '{h.variable}' is {h.kind} with the prior {h.prior}"
        assert h.prior.proper, f"{where}: the prior of '{h.variable}' is improper"


def _draws(hypers: Sequence[Hyper], n: int, seed: int) -> dict[str, Floats]:
    """Hyperparameters by variable, (n,) or (n, elements); priors in another unit are drawn at the same quantiles."""
    found: dict[str, list[Floats]] = {}
    for i, h in enumerate(hypers):
        if isinstance(h.prior, Dirichlet):
            rng = np.random.default_rng([seed, i])
            found[h.variable] = [rng.dirichlet(np.full(h.prior.size, h.prior.concentration), size=n)]
            continue
        described = np.asarray(pm.draw(h.prior.dist(size=n), random_seed=seed + i, mode=PYTHON), dtype=float)
        power = {"value": 1.0, "variance": 0.5, "precision": -0.5}[h.prior.on]
        found.setdefault(h.variable, []).append(described**power)
    several = {h.variable for h in hypers if h.label is not None}
    return {v: np.stack(parts, axis=-1) if v in several else parts[0] for v, parts in found.items()}


def _check_scales(where: str, joint: JointPrior, members: Sequence[Member], hypers: Sequence[Hyper], seed: int) -> None:
    drawn = _draws(hypers, 50, seed)
    scales = _scales(joint, members, drawn, np.full((50, 1), 1.5))
    assert scales.shape == (50, len(members)), f"{where}: scales are {scales.shape}, not draws × members"
    assert ((scales > 0) & (scales < np.inf)).all(), f"{where}: a scale is not positive and finite"
    for s in (0, 49):
        one = _scales(joint, members, {v: x[s] for v, x in drawn.items()}, np.float64(1.5))
        assert np.allclose(one, scales[s], rtol=1e-10), f"{where}: the scales of one draw are others than among many"
    names = list(drawn)
    first = [drawn[v][0] for v in names]
    tensors = values(lambda *t: joint.scales(members, dict(zip(names, t, strict=True)), 1.5), *first)
    assert np.allclose(tensors, scales[0], rtol=1e-10), f"{where}: PyTensor has other scales than NumPy"


def _scales(joint: JointPrior, members: Sequence[Member], drawn: Mapping[str, Floats], residual: object) -> Floats:
    return np.asarray(joint.scales(members, drawn, residual), dtype=float)


def _check_units(where: str, joint: JointPrior, members: Sequence[Member], seed: int) -> None:
    def at(own: Sequence[Member], residual: float) -> Floats:
        return _scales(joint, own, _draws(joint.hypers(own, ROWS), 20, seed), np.full((20, 1), residual))

    before = at(members, 1.5)
    column = [replace(members[0], size=UNIT * members[0].size), *members[1:]]
    wanted = before / np.where(np.arange(len(members)) == 0, UNIT, 1.0)
    assert np.allclose(at(column, 1.5), wanted, rtol=1e-8), f"{where}: the unit of a column is not that of its scale"
    response = [replace(m, spread=UNIT * m.spread) for m in members]
    assert np.allclose(at(response, UNIT * 1.5), UNIT * before, rtol=1e-8), (
        f"{where}: the unit of the response is not that of the scales"
    )
