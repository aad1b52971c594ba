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
# Counting ticks: Poisson, negative binomial, and an effect for each chick

Ticks on the heads of 403 red grouse chicks, in broods, in locations, over three years and a range of altitudes (Elston et al. 2001).
Counts run from 0 to 85, far more variable than a Poisson distribution. Where does the variation sit?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

ticks = hl.load_data("grouseticks")
ticks[["TICKS", "HEIGHT"]].describe().loc[["mean", "std", "min", "max"]].round(1)

# %% [markdown]
"""
## Three families of overdispersion

`cHEIGHT` is altitude, centred. Broods are in locations; `INDEX` has one level for each chick, so `(1 | INDEX)` is an
observation-level effect.
"""

# %%
common = "TICKS ~ YEAR + scale(cHEIGHT) + (1 | LOCATION) + (1 | BROOD)"
models = {
    "Poisson": hl.Model(common, ticks, "poisson"),
    "Poisson + chick": hl.Model(common + " + (1 | INDEX)", ticks, "poisson"),
    "negative binomial": hl.Model(common, ticks, "negbinomial"),
}
models["Poisson + chick"].plan()

# %%
fits = {name: m.fit(seed=1) for name, m in models.items()}
fits["Poisson + chick"].summary()

# %% [markdown]
"""
## Which of them has data like ours?

A number that overdispersion within broods moves: the variance of counts within broods, averaged over broods.
"""

# %%
brood = ticks["BROOD"].to_numpy()


def within_broods(counts):
    """Mean over broods of the variance of their counts; of the last axis."""
    frame = pd.DataFrame(np.atleast_2d(counts).T)
    return frame.groupby(brood).var().mean().to_numpy()


above = {}
fig, axes = plt.subplots(figsize=(6.6, 2.6))
bins = np.linspace(0, 120, 61)
for (name, f), colour in zip(fits.items(), ("#999999", "#0072B2", "#D55E00"), strict=True):
    drawn = f.posterior_predictive(seed=1)["y"].stack(s=("chain", "draw")).transpose("s", "obs").to_numpy()[::8]
    above[name] = (within_broods(drawn) >= within_broods(ticks["TICKS"].to_numpy())).mean()
    axes.hist(np.clip(within_broods(drawn), 0, 120), bins, histtype="step", color=colour, label=name, density=True)
axes.axvline(within_broods(ticks["TICKS"].to_numpy())[0], color="black", label="data")
axes.set(xlabel="Variance of counts within broods (replicated data)", yticks=[])
axes.legend();

# %% tags=["remove-input"]
Markdown(
    f"Data drawn from the plain Poisson model are too even: {100 * above['Poisson']:.0f}% reach the variance of the real ones. With an effect for "
    f"each chick it is {100 * above['Poisson + chick']:.0f}%, with a negative binomial {100 * above['negative binomial']:.0f}%: that family "
    "lets the variation of large counts grow too fast for these data."
)

# %% [markdown]
"""
## Where the variation sits
"""

# %%
fits["Poisson + chick"].varcorr()

# %%
fits["Poisson + chick"].plot.components();

# %% tags=["remove-input"]
v = fits["Poisson + chick"].varcorr().frame.query("quantity == 'sd'").set_index("group")
height = fits["Poisson + chick"].fixef().set_index("effect").loc["scale(cHEIGHT)"]
metres = hl.load_data("grouseticks")["HEIGHT"].std()
Markdown(
    f"Chicks of a brood differ by {v.loc['INDEX', 'mean']:.2f} on the log scale, broods of a location by {v.loc['BROOD', 'mean']:.2f} and "
    f"locations by {v.loc['LOCATION', 'mean']:.2f}; intervals of the last two are wide, since most locations have few broods, and "
    f"one can partly stand for the other. Altitude matters: {metres:.0f} m higher (one standard deviation), there are "
    f"{np.exp(height['mean']):.2f} times as many ticks ({np.exp(height['lower']):.2f} to {np.exp(height['upper']):.2f})."
)

# %% [markdown]
"""
## Years

How many ticks has a chick at average altitude? First with all effects at zero, under both models:
"""

# %%
years = {"YEAR": ["95", "96", "97"], "cHEIGHT": 0}
fits["Poisson + chick"].predictions(grid=years, target="typical")

# %%
fits["negative binomial"].predictions(grid=years, target="typical")

# %% [markdown]
"""
The two tables differ on purpose. In the Poisson model with an effect for each chick, effects of zero mean the *median* chick. In the
negative binomial the variation among chicks is part of the family, so the mean is that of *all* chicks of a typical brood. Averaging
the first over chicks, and nothing else, brings them together. Each grouping can have a target of its own:
"""

# %%
chicks = {"INDEX": "population", "BROOD": "typical", "LOCATION": "typical"}
averaged = fits["Poisson + chick"].predictions(grid=years, target=chicks)
averaged

# %% [markdown]
"""
With the log link that is the first table times e^(σ²/2), σ being the standard deviation between chicks. A ratio of two years does not change by it:
"""

# %%
fits["Poisson + chick"].comparisons({"YEAR": "sequential"}, measure="ratio", target=chicks)

# %%
fits["Poisson + chick"].plot.comparisons({"YEAR": "pairwise"}, measure="ratio", target=chicks);
