"""Responses given a linear predictor, drawn by NumPy: one entry a family, the only simulators of responses in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import expit

from tests.trust.densities import log_density
from tests.trust.priors import Increasing, Proper, Several, beta, exponential, gamma, half_normal, normal

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
    others : mapping of parameter to Proper, or to Several for thresholds
    trials : int
        The most trials of a row; 0 for families without.
    intercept : bool
        Whether the formula has one; thresholds take its place.
    at : mapping of parameter to value
        Where to try the further parameters, unless at 1.4, 1.8, …
    enough : function
        Whether a response can be analysed: two different values, unless more is needed.
    """

    family: str
    link: str
    draw: Callable[[Rng, Floats, Mapping[str, Any]], Floats]
    others: Mapping[str, Proper | Several] = field(default_factory=dict)
    trials: int = 0
    intercept: bool = True
    at: Mapping[str, Any] = field(default_factory=dict)
    enough: Callable[[Floats], bool] = lambda y: bool(np.ptp(y) > 0)

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

    def typical(self) -> dict[str, Floats]:
        """Values of the further parameters."""
        return {name: np.asarray(self.at.get(name, 1.4 + 0.4 * i), float) for i, name in enumerate(self.others)}

    def simulate(self, rng: Rng, eta: Floats, table: Mapping[str, Any], values: Mapping[str, Any]) -> Floats:
        """Y of every row."""
        return self.draw(rng, eta, self._with_trials(table, values))

    def log_likelihood(self, table: Mapping[str, Any], eta: Floats, values: Mapping[str, Any]) -> Floats:
        """Σ log p(y | η, …), the sum over the last axis; values (…,) broadcast against η (…, n)."""
        others = {
            name: np.asarray(values[name])[..., None, :]
            if isinstance(prior, Several)
            else np.asarray(values[name])[..., None]
            for name, prior in self.others.items()
        }
        rows = log_density(self.family, self.link, table["y"], eta, **self._with_trials(table, others))
        return rows.sum(axis=-1)

    def _with_trials(self, table: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: values[name] for name in self.others}
        return own | ({"trials": table[TRIALS]} if self.trials else {})


def _beta(rng: Rng, mean: Floats, phi: Any) -> Floats:
    return rng.beta(mean * phi, (1 - mean) * phi)


def _negbinomial(rng: Rng, mean: Floats, shape: Any) -> Floats:
    return rng.poisson(rng.gamma(shape, mean / shape))


def _positive(draw: Callable[[Floats], Floats], mean: Floats) -> Floats:
    """Drawn again and again until nothing is zero."""
    y = draw(mean)
    while np.any(y == 0):
        y = np.where(y == 0, draw(mean), y)
    return y


def _zeros(rng: Rng, probability: Any, y: Floats) -> Floats:
    """``y``, but zero with a probability in every row."""
    return np.where(rng.random(y.shape) < probability, 0, y)


def _ends(rng: Rng, zoi: Any, coi: Any, y: Floats) -> Floats:
    end = (rng.random(y.shape) < coi).astype(float)
    return np.where(rng.random(y.shape) < zoi, end, y)


def _categories(latent: Floats, thresholds: Any) -> Floats:
    """1 and the number of thresholds below."""
    return 1 + (latent[..., None] > np.asarray(thresholds)).sum(axis=-1)


def _steps(rng: Rng, latent: Floats, thresholds: Any) -> Floats:
    """1 and the number of thresholds that a new logistic error passes before the first that it does not."""
    passed = rng.logistic(latent[..., None], size=(*latent.shape, len(thresholds))) > np.asarray(thresholds)
    return 1 + np.logical_and.accumulate(passed, axis=-1).sum(axis=-1)


def _adjacent(rng: Rng, latent: Floats, thresholds: Any) -> Floats:
    """By Gumbel errors added to the log weights of the categories (the logit link's partial credit model)."""
    steps = latent[..., None] - np.asarray(thresholds)
    weights = np.concatenate([np.zeros((*latent.shape, 1)), np.cumsum(steps, axis=-1)], axis=-1)
    return 1 + np.argmax(weights + rng.gumbel(size=weights.shape), axis=-1)


