"""The Bernoulli response: a binomial one of a single trial, t = 1; y may be a share of ones between 0 and 1."""

from __future__ import annotations

from hierlm.kernels.responses import binomial

__all__ = ["RESPONSES"]

RESPONSES = {
    "bernoulli:logit": binomial.RESPONSES["binomial:logit"],
    "bernoulli:probit": binomial.RESPONSES["binomial:probit"],
    "bernoulli:cloglog": binomial.RESPONSES["binomial:cloglog"],
}
