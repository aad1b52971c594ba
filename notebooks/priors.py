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

Parameters are hard to judge, data are not. `prior_check` draws whole data sets from the priors, and sets statistics of them beside those of the data. A chemist can judge
two: the range of yields, and how far the best and the worst batch are apart. The second is a function of one data set.
"""

# %%
batch = dyestuff["Batch"].cat.codes.to_numpy()


def batch_range(y):
    """How far the means of the best and the worst batch are apart."""
    means = [y[batch == b].mean() for b in range(6)]
    return max(means) - min(means)


model.prior_check(["min", "max", batch_range], seed=1)

# %% [markdown]
"""
Batches as far apart as the upper end of that interval are no dyestuff that anybody would sell: the defaults know the scale of the response and nothing else. Here is what somebody
who knows dyestuffs might say: yields about 1,500 grams, batches that differ by some dozens of grams.
"""

# %%
mine = hl.Model(
    "Yield ~ 1 + (1 | Batch)",
    dyestuff,
    priors={
        "b[Intercept]": hl.Prior("Normal", mu=1500, sigma=100),
        "sd_Batch": hl.Prior("HalfNormal", sigma=50),
        "sigma": hl.Prior("HalfNormal", sigma=80),
    },
)
mine.prior_check(["min", "max", batch_range], seed=1)

# %%
mine.plot.prior("ecdf", seed=1);

# %% tags=["remove-input"]
checks = {"default": model.prior_check(batch_range, seed=1), "mine": mine.prior_check(batch_range, seed=1)}
most = {name: found["upper"].iloc[0] for name, found in checks.items()}
seen = checks["mine"]["observed"].iloc[0]
Markdown(
    f"Batch means that lie {most['default']:.0f} grams apart are nothing unusual to the defaults; to mine {most['mine']:.0f} are the most. Those of the data, {seen:.0f}, "
    "are no surprise to either: neither prior contradicts the data, and one is much vaguer."
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
## Did the priors matter?

Two answers without another fit. The overlap of prior and posterior says what the data have added. Power scaling weighs the draws as if the priors, or the likelihood, counted
a little more, and measures how far the posterior moves.
"""

# %%
fits["mine"].prior_overlap(seed=1)

# %%
fits["mine"].plot.prior_overlap(seed=1);

# %%
fits["mine"].sensitivity()

# %%
fits["mine"].plot.sensitivity();

# %% tags=["remove-input"]
s = {n: f.sensitivity().frame.set_index("parameter").loc["sd_Batch[Intercept]"] for n, f in fits.items()}
Markdown(
    f"The prior moves the standard deviation of batches by {s['mine']['prior']:.2f} in my model and by {s['default']['prior']:.2f} in the default one, where 0.05 counts as something. "
    "Mine pulls towards smaller differences than the data show. With six batches that matters, so this is the number to look at more closely."
)

# %% [markdown]
"""
## The same by refitting

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
## Is there a difference between batches at all?

Then compare the model to the one without batches, by the ratio of their marginal likelihoods. The answer depends on the prior of the standard deviation, however much data there
are, and says so.
"""

# %%
shared = {"b[Intercept]": hl.Prior("Normal", mu=1500, sigma=100), "sigma": hl.Prior("HalfNormal", sigma=80)}
none = hl.Model("Yield ~ 1", dyestuff, priors=shared)
hl.bayes_factor(mine, none, names=("batches", "no batches"), seed=1)

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
