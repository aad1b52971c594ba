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
# First steps: sleepstudy from A to Z

Eighteen lorry drivers slept three hours a night, and their reaction times were measured on ten days
(Belenky et al. 2003). How much slower does a person get from day to day, and how much do people differ in that?

This notebook goes once through everything: model, priors, fit, convergence, variance components, shrinkage, pictures, predictions,
and keeping the result.
"""

# %%
from IPython.display import Markdown

import hierlm as hl

data = hl.load_data("sleepstudy")
data.head()

# %% [markdown]
"""
## The model

`(Days | Subject)` gives every subject an intercept and a slope of their own, which may be correlated. Making a model samples nothing: it reads the
formula, checks the data, and shows what it understood.
"""

# %%
model = hl.Model("Reaction ~ Days + (Days | Subject)", data)
model

# %% [markdown]
"""
## Priors, before any data are used

The defaults are weakly informative and scaled from the data; each has a name, by which it can be replaced. Here a slope is thought to be at most
some 20 ms a day.
"""

# %%
model = hl.Model(
    "Reaction ~ Days + (Days | Subject)",
    data,
    priors={"b[Days]": hl.Prior("Normal", mu=0, sigma=20)},
)
model.priors()

# %% [markdown]
"""
What do they mean together? Data drawn from the prior should be of the right size, and wider than the data that we have.
"""

# %%
model.prior_check(["mean", "sd", "min", "max"], seed=1)

# %% [markdown]
"""
## The fit

Four chains of 1,000 draws. Coefficients and the subjects' effects are integrated out, and what is left is three standard deviations and a correlation, few enough to be sampled
by independent proposals; other models are sampled by NUTS. The same seed gives the same draws.
"""

# %%
fit = model.fit(seed=1)
fit

# %%
fit.summary()

# %% tags=["remove-input"]
b = fit.fixef().set_index("effect").loc["Days"]
sd = fit.varcorr().frame.query("quantity == 'sd' and effect == 'Days'").iloc[0]
Markdown(
    f"Reactions become slower by **{b['mean']:.1f} ms a day** (95% interval {b['lower']:.1f} to {b['upper']:.1f}). "
    f"People differ in that by a standard deviation of {sd['mean']:.1f} ms a day "
    f"({sd['lower']:.1f} to {sd['upper']:.1f}): for some, sleep deprivation hardly matters."
)

# %% [markdown]
"""
Where `lmer` prints an estimate and its standard error there are the mean and the standard deviation of the posterior here, and where it would
give a p-value there is an interval that holds the parameter with probability 0.95 (`eti`: with equal tails). R̂ and ESS say whether the draws
can be trusted: R̂ is near 1 where chains agree, ESS counts how many independent draws they are worth. The [glossary](../docs/glossary.md)
has these words.

`summary` begins with a verdict; `diagnose` has what is behind it.
"""

# %%
fit.diagnose()

# %% [markdown]
"""
## How much do subjects differ?
"""

# %%
fit.varcorr()

# %%
fit.icc()

# %%
fit.r2()

# %% [markdown]
"""
## Shrinkage

Each subject's line is a compromise between that subject's own least-squares line (no pooling) and the line of everybody (complete pooling). Ten measurements
say quite a lot about a slope, so slopes are pulled only a little.
"""

# %%
fit.shrinkage()

# %%
fit.plot.shrinkage("Subject");

# %%
fit.plot.caterpillar("Subject");

# %%
fit.plot.components();

# %% [markdown]
"""
## Does the model look like the data?
"""

# %%
fit.plot.ppc(seed=1);

# %%
fit.plot.lines("Days", "Subject");

# %% [markdown]
"""
## Predictions

For subject 308, and for somebody who was never measured, whose line is drawn from the population of lines. Hence the wider interval.
"""

# %%
new = {"Days": [0, 9, 0, 9], "Subject": ["308", "308", "somebody new", "somebody new"]}
fit.predict(new, seed=1)

# %%
fit.predict(new, kind="response", seed=1)

# %% [markdown]
"""
## Keeping

One archive with draws, data and model. Nothing in it is executed when it is loaded, and predictions work without the original objects.
"""

# %%
import tempfile
from pathlib import Path

path = Path(tempfile.mkdtemp()) / "sleep.zarr"
fit.save(path)
again = hl.load(path)
again.predict(new, seed=1).frame.equals(fit.predict(new, seed=1).frame)
