"""Everything that draws random numbers, as functions of a seed; run as a program it prints a digest of each."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.text import Text

import hierlm as hl

FITS: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "gaussian marginal": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}, {}),
    "whitened effects": (
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", {"family": "binomial"}, {},
    ),
    "one effect a row": (
        "cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | units)", "cbpp", {"family": "binomial"}, {},
    ),
    "importance": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}, {"sampler": "importance"}),
    "laplace": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}, {"sampler": "laplace"}),
    "graph": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}, {"reduce": False}),
    "pymc": ("Yield ~ 1 + (1 | Batch)", "Dyestuff", {}, {"sampler": "pymc"}),
    "effects whitened at the mode": ("y ~ x + (1 | g) + (1 | h)", "crossed", {}, {"draws": 20}),
}  # fmt: skip
"""Formula, table, arguments of Model and of fit; a way to sample each."""


def _table(name: str) -> pd.DataFrame:
    """A table of hierlm's, or a large crossed one."""
    if name != "crossed":
        return hl.load_data(name)
    rng = np.random.default_rng(4)
    codes = rng.integers(260, size=(2600, 2))
    effects, x = rng.normal(size=(2, 260)), rng.normal(size=2600)
    y = x + effects[0][codes[:, 0]] + effects[1][codes[:, 1]] + rng.normal(size=2600)
    return pd.DataFrame({"y": y, "x": x, "g": codes[:, 0].astype(str), "h": codes[:, 1].astype(str)})


def sampled(name: str, seed: int, cores: int) -> hl.Fit:
    formula, table, arguments, options = FITS[name]
    model = hl.Model(formula, _table(table), **arguments)
    settings = {"draws": 100, "chains": 4, "seed": seed, "cores": cores, "progress": False} | options
    return model.fit(**settings)


def _new(fit: hl.Fit) -> Any:
    """Three rows of the data, of which two are of one new level."""
    frame = hl.load_data("Dyestuff").head(3).astype({"Batch": str})
    return frame.assign(Batch=["A", "new", "new"])


ASKS: dict[str, Callable[[hl.Fit, int], Any]] = {
    "hierlm.fit.sampling.fit": lambda fit, seed: fit.model.fit(draws=50, chains=2, seed=seed, progress=False),
    "hierlm.posterior.predict.predict": lambda fit, seed: fit.predict(kind="response", seed=seed).draws,
    "predict, new levels": lambda fit, seed: fit.predict(_new(fit), seed=seed).draws,
    "predict, new levels, response": lambda fit, seed: fit.predict(_new(fit), kind="response", seed=seed).draws,
    "hierlm.posterior.loglik.log_likelihood": lambda fit, seed: fit.log_likelihood(_new(fit), seed=seed),
    "hierlm.posterior.predictive.posterior_predictive": lambda fit, seed: fit.posterior_predictive(seed=seed),
    "hierlm.posterior.predictive.prior_predictive": lambda fit, seed: fit.model.prior_predictive(30, seed=seed),
    "hierlm.model.prior_questions.PriorChecks.prior_predictive": lambda fit, seed: fit.model.prior_predictive(
        30, seed=seed
    ),
    "hierlm.posterior.tree.tree": lambda fit, seed: fit.tree(seed=seed),
    "hierlm.plots.ppc.ppc": lambda fit, seed: fit.plot.ppc(seed=seed),
    "hierlm.plots.predictive.predictive": lambda fit, seed: fit.plot.ppc("pit", seed=seed),
    "hierlm.plots.qq.qq": lambda fit, seed: fit.plot.qq(seed=seed),
    "hierlm.plots.residuals.residuals": lambda fit, seed: fit.plot.residuals("fitted", seed=seed),
    "hierlm.posterior.checking.check.check": lambda fit, seed: fit.check("sd", seed=seed),
    "hierlm.posterior.checking.check_residuals.check_residuals": lambda fit, seed: fit.check_residuals(seed=seed),
    "hierlm.posterior.checking.residuals.residuals": lambda fit, seed: fit.residuals(seed=seed),
    "hierlm.posterior.comparison.kfold.kfold": lambda fit, seed: fit.kfold(2, seed=seed, draws=50).units,
    "hierlm.posterior.comparison.reloo.reloo": lambda fit, seed: _reloo(fit, seed).units,
    "hierlm.posterior.hypotheses.hypothesis.hypothesis": lambda fit, seed: fit.hypothesis(
        "sigma = sd_Batch[Intercept]", seed=seed
    ),
    "hierlm.posterior.repeatability.repeatability": lambda fit, seed: fit.repeatability(
        draws=5, groups=10, rows=3, seed=seed
    ),
    "hierlm.posterior.update_group.update_group": lambda fit, seed: fit.update_group(_late(), seed=seed).effects,
    "hierlm.posterior.updated_group.UpdatedGroup.predict": lambda fit, seed: (
        fit.update_group(_late(), seed=1).predict(_late(), kind="response", seed=seed).draws
    ),
    "hierlm.plots.hypothesis.hypothesis": lambda fit, seed: fit.plot.hypothesis(
        "sigma = sd_Batch[Intercept]", seed=seed
    ),
    "hierlm.plots.prior_check.prior_check": lambda fit, seed: fit.model.plot.prior("ecdf", draws=40, seed=seed),
    "hierlm.posterior.marginal_likelihood.evidence.evidence": lambda fit, seed: fit.evidence(draws=200, seed=seed).log,
    "hierlm.posterior.marginal_likelihood.bayes_factor.bayes_factor": lambda fit, seed: (
        hl.bayes_factor(fit.model, hl.Model("Yield ~ 1", hl.load_data("Dyestuff")), seed=seed, draws=200).one.log
    ),
    "hierlm.posterior.priors.outcome.prior_check": lambda fit, seed: fit.model.prior_check("sd", seed=seed),
    "hierlm.posterior.priors.overlap.prior_overlap": lambda fit, seed: fit.prior_overlap(seed=seed),
    "hierlm.replicates.bootstrap.bootstrap": lambda fit, seed: fit.bootstrap(
        20, "sigma", seed=seed, draws=50, progress=False
    ),
    "hierlm.replicates.calibrate.calibrate": lambda fit, seed: _proper().calibrate(
        20, seed=seed, draws=50, progress=False
    ),
    "hierlm.replicates.recover.recover": lambda fit, seed: _proper().recover(values=KNOWN, seed=seed, draws=50),
    "hierlm.replicates.power.power": lambda fit, seed: fit.model.power(
        "b[Intercept] > 1460", values=KNOWN, groups=6, n=20, seed=seed, draws=50, progress=False
    ),
    "hierlm.replicates.variance_test.variance_test": lambda fit, seed: (
        hl.variance_test(fit.model, "Batch", n=19, seed=seed, progress=False).null
    ),
}
"""Public functions with an argument ``seed`` by their full names, and further ways to ask them."""

