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
# Does the model look like the data? Salamanders and zeros

Counts of stream salamanders at 23 sites in the Appalachians, some below coal mines (Price et al. 2016). Most visits found none of a species. Is a Poisson model with a site effect enough, and if not, where does it fail?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

salamanders = hl.load_data("Salamanders")
formula = "count ~ spp + mined + cover + (1 | site)"
fits = {
    "Poisson": hl.Model(formula, salamanders, "poisson").fit(seed=1),
    "negative binomial": hl.Model(formula, salamanders, "negbinomial").fit(seed=1),
}
fits["negative binomial"].summary()

# %% [markdown]
"""
## Replicated data

Data sets drawn from the fit, at the same sites and visits, beside the real one.
"""

# %%
fits["Poisson"].plot.ppc(seed=1);

# %%
fits["negative binomial"].plot.ppc(seed=1);

# %% [markdown]
"""
## Numbers that could go wrong

Choose statistics that the model is not fitted to: the share of zeros, the largest count, and the variance over the mean.
"""

# %%
y = salamanders["count"].to_numpy()
replicated = {n: f.posterior_predictive(seed=1)["y"].stack(s=("chain", "draw")).transpose("s", "obs").to_numpy() for n, f in fits.items()}
statistics = {
    "share of zeros": lambda x: (x == 0).mean(axis=-1),
    "largest count": lambda x: x.max(axis=-1),
    "variance/mean": lambda x: x.var(axis=-1) / x.mean(axis=-1),
}
fig, panels = plt.subplots(1, 3, figsize=(7.6, 2.4))
rows = []
for axes, (name, statistic) in zip(panels, statistics.items(), strict=True):
    for (model, drawn), colour in zip(replicated.items(), ("#b5b5b5", "#0072B2"), strict=True):
        values = statistic(drawn)
        axes.hist(values, 30, color=colour, alpha=0.7, label=model)
        rows.append((model, name, float(statistic(y)), float(values.mean()), float((values >= statistic(y)).mean())))
    axes.axvline(statistic(y), color="black")
    axes.set(xlabel=name, yticks=[])
fig.legend(*panels[0].get_legend_handles_labels(), loc="upper center", ncols=2)
fig.tight_layout(rect=(0, 0, 1, 0.9));

# %%
table = pd.DataFrame(rows, columns=["model", "statistic", "data", "replicated", "P(replicated ≥ data)"])
table.round(3)

# %% tags=["remove-input"]
t = table.set_index(["model", "statistic"])
Markdown(
    f"{100 * t.loc[('Poisson', 'share of zeros'), 'data']:.0f}% of the counts are zero. The Poisson model expects "
    f"{100 * t.loc[('Poisson', 'share of zeros'), 'replicated']:.0f}%, the negative binomial "
    f"{100 * t.loc[('negative binomial', 'share of zeros'), 'replicated']:.0f}%. Many zeros do not by themselves ask for zero inflation: "
    "what matters is whether a model without it makes as many."
)

# %% [markdown]
"""
## Residuals of counts

Residuals of counts have stripes and skew under the right model, too. Instead, take for each row the share of replicated counts below its own, with ties split
at random: under the right model it is uniform between 0 and 1, whatever the family. `fit.residuals` has it, and the same on the normal scale.
"""

# %%
residuals = {name: f.residuals("quantile", seed=1)["u"].to_numpy() for name, f in fits.items()}
fig, panels = plt.subplots(1, 2, figsize=(7.2, 2.8))
expected = (np.arange(len(y)) + 0.5) / len(y)
for (name, u), colour in zip(residuals.items(), ("#999999", "#0072B2"), strict=True):
    panels[0].plot(expected, np.sort(u) - expected, color=colour, label=name)
band = 1.36 / np.sqrt(len(y))
panels[0].axhspan(-band, band, color="#e9e9e9", zorder=0)
panels[0].axhline(0, color="#b5b5b5", linewidth=0.8)
panels[0].set(xlabel="Uniform quantile", ylabel="Sorted residual − quantile")
panels[0].legend()
species = salamanders["spp"].cat.categories
means = {n: pd.Series(u).groupby(salamanders["spp"].to_numpy(), observed=True).mean()[species] for n, u in residuals.items()}
for (name, m), colour in zip(means.items(), ("#999999", "#0072B2"), strict=True):
    panels[1].plot(m.to_numpy(), range(len(species)), "o", color=colour)
panels[1].axvline(0.5, color="#b5b5b5", linewidth=0.8)
panels[1].set(yticks=range(len(species)), yticklabels=species, xlabel="Mean residual, by species", xlim=(0.3, 0.7))
fig.tight_layout();

# %% tags=["remove-input"]
worst = {n: np.abs(np.sort(u) - expected).max() for n, u in residuals.items()}
Markdown(
    f"Residuals of the Poisson model leave the uniform line by up to {worst['Poisson']:.2f}, those of the negative binomial by "
    f"{worst['negative binomial']:.2f}; the grey band, ±{band:.2f}, holds 95% of such lines if rows are independent and the model is right. (Replicated "
    "data know the data that they are compared with, so that the check is a little too kind.)"
)

# %% [markdown]
"""
## The same in one call

`fit.check` compares statistics of your choice, `fit.check_residuals` the usual suspects.
"""

# %%
fits["Poisson"].check_residuals(seed=1)

# %%
fits["negative binomial"].check_residuals(seed=1)

# %%
fits["negative binomial"].check("zeros", by="mined", seed=1)

# %% [markdown]
"""
## Does it matter?

The effect of mining, on the log scale, under both.
"""

# %%
pd.concat({n: f.fixef().set_index("effect").loc[["mined[no]"], ["mean", "sd", "lower", "upper"]] for n, f in fits.items()}).round(2)
