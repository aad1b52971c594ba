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
# Nested and crossed designs: Pastes and Penicillin

Two data sets of the same book (Davies & Goldsmith 1972) have the two ways in which groupings can stand to each other. A chemical paste
comes in batches, and each batch in casks: a cask belongs to one batch. Penicillin was tested on plates, and every plate got a bit of each of six
samples: plates and samples are crossed.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

pastes = hl.load_data("Pastes")
pastes.head(4)

# %% [markdown]
"""
## Casks in batches

Casks are called a, b and c in every batch, so `cask` alone is not a grouping: cask a of batch A has nothing to do with cask a of batch B.
`batch/cask` says so. It stands for batches and for the cells batch:cask.
"""

# %%
nested = hl.Model("strength ~ 1 + (1 | batch/cask)", pastes)
nested

# %%
fit = nested.fit(seed=1)
fit.varcorr()

# %% tags=["remove-input"]
icc = fit.icc().query("icc == 'adjusted'").set_index("group")
both = icc.loc["(all groups)"]
Markdown(
    f"Of the variance, {100 * icc.loc['batch:cask', 'mean']:.0f}% lies between casks of a batch and "
    f"{100 * icc.loc['batch', 'mean']:.0f}% between batches "
    f"(interval {100 * icc.loc['batch', 'lower']:.0f} to {100 * icc.loc['batch', 'upper']:.0f}%: ten batches say little). "
    f"Two assays of one cask correlate by {both['mean']:.2f}, since they share the batch and the cask."
)

# %%
fit.plot.components();

# %% [markdown]
"""
The column `sample` has a label of its own for each cask. With it the same model can be written as two groupings, and gives the same
posterior: nesting is in the labels.
"""

# %%
same = hl.Model("strength ~ 1 + (1 | batch) + (1 | sample)", pastes).fit(seed=1)
float(np.abs(same.varcorr().frame["mean"].to_numpy() - fit.varcorr().frame["mean"].to_numpy()).max())  # largest difference

# %% [markdown]
"""
The mistake to avoid gives three groups instead of thirty, without any complaint by the data:
"""

# %%
wrong = hl.Model("strength ~ 1 + (1 | batch) + (1 | cask)", pastes)
{name: len(blocks[0].levels) for name, blocks in wrong.groups.items()}

# %% [markdown]
"""
## Plates crossed with samples
"""

# %%
penicillin = hl.load_data("Penicillin")
crossed = hl.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin)
fit2 = crossed.fit(seed=1)
fit2.summary()

# %%
fig, axes = plt.subplots(figsize=(7, 3.4))
for name, rows in penicillin.groupby("sample", observed=True):
    axes.plot(rows["plate"].astype(str), rows["diameter"], marker=".", label=name)
axes.set(xlabel="Plate", ylabel="Diameter of inhibition (mm)")
axes.legend(title="Sample", ncols=6, loc="upper center", bbox_to_anchor=(0.5, 1.2))
axes.tick_params(axis="x", labelsize=7);

# %% [markdown]
"""
Lines that hardly cross: a good plate is good for all samples, and a sample is the same on all plates. That is what the additive model says.
"""

# %%
fit2.plot.caterpillar("sample");

# %% tags=["remove-input"]
ranef = fit2.ranef("sample").set_index("level")
v = fit2.varcorr().frame.query("quantity == 'sd'")
samples = v[v["group"] == "sample"].iloc[0]
Markdown(
    f"The sd between samples, {samples['mean']:.1f} mm ({samples['lower']:.1f} to {samples['upper']:.1f}), has the widest interval of "
    "all: it rests on six numbers. That between plates rests on twenty-four. The samples themselves are known well, "
    f"to about {ranef['sd'].mean():.1f} mm, most of which is doubt about their common mean."
)

# %% [markdown]
"""
## Is there something special about a pair?

With one measurement of each pair, an effect of plate:sample is the residual, and hierlm would say so. Where pairs are measured more
than once, `(1 | plate:sample)` is a third grouping beside the two.
"""