KNOWN = {"b[Intercept]": 1500.0, "sd_Batch[Intercept]": 40.0, "sigma": 50.0}


def _proper() -> hl.Model:
    """With priors whose draws look like data."""
    priors = {"b[Intercept]": hl.Prior("Normal", mu=1500, sigma=50), "sd_Batch": hl.Prior("HalfNormal", sigma=40)}
    return hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"), priors=priors)


def _late() -> pd.DataFrame:
    """Rows of a level that the fit has not seen."""
    return hl.load_data("Dyestuff").head(3).assign(Batch="late")


def _reloo(fit: hl.Fit, seed: int) -> Any:
    """With refits of the two worst rows."""
    result = fit.loo()
    return fit.reloo(result, threshold=float(np.sort(result.units["khat"])[-3]), seed=seed, draws=50)


def _arrays(value: Any) -> list[np.ndarray]:
    """The numbers of an answer, whatever it is."""
    if isinstance(value, hl.Fit):
        clocks = [v for v in value.draws["sample_stats"].data_vars if "time" in str(v) or "perf_counter" in str(v)]
        return _arrays(value.posterior) + _arrays(value.draws["sample_stats"].to_dataset().drop_vars(clocks))
    if isinstance(value, xr.DataTree):
        return [a for node in value.subtree for a in _arrays(node.to_dataset())]
    if isinstance(value, xr.Dataset):
        return [v.to_numpy() for _, v in sorted(value.data_vars.items(), key=lambda item: str(item[0]))]
    if isinstance(value, pd.DataFrame):
        return [np.asarray(value[c]) for c in value.columns]
    if hasattr(value, "frame"):
        return _arrays(value.frame)
    figure = getattr(value, "figure", None) or getattr(value, "viz", None)
    if figure is not None:
        return _drawn(value)
    return [np.asarray(value)]


def _drawn(picture: Any) -> list[np.ndarray]:
    """Coordinates of every line of a figure."""
    figure = getattr(picture, "figure", None)
    if figure is None:
        figure = picture.viz["figure"].item()
    lines = [np.column_stack(line.get_data()) for axes in figure.axes for line in axes.get_lines()]
    points = [np.asarray(c.get_offsets()) for axes in figure.axes for c in axes.collections]
    words = [np.array(sorted(text.get_text() for text in figure.findobj(Text)), dtype=object)]
    areas = [path.vertices for axes in figure.axes for c in axes.collections for path in c.get_paths()]
    return lines + points + areas + words


def digest(value: Any) -> str:
    total = hashlib.sha256()
    arrays = _arrays(value)
    assert arrays
    for array in arrays:
        total.update(f"{array.shape}".encode())
        total.update(array.tobytes() if array.dtype != object else repr(array.tolist()).encode())
    return total.hexdigest()


def digests(names: list[str], seed: int, cores: int, *, asks: bool = True) -> dict[str, str]:
    """Every fit of ``names``, and every ask of the first of them unless that is not wanted."""
    fits = {name: sampled(name, seed, cores) for name in names}
    found = {name: digest(fit) for name, fit in fits.items()}
    first = fits[names[0]]
    return found | {name: digest(ask(first, seed)) for name, ask in ASKS.items() if asks}


if __name__ == "__main__":
    made, asked = json.loads(sys.argv[1]), len(sys.argv) < 5
    print(json.dumps(digests(made, int(sys.argv[2]), int(sys.argv[3]), asks=asked)))
