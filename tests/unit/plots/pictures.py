"""Every picture of the package, once: ``python -m tests.unit.plots.pictures FOLDER`` draws them all, to be looked at."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import hierlm as hl
from hierlm.replicates import calibrate, power

__all__ = ["LATER", "PICTURES", "STYLES", "figure_of", "png"]

STYLES = ("default", "dark_background")
Fits = Mapping[str, Any]


def tables() -> dict[str, dict[str, Any]]:
    """Data of the models that no table of hierlm has."""
    rng = np.random.default_rng(1)
    x = np.linspace(-2, 2, 120)
    return {
        "binary": {"y": (rng.uniform(size=120) < 1 / (1 + np.exp(-x))).astype(int), "x": x},
        "curve": {"y": np.sin(2 * x) + 0.3 * rng.normal(size=120), "x": x, "z": rng.normal(size=120)},
        "counts": {"y": rng.poisson(np.exp(0.5 * x)), "x": x, "g": np.repeat(list("abcdefghij"), 12)},
    }


@cache
def fits() -> dict[str, Any]:
    """Small fits that the pictures are of."""
    made, own = {}, {"draws": 250, "tune": 250, "chains": 2, "cores": 1, "seed": 1, "progress": False}
    made["sleep"] = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy")).fit(**own)
    made["cbpp"] = hl.Model("incidence | trials(size) ~ period + (1 | herd)", hl.load_data("cbpp"), "binomial").fit(
        **own
    )
    data = tables()
    made["binary"] = hl.Model("y ~ x", data["binary"], "bernoulli").fit(**own)
    made["curve"] = hl.Model("y ~ s(x, k=6)", data["curve"]).fit(**own)
    made["counts"] = hl.Model("y ~ x + (1 | g)", data["counts"], "poisson").fit(**own)
    return made


def _contrasts(f: Fits) -> Any:
    means = f["cbpp"].marginal_means("period")
    return f["cbpp"].plot.effects(hl.contrasts(means, measure="ratio"))


def _power(f: Fits) -> Any:
    values = {"b[Intercept]": 0.2, "b[x]": 0.4, "sd_g[Intercept]": 0.5}
    found = power(
        f["counts"].model, "b[x] > 0", groups=[4, 8], n=8, values=values, draws=100, tune=100, seed=1, progress=False
    )
    return found.plot()


def _calibration(f: Fits) -> Any:
    return calibrate(f["counts"].model, 20, draws=100, tune=200, seed=1, progress=False).plot()


PICTURES: dict[str, Callable[[Fits], Any]] = {
    "caterpillar": lambda f: f["sleep"].plot.caterpillar("Subject"),
    "shrinkage": lambda f: f["sleep"].plot.shrinkage("Subject"),
    "shrinkage pair": lambda f: f["sleep"].plot.shrinkage("Subject", ("Intercept", "Days")),
    "components": lambda f: f["sleep"].plot.components(),
    "group variance": lambda f: f["sleep"].plot.group_variance("Subject"),
    "ppc density": lambda f: f["sleep"].plot.ppc("density", seed=1),
    "ppc ecdf": lambda f: f["sleep"].plot.ppc("ecdf", seed=1),
    "ppc stat": lambda f: f["sleep"].plot.ppc("stat", stat="sd", seed=1),
    "ppc stat by": lambda f: f["sleep"].plot.ppc("stat", stat="sd", by="Subject", seed=1),
    "ppc pit": lambda f: f["sleep"].plot.ppc("pit", seed=1),
    "ppc intervals": lambda f: f["sleep"].plot.ppc("intervals", seed=1),
    "ppc bars": lambda f: f["counts"].plot.ppc("bars", seed=1),
    "ppc rootogram": lambda f: f["counts"].plot.ppc("rootogram", seed=1),
    "ppc calibration": lambda f: f["binary"].plot.ppc("calibration", seed=1),
    "residuals fitted": lambda f: f["sleep"].plot.residuals("fitted", seed=1),
    "residuals group": lambda f: f["sleep"].plot.residuals("Subject", seed=1),
    "qq residuals": lambda f: f["sleep"].plot.qq(seed=1),
    "qq effects": lambda f: f["sleep"].plot.qq("Subject"),
    "ranks": lambda f: f["sleep"].plot.ranks("Subject", "Days"),
    "lines": lambda f: f["sleep"].plot.lines("Days", "Subject"),
    "smooths": lambda f: f["curve"].plot.smooths(),
    "prior overlap": lambda f: f["sleep"].plot.prior_overlap(),
    "sensitivity": lambda f: f["sleep"].plot.sensitivity(),
    "predictions": lambda f: f["sleep"].plot.predictions("Days", target="typical"),
    "predictions of groups": lambda f: f["sleep"].plot.predictions("Days", at={"Subject": "309"}),
    "comparisons": lambda f: f["cbpp"].plot.comparisons({"period": "pairwise"}, measure="odds_ratio"),
    "slopes": lambda f: f["binary"].plot.slopes("x", along="x"),
    "marginal means": lambda f: f["cbpp"].plot.marginal_means("period"),
    "contrasts": _contrasts,
    "hypothesis": lambda f: f["sleep"].plot.hypothesis(["b[Days] > 10", "sd_Subject[Days] > 3"]),
    "prior check": lambda f: f["sleep"].model.plot.prior(seed=1),
}
LATER: dict[str, Callable[[Fits], Any]] = {"power": _power, "calibration": _calibration}
"""Those that take many fits."""


def figure_of(picture: Any) -> Any:
    """The matplotlib figure of a Picture or of what arviz-plots returns."""
    if hasattr(picture, "figure"):
        return picture.figure
    return picture.viz["figure"].item() if "figure" in picture.viz else picture.viz["/figure"].item()


def png(name: str, look: str, dpi: int = 90) -> bytes:
    """One picture, drawn while a style of matplotlib is on, as it would be shown by a notebook."""
    import matplotlib.pyplot as plt

    out = io.BytesIO()
    with plt.style.context(look):
        figure = figure_of({**PICTURES, **LATER}[name](fits()))
        figure.savefig(out, dpi=dpi, metadata={"Software": None})
    plt.close("all")
    return out.getvalue()


def main(folder: str) -> None:
    """Draw all of them in every style."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in {**PICTURES, **LATER}:
        for look in STYLES:
            (Path(folder) / f"{name.replace(' ', '-')}.{look}.png").write_bytes(png(name, look))


if __name__ == "__main__":
    import matplotlib as mpl

    mpl.use("Agg")
    main(sys.argv[1])
