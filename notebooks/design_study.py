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

The design is judged by what the study will report: the width of the interval of the effect, and how often the interval leaves out zero.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

EFFECT, LEVEL_SD, EFFECT_SD, NOISE = 20.0, 40.0, 15.0, 60.0


def study(n_subjects, n_trials, rng):
    """One simulated study."""
    subject = np.repeat(np.arange(n_subjects), 2 * n_trials)
    treated = np.tile(np.repeat([0, 1], n_trials), n_subjects)
    level = rng.normal(400, LEVEL_SD, size=n_subjects)[subject]
    effect = rng.normal(EFFECT, EFFECT_SD, size=n_subjects)[subject]
    time = level + effect * treated + rng.normal(0, NOISE, size=len(subject))
    return pd.DataFrame({"time": time, "treated": treated, "subject": [f"s{i:02d}" for i in subject]})


study(2, 1, np.random.default_rng(1)).round(0)

# %% [markdown]
"""
## One study

`(treated || subject)`: everyone has their own level and effect. Priors are those that we would use: what we hold plausible before the study, not
the values that we simulate with.
"""

# %%
priors = {
    "b[treated]": hl.Prior("Normal", mu=0, sigma=50),
    "sd_subject[treated]": hl.Prior("HalfNormal", sigma=30),
}


def analyse(data, seed):
    """Mean and 95% interval of the effect."""
    model = hl.Model("time ~ treated + (treated || subject)", data, priors=priors)
    fit = model.fit(draws=500, seed=seed, progress=False)
    row = fit.fixef().set_index("effect").loc["treated"]
    return {"mean": row["mean"], "lower": row["lower"], "upper": row["upper"]}


pd.Series(analyse(study(20, 10, np.random.default_rng(1)), seed=1)).round(1).to_frame("effect (ms)").T

# %% [markdown]
"""
## Many studies, six designs

Each design is simulated thirty times. The first four have the same 400 trials in each condition; the fifth has a quarter of them, the last twice as
many.
"""

# %%
DESIGNS = [(10, 40), (20, 20), (40, 10), (80, 5), (20, 5), (40, 20)]
REPLICATIONS = 30
rng = np.random.default_rng(20)
results = pd.DataFrame(
    [
        {"subjects": n, "trials": m, **analyse(study(n, m, rng), seed=i)}
        for n, m in DESIGNS
        for i in range(REPLICATIONS)
    ]
)
results["width"] = results["upper"] - results["lower"]
results["leaves out zero"] = results["lower"] > 0
results["holds the truth"] = (results["lower"] < EFFECT) & (EFFECT < results["upper"])
summary = results.groupby(["subjects", "trials"], sort=False)[["width", "leaves out zero", "holds the truth"]].mean()
summary.round(2)

# %%
fig, axes = plt.subplots(figsize=(6.6, 3.0))
for x, ((n, m), rows) in enumerate(results.groupby(["subjects", "trials"], sort=False)):
    spread = np.linspace(-0.3, 0.3, len(rows))
    colour = np.where(rows["lower"] > 0, "#0072B2", "#D55E00")
    axes.vlines(x + spread, rows["lower"], rows["upper"], color=colour, linewidth=0.8)
axes.axhline(0, color="black", linewidth=0.8)
axes.axhline(EFFECT, color="#999999", linewidth=0.8)
axes.set(
    xticks=range(len(DESIGNS)),
    xticklabels=[f"{n} × {m}" for n, m in DESIGNS],
    xlabel="Subjects × trials in each condition",
    ylabel="Effect (ms), 95% intervals",
);

# %% tags=["remove-input"]
few, many = summary.loc[(10, 40)], summary.loc[(80, 5)]
error = np.sqrt(0.25 / REPLICATIONS)
Markdown(
    f"With the same 400 trials in each condition, ten subjects give an interval of {few['width']:.0f} ms on average, eighty one of {many['width']:.0f} ms: "
    "more people beat more trials, since people differ in the effect. Shares of thirty replications "
    f"have a standard error of up to {error:.2f}; run more of them before you decide between designs that are close."
)

# %% [markdown]
"""
## The formula behind it

The variance of the mean effect is about (sd² of the effect + 2 σ²/trials) / subjects. Trials only work on the second term.
"""

# %%
pd.DataFrame(
    {
        "simulated": summary["width"],
        "2 × 1.96 × formula": [
            2 * 1.96 * np.sqrt((EFFECT_SD**2 + 2 * NOISE**2 / m) / n) for n, m in summary.index
        ],
    }
).round(1)
