"""Draws the figures of the pages on explanation, from seeds: ``python docs/make_figures.py [name …]``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, stats

mpl.use("Agg")

import hierlm as hl
from hierlm.plots.canvas import AMBER, BLUE, FAINT, INK, MUTED, pyplot, style

IMAGES = Path(__file__).resolve().parent / "images"
Floats = NDArray[np.float64]


def pooling_weight() -> Any:
    """w = τ²/(τ² + σ²/n) against n."""
    figure, axes = pyplot().subplots(figsize=(5.4, 3.0))
    n = np.arange(1, 41)
    for ratio, colour, name in ((1.0, BLUE, "τ = σ"), (0.5, INK, "τ = σ/2"), (0.25, AMBER, "τ = σ/4")):
        weight = ratio**2 / (ratio**2 + 1 / n)
        axes.plot(n, weight, color=colour)
        axes.annotate(name, (40, weight[-1]), (4, 0), textcoords="offset points", color=colour, va="center")
    axes.set(xlabel="Rows of the group", ylabel="Weight of its own mean", ylim=(0, 1.02), xlim=(1, 40))
    figure.tight_layout()
    return figure


def one_way(groups: int, rng: np.random.Generator, *, tau: float, rows: int) -> pd.DataFrame:
    """Balanced data with residual sd 1."""
    g = np.repeat(np.arange(groups), rows)
    effect = rng.normal(size=groups)
    effect = tau * (effect - effect.mean()) / effect.std(ddof=1)  # the same spread with few groups and many
    return pd.DataFrame({"y": effect[g] + rng.normal(size=len(g)), "g": [f"g{i:02d}" for i in g]})


def few_groups() -> Any:
    """Posteriors of sd_g under three priors, 5 and 50 groups."""
    priors = {
        "half-normal(1)": (hl.Prior("HalfNormal", sigma=1), BLUE),
        "half-normal(10)": (hl.Prior("HalfNormal", sigma=10), INK),
        "half-Cauchy(10)": (hl.Prior("HalfCauchy", beta=10), AMBER),
    }
    figure, panels = pyplot().subplots(1, 2, figsize=(7.2, 2.9), sharex=True)
    for axes, groups in zip(panels, (5, 50), strict=True):
        data = one_way(groups, np.random.default_rng(2), tau=1.0, rows=10)
        for name, (prior, colour) in priors.items():
            model = hl.Model("y ~ 1 + (1 | g)", data, priors={"sd_g": prior})
            fit = model.fit(draws=4000, seed=1, progress=False)
            sd = fit.posterior["sd_g"].to_numpy().ravel()
            x = np.linspace(0, 5, 400)
            axes.plot(x, stats.gaussian_kde(sd)(x), color=colour, label=name)
            axes.plot(np.quantile(sd, 0.975), 0, marker="|", color=colour, markersize=16, clip_on=False)
        axes.axvline(1.0, color=FAINT, linewidth=0.8, zorder=0)
        axes.set(title=f"{groups} groups", xlabel="sd of the group effects", yticks=[], xlim=(0, 5), ylim=(0, None))
        axes.spines["left"].set_visible(False)
    panels[0].legend(title="Prior; ticks: 97.5% quantile", loc="upper right")
    figure.tight_layout()
    return figure


def funnel(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of (log τ, r): log τ ~ N(0, 1), r ~ N(0, τ), and n observations of r with sd 1 whose mean is 0.5."""
    log_tau = rng.normal(size=200_000)
    variance = np.exp(2 * log_tau)
    weight = stats.norm.pdf(0.5, 0, np.sqrt(variance + 1 / n))
    keep = rng.choice(len(log_tau), size=1500, p=weight / weight.sum())
    share = variance[keep] / (variance[keep] + 1 / n)
    return log_tau[keep], rng.normal(share * 0.5, np.sqrt(share / n))


def centring() -> Any:
    """The same draws in centred and non-centred coordinates, for little and for much data."""
    figure, panels = pyplot().subplots(2, 2, figsize=(7.2, 4.6), sharex=True)
    for row, (n, title) in zip(panels, ((0.05, "Data say little"), (100, "Data say much")), strict=True):
        log_tau, r = funnel(n, np.random.default_rng(1))
        for axes, values, name in zip(row, (r, r / np.exp(log_tau)), ("r (centred)", "r/τ (non-centred)"), strict=True):
            axes.plot(log_tau, values, ".", color=BLUE, markersize=2, alpha=0.5)
            axes.set(title=title, ylabel=name, xlabel="log τ" if n == 100 else "")
    figure.tight_layout()
    return figure


