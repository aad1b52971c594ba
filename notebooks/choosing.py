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
# Choosing between models: for new rows, or for new groups?

Which of two models foresees new data better depends on which new data. Another day of a subject that we know, or a subject that nobody has seen? The answers
can differ, and so can the ranking. Sleepstudy again, with five models.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

data = hl.load_data("sleepstudy")
formulas = {
    "no groups": "Reaction ~ Days",
    "intercepts": "Reaction ~ Days + (1 | Subject)",
    "independent slopes": "Reaction ~ Days + (Days || Subject)",
    "correlated slopes": "Reaction ~ Days + (Days | Subject)",
    "curves": "Reaction ~ poly(Days, 2) + (Days | Subject)",
}
fits = {name: hl.Model(formula, data).fit(seed=1) for name, formula in formulas.items()}

# %% [markdown]
"""
## New rows of known subjects

Leave one row out, and ask for its density given all others: the expected log predictive density, elpd. It is computed by importance sampling, with a check
(Pareto's k̂) of every row. Integrating the subject's effects out for the row that is left out makes that stable.
"""

# %%
grouped = {name: f for name, f in fits.items() if name != "no groups"}
rows = hl.compare(grouped, target="row_in_known_group", group="Subject")
rows

# %% [markdown]
"""
## New subjects

Leave all rows of a subject out, and ask for their joint density, the effects of the subject integrated over the population.
"""

# %%
subjects = hl.compare(grouped, target="new_group", group="Subject")
subjects

# %%
fig, panels = plt.subplots(1, 2, figsize=(7.2, 2.2), sharey=True)
for axes, (title, table) in zip(panels, {"New rows": rows, "New subjects": subjects}.items(), strict=True):
    frame = table.frame.loc[list(grouped)]
    axes.errorbar(frame["elpd_diff"], range(len(frame)), xerr=2 * frame["se_diff"], fmt="o", color="#0072B2", linewidth=1)
    axes.axvline(0, color="#b5b5b5", linewidth=0.8)
    axes.set(title=title, xlabel="elpd, difference to the best (± 2 se)")
panels[0].set_yticks(range(len(grouped)), list(grouped))
fig.tight_layout();

# %% tags=["remove-input"]
r, s = rows.frame, subjects.frame
Markdown(
    f"Slopes matter for both targets: without them elpd is {abs(r.loc['intercepts', 'elpd_diff']):.0f} lower for new rows (standard error "
    f"{r.loc['intercepts', 'se_diff']:.0f}) and {abs(s.loc['intercepts', 'elpd_diff']):.0f} for new subjects ({s.loc['intercepts', 'se_diff']:.0f}); "
    "the errors are large because few subjects make the difference. Between independent and correlated slopes there is nothing to choose "
    f"({abs(r.loc['independent slopes', 'elpd_diff'] - r.loc['correlated slopes', 'elpd_diff']):.1f} and "
    f"{abs(s.loc['independent slopes', 'elpd_diff'] - s.loc['correlated slopes', 'elpd_diff']):.1f}): take the one that the design suggests. "
    "A difference below 4 means little whatever its standard error says."
)

# %% [markdown]
"""
## Where do the differences come from?

elpd is a sum over units, so look at the units. Which subjects does the model without slopes foresee badly?
"""

# %%
one, other = (fits[name].loo("new_group", group="Subject").units for name in ("correlated slopes", "intercepts"))
one.head(3)

# %%
units = pd.DataFrame({"subject": one["unit"] if "unit" in one else one.index, "gain": one["elpd"].to_numpy() - other["elpd"].to_numpy()})
slopes = fits["correlated slopes"].coef("Subject").query("effect == 'Days'").set_index("level")["mean"]
fig, axes = plt.subplots(figsize=(5.2, 2.8))
x = slopes.reindex(units["subject"].astype(str)).to_numpy()
axes.axhline(0, color="#b5b5b5", linewidth=0.8)
axes.scatter(x, units["gain"], s=14, color="#0072B2")
for name, at, gain in zip(units["subject"], x, units["gain"], strict=True):
    if gain > units["gain"].quantile(0.85) or gain < units["gain"].quantile(0.05):
        axes.annotate(str(name), (at, gain), (4, 2), textcoords="offset points", fontsize=7)
axes.set(xlabel="Slope of the subject (ms a day)", ylabel="Gain in log density by slopes");

# %% [markdown]
"""
## What it is not

elpd compares predictions, not truths. A model that is nearly as good and much simpler to explain may be the better answer; one that has the design in it should not be
dropped because a difference is small. And after choosing among many models, the elpd of the best is too optimistic.
"""
