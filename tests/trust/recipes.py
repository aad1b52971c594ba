"""Cells of calibration for models that are more than a mean with group effects: every parameter may have a predictor.

A recipe says how everything is drawn by NumPy and SciPy, and what the predictors and the density of rows are; what is
ranked follows from that.  Values have the names of hierlm's posterior; those of the truth have no leading dimensions, those of
draws one.
"""

from __future__ import annotations

import time
import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import hierlm as hl
from hierlm.errors import HierlmWarning
from tests.trust.priors import Proper
from tests.trust.replicate import DRAWS, fitted

Floats = np.ndarray
Rng = np.random.Generator
Table = dict[str, Any]
Values = Mapping[str, Floats]
NEW = "new"
"""The level that no row has: the last of every group."""


@dataclass(frozen=True)
class Recipe:
    """One model with a design to see it in.

    Parameters
    ----------
    name : str
    formulas : tuple of str
    family : str
    priors : mapping of name to mapping of row to Proper
        Of all parameters, in the order of the posterior; the row ``""`` is that of a number.
    table : function
        ``table(rng)`` → columns without the response, labels of ``groups`` included.
    effects : function
        ``effects(rng, table, values)`` → effects given the parameters, with those of the level ``new`` in the last row.
    predictors : function
        ``predictors(table, values)`` → by parameter of the family (…, n), on the scale of its link.
    draw : function
        ``draw(rng, table, predictors, values)`` → y.
    rows : function
        ``rows(table, predictors, values)`` → log p(y | …) of every row.
    levels : mapping of name to labels
        Of the effects that are of a group: ``r_g`` → its levels.
    derived : function
        ``derived(model, values)`` → what ``effects`` draws and the posterior does not hold.
    enough : function
        Whether data can be analysed.
    asked : mapping of column to two values
        Of the two rows that are predicted, of a known level and of the new one.
    options : mapping
        Further arguments of ``hl.Model``.
    """

    name: str
    formulas: tuple[str, ...]
    family: str
    priors: Mapping[str, Mapping[str, Proper]]
    table: Callable[[Rng], Table]
    effects: Callable[[Rng, Table, Values], dict[str, Floats]]
    predictors: Callable[[Table, Values], dict[str, Floats]]
    draw: Callable[[Rng, Table, dict[str, Floats], Values], Floats]
    rows: Callable[[Table, dict[str, Floats], Values], Floats]
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derived: Callable[[hl.Model, Values], dict[str, Floats]] = lambda model, values: {}
    enough: Callable[[Floats], bool] = lambda y: bool(np.ptp(y) > 0)
    asked: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def simulate(self, number: int) -> tuple[Table, dict[str, Floats], int]:
        """(table, truth, how often data could not be analysed), the same whenever it is made."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), number])
        for redrawn in range(1000):
            table, truth = self.table(rng), {}
            for name, rows in self.priors.items():
                drawn = [prior.draw(rng) for prior in rows.values()]
                truth[name] = np.array(drawn[0] if "" in rows else drawn)
            truth |= self.effects(rng, table, truth)
            table["y"] = self.draw(rng, table, self.predictors(table, truth), truth)
            if self.enough(table["y"]):
                return table, truth, redrawn
        raise RuntimeError(f"{self.name}: no data that can be analysed in 1,000 trials")

    def model(self, table: Table) -> hl.Model:
        """hierlm's, every prior proper and none of the data."""
        named = {
            f"{name}[{row}]" if row else name: prior.ours
            for name, rows in self.priors.items()
            for row, prior in rows.items()
        }
        options = {"parameterization": "noncentered"} | dict(self.options)
        return hl.Model([*self.formulas], table, self.family, priors=named, **options)

    def quantities(self, table: Table, values: Values) -> dict[str, Floats]:
        """What is ranked: parameters, effects of one level with their mean and spread, predictions, two densities."""
        found, prior = {}, 0.0
        for name, rows in self.priors.items():
            for i, (row, proper) in enumerate(rows.items()):
                value = values[name][..., i] if row else values[name]
                found[f"{name}[{row}]" if row else name] = value
                prior = prior + proper.log_density(value)
        for name, labels in self.levels.items():
            r = values[name][..., : len(labels), :]
            for i in range(r.shape[-1]):
                found[f"{name}[0, {i}]"] = r[..., 0, i]
                found |= {f"mean {name}[{i}]": r[..., i].mean(axis=-1), f"spread {name}[{i}]": r[..., i].std(axis=-1)}
        predictors = self.predictors(table, values)
        found |= {f"{parameter} of a row": eta[..., 0] for parameter, eta in predictors.items()}
        found |= {"known group": values["known group"], "new group": values["new group"]}
        found["log-likelihood"] = self.rows(table, predictors, values).sum(axis=-1)
        return found | {"log prior": np.asarray(prior)}

    def new_rows(self, table: Table) -> Table:
        """A row like the first, and one like the second with new levels."""
        rows = {name: np.array(column[:2], copy=True) for name, column in table.items() if name != "y"}
        for name in self.levels:
            for column in groups_of(name):
                rows[column] = np.array([rows[column][0], NEW], dtype=object).astype(str)
        return rows | {name: np.array(values) for name, values in self.asked.items()}

    def replicate(self, path: str, number: int) -> dict[str, Any]:
        """A record of one replication, in plain values, as that of the other cells."""
        started, record = time.perf_counter(), {"cell": self.name, "path": path, "number": number}
        try:
            record |= self._ranked(path, number)
        except Exception as error:
            record |= {"error": f"{type(error).__name__}: {error}"[:500]}
        return record | {"seconds": round(time.perf_counter() - started, 3)}

    def _ranked(self, path: str, number: int) -> dict[str, Any]:
        table, truth, redrawn = self.simulate(number)
        model = self.model(table)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", HierlmWarning)
            fit = fitted(model, path, number, self.name)
        if not fit.provenance["complete"]:
            raise KeyboardInterrupt
        theirs, ours = (
            self.quantities(table, self._truth(table, truth)),
            self.quantities(table, self._drawn(fit, table, number)),
        )
        bad = [
            k for k, v in ours.items() if v.shape != (DRAWS,) or not np.isfinite(v).all() or not np.isfinite(theirs[k])
        ]
        if bad:
            raise ValueError(f"not {DRAWS} finite draws of {', '.join(bad)}")
        return {
            "ranks": {name: int((ours[name] < theirs[name]).sum()) for name in theirs},
            "plan": fit.provenance["plan"],
            "runs": len(fit.provenance["attempts"]) or 1,
            "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
            "redrawn": redrawn,
        }

    def _truth(self, table: Table, truth: dict[str, Floats]) -> dict[str, Floats]:
        """With what a perfect prediction would be."""
        known, new = self.predictors(self.new_rows(table), truth)["mu"]
        return truth | {"known group": known, "new group": new}

    def _drawn(self, fit: hl.Fit, table: Table, seed: int) -> dict[str, Floats]:
        """The same of 99 draws, levels in the order of the truth; what is predicted by hierlm."""
        every = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"] // (DRAWS + 1)
        kept, found = fit.posterior.isel(draw=slice(None, None, every)), {}
        names = [*self.priors, *self.levels, *(f"r_{block.group}" for block in fit.model.smooths)]
        for name in names:
            array = kept[name]
            if name in self.levels:
                array = array.sel({array.dims[2]: list(self.levels[name])})
            found[name] = array.to_numpy().reshape(-1, *array.shape[2:])[1:]
        rows = fit.predict(self.new_rows(table), kind="linear", seed=seed).draws.isel(draw=slice(None, None, every))
        predicted = rows.transpose("chain", "draw", "obs").to_numpy().reshape(-1, 2)[1:]
        found |= {"known group": predicted[:, 0], "new group": predicted[:, 1]}
        return found | self.derived(fit.model, found)


def groups_of(name: str) -> list[str]:
    """The columns of the group of effects: ``r_g`` → g, ``r_mm(g,g2)`` → g and g2."""
    return name.removeprefix("r_").removeprefix("mm(").removesuffix(")").split(",")
