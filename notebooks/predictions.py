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
# From coefficients to answers: predictions and marginal effects

Seizures of 59 patients were counted over four two-week periods, under placebo or progabide (Thall & Vail 1990). The model is on the log scale. The questions are not:
how many seizures, how many fewer, for whom?
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

epilepsy = hl.load_data("epilepsy")
model = hl.Model("count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs)", epilepsy, "poisson")
fit = model.fit(seed=1)
fit.summary()

# %% [markdown]
"""
`zBase` is the number of seizures before the trial, standardised; `Trt` is 1 under progabide. Each patient, and each visit of a patient, has an effect.

## Whose mean?

Three predictions for the same row, with three meanings.
"""

# %%
new = pd.DataFrame({"zAge": 0.0, "zBase": 0.0, "Trt": ["0", "1"], "patient": "new", "obs": "new"})
typical = fit.predict(new, groups="none").frame["mean"]

many = pd.concat([new.assign(patient=f"p{i}", obs=f"o{i}") for i in range(300)], ignore_index=True)
drawn = fit.predict(many, seed=1)
average = drawn.frame.groupby(many["Trt"])["mean"].mean()
known = fit.predict(new.assign(patient="10", obs="new"), seed=1).frame["mean"]
pd.DataFrame(
    {
        "typical patient and visit (effects 0)": typical.to_numpy(),
        "average over patients and visits": average.to_numpy(),
        "patient 10, average visit": known.to_numpy(),
    },
    index=["placebo", "progabide"],
).round(2)

# %% [markdown]
"""
The average is larger than the typical patient's mean, since the exponential function is curved: patients far above count for more than those below take away. A
trial that reports a mean number of seizures reports the average.

## The effect of treatment, as ratio and as difference

Draws of predictions may be combined in any way; intervals come out right by themselves.
"""

# %%
def counterfactual(treatment, seed=1):
    """Expected counts of the trial's own patients at their own visits, all under one treatment; (draw, row)."""
    rows = epilepsy.assign(Trt=treatment)
    return fit.predict(rows, seed=seed).draws.stack(s=("chain", "draw")).transpose("s", ...).to_numpy()


placebo, progabide = counterfactual("0"), counterfactual("1")
difference = (progabide - placebo).mean(axis=1)  # averaged over patients in each draw
ratio = progabide.mean(axis=1) / placebo.mean(axis=1)
pd.DataFrame(
    {name: np.quantile(x, [0.025, 0.5, 0.975]) for name, x in {"difference": difference, "ratio": ratio}.items()},
    index=["lower", "median", "upper"],
).T.round(2)

# %% tags=["remove-input"]
Markdown(
    f"Given to everybody, progabide would change the number of seizures in two weeks by {np.median(difference):.1f} "
    f"({np.quantile(difference, 0.025):.1f} to {np.quantile(difference, 0.975):.1f}) on average. The probability that it lowers the average is "
    f"{(difference < 0).mean():.2f}."
)

# %% [markdown]
"""
## For whom?

The interaction lets the effect depend on the number of seizures before. The ratio says how, and so does the difference, differently.
"""

# %%
grid = np.linspace(-0.9, 2.5, 60)
rows = pd.concat([pd.DataFrame({"zAge": 0.0, "zBase": grid, "Trt": t, "patient": "new", "obs": "new"}) for t in "01"])
p = fit.predict(rows, groups="none").draws.stack(s=("chain", "draw")).transpose("s", ...).to_numpy()
p0, p1 = p[:, :60], p[:, 60:]
fig, panels = plt.subplots(1, 3, figsize=(7.6, 2.6))
for (x, colour, label) in ((p0, "#D55E00", "placebo"), (p1, "#0072B2", "progabide")):
    low, middle, high = np.quantile(x, [0.025, 0.5, 0.975], axis=0)
    panels[0].fill_between(grid, low, high, color=colour, alpha=0.2, linewidth=0)
    panels[0].plot(grid, middle, color=colour, label=label)
panels[0].legend()
panels[0].set(title="Seizures, typical patient", ylim=(0, 60))
for axes, x, title, zero in ((panels[1], p1 / p0, "Ratio", 1.0), (panels[2], p1 - p0, "Difference", 0.0)):
    low, middle, high = np.quantile(x, [0.025, 0.5, 0.975], axis=0)
    axes.fill_between(grid, low, high, color="#0072B2", alpha=0.2, linewidth=0)
    axes.plot(grid, middle, color="#0072B2")
    axes.axhline(zero, color="#b5b5b5", linewidth=0.8)
    axes.set_title(title)
panels[2].set_ylim(-40, 40)
for axes in panels:
    axes.set_xlabel("Seizures before (z)")
fig.tight_layout();

# %% [markdown]
"""
## A slope on the response scale

How many more seizures does a patient have per standard deviation of seizures before? On the log scale that is a coefficient; in seizures it depends on where one stands. The
average slope over the trial's patients is a derivative, by a small step, averaged in each draw.
"""

# %%
step = 1e-3
ahead, behind = (
    fit.predict(epilepsy.assign(zBase=epilepsy["zBase"] + s), seed=1).draws.stack(s=("chain", "draw")).transpose("s", ...).to_numpy()
    for s in (step, -step)
)
slope = ((ahead - behind) / (2 * step)).mean(axis=1)
pd.Series(np.quantile(slope, [0.025, 0.5, 0.975]), index=["lower", "median", "upper"]).round(1).to_frame("seizures per sd").T

# %% [markdown]
"""
## One new patient

A mean is not a forecast. The number of seizures of one new patient in two weeks has the variation between patients, between visits, and of counts:
"""

# %%
one = fit.predict(new, kind="response", seed=1)
one
