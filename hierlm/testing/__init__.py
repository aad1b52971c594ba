"""Contracts that every plugin keeps: one function a kind, raising AssertionError with what does not hold."""

from __future__ import annotations

from hierlm.testing.covariances import check_covariance

__all__ = ["check_covariance"]
