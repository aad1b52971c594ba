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
# Positive data whose spread changes: a gamma model with a formula for its shape

Ultrafiltration rates of 20 dialyzers, each measured at seven pressures, under two blood flow rates (Vonesh & Carter 1992). Rates rise with
pressure and level off; their spread changes, too. A gamma distribution has a constant coefficient of variation, 1/√shape. Is it constant?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

dialyzers = hl.load_data("Dialyzer")
fig, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharex=True, sharey=True)
for ax, (flow, rows) in zip(axes, dialyzers.groupby("QB", observed=True), strict=True):
    for _, one in rows.groupby("Subject", observed=True):
        ax.plot(one["pressure"], one["rate"], color="#0072B2", alpha=0.6, linewidth=0.8)
    ax.set(title=f"Blood flow {flow} dl/min", xlabel="Pressure (dmHg)")
axes[0].set_ylabel("Rate (ml/h)")
fig.tight_layout();

# %% [markdown]
"""
## A constant shape, and one that depends on pressure

A list of formulas predicts several parameters: the first the mean, the others by their names. `shape` has a log link, so its coefficients
are multiplicative.
"""

# %%
mean = "rate ~ QB * (log(pressure) + I(log(pressure)**2)) + (1 | Subject)"
constant = hl.Model(mean, dialyzers, "gamma")
varying = hl.Model([mean, "shape ~ log(pressure)"], dialyzers, "gamma")
varying

# %%
fits = {"constant": constant.fit(seed=1), "varying": varying.fit(seed=1)}
fits["varying"].summary()

# %% tags=["remove-input"]
slope = fits["varying"].posterior["b_shape"].to_numpy().reshape(-1, 2)[:, 1]
low, high = np.quantile(slope, [0.025, 0.975])
Markdown(
    f"The coefficient of log pressure on log shape is {slope.mean():.2f} ({low:.2f} to {high:.2f}): doubling the pressure multiplies the "
    f"coefficient of variation by {2 ** (-slope.mean() / 2):.2f} ({2 ** (-high / 2):.2f} to {2 ** (-low / 2):.2f})."
)

# %% [markdown]
"""
## The coefficient of variation along pressure
"""

# %%
pressure = np.linspace(0.25, 3.0, 60)
grid = pd.DataFrame({"pressure": pressure, "QB": "200", "Subject": "new"})
fig, axes = plt.subplots(figsize=(5.6, 2.8))
draws = fits["varying"].predict(grid, kind="linear", parameter="shape").draws
eta = draws.stack(s=("chain", "draw")).transpose("s", ...).to_numpy()
cv = np.exp(-eta / 2)
low, middle, high = np.quantile(cv, [0.025, 0.5, 0.975], axis=0)
axes.fill_between(pressure, low, high, color="#0072B2", alpha=0.2, linewidth=0)
axes.plot(pressure, middle, color="#0072B2", label="shape depends on pressure")
constant_cv = fits["constant"].posterior["shape"].to_numpy().ravel() ** -0.5
axes.axhline(np.median(constant_cv), color="#D55E00", label="constant shape")
axes.set(xlabel="Pressure (dmHg)", ylabel="Coefficient of variation", ylim=(0, None))
axes.legend();

# %% [markdown]
"""
## What it changes

What is expected of a single new measurement: intervals of new observations of a new dialyzer at low and at high pressure.
"""

# %%
ends = pd.DataFrame({"pressure": [0.3, 3.0], "QB": "200", "Subject": "new"})
rows = {}
for name, f in fits.items():
    p = f.predict(ends, kind="response", seed=1).frame
    rows[name] = [f"{lo:.1f} to {hi:.1f}" for lo, hi in zip(p["lower"], p["upper"], strict=True)]
pd.DataFrame(rows, index=["0.3 dmHg", "3.0 dmHg"])

# %%
fits["varying"].plot.ppc(seed=1);
