"""Every joint prior keeps the contract, and the contract notices one that does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import hierlm as hl
from hierlm.priors.joint import JOINT, Hyper, JointPrior
from hierlm.testing import check_joint_prior

OTHERS: dict[str, dict[str, Any]] = {
    "Horseshoe": {"nonzero": 1.5, "local_df": 3.0, "global_df": 2.0, "slab_scale": 1.0, "slab_df": 7.0},
    "R2D2M2": {"mean": 0.2, "precision": 9.0, "concentration": 2.0},
    "TotalVariance": {"scale": 3.0, "concentration": 0.7},
}


@pytest.mark.parametrize("name", JOINT)
def test_registered_joint_prior(name: str):
    check_joint_prior(JOINT[name]())
    check_joint_prior(JOINT[name](**OTHERS[name]))


def _broken(**methods: Any) -> JointPrior:
    """An R2D2M2 with some methods replaced."""
    return dataclass(frozen=True, repr=False)(type("Broken", (hl.R2D2M2,), methods))()


def _other_hyper(**changes: Any) -> Any:
    def hypers(self: Any, members: Any, rows: int) -> Any:
        first, *rest = hl.R2D2M2.hypers(self, members, rows)
        return (replace(first, **changes), *rest)

    return hypers


@pytest.mark.parametrize(
    ("joint", "message"),
    [
        (_broken(takes=()), "takes no kind"),
        (_broken(takes=("slope",)), "no kind"),
        (_broken(to_json=lambda self: {"arguments": {"mean": 0.1}}), "does not make it again"),
        (_broken(hypers=_other_hyper(kind="number")), "of the kind 'number'"),
        (_broken(hypers=_other_hyper(kind="simplex")), "is a simplex"),
        (_broken(hypers=_other_hyper(prior=hl.Prior("Normal", mu=0, sigma=1))), "probability with the prior"),
        (_broken(scales=lambda self, members, values, residual: values["R2"]), "not draws × members"),
        (_broken(scales=lambda self, members, values, residual: values["share"] - 0.4), "positive"),
        (_broken(scales=lambda self, members, values, residual: values["share"]), "unit of a column"),
        (
            _broken(scales=lambda self, m, values, residual: values["share"] / np.array([own.size for own in m])),
            "unit of the response",
        ),
    ],
)
def test_contract_notices(joint: JointPrior, message: str):
    with pytest.raises(AssertionError, match=message):
        check_joint_prior(joint, largest=3)


def test_hyperparameters_are_told_apart():
    def twice(self: Any, members: Any, rows: int) -> tuple[Hyper, ...]:
        first, *_ = hl.R2D2M2.hypers(self, members, rows)
        return (first, first)

    with pytest.raises(AssertionError, match="not told apart"):
        check_joint_prior(_broken(hypers=twice), largest=2)
