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
# Disease in herds: binomial data with overdispersion

Contagious bovine pleuropneumonia in 15 herds of Ethiopian zebu, over four periods (Lesnoff et al. 2004). Each row has `incidence` new cases
out of `size` animals. Does the disease go away? And are cases in a herd as independent as a binomial distribution has them?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

herds = hl.load_data("cbpp")
herds.head()

# %% [markdown]
"""
## Three models

Herds differ, so all have `(1 | herd)`. Infection spreads within a herd and a period, which makes cases come in clusters. Two ways to
allow for that: an effect for each row, `(1 | units)`, or a probability for each row that follows a beta distribution.
"""

# %%
plain = hl.Model("incidence | trials(size) ~ period + (1 | herd)", herds, "binomial")
rows = hl.Model("incidence | trials(size) ~ period + (1 | herd) + (1 | units)", herds, "binomial")
beta = hl.Model("incidence | trials(size) ~ period + (1 | herd)", herds, "beta_binomial")
rows

# %%
fits = {
    "binomial": plain.fit(seed=1),
    "binomial + units": rows.fit(seed=1),
    "beta-binomial": beta.fit(seed=1),
}
fits["binomial + units"].summary()

# %% [markdown]
"""
## Coefficients side by side
"""

# %%
table = pd.concat({name: f.fixef().set_index("effect")[["mean", "sd"]] for name, f in fits.items()}, axis=1)
table.round(2)

# %% tags=["remove-input"]
before, after = (fits[m].fixef().set_index("effect").loc["period[4]"] for m in ("binomial", "binomial + units"))
units = fits["binomial + units"].varcorr().frame.query("quantity == 'sd' and group == 'units'").iloc[0]
Markdown(
    f"The rows are overdispersed: the sd of their own effects is {units['mean']:.2f} ({units['lower']:.2f} to {units['upper']:.2f}) on the logit "
    f"scale, and the interval stays away from zero. Allowing for it makes the interval of the last period wider, sd {after['sd']:.2f} instead of "
    f"{before['sd']:.2f}. The plain model is too sure of itself."
)

# %% [markdown]
"""
## Does each look like the data?

Draw data from the plain model, and compare a number that overdispersion moves: Pearson's statistic, the squared distances from the
mean in units of the binomial variance. It is computed in every draw, with that draw's own means.
"""

# %%
size = herds["size"].to_numpy()
mean = fits["binomial"].predict().draws.to_numpy()
variance = mean * (1 - mean / size)
replicated = fits["binomial"].posterior_predictive(seed=1)["y"].to_numpy()
of_data = ((herds["incidence"].to_numpy() - mean) ** 2 / variance).sum(axis=-1).ravel()
of_replicated = ((replicated - mean) ** 2 / variance).sum(axis=-1).ravel()

fig, axes = plt.subplots(figsize=(5.6, 2.6))
bins = np.linspace(20, 180, 81)
axes.hist(of_replicated, bins, color="#b5b5b5", label="data drawn from the model")
axes.hist(of_data, bins, histtype="step", color="#0072B2", label="the data")
axes.set(xlabel="Pearson's statistic, 56 rows", yticks=[])
axes.legend();

# %% tags=["remove-input"]
share = (of_replicated >= of_data).mean()
Markdown(
    f"Data drawn from the plain model are as uneven as the real ones in {100 * share:.0f}% of draws. "
    f"With the two alternatives, variation beyond the binomial is a parameter: the sd of `units`, and φ of the beta-binomial, under which the "
    "variance of a row is 1 + (n − 1)/(φ + 1) times the binomial one."
)

# %%
fits["beta-binomial"].summary(parameters=["phi"])

# %%
fits["beta-binomial"].plot.ppc(seed=1);

# %% [markdown]
"""
## From logits to cases

What is the risk in a period? For a *typical* herd all group effects are zero. For the *population* of herds the risk is averaged over herds that differ: an integral
over the distribution of their effects. With a curved link these are not the same.
"""

# %%
fit = fits["binomial + units"]
fit.predictions(grid={"period": ["1", "2", "3", "4"]}, target="typical")

# %%
fit.predictions(grid={"period": ["1", "2", "3", "4"]}, target="population")

# %%
fit.comparisons({"period": ("1", "4")}, measure="ratio", target="population")

# %%
fit.plot.caterpillar("herd");

# %% tags=["remove-input"]
cells = {"period": ["1", "4"]}
typical, general = (fit.predictions(grid=cells, target=t).table["mean"] for t in ("typical", "population"))
ratio = fit.comparisons({"period": ("1", "4")}, measure="ratio", target="population").table.iloc[0]
Markdown(
    f"From the first to the last period the risk in the population of herds falls from {100 * general[0]:.0f}% to {100 * general[1]:.0f}% of animals, to "
    f"{ratio['mean']:.2f} of what it was ({ratio['lower']:.2f} to {ratio['upper']:.2f}). A typical herd has {100 * typical[0]:.0f}% and {100 * typical[1]:.0f}%: "
    "a report has to say which of the two it means."
)
