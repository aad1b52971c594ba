"""The distribution-specific variance on the link scale."""

from __future__ import annotations

import numpy as np
import pytest

from hierlm.errors import PosteriorError
from hierlm.families import FAMILIES, Predicted
from hierlm.links import LINKS
from hierlm.testing.numbers import values

MU = np.array([0.2, 0.5, 0.7])


def latent(name, link, mu=MU, **others):
    family = FAMILIES[name]
    eta = values(LINKS[link].link, mu)
    rest = {key: Predicted(value, LINKS["identity"]) for key, value in others.items()}
    additions = {"trials": np.full(np.shape(mu), 12.0)} if family.requires else {}
    return values(lambda e: family.latent_variance(additions, mu=Predicted(e, LINKS[link]), **rest), eta)


@pytest.mark.parametrize(
    ("link", "variance"), [("logit", np.pi**2 / 3), ("probit", 1), ("cloglog", np.pi**2 / 6), ("loglog", np.pi**2 / 6)]
)
@pytest.mark.parametrize(("name", "others"), [("bernoulli", {}), ("binomial", {}), ("beta_binomial", {"phi": 3.0})])
def test_threshold_models(name, others, link, variance):
    np.testing.assert_allclose(latent(name, link, **others), np.full(3, variance), rtol=1e-12)


@pytest.mark.parametrize("name", ["bernoulli", "binomial"])
def test_cauchit_has_none(name):
    with pytest.raises(PosteriorError, match="no latent variance"):
        latent(name, "cauchit")


# Nakagawa, Johnson & Schielzeth (2017), table 1 and section 3; delta method elsewhere
@pytest.mark.parametrize(
    ("name", "link", "others", "expected"),
    [
        ("gaussian", "identity", {"sigma": 3.0}, lambda m: 9 + 0 * m),
        ("gaussian", "inverse", {"sigma": 3.0}, lambda m: 9 / m**4),
        ("gaussian", "log", {"sigma": 3.0}, lambda m: np.log(1 + 9 / m**2)),
        ("student_t", "identity", {"sigma": 3.0, "nu": 4.0}, lambda m: 18 + 0 * m),
        ("student_t", "identity", {"sigma": 3.0, "nu": 1.5}, lambda m: np.inf + 0 * m),
        ("lognormal", "identity", {"sigma": 3.0}, lambda m: 9 + 0 * m),
        ("poisson", "log", {}, lambda m: np.log(1 + 1 / m)),
        ("poisson", "sqrt", {}, lambda m: 0.25 + 0 * m),
        ("poisson", "identity", {}, lambda m: m),
        ("negbinomial", "log", {"shape": 2.0}, lambda m: np.log(1 + 1 / m + 1 / 2)),
        ("negbinomial", "sqrt", {"shape": 2.0}, lambda m: 0.25 * (1 + m / 2)),
        ("negbinomial1", "log", {"phi": 2.0}, lambda m: np.log(1 + 3 / m)),
        ("gamma", "log", {"shape": 2.0}, lambda m: np.log(1 + 1 / 2) + 0 * m),
        ("gamma", "inverse", {"shape": 2.0}, lambda m: 1 / (2 * m**2)),
        ("exponential", "log", {}, lambda m: np.log(2) + 0 * m),
        ("inverse_gaussian", "log", {"shape": 2.0}, lambda m: np.log(1 + m / 2)),
        ("beta", "logit", {"phi": 2.0}, lambda m: 1 / (m * (1 - m) * 3)),
        ("bernoulli", "log", {}, lambda m: -np.log(m)),
        ("bernoulli", "identity", {}, lambda m: m * (1 - m)),
        ("binomial", "identity", {}, lambda m: m * (1 - m)),
    ],
)
def test_closed_forms(name, link, others, expected):
    np.testing.assert_allclose(latent(name, link, **others), expected(MU), rtol=1e-9)


@pytest.mark.parametrize(
    ("fit", "family", "link"),
    [
        ("cbpp", "binomial", "logit"),
        ("contraception_probit", "bernoulli", "probit"),
        ("contraception_cloglog", "bernoulli", "cloglog"),
    ],
)
def test_performance_agrees(reference, fit, family, link):
    stored = reference("performance_emmeans")["variance"][fit]["var_distribution"]
    np.testing.assert_allclose(latent(family, link), stored, rtol=1e-9)
