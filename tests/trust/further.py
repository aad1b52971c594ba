"""Further cells of the calibration grid: normal responses with every other structure of groups, and of residuals.

Effects, relations and errors are drawn by NumPy from the meanings of :mod:`tests.trust.covariances` and
:mod:`tests.trust.correlations`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import hierlm as hl
from tests.trust import correlations, covariances
from tests.trust.cells import CELLS, Cell
from tests.trust.covariances import FACTOR, PLACES, TIMES, Meaning
from tests.trust.priors import Proper, Several, half_normal, normal
from tests.trust.responses import RESPONSES, SIGMA, Response
from tests.trust.structures import SD, Codes, Grouping, Rng, Structure

Floats = np.ndarray
ETA = 2.0
LEVELS, EACH = 10, 2
"""Of g, and rows of each of its three effects."""


# --------------------------------------------------------------------------------------------- structures of three effects
@dataclass(frozen=True)
class Occasions:
    """Three effects of each level of g with the covariance of a :class:`Meaning`; each row has one of them."""

    meaning: Meaning
    name: str = "g"
    effects: tuple[str, ...] = FACTOR

    @property
    def sds(self) -> int:
        """How many there are."""
        return {"own": 3, "shared": 1, "none": 0}[self.meaning.sds]

    def priors(self) -> dict[str, Any]:
        """Under hierlm's names."""
        found: dict[str, Any] = {"sd_g": SD.ours} if self.sds else {}
        found |= {f"{name}_g": p.ours for name, p in self.meaning.coefficients.items()}
        found |= {name: p.ours for name, p in self.meaning.rows.items()}
        return found | ({"cor_g": hl.LKJ(ETA)} if self.meaning.correlations != "none" else {})

    def draw(self, rng: Rng, levels: int) -> dict[str, Floats]:
        """Parameters, and the effects of the levels and of one more."""
        found: dict[str, Floats] = {
            f"{name}_g": np.asarray(p.draw(rng)) for name, p in self.meaning.coefficients.items()
        }
        if self.sds:
            found["sd_g"] = np.array([SD.draw(rng) for _ in range(self.sds)])
        if self.meaning.rows:
            (name,) = {row.split("[")[0] for row in self.meaning.rows}
            found[name] = np.array([p.draw(rng) for p in self.meaning.rows.values()])
        sd = np.broadcast_to(found.get("sd_g", 1.0), 3)
        if self.meaning.correlations != "none":
            found["cor_g"] = _lkj(rng, self.meaning.correlations)
        if self.meaning.loadings:
            L = self.meaning.loadings(found)
        elif self.meaning.covariance:
            L = np.linalg.cholesky(self.meaning.covariance(sd, found))
        else:
            L = sd[:, None] * np.linalg.cholesky(found.get("cor_g", np.eye(3)))
        r = rng.normal(size=(levels + 1, L.shape[1])) @ L.T
        return found | {"r_g": r[:-1], "new_g": r[-1]}

    def rows(self, r: Floats, table: Mapping[str, Any]) -> Floats:
        """The effect of every row's occasion."""
        chosen = np.array([FACTOR.index(level) for level in table["f"]])
        return np.take_along_axis(r, np.broadcast_to(chosen[:, None], (*r.shape[:-1], 1)), axis=-1)[..., 0]

    def parameters(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """Standard deviations, correlations, coefficients."""
        found = {f"sd_g[{i}]": values["sd_g"][..., i] for i in range(self.sds)}
        if self.meaning.correlations != "none":
            pairs = [(1, 0)] if self.meaning.correlations == "exchangeable" else [(1, 0), (2, 0), (2, 1)]
            found |= {f"cor_g[{i},{j}]": values["cor_g"][..., i, j] for i, j in pairs}
        for name, prior in self._coefficients():
            array = values[name]
            found |= {name: array} if prior == 0 else {f"{name}[{i}]": array[..., i] for i in range(prior)}
        return found

    def _coefficients(self) -> Iterator[tuple[str, int]]:
        """(name in the posterior, its size), 0 for a number."""
        for name, prior in self.meaning.coefficients.items():
            yield f"{name}_g", prior.size if isinstance(prior, Several) else 0
        if self.meaning.rows:
            yield next(iter(self.meaning.rows)).split("[")[0], len(self.meaning.rows)

    def log_prior(self, values: Mapping[str, Floats]) -> Floats:
        """log p of these, correlations as those of R."""
        total: Any = sum(SD.log_density(values["sd_g"][..., i]) for i in range(self.sds))
        if self.meaning.correlations != "none":
            total = total + (ETA - 1) * np.linalg.slogdet(values["cor_g"])[1]
        total = total + sum(p.log_density(values[f"{name}_g"]) for name, p in self.meaning.coefficients.items())
        for i, (row, prior) in enumerate(self.meaning.rows.items()):
            total = total + prior.log_density(values[row.split("[")[0]][..., i])
        return np.asarray(total)


def _lkj(rng: Rng, kind: str) -> Floats:
    """R of three effects, p(R) ∝ det(R)^(η−1)."""
    if kind == "exchangeable":  # det R = (1 + 2r)(1 − r)², 1 + 2r = 3u
        r = (3 * rng.beta(ETA, 2 * (ETA - 1) + 1) - 1) / 2
        return (1 - r) * np.eye(3) + r
    first = (
        2 * rng.beta(ETA + 0.5, ETA + 0.5, 2) - 1
    )  # partial correlations, column by column (Lewandowski et al. 2009)
    partial = np.array([first[0], first[1], 2 * rng.beta(ETA, ETA) - 1])
    return correlations.MEANINGS["us"].matrix({"partial": partial}, np.arange(3.0)[:, None])


def _occasions(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
    """All levels at all occasions, the same number of times."""
    codes, place = np.divmod(np.arange(n) // EACH, 3)
    labels = [f"g{i:02d}" for i in range(LEVELS)]
    return _at(place) | {"g": np.array(labels)[codes]}, {"g": labels}, {"g": codes}


def _at(place: Floats) -> dict[str, np.ndarray]:
    return {
        "f": np.array(FACTOR)[place], "t": TIMES[place, 0], "lat": PLACES[place, 0], "lon": PLACES[place, 1],
    }  # fmt: skip


def _wide(meaning: Meaning) -> Meaning:
    """With coefficients of the size of standard deviations that data say something about."""
    rows = {
        row: half_normal(0.7) if isinstance(p.ours.arguments.get("mu"), type(None)) else normal(0.0, 0.6)
        for row, p in meaning.rows.items()
    }
    scale = {"scale": half_normal(0.7)} if "scale" in meaning.coefficients else {}
    return replace(meaning, rows=rows, coefficients=meaning.coefficients | scale)


def _structure(meaning: Meaning) -> Structure:
    n, wide = LEVELS * 3 * EACH, _wide(meaning)
    options = {"matrices": meaning.matrices, "parameterization": "noncentered"}
    return Structure(meaning.bar, n, (Occasions(wide),), _occasions, options=options, asked=_at(np.array([1, 2])))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------- related levels, formulas of standard deviations
@dataclass(frozen=True)
class Related(Grouping):
    """Intercepts of levels with the covariances sd² K; the last label has no rows."""

    def draw(self, rng: Rng, levels: int) -> dict[str, Floats]:
        """The effects of all labels; the new level is the last."""
        sd = np.array([s.draw(rng) for s in self.sds])
        r = np.linalg.cholesky(_kinship()) @ rng.normal(size=(levels + 1, 1)) * sd
        return {"sd_g": sd, "r_g": r[:-1], "new_g": r[-1]}


def _kinship() -> Floats:
    """Families of three, whose members have ½ in common, and the last label is in the first family."""
    family = np.append(np.arange(LEVELS) // 3, 0)
    return np.where(family[:, None] == family, 0.5, 0.0) + 0.5 * np.eye(LEVELS + 1)


def _related(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
    labels, codes = [f"g{i:02d}" for i in range(LEVELS)], rng.permutation(np.arange(n) % LEVELS)
    return {"g": np.array(labels)[codes]}, {"g": labels}, {"g": codes}


LABELS = [*(f"g{i:02d}" for i in range(LEVELS)), "new"]
KINSHIP = pd.DataFrame(_kinship(), index=LABELS, columns=LABELS)


@dataclass(frozen=True)
class Scaled(Grouping):
    """Intercepts whose standard deviation is sd exp(γ z), z of the level."""

    change: Proper = normal(0.0, 0.7)

    def priors(self) -> dict[str, Any]:
        """With that of γ."""
        return super().priors() | {"b_sd_g[z]": self.change.ours}

    def draw(self, rng: Rng, levels: int) -> dict[str, Floats]:
        """With γ; the new level has z = 0.5."""
        found, gamma = super().draw(rng, levels), np.array([self.change.draw(rng)])
        z = np.append(_z(levels), 0.5)[:, None]
        r = np.vstack([found["r_g"], found["new_g"]]) * np.exp(gamma * z)
        return found | {"r_g": r[:-1], "new_g": r[-1], "b_sd_g": gamma}

    def parameters(self, values: Mapping[str, Floats]) -> dict[str, Floats]:
        """With γ."""
        return super().parameters(values) | {"b_sd_g[z]": values["b_sd_g"][..., 0]}

    def log_prior(self, values: Mapping[str, Floats]) -> Floats:
        """With that of γ."""
        return super().log_prior(values) + np.asarray(self.change.log_density(values["b_sd_g"][..., 0]))


def _z(levels: int) -> Floats:
    return np.linspace(-1, 1, levels)


def _scaled(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
    columns, labels, codes = _related(rng, n)
    return columns | {"z": _z(LEVELS)[codes["g"]]}, labels, codes


# ----------------------------------------------------------------------------------------------------- residuals
BLOCKS, LONG = 14, 4


@dataclass(frozen=True)
class Correlated(Response):
    """Normal errors that are correlated within blocks of four rows."""

    meaning: correlations.Meaning = correlations.MEANINGS["ar1"]

    def _factor(self, values: Mapping[str, Any]) -> Floats:
        """R of one block: all have the same positions."""
        at, rest = {}, np.atleast_1d(values["rescor"])
        for name, prior in self.meaning.priors.items():
            size = prior.size if isinstance(prior, Several) else 1
            at[name], rest = (rest[:size] if isinstance(prior, Several) else rest[0]), rest[size:]
        return np.linalg.cholesky(self.meaning.matrix(at, POSITIONS))

    def simulate(self, rng: Rng, eta: Floats, table: Mapping[str, Any], values: Mapping[str, Any]) -> Floats:
        """Block by block."""
        errors = rng.normal(size=(BLOCKS, LONG)) @ self._factor(values).T
        return np.asarray(eta + values["sigma"] * errors.ravel())

    def log_likelihood(self, table: Mapping[str, Any], eta: Floats, values: Mapping[str, Any]) -> Floats:
        """Σ of the blocks' multivariate normal densities, draw by draw."""
        shape = eta.shape[:-1]
        flat, sigma = eta.reshape(-1, BLOCKS, LONG), np.broadcast_to(values["sigma"], shape).ravel()
        rescor = np.broadcast_to(values["rescor"], (*shape, np.shape(values["rescor"])[-1])).reshape(len(flat), -1)
        found, y = np.empty(len(flat)), np.asarray(table["y"]).reshape(BLOCKS, LONG)
        for i in range(len(flat)):
            L = self._factor({"rescor": rescor[i]})
            z = np.linalg.solve(L, (y - flat[i]).T) / sigma[i]
            found[i] = stats.norm.logpdf(z).sum() - BLOCKS * (np.log(np.diag(L)).sum() + LONG * np.log(sigma[i]))
        return found.reshape(shape)


POSITIONS = np.arange(float(LONG))[:, None]


def _blocks(rng: Rng, n: int) -> tuple[dict[str, np.ndarray], dict[str, list[str]], Codes]:
    """Blocks of four occasions; h cuts across them."""
    h = [f"h{i}" for i in range(7)]
    codes = rng.permutation(np.arange(n) % 7)
    t = np.tile(np.arange(LONG), BLOCKS)
    block = np.repeat([f"b{i:02d}" for i in range(BLOCKS)], LONG)
    return {"block": block, "t": t, "h": np.array(h)[codes]}, {"h": h}, {"h": codes}


def _residual(name: str, meaning: correlations.Meaning) -> Cell:
    (one,) = {id(p.one if isinstance(p, Several) else p): p for p in meaning.priors.values()}.values()
    size = sum(p.size if isinstance(p, Several) else 1 for p in meaning.priors.values())
    prior = Several(one.one if isinstance(one, Several) else one, size)
    written = {"us": "C(t)", "cs": "1"}.get(meaning.name, "t")
    options = "".join(f", {k}={v}" for k, v in meaning.options.items())
    asked = {"block": np.array(["b00", "b00"]), "t": np.array([0, 1])}
    structure = Structure(
        "(1 | h)",
        BLOCKS * LONG,
        (Grouping("h", (SD,)),),
        _blocks,
        options={"residual": f"{meaning.name}({written} | block{options})", "parameterization": "noncentered"},
        asked=asked,
    )
    gaussian = RESPONSES["gaussian"]
    response = Correlated("gaussian", "identity", gaussian.draw, {"sigma": SIGMA, "rescor": prior}, meaning=meaning)
    return Cell(f"gaussian/residual {name}", response, structure)


ONE_PRIOR = [
    name for name, m in correlations.MEANINGS.items() if len({id(getattr(p, "one", p)) for p in m.priors.values()}) == 1
]
FAST = (
    *("gaussian", "lognormal", "gamma", "exponential", "poisson", "negbinomial", "bernoulli", "binomial"),
    *("student_t", "inverse_gaussian", "beta", "negbinomial1", "beta_binomial"),
)
"""Families with a kernel."""
RELATED = Structure(
    "known(1 | g, K)",
    60,
    (Related("g", (SD,)),),
    _related,
    options={"matrices": {"K": KINSHIP}, "parameterization": "noncentered"},
)
SCALED = Structure(
    "(1 | g)",
    60,
    (Scaled("g", (SD,)),),
    _scaled,
    formulas=("sd(g) ~ z",),
    options={"parameterization": "noncentered"},
    asked={"z": np.array([0.5, -1.0])},
)
GAUSSIAN = {
    **{name: _structure(meaning) for name, meaning in covariances.MEANINGS.items()},
    "known": RELATED,
    "sd(g) ~ z": SCALED,
}
FURTHER: dict[str, Cell] = {
    f"gaussian/{name}": Cell(f"gaussian/{name}", RESPONSES["gaussian"], structure)
    for name, structure in GAUSSIAN.items()
} | {f"gaussian/residual {name}": _residual(name, correlations.MEANINGS[name]) for name in ONE_PRIOR}
"""By name: structures of three effects, related levels, a formula of the sds, residuals."""

EVERY: dict[str, Cell] = CELLS | FURTHER
"""All cells."""
ON_THE_GRAPH = [f"{family}/intercept" for family in RESPONSES if family not in FAST]
"""Cells of families that no reduction takes."""
