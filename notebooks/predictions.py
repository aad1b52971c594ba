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
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

epilepsy = hl.load_data("epilepsy")
epilepsy["Trt"] = epilepsy["Trt"].map({"0": "placebo", "1": "progabide"})
model = hl.Model("count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs)", epilepsy, "poisson")
fit = model.fit(seed=1)
fit.summary()

# %% [markdown]
"""
`zBase` is the number of seizures before the trial, standardised. Each patient, and each visit of a patient, has an effect.

## Whose mean?

Three means for the same row, with three meanings. Every answer says which it is.
"""

# %%
row = {"zBase": 0, "zAge": 0, "Trt": ["placebo", "progabide"]}
fit.predictions(grid=row, target="typical")

# %%
population = fit.predictions(grid=row, target="population")
population

# %%
fit.predictions(grid=row | {"patient": "10"}, target={"patient": "given", "obs": "population"})

# %% [markdown]
"""
The typical patient at a typical visit has effects of zero. The population is the average over all patients and visits that there could be. It is larger, since the
exponential function is curved: patients far above count for more than those below take away. A trial that reports a mean number of seizures reports that.

Nothing is drawn for it. With the log link the average over normal effects is exp(η + v/2), v being the sum of both variances. The quadrature of the header can be held to it:
"""

# %%
draws = fit.posterior
v = (draws["sd_patient"].squeeze() ** 2 + draws["sd_obs"].squeeze() ** 2).to_numpy()
exact = np.exp(draws["b"].sel(coef="Intercept").to_numpy() + v / 2)
pd.Series({"by quadrature": population.table["mean"][0], "exp(η + v/2)": exact.mean()}).round(4)

# %% [markdown]
"""
## The effect of treatment

Given to everybody in the trial instead of placebo, what would progabide change? Each patient is asked twice, with all else as it is, and the answers are averaged in every draw.
"""

# %%
difference = fit.comparisons({"Trt": ("placebo", "progabide")}, target="typical")
difference

# %%
fit.comparisons({"Trt": ("placebo", "progabide")}, measure="ratio", target="typical")

# %% tags=["remove-input"]
d = difference.table.iloc[0]
Markdown(
    f"For patients and visits that are typical given their `zBase` and age, the number of seizures in two weeks changes by {d['mean']:.1f} "
    f"({d['lower']:.1f} to {d['upper']:.1f}) on average. The probability that this has the sign it seems to have is {d['p_direction']:.2f}."
)

# %% [markdown]
"""
The average within each arm, `by="Trt"`, is another thing: the arms differ in their patients too. `setting=` gives every patient both treatments.
"""

# %%
arms = fit.predictions(by="Trt", target="typical").table.set_index("Trt")["mean"]
both = fit.predictions(setting={"Trt": ["placebo", "progabide"]}, target="typical").table.set_index("Trt")["mean"]
pd.DataFrame({"patients of the arm": arms, "all patients": both}).round(2)

# %% [markdown]
"""
## For whom?

The interaction lets the effect depend on the number of seizures before.
"""

# %%
fit.plot.predictions("zBase", "Trt", target="typical");

# %%
fit.plot.comparisons({"Trt": ("placebo", "progabide")}, along="zBase", measure="ratio", target="typical");

# %% [markdown]
"""
Patients with few seizures before have a ratio below one, those with many have one that is hardly known. The difference tells it in seizures:
"""

# %%
fit.comparisons({"Trt": ("placebo", "progabide")}, grid={"zBase": [-0.8, 0, 1, 2]}, target="typical")

# %% [markdown]
"""
## A slope on the response scale

How many more seizures does a patient have per standard deviation of seizures before? On the log scale that is a coefficient; in seizures it depends on where one stands.
"""

# %%
fit.slopes("zBase", grid={"zBase": [-0.8, 0, 1, 2]}, target="typical")

# %%
fit.slopes("zBase", by="Trt", target="typical")  # averaged over the patients of each arm

# %% [markdown]
"""
## Statements

Names are those of the summary. A statement about two parameters, or about a group's effect, is as good as one about a coefficient.
"""

# %%
fit.hypothesis(["b[Trt[progabide]] < 0", "sd_patient[Intercept] > sd_obs[Intercept]", "r_patient[10, Intercept] > r_patient[9, Intercept]"])

# %%
fit.plot.hypothesis(["b[Trt[progabide]] < 0", "sd_patient[Intercept] > sd_obs[Intercept]"]);

# %% [markdown]
"""
## Marginal means and contrasts

Serological samples of cattle herds in four periods (Lesnoff et al. 2004): the share that is infected, averaged over herds.
"""

# %%
cbpp = hl.load_data("cbpp")
herds = hl.Model("incidence | trials(size) ~ period + (1 | herd)", cbpp, "binomial").fit(seed=1)
means = herds.marginal_means("period")
hl.contrasts(means, "sequential", measure="ratio")

# %%
herds.plot.effects(hl.contrasts(means, measure="ratio"), title="Infected share, period against period");

# %%
hl.contrasts(means, {"later periods − first": {"2": 1 / 3, "3": 1 / 3, "4": 1 / 3, "1": -1}})

# %% [markdown]
"""
## One new patient

A mean is not a forecast. The number of seizures of one new patient in two weeks has the variation between patients, between visits, and of counts:
"""

# %%
new = pd.DataFrame({"zAge": 0.0, "zBase": 0.0, "Trt": ["placebo", "progabide"], "patient": "new", "obs": "new"})
fit.predict(new, kind="response", seed=1)