def chains() -> Any:
    """Four chains that agree and four of which one stays elsewhere: random numbers, to show what it looks like."""
    rng = np.random.default_rng(4)
    figure, panels = pyplot().subplots(1, 2, figsize=(7.2, 2.4), sharey=True)
    for axes, stuck, title in zip(panels, (False, True), ("R̂ {:.2f}", "R̂ {:.2f}"), strict=True):
        draws = rng.normal(size=(4, 400))
        if stuck:
            steps = np.cumsum(rng.normal(scale=0.07, size=400))
            draws[3] = 2.2 + steps - steps.mean() + 0.15 * rng.normal(size=400)
        for chain, colour in zip(draws, (BLUE, INK, MUTED, AMBER), strict=True):
            axes.plot(chain, color=colour, linewidth=0.5)
        axes.set(title=title.format(rhat(draws)), xlabel="Draw", yticks=[])
    figure.tight_layout()
    return figure


def rhat(draws: Floats) -> float:
    """Of chains × draws."""
    from arviz_stats.base import array_stats

    return float(array_stats.rhat(draws, chain_axis=0, draw_axis=1))


def likelihood_ratios(sets: int, rng: np.random.Generator, *, groups: int = 10, rows: int = 6) -> Floats:
    """2 (log L₁ − log L₀) of the balanced one-way layout by maximum likelihood, where the variance is zero.

    With between and within sums of squares B and W, and λ = n τ²/σ² ≥ 0, minus twice the profile log likelihood is
    N log((W + B/(1 + λ))/N) + J log(1 + λ) up to a constant.
    """
    y = rng.normal(size=(sets, groups, rows))
    means = y.mean(axis=2)
    within = ((y - means[..., None]) ** 2).sum(axis=(1, 2))
    between = rows * ((means - means.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    total = groups * rows

    def deviance(lam: float, w: float, b: float) -> float:
        return total * float(np.log((w + b / (1 + lam)) / total)) + groups * float(np.log1p(lam))

    found = []
    for w, b in zip(within, between, strict=True):
        best = optimize.minimize_scalar(deviance, bounds=(0, 50), args=(w, b), method="bounded").fun
        found.append(max(0.0, deviance(0.0, w, b) - best))
    return np.asarray(found)


def likelihood_ratio() -> Any:
    """How often the statistic exceeds a point, simulated, and as χ²₁ has it."""
    found = likelihood_ratios(2000, np.random.default_rng(1))
    cut = stats.chi2(1).ppf(0.95)
    figure, axes = pyplot().subplots(figsize=(5.6, 3.0))
    x = np.linspace(0, 6, 300)
    axes.plot(x, stats.chi2(1).sf(x), color=AMBER)
    axes.plot(x, [(found > v).mean() for v in x], color=BLUE)
    axes.axvline(cut, color=FAINT, linewidth=0.8)
    said, real = stats.chi2(1).sf(1.0), (found > 1.0).mean()
    axes.annotate("χ²₁, as printed", (1.0, said), (6, 4), textcoords="offset points", color=AMBER)
    axes.annotate("simulated", (1.0, real), (6, 2), textcoords="offset points", color=BLUE)
    share = f"beyond {cut:.2f}: {100 * (found > cut).mean():.1f}%, not 5%"
    axes.annotate(share, (cut, 0.3), (5, 0), textcoords="offset points", color=MUTED)
    axes.set(xlabel="Likelihood-ratio statistic", ylabel="Share beyond", ylim=(0, 1), xlim=(0, 6))
    figure.tight_layout()
    return figure


FIGURES: dict[str, Callable[[], Any]] = {
    "pooling-weight": pooling_weight,
    "few-groups": few_groups,
    "centring": centring,
    "chains": chains,
    "likelihood-ratio": likelihood_ratio,
}


def main(names: list[str]) -> None:
    """Draw all figures, or those named."""
    warnings.simplefilter("ignore", hl.ConvergenceWarning)
    for name in names or FIGURES:
        with style():
            FIGURES[name]().savefig(IMAGES / f"{name}.png", dpi=160)


if __name__ == "__main__":
    main(sys.argv[1:])
