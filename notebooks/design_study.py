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
# Designing a study by simulation

How many subjects, and how many measurements of each? A reaction-time experiment with a treatment within subjects: everyone is measured under both
conditions. We hope for 20 ms, people differ by 40 ms in level and 15 ms in the effect, and single reactions scatter by 60 ms.

A design is judged by what the study will report: how wide the interval of the effect is, and how often it leaves out zero.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

# %% [markdown]
"""
## The plan as a table

A study that has not been done is a table without its response. Here are 20 subjects with ten trials in each condition. The column `time` has to be
there, and its numbers do not matter: data will be drawn from the model.
"""

# %%
subjects, trials = 20, 10
plan = pd.DataFrame(
    {
        "subject": np.repeat([f"s{i:02d}" for i in range(subjects)], 2 * trials),
        "treated": np.tile([0, 1], subjects * trials),
        "time": 400.0 + np.arange(2 * subjects * trials) % 7,
    }
)
plan.head(4)

# %% [markdown]
"""
## The analysis

`(treated || subject)`: everyone has their own level and effect. Priors are those that we would use: what we hold plausible before the study, not the
values that we simulate with.
"""

# %%
priors = {
    "b[Intercept]": hl.Prior("Normal", mu=400, sigma=100),
    "b[treated]": hl.Prior("Normal", mu=0, sigma=30),
    "sd_subject[Intercept]": hl.Prior("HalfNormal", sigma=60),
    "sd_subject[treated]": hl.Prior("HalfNormal", sigma=30),
    "sigma": hl.Prior("HalfNormal", sigma=100),
}
model = hl.Model("time ~ treated + (treated || subject)", plan, priors=priors)
model

# %% [markdown]
"""
## One study

What we take to be true, by the names of `model.priors()`. One data set is drawn and fitted; the fit should hold the truth, most of the time.
"""

# %%
known = {
    "b[Intercept]": 400,
    "b[treated]": 20,
    "sd_subject[Intercept]": 40,
    "sd_subject[treated]": 15,
    "sigma": 60,
}
model.recover(values=known, seed=1)

# %% [markdown]
"""
## Is the analysis right at all?

Before asking how often it finds something: does it claim what it may claim? Truths are drawn from the priors, and each is ranked among the draws of its own posterior.
If all is right, ranks are uniform, and half of all 50% intervals hold the truth.
"""

# %%
calibration = model.calibrate(60, seed=1)
calibration

# %%
calibration.plot(["b[treated]", "sd_subject[treated]", "sigma", "log-likelihood"]);

# %% tags=["remove-input"]
smallest = calibration.frame["p"].min()
Markdown(
    f"The smallest of {len(calibration.frame)} p-values is {smallest:.3f}. A curve leaves its own band once in twenty calibrated models, and one of ten curves does in two of five; the "
    "verdict allows for that. Sixty replicates notice gross errors only, and the first line says how gross: use several hundred for your own study."
)

# %% [markdown]
"""
## Many studies, twelve designs

`groups` are numbers of subjects, `rows` the trials of each, half of them in each condition. Subjects are copied from the plan with their rows; their effects and their
responses are drawn anew.
"""

# %%
REPLICATIONS = 40
power = model.power("b[treated]", values=known, groups=[10, 20, 40, 80], rows=[10, 20, 40], n=REPLICATIONS, seed=20)
power

# %%
power.plot();

# %% tags=["remove-input"]
table = power.table.set_index(["groups", "rows"])
same = [(20, 40), (40, 20), (80, 10)]
few, many = table.loc[same[0]], table.loc[same[-1]]
Markdown(
    f"With the same 800 trials altogether, twenty subjects give an interval of {few['width']:.0f} ms on average, eighty one of {many['width']:.0f} ms: "
    "more people beat more trials, since people differ in the effect. Four times the trials of ten subjects narrow it from "
    f"{table.loc[(10, 10), 'width']:.0f} to {table.loc[(10, 40), 'width']:.0f} ms; four times the people, to {table.loc[(40, 10), 'width']:.0f} ms. "
    f"Shares of {REPLICATIONS} studies have a standard error of up to {np.sqrt(0.25 / REPLICATIONS):.2f}: run more of them before you decide between designs that are close."
)

# %% [markdown]
"""
## The formula behind it

The variance of the mean effect is about (sd² of the effect + 2 σ²/trials in a condition) / subjects. Trials only work on the second term.
"""

# %%
groups, rows = power.table["groups"], power.table["rows"]
formula = 2 * 1.96 * np.sqrt((known["sd_subject[treated]"] ** 2 + 2 * known["sigma"] ** 2 / (rows / 2)) / groups)
fig, axes = plt.subplots(figsize=(4.2, 3.4))
for each, colour in zip((10, 20, 40), ("#0072B2", "#D55E00", "#009E73"), strict=True):
    axes.plot(formula[rows == each], power.table["width"][rows == each], "o", color=colour, label=f"{each} trials")
axes.plot([5, 65], [5, 65], color="#b5b5b5", linewidth=0.8, zorder=0)
axes.set(xlabel="2 × 1.96 × standard error by the formula (ms)", ylabel="Mean width of the interval (ms)", xlim=(5, 65), ylim=(5, 65))
axes.legend();

# %% tags=["remove-input"]
narrower = (power.table["width"] / formula - 1).round(2)
wide, tight = (int(i) for i in (formula.argmax(), formula.argmin()))
Markdown(
    f"Simulated widths of the twelve designs are between {100 * (narrower.min() + 1):.0f}% and {100 * (narrower.max() + 1):.0f}% of the formula's. It takes the standard deviations "
    "as known; the studies estimate them, and have priors. A formula was possible here because the design is balanced and normal. The simulation asks for neither."
)

# %% [markdown]
"""
## Aiming for precision

Whether zero is left out depends on an effect that nobody knows yet. A width does so less: how often is the interval at most 30 ms wide?
"""

# %%
precise = model.power("b[treated]", values=known, groups=[15, 20, 30], rows=20, width=30, n=REPLICATIONS, seed=21)
precise

# %% [markdown]
"""
## What we believe instead of what we hope

Power at 20 ms is power if we are right. Averaged over the priors, which allow for effects near zero and for people who differ more, it is the probability that the study
will show a positive effect, also called assurance.
"""

# %%
assurance = model.power("b[treated] > 0", values="prior", groups=40, rows=20, n=REPLICATIONS, seed=22)
hoped = model.power("b[treated] > 0", values=known, groups=40, rows=20, n=REPLICATIONS, seed=22)
pd.concat({"at 20 ms": hoped.table, "over the priors": assurance.table})[["groups", "rows", "power", "lower", "upper"]].round(2)

# %% tags=["remove-input"]
a, h = assurance.table.iloc[0], hoped.table.iloc[0]
Markdown(
    f"At 20 ms, {100 * h['power']:.0f}% of studies give the statement a probability of 0.95; over the priors {100 * a['power']:.0f}% do. It cannot be much more than half: "
    "under these priors the effect is negative as often as positive. A prior that is sceptical for the analysis need not be the one that the study is planned with."
)
