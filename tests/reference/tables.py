"""Tables with the columns that the stored reference fits used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd


def reference_table(name: str, load: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """``load(name)`` with ``h`` (grouseticks), ``use01``, ``age10`` (Contraception) and Sex in R's order (Orthodont)."""
    frame = load(name).copy()
    if name == "grouseticks":
        frame["h"] = (frame["HEIGHT"] - frame["HEIGHT"].mean()) / frame["HEIGHT"].std(ddof=1)
    if name == "Contraception":
        frame["use01"] = (frame["use"].astype(str) == "Y").astype(float)
        frame["age10"] = frame["age"] / 10
    if name == "Orthodont":
        frame["Sex"] = pd.Categorical(frame["Sex"].astype(str), ["Male", "Female"])
        frame["age8"] = frame["age"] - 8.0
    if name == "cbpp" and "obs" not in frame:
        frame["obs"] = np.arange(1, len(frame) + 1).astype(str)
    return frame
