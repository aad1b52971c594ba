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
# Shrinkage, ICC and ranking: use of contraception in 60 districts

1,934 women of the Bangladesh fertility survey of 1988 live in 60 districts, some with 118 women in the sample, some with two (Huq & Cleland 1990). Which
districts have the lowest use of contraception? A ranking of raw percentages is a ranking of sample sizes.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

women = hl.load_data("Contraception")
raw = women.assign(use=women["use"] == "Y").groupby("district", observed=True)["use"].agg(["size", "mean"])
raw.sort_values("mean").iloc[[0, 1, 2, -3, -2, -1]].round(2)

# %% [markdown]
"""
## The model

Use depends on age, in a curve, on children, and on living in a town. Districts have their own level.
"""

# %%
model = hl.Model("use ~ scale(age) + I(scale(age)**2) + livch + urban + (1 | district)", women, "bernoulli")
fit = model.fit(seed=1)
fit.summary()

# %% [markdown]
"""
## How much of it is districts?

The intraclass correlation on the logit scale: the variance between districts over the sum of that and of the logistic distribution, π²/3.
"""

# %%
fit.icc()

# %%
fit.r2()

# %% [markdown]
"""
## Shrinkage

Every district is pulled towards the mean of all, small ones most.
"""

# %%
fit.plot.shrinkage("district");

# %%
shrunk = fit.shrinkage("district").levels
fig, axes = plt.subplots(figsize=(5.4, 2.8))
axes.scatter(shrunk["n"], shrunk["weight"], s=12, color="#0072B2")
axes.set(xlabel="Women in the sample", ylabel="Weight of a district's own data", ylim=(0, 1));

# %% [markdown]
"""
## Who is last?

A rank is a function of all districts at once, so it is computed in every draw. Its distribution says what can be said.
"""

# %%
fit.plot.ranks("district", largest_first=False, level=0.9);

# %% [markdown]
"""
`fit.ranks` has the numbers of the picture. Anything else about ranks is counted in the draws in the same way: here the probability of being among the lowest ten.
"""

# %%
fit.ranks("district", largest_first=False).frame.head(5)

# %%
r = fit.posterior["r_district"].stack(draw_=("chain", "draw")).squeeze().transpose("draw_", "level_district")
levels = [str(v) for v in r["level_district"].to_numpy()]
rank = r.to_numpy().argsort(axis=1).argsort(axis=1) + 1  # 1: lowest use
last = pd.DataFrame(
    {
        "district": levels,
        "women": raw["size"].reindex(levels).to_numpy(),
        "raw use": raw["mean"].reindex(levels).to_numpy(),
        "P(lowest)": (rank == 1).mean(axis=0),
        "P(among the lowest 10)": (rank <= 10).mean(axis=0),
    }
)
last.sort_values("P(among the lowest 10)", ascending=False).head(6).round(2)

# %% tags=["remove-input"]
worst = last.sort_values("P(among the lowest 10)", ascending=False).iloc[0]
zero = last.sort_values(["raw use", "women"]).iloc[0]
low, high = np.quantile(rank, [0.05, 0.95], axis=0)
wide = np.mean(high - low)
Markdown(
    f"District {worst['district']} is among the lowest ten with probability {worst['P(among the lowest 10)']:.2f}. District {zero['district']}, "
    f"whose raw use is the lowest ({100 * zero['raw use']:.0f}% of {zero['women']:.0f} women), is so with probability "
    f"{zero['P(among the lowest 10)']:.2f}. A 90% interval of a rank spans {wide:.0f} of 60 places on average: a league table of these districts would "
    "mostly be noise."
)
