# ---
# jupyter:
#   jupytext:
#     cell_markers: '"""'
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
"""
# Priors from prior predictive to sensitivity: six batches of dyestuff

Five preparations of each of six batches (Davies & Goldsmith 1972). How much do batches vary? Six batches are six numbers, so the
answer depends on what is assumed. This notebook goes the whole way: see the defaults, ask what they mean for data, choose, fit, and
see how the answer moves.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown
from scipy.stats import gaussian_kde

import hierlm as hl

plt.style.use("article.mplstyle")

dyestuff = hl.load_data("Dyestuff")
model = hl.Model("Yield ~ 1 + (1 | Batch)", dyestuff)
model.priors()

# %% [markdown]
"""
## What do they mean for data?

Parameters are hard to judge, data are not. Draw whole data sets from the prior, and look at two numbers that a chemist can judge: the
range of yields, and how far the best and the worst batch are apart.
"""

# %%
batch = dyestuff["Batch"].cat.codes.to_numpy()


def features(prior):
    """Range of yields, and range of batch means, of each drawn data set."""
    y = prior["prior_predictive"]["y"].stack(s=("chain", "draw")).transpose("s", ...).to_numpy()
    means = np.stack([y[:, batch == b].mean(axis=1) for b in range(6)], axis=1)
    return pd.DataFrame({"range of yields": np.ptp(y, axis=1), "range of batch means": np.ptp(means, axis=1)})


mine = hl.Model(
    "Yield ~ 1 + (1 | Batch)",
    dyestuff,
    priors={
        "b[Intercept]": hl.Prior("Normal", mu=1500, sigma=200),
        "sd_Batch": hl.Prior("HalfNormal", sigma=50),
        "sigma": hl.Prior("HalfNormal", sigma=100),
    },
)
quantiles = {
    name: features(m.prior_predictive(draws=1000, seed=1)).quantile([0.05, 0.5, 0.95]).round(0)
    for name, m in (("default", model), ("mine", mine))
}
pd.concat(quantiles)

# %% tags=["remove-input"]
means = {n: q["range of batch means"] for n, q in quantiles.items()}
seen = np.ptp(dyestuff.groupby("Batch", observed=True)["Yield"].mean())
Markdown(
    f"Under the defaults, batch means of half of the data sets lie more than {means['default'][0.5]:.0f} grams apart, under mine more than "
    f"{means['mine'][0.5]:.0f}; those of the data, {seen:.0f}, are no surprise to either. The defaults know the scale of the response and nothing "
    "else. Mine say what somebody who knows dyestuffs might: batches that differ by some dozens of grams."
)

# %% [markdown]
"""
## Fits under both
"""

# %%
fits = {"default": model.fit(seed=1), "mine": mine.fit(seed=1)}
pd.concat(
    {n: f.summary().frame[["mean", "sd", "lower", "upper"]].round(1) for n, f in fits.items()}, names=["prior"]
)

# %% [markdown]
"""
## Sensitivity

Refit over a grid of scales of the one prior that matters. A fit takes a fraction of a second, so there is no reason not to.
"""

# %%
scales = [12.5, 25, 50, 100, 200, 400]
grid = {}
for s in scales:
    m = hl.Model("Yield ~ 1 + (1 | Batch)", dyestuff, priors={"sd_Batch": hl.Prior("HalfNormal", sigma=s)})
    grid[s] = m.fit(seed=1).posterior["sd_Batch"].to_numpy().ravel()

fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.8))
for (s, draws), shade in zip(grid.items(), np.linspace(0.75, 0, len(grid)), strict=True):
    x = np.linspace(0, 200, 300)
    axes[0].plot(x, gaussian_kde(draws)(x), color=str(shade), label=f"{s:g}")
axes[0].set(xlabel="sd between batches", yticks=[], xlim=(0, 200))
axes[0].legend(title="prior scale", fontsize=7)
bounds = np.array([np.quantile(d, [0.025, 0.5, 0.975]) for d in grid.values()])
axes[1].fill_between(scales, bounds[:, 0], bounds[:, 2], color="#0072B2", alpha=0.2, linewidth=0)
axes[1].plot(scales, bounds[:, 1], "o-", color="#0072B2", markersize=3)
axes[1].set(xscale="log", xlabel="Scale of the half-normal prior", ylabel="sd, median and 95%")
axes[1].set_xticks(scales, [f"{s:g}" for s in scales])
axes[1].minorticks_off()
fig.tight_layout();

# %% tags=["remove-input"]
table = pd.DataFrame(bounds, index=scales, columns=["lower", "median", "upper"])
Markdown(
    f"With a scale of 25 the median is {table.loc[25, 'median']:.0f} and the interval ends at {table.loc[25, 'upper']:.0f}; with 400 they are "
    f"{table.loc[400, 'median']:.0f} and {table.loc[400, 'upper']:.0f}. The middle is robust above 50, the right end is not: from six batches "
    "one can tell that batches vary, not how large the variation may at most be. A report should give the prior and this picture, or say "
    "that the upper end rests on it."
)

# %% [markdown]
"""
## A tempting prior that is not harmless

Inverse gamma with tiny parameters on the variance was long the default of BUGS. On data without any variation between batches (`Dyestuff2`,
simulated by Box & Tiao 1973) it shows what it does.
"""

# %%
flat = hl.load_data("Dyestuff2")
choices = {
    "InverseGamma(0.001, 0.001) on the variance": hl.Prior("InverseGamma", alpha=0.001, beta=0.001, on="variance"),
    "HalfNormal(5)": hl.Prior("HalfNormal", sigma=5),
}
fig, axes = plt.subplots(figsize=(6, 2.6))
for (name, prior), colour in zip(choices.items(), ("#D55E00", "#0072B2"), strict=True):
    sd = hl.Model("Yield ~ 1 + (1 | Batch)", flat, priors={"sd_Batch": prior}).fit(seed=1, tune=1000, target_accept=0.95)
    axes.hist(sd.posterior["sd_Batch"].to_numpy().ravel(), np.linspace(0, 6, 61), histtype="step", color=colour, label=name, density=True)
axes.set(xlabel="sd between batches", yticks=[], xlim=(0, 6))
axes.legend();

# %% [markdown]
"""
The spike next to zero is the prior's, not the data's: these data cannot tell 0.1 from 1.
"""
