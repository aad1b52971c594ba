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
# Large data: 73,421 lecture ratings

Students at ETH Zurich rated their lecturers from 1 to 5 (the data set `InstEval` of lme4): 2,972 students, 1,128 lecturers, and 14 departments, crossed.
This is a large mixed model: more than four thousand group effects in groupings that do not nest.
"""

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

ratings = hl.load_data("InstEval")
ratings[["y", "s", "d", "dept", "service"]].describe(include="all").loc[["count", "unique"]]

# %% [markdown]
"""
## Building

Groupings are integer codes, never columns of a matrix, so building costs little time and memory.
"""

# %%
started = time.perf_counter()
model = hl.Model("y ~ service + (1 | s) + (1 | d) + (1 | dept:service)", ratings)
built = time.perf_counter() - started
model.plan()

# %% [markdown]
"""
The plan says what a step costs. Two large crossed groupings would make the exact elimination of all effects expensive, so they are sampled,
in coordinates that are computed once.

## Fitting
"""

# %%
started = time.perf_counter()
fit = model.fit(seed=1)
took = time.perf_counter() - started
fit.summary()

# %% tags=["remove-input"]
effects = sum(len(b.levels) for b in model.blocks)
size = fit.posterior.nbytes / 1e6
Markdown(
    f"Building took {built:.2f} s, sampling 4 × 1,000 draws {took:.0f} s, on two cores that had other work as well. The draws of all {effects:,} "
    f"effects take {size:.0f} MB: 8 bytes for each number. `make bench` measures the same on your machine."
)

# %% [markdown]
"""
## Who rates, who is rated
"""

# %%
fit.varcorr()

# %%
lecturers, students = (fit.ranef(g).sort_values("mean") for g in ("d", "s"))
fig, panels = plt.subplots(1, 2, figsize=(7.2, 2.8), sharey=True)
for axes, rows, name in zip(panels, (lecturers, students), ("lecturers", "students"), strict=True):
    x = np.arange(len(rows))
    axes.fill_between(x, rows["lower"], rows["upper"], color="#0072B2", alpha=0.25, linewidth=0)
    axes.plot(x, rows["mean"], color="#0072B2", linewidth=1)
    axes.axhline(0, color="#b5b5b5", linewidth=0.8)
    axes.set(xlabel=f"{len(rows):,} {name}, sorted", title=name.capitalize())
panels[0].set_ylabel("Effect on the rating (95%)")
fig.tight_layout();

# %% tags=["remove-input"]
clear = ((lecturers["lower"] > 0) | (lecturers["upper"] < 0)).mean()
sd = fit.varcorr().frame.query("quantity == 'sd'").set_index("group")["mean"]
service = fit.fixef().set_index("effect").loc["service[1]"]
Markdown(
    f"Lecturers differ more (sd {sd['d']:.2f}) than the students who rate them (sd {sd['s']:.2f}), and both less than single ratings scatter. "
    f"For {100 * clear:.0f}% of lecturers the interval leaves out zero. Lectures held as a service for other departments are rated "
    f"{abs(service['mean']):.2f} points {'lower' if service['mean'] < 0 else 'higher'} ({service['lower']:.2f} to {service['upper']:.2f})."
)

# %% [markdown]
"""
## What helps with large data

* Columns of categories instead of text; integers are fine, too.
* Fewer draws, once you know that the model is right: 4 × 500 are enough for means and most intervals. Effective sample sizes say so.
* For counts and yes/no data, rows with the same predictors and levels are joined by themselves.
* One effect for each of many rows is integrated out where that is exact; `model.plan()` says so.
"""
