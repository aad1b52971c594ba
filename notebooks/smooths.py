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
# Smooth curves: follicles through the oestrous cycle

The number of large ovarian follicles of eleven mares was counted daily through their cycles (Pierson & Ginther 1987). `Time` is scaled so that ovulations
are at 0 and 1. How does the number rise and fall, and do mares differ only in level?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

mares = hl.load_data("Ovary")
fig, axes = plt.subplots(figsize=(6.4, 2.8))
for _, rows in mares.groupby("Mare", observed=True):
    axes.plot(rows["Time"], rows["follicles"], color="#0072B2", alpha=0.4, linewidth=0.8)
axes.set(xlabel="Time (1: one cycle)", ylabel="Follicles over 10 mm");

# %% [markdown]
"""
## A curve with a smoothness of its own

`s(Time)` is a straight line, which is not penalised, and deviations from it, which are group effects with one standard deviation: how
far the curve departs from the line is estimated like everything else. `k` only says how wiggly it could be at most.
"""

# %%
model = hl.Model("follicles ~ s(Time, k=12) + (1 | Mare)", mares)
model

# %%
fit = model.fit(seed=1)
fit.summary()

# %%
fit.plot.smooths();

# %% tags=["remove-input"]
curve = fit.smooths()
top, bottom = curve.loc[curve["mean"].idxmax()], curve.loc[curve["mean"].idxmin()]
sd = fit.summary().frame.loc[[r for r in fit.summary().frame.index if r.startswith("sd_s(")][0]]
Markdown(
    f"The number is highest at {top['x']:.2f} of a cycle and lowest at {bottom['x']:.2f}, with {top['mean'] - bottom['mean']:.1f} follicles "
    f"between them. The curve departs from a straight line by {sd['mean']:.1f} follicles, root mean square "
    f"({sd['lower']:.1f} to {sd['upper']:.1f})."
)

# %% [markdown]
"""
## A cycle comes round

What happens at −0.1 should be what happens at 0.9. `bs="cc"` makes the curve periodic, here with the period that the scale of `Time` has.
"""

# %%
cyclic = hl.Model('follicles ~ s(Time, k=12, bs="cc", lower_bound=0, upper_bound=1) + (1 | Mare)', mares)
fits = {"free": fit, "cyclic": cyclic.fit(seed=1)}

grid = pd.DataFrame({"Time": np.linspace(-0.16, 1.16, 133)})
fig, axes = plt.subplots(figsize=(6.4, 2.8))
for (name, f), colour in zip(fits.items(), ("#0072B2", "#D55E00"), strict=True):
    p = f.predict(grid.assign(Mare="new"), groups="none").frame
    axes.fill_between(grid["Time"], p["lower"], p["upper"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(grid["Time"], p["mean"], color=colour, label=name)
axes.set(xlabel="Time", ylabel="Expected follicles, typical mare")
axes.legend();

# %% [markdown]
"""
Where the two agree, the data have said the same thing without being told.

## Which one foresees better?
"""

# %%
line = hl.Model("follicles ~ Time + (1 | Mare)", mares)
waves = hl.Model("follicles ~ sin(2 * 3.14159265 * Time) + cos(2 * 3.14159265 * Time) + (1 | Mare)", mares)
fits |= {"line": line.fit(seed=1), "one sine wave": waves.fit(seed=1)}
table = hl.compare(fits)
table

# %% tags=["remove-input"]
frame = table.frame
curves = frame.drop(index="line")
Markdown(
    f"For new days of known mares the straight line is {abs(frame.loc['line', 'elpd_diff']):.0f} behind (standard error "
    f"{frame.loc['line', 'se_diff']:.0f}). The three curves are within {abs(curves['elpd_diff'].min()):.1f} of each other: they foresee alike, and one "
    "sine wave, the textbook's model, is the simplest to tell."
)

# %% [markdown]
"""
## Mares
"""

# %%
fit.plot.caterpillar("Mare");
