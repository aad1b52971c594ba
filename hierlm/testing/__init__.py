"""Contracts that every plugin keeps: one function a kind, raising AssertionError with what does not hold."""

from __future__ import annotations

from hierlm.testing.correlations import check_correlation
from hierlm.testing.covariances import check_covariance
from hierlm.testing.families import check_family
from hierlm.testing.joint_priors import check_joint_prior
from hierlm.testing.links import check_link
from hierlm.testing.samplers import check_sampler

__all__ = ["check_correlation", "check_covariance", "check_family", "check_joint_prior", "check_link", "check_sampler"]