def _inflated(y: Floats) -> bool:
    return bool((y == 0).any() and np.ptp(y[y > 0]) > 0) if (y > 0).any() else False


def _inner(y: Floats) -> bool:
    inner = y[(y > 0) & (y < 1)]
    return inner.size > 1 and bool(np.ptp(inner) > 0) and inner.size < y.size


SIGMA, PHI, SHAPE = half_normal(1.0), gamma(4.0, 0.5), gamma(4.0, 1.5)
ZERO, AT_ZERO = beta(2.0, 4.0), 0.3
THRESHOLDS, AT_THRESHOLDS = Increasing(normal(0.0, 1.5), 3), (-0.8, 0.3, 1.2)

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
        Response(
            "zero_inflated_poisson",
            "log",
            lambda r, e, v: _zeros(r, v["zi"], r.poisson(np.exp(e))),
            {"zi": ZERO},
            at={"zi": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "zero_inflated_negbinomial",
            "log",
            lambda r, e, v: _zeros(r, v["zi"], _negbinomial(r, np.exp(e), v["shape"])),
            {"shape": SHAPE, "zi": ZERO},
            at={"zi": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "zero_inflated_binomial",
            "logit",
            lambda r, e, v: _zeros(r, v["zi"], r.binomial(v["trials"], expit(e))),
            {"zi": ZERO},
            trials=7,
            at={"zi": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "hurdle_poisson",
            "log",
            lambda r, e, v: _zeros(r, v["hu"], _positive(r.poisson, np.exp(e))),
            {"hu": ZERO},
            at={"hu": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "hurdle_negbinomial",
            "log",
            lambda r, e, v: _zeros(r, v["hu"], _positive(lambda m: _negbinomial(r, m, v["shape"]), np.exp(e))),
            {"shape": SHAPE, "hu": ZERO},
            at={"hu": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "hurdle_gamma",
            "log",
            lambda r, e, v: _zeros(r, v["hu"], r.gamma(v["shape"], np.exp(e) / v["shape"])),
            {"shape": SHAPE, "hu": ZERO},
            at={"hu": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "hurdle_lognormal",
            "identity",
            lambda r, e, v: _zeros(r, v["hu"], np.exp(r.normal(e, v["sigma"]))),
            {"sigma": SIGMA, "hu": ZERO},
            at={"hu": AT_ZERO},
            enough=_inflated,
        ),
        Response(
            "zero_one_inflated_beta",
            "logit",
            lambda r, e, v: _ends(r, v["zoi"], v["coi"], _beta(r, expit(e), v["phi"])),
            {"phi": PHI, "zoi": ZERO, "coi": ZERO},
            at={"zoi": AT_ZERO, "coi": AT_ZERO},
            enough=_inner,
        ),
        Response("truncated_poisson", "log", lambda r, e, v: _positive(r.poisson, np.exp(e))),
        Response(
            "truncated_negbinomial",
            "log",
            lambda r, e, v: _positive(lambda m: _negbinomial(r, m, v["shape"]), np.exp(e)),
            {"shape": SHAPE},
        ),
        Response(
            "cumulative",
            "logit",
            lambda r, e, v: _categories(r.logistic(e), v["thresholds"]),
            {"thresholds": THRESHOLDS},
            intercept=False,
            at={"thresholds": AT_THRESHOLDS},
            enough=lambda y: len(np.unique(y)) == THRESHOLDS.size + 1,
        ),
        *(
            Response(
                name,
                "logit",
                lambda r, e, v, simulate=simulate: simulate(r, e, v["thresholds"]),
                {"thresholds": Several(normal(0.0, 1.0), 3)},
                intercept=False,
                at={"thresholds": (0.2, -0.3, 0.9)},
                enough=lambda y: len(np.unique(y)) == THRESHOLDS.size + 1,
            )
            for name, simulate in (("sratio", _steps), ("cratio", _steps), ("acat", _adjacent))
        ),
    )
}
"""By family.  The first eight have a way past the PyMC graph in every structure."""
