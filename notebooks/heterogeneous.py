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
# Spread that is not constant, residuals that remember: squid and birds

In many data the residual spread grows with the mean, or differs between seasons or treatments. The mean is then still estimated without bias, but its intervals
and all predictions are wrong: too wide where the spread is small, too narrow where it is large. Here are squid as in Zuur et al. (2009, *Mixed effects models and extensions in
ecology with R*, chapter 4): testis weight rises with mantle length, and so does its spread, in some months more than in others. The data are simulated, so that the
truth is known.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Markdown

import hierlm as hl

plt.style.use("article.mplstyle")

rng = np.random.default_rng(4)
n, months, vessels = 600, 6, 15
month, vessel = rng.integers(months, size=n), rng.integers(vessels, size=n)
length = rng.uniform(8, 40, size=n)  # dorsal mantle length, cm
POWER, BY_MONTH = 1.2, np.array([1.0, 1.0, 1.6, 2.4, 1.6, 1.0])
sd = 0.02 * length**POWER * BY_MONTH[month]
mean = 0.25 * length + 0.4 * np.array([0, 1, 3, 4, 2, 0])[month] + rng.normal(0, 0.3, size=vessels)[vessel]
squid = pd.DataFrame(
    {
        "testis": mean + rng.normal(0, sd),
        "length": length,
        "month": [f"m{m + 1}" for m in month],
        "vessel": [f"v{v:02d}" for v in vessel],
    }
)
fig, panels = plt.subplots(2, 3, figsize=(7.2, 3.8), sharex=True, sharey=True)
for axes, (name, rows) in zip(panels.ravel(), squid.groupby("month"), strict=True):
    axes.plot(rows["length"], rows["testis"], ".", color="#0072B2", markersize=3)
    axes.set_title(name)
panels[1, 1].set_xlabel("Mantle length (cm)")
fig.supylabel("Testis weight", fontsize=9)
fig.tight_layout();

# %% [markdown]
"""
## Four models of the spread

`sigma ~ …` is a formula for the logarithm of the residual standard deviation. A coefficient of log length is then a power (nlme's `varPower`), and a
factor gives each month its own spread (`varIdent`).
"""

# %%
mean_formula = "testis ~ length + month + (1 | vessel)"
spreads = {
    "constant": [mean_formula],
    "by month": [mean_formula, "sigma ~ month"],
    "by length": [mean_formula, "sigma ~ log(length)"],
    "by both": [mean_formula, "sigma ~ log(length) + month"],
}
models = {name: hl.Model(formulas, squid) for name, formulas in spreads.items()}
models["by both"].plan()

# %%
fits = {name: model.fit(seed=1) for name, model in models.items()}
fits["by both"].summary()

# %%
hl.compare(fits)

# %% tags=["remove-input"]
power = fits["by both"].posterior["b_sigma"].to_numpy().reshape(-1, 7)[:, 1]
low, high = np.quantile(power, [0.025, 0.975])
months_sd = np.exp(fits["by both"].posterior["b_sigma"].to_numpy().reshape(-1, 7)[:, 4])
Markdown(
    f"The power of length is {power.mean():.2f} ({low:.2f} to {high:.2f}; simulated with {POWER}), and the fourth month's spread is "
    f"{months_sd.mean():.2f} times the first one's ({np.quantile(months_sd, 0.025):.2f} to {np.quantile(months_sd, 0.975):.2f}; simulated with {BY_MONTH[3]})."
)

# %% [markdown]
"""
## Standardised residuals

Residuals over each row's own standard deviation should look the same everywhere.
"""

# %%
fig, panels = plt.subplots(1, 2, figsize=(7.2, 2.6), sharey=True)
for axes, name in zip(panels, ("constant", "by both"), strict=True):
    axes.plot(squid["length"], fits[name].residuals("pearson")["residual"], ".", color="#0072B2", markersize=3)
    axes.axhline(0, color="#b5b5b5", linewidth=0.8)
    axes.set(title=name, xlabel="Mantle length (cm)")
panels[0].set_ylabel("Standardised residual")
fig.tight_layout();

