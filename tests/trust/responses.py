"""Responses given a linear predictor, drawn by NumPy: one entry a family, the only simulators of responses in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from tests.trust.densities import log_density
from tests.trust.priors import Proper, exponential, gamma, half_normal

Rng = np.random.Generator
Floats = np.ndarray
TRIALS = "m"


@dataclass(frozen=True)
class Response:
    """How y is drawn given η, and the priors of what else the family has.

    Parameters
    ----------
    family, link : str
    draw : function
        ``draw(rng, eta, others)`` → y; others are the family's further parameters and, where it has them, trials.
    others : mapping of parameter to Proper
    trials : int
        The most trials of a row; 0 for families without.
    """

    family: str
    link: str
    draw: Callable[[Rng, Floats, Mapping[str, Any]], Floats]
    others: Mapping[str, Proper] = field(default_factory=dict)
    trials: int = 0

    @property
    def left(self) -> str:
        """The formula's left side."""
        return f"y | trials({TRIALS})" if self.trials else "y"

    @property
    def text(self) -> str:
        """The family with its link, as hierlm reads it."""
        return f"{self.family}({self.link})"

    def columns(self, rng: Rng, n: int) -> dict[str, Floats]:
        """What the table holds besides y."""
        return {TRIALS: rng.integers(1, self.trials + 1, n)} if self.trials else {}

    def parameters(self, rng: Rng) -> dict[str, Floats]:
        """The further parameters, from their priors."""
        return {name: np.asarray(prior.draw(rng)) for name, prior in self.others.items()}

    def simulate(self, rng: Rng, eta: Floats, table: Mapping[str, Any], values: Mapping[str, Any]) -> Floats:
        """Y of every row."""
        return self.draw(rng, eta, self._with_trials(table, values))

    def log_likelihood(self, table: Mapping[str, Any], eta: Floats, values: Mapping[str, Any]) -> Floats:
        """Σ log p(y | η, …), the sum over the last axis; values (…,) broadcast against η (…, n)."""
        others = {name: np.asarray(values[name])[..., None] for name in self.others}
        rows = log_density(self.family, self.link, table["y"], eta, **self._with_trials(table, others))
        return rows.sum(axis=-1)

    def _with_trials(self, table: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: values[name] for name in self.others}
        return own | ({"trials": table[TRIALS]} if self.trials else {})


def _beta(rng: Rng, mean: Floats, phi: Any) -> Floats:
    return rng.beta(mean * phi, (1 - mean) * phi)


SIGMA, PHI, SHAPE = half_normal(1.0), gamma(4.0, 0.5), gamma(4.0, 1.5)

RESPONSES: dict[str, Response] = {
    r.family: r
    for r in (
        Response("gaussian", "identity", lambda r, e, v: r.normal(e, v["sigma"]), {"sigma": SIGMA}),
        Response("lognormal", "identity", lambda r, e, v: np.exp(r.normal(e, v["sigma"])), {"sigma": SIGMA}),
        Response("gamma", "log", lambda r, e, v: r.gamma(v["shape"], np.exp(e) / v["shape"]), {"shape": SHAPE}),
        Response("exponential", "log", lambda r, e, v: r.exponential(np.exp(e))),
        Response("poisson", "log", lambda r, e, v: r.poisson(np.exp(e))),
        Response(
            "negbinomial",
            "log",
            lambda r, e, v: r.poisson(r.gamma(v["shape"], np.exp(e) / v["shape"])),
            {"shape": SHAPE},
        ),
        Response("bernoulli", "logit", lambda r, e, v: r.binomial(1, expit(e))),
        Response("binomial", "logit", lambda r, e, v: r.binomial(v["trials"], expit(e)), trials=7),
        Response(
            "student_t",
            "identity",
            lambda r, e, v: e + v["sigma"] * r.standard_t(v["nu"], e.shape),
            {"sigma": SIGMA, "nu": gamma(4.0, 0.5)},
        ),
        Response("inverse_gaussian", "log", lambda r, e, v: r.wald(np.exp(e), v["shape"]), {"shape": gamma(4.0, 1.0)}),
        Response("beta", "logit", lambda r, e, v: _beta(r, expit(e), v["phi"]), {"phi": PHI}),
        Response(
            "negbinomial1",
            "log",
            lambda r, e, v: r.poisson(r.gamma(np.exp(e) / v["phi"], v["phi"])),
            {"phi": exponential(1.0)},
        ),
        Response(
            "beta_binomial",
            "logit",
            lambda r, e, v: r.binomial(v["trials"], _beta(r, expit(e), v["phi"])),
            {"phi": PHI},
            trials=9,
        ),
    )
}
"""By family.  The first eight have a way past the PyMC graph in every structure."""
