"""nlme's stored fits as hierlm models: formulas, columns, and where its estimates go."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

ORTHODONT = "distance ~ Sex * I(age - 11)"
QUARTIC = "rate ~ (pressure + I(pressure**2) + I(pressure**3) + I(pressure**4)) * QB"
QUADRATIC = "rate ~ (pressure + I(pressure**2)) * QB"

MODELS: dict[str, dict[str, Any]] = {
    "gls_varIdent_orthodont": {"formula": [ORTHODONT, "sigma ~ varIdent(Sex)"]},
    "gls_cs_orthodont": {"formula": ORTHODONT, "residual": "cs(1 | Subject)"},
    "gls_ar1_orthodont": {"formula": ORTHODONT, "residual": "ar1(occ | Subject)"},
    "gls_varPower_dialyzer": {"formula": [QUARTIC, "sigma ~ varPower(pressure)"]},
    "gls_varPower_ar1_dialyzer": {
        "formula": [QUARTIC, "sigma ~ varPower(pressure)"],
        "residual": "ar1(1 | Subject)",
    },
    "gls_varExp_dialyzer": {"formula": [QUADRATIC, "sigma ~ varExp(pressure)"]},
    "gls_varFixed_dialyzer": {"formula": [QUADRATIC, "sigma ~ varFixed(pressure)"]},
    "gls_varComb_dialyzer": {"formula": [QUADRATIC, "sigma ~ varIdent(QB) + varPower(pressure)"]},
    "gls_varPowerFitted_orthodont": {"formula": [ORTHODONT, "sigma ~ varPower(fitted)"]},
    "lme_ar1_ovary": {
        "formula": "follicles ~ sin(2 * 3.141592653589793 * Time) + cos(2 * 3.141592653589793 * Time) + (1 | Mare)",
        "residual": "ar1(1 | Mare)",
    },
    "lme_car1_bodyweight": {"formula": "weight ~ Time * Diet + (Time | Rat)", "residual": "car1(Time | Rat)"},
    "gls_ratio_wheat2": {"formula": "yield_ ~ 0 + variety", "residual": "ratio(latitude + longitude, nugget=True)"},
    "gls_exp_wheat2": {"formula": "yield_ ~ 0 + variety", "residual": "exp(latitude + longitude, nugget=True)"},
}


def table(name: str, data: Any) -> pd.DataFrame:
    frame = data(name).copy()
    if name == "Orthodont":
        frame["Sex"] = pd.Categorical(frame["Sex"].astype(str), ["Male", "Female"])
        frame["occ"] = ((frame["age"] - 6) / 2).astype(int)
    if name == "Dialyzer":
        frame["QB"] = frame["QB"].astype(int).astype(str)
    if name == "BodyWeight":
        frame["Diet"] = frame["Diet"].astype(int).astype(str)
    if name == "Wheat2":
        frame = frame.rename(columns={"yield": "yield_"})
    for group in ("Subject", "Mare", "Rat"):
        if group in frame:
            frame[group] = frame[group].astype(str)
    return frame


def coefficient(label: str) -> str:
    """hierlm's label of a coefficient as nlme writes it."""
    label = label.replace("Intercept", "(Intercept)") if label == "Intercept" else label
    label = label.replace("3.141592653589793", "pi").replace("**", "^").replace(" ^ ", "^")
    return re.sub(r"(\w+)\[([^\]]*)\]", r"\1\2", label)


def normalised(name: str) -> str:
    """Without spaces, and with the factors of an interaction in one order."""
    return ":".join(sorted(name.replace(" ", "").split(":")))


def estimates(entry: dict[str, Any], labels: tuple[str, ...]) -> np.ndarray:
    stored = {normalised(k): v for k, v in entry["fixef"].items()}
    return np.array([stored[normalised(coefficient(label))] for label in labels])


def variance_values(entry: dict[str, Any], labels: list[str]) -> dict[str, float]:
    """Parameters of variance functions by hierlm's labels."""
    stored = entry["varfunc"] or {}
    found = {}
    for label in labels:
        if label.startswith("varIdent"):
            level = label.rpartition(":")[2]
            found[label] = next(v for k, v in stored.items() if k.rpartition(".")[2] == level)
        else:
            found[label] = next(v for k, v in stored.items() if k.rpartition(".")[2] in ("power", "expon", "const"))
    return found