# %% [markdown]
"""
## What it changes

Predictions of single squid: how many of the data lie within their own 95% predictive interval, by length?
"""

# %%
thirds = pd.qcut(squid["length"], 3, labels=["short", "middle", "long"])
covered = {}
for name in ("constant", "by both"):
    p = fits[name].predict(kind="response", seed=1).frame
    inside = (squid["testis"] >= p["lower"]) & (squid["testis"] <= p["upper"])
    covered[name] = inside.groupby(thirds, observed=True).mean()
pd.DataFrame(covered).round(3)

# %%
slopes = pd.concat({name: f.fixef().set_index("effect").loc[["length"], ["mean", "sd"]] for name, f in fits.items()})
slopes.round(4)

# %% [markdown]
"""
## Residuals that remember: birds

Years are no independent observations either: what nobody recorded lasts from one year to the next. Here are counts of waterbirds as in chapter 6 of the same
book, square roots of two species in four wetlands, simulated with residuals that keep 0.7 of last year's. Two winters were not counted.
"""

# %%
years = np.arange(1956, 2004)
rain = rng.gamma(9, 3, size=len(years))
species, PHI = np.repeat(["coot", "stilt"], 4), 0.7
e = np.empty((8, len(years)))
e[:, 0] = rng.normal(0, 2, size=8)
for t in range(1, len(years)):
    e[:, t] = PHI * e[:, t - 1] + rng.normal(0, 2 * np.sqrt(1 - PHI**2), size=8)
root = np.where(species == "coot", 10, 14)[:, None] + 0.08 * (years - 1980) - 0.05 * (rain - 27) + e
birds = pd.DataFrame(
    {
        "birds": root.ravel(),
        "year": np.tile(years, 8),
        "t": np.tile(years - 1980, 8),
        "rain": np.tile(rain - 27, 8),
        "species": np.repeat(species, len(years)),
        "series": np.repeat([f"{s} {i % 4 + 1}" for i, s in enumerate(species)], len(years)),
    }
)
birds = birds[~birds["year"].isin([1964, 1979])].reset_index(drop=True)

# %%
trend = "birds ~ species + t + rain"
remember = {
    "independent": hl.Model(trend, birds).fit(seed=1),
    "ar1": hl.Model(trend, birds, residual="ar1(t | series)").fit(seed=1),
}
remember["ar1"].summary()

# %%
hl.compare(remember)

# %% tags=["remove-input"]
phi = remember["ar1"].posterior["rescor"].to_numpy().ravel()
width = {name: f.summary().frame.loc["b[t]", "sd"] for name, f in remember.items()}
Markdown(
    f"Of a year's deviation {phi.mean():.2f} ({np.quantile(phi, 0.025):.2f} to {np.quantile(phi, 0.975):.2f}) is left in the next one. A model that does not know it claims "
    f"the trend to ±{width['independent']:.3f} a year; it is ±{width['ar1']:.3f}, {width['ar1'] / width['independent']:.1f} times as much."
)

# %% [markdown]
"""
A gap of two years is φ², so that the two winters without counts do no harm, and the next years are foreseen from the last ones: predictions start near the last
residual and forget it.
"""

# %%
one = birds[birds["series"] == "coot 2"]
ahead = pd.DataFrame({"t": np.arange(24, 36), "rain": 0.0, "species": "coot", "series": "coot 2"})
figure, axes = plt.subplots(figsize=(7.2, 2.8))
axes.plot(one["year"], one["birds"], ".-", color="#0072B2", linewidth=0.8, markersize=4)
for (name, f), color in zip(remember.items(), ("#b5b5b5", "#D55E00"), strict=True):
    p = f.predict(ahead, kind="response", seed=1).frame
    axes.fill_between(1980 + ahead["t"], p["lower"], p["upper"], color=color, alpha=0.3, linewidth=0)
    axes.plot(1980 + ahead["t"], p["mean"], color=color, label=f"{name}, 95% predictive interval")
axes.set(xlabel="Year", ylabel="√birds")
axes.legend(frameon=False, loc="upper left")
figure.tight_layout();
