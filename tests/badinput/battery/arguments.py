"""Arguments of fit() and of Model that are out of range, misspelt or of another package."""

from __future__ import annotations

from typing import Any

import hierlm as hl
from tests.badinput.battery.case import Case, Refused
from tests.badinput.battery.frames import Frame

CATEGORY = "arguments of fits and models"
SE, ME, FE = hl.SamplingError, hl.ModelError, hl.FormulaError


def fit(name: str, says: tuple[str, ...], kind: type[hl.HierlmError] = SE, **options: Any) -> Case:
    """An argument of fit(), refused before anything is compiled or sampled."""
    formula = options.pop("formula", "y ~ x + (1 | g)")
    return Case(CATEGORY, name, Refused(kind, says), lambda F: hl.Model(formula, F.table()).fit(**options))


def model(
    name: str, kind: type[hl.HierlmError], says: tuple[str, ...], formula: Any = "y ~ x + (1 | g)", **options: Any
) -> Case:
    def ask(F: Frame) -> object:
        family = options.get("family", "gaussian")
        return hl.Model(formula, F.table(), family, **{k: v for k, v in options.items() if k != "family"})

    return Case(CATEGORY, name, Refused(kind, says), ask)


CASES = [
    fit("no draws", ("draws=0", "at least 1"), draws=0),
    fit("a negative number of draws", ("draws=-1",), draws=-1),
    fit("half a draw", ("draws=1.5",), draws=1.5),
    fit("draws as text", ("draws='100'",), draws="100"),
    fit("draws as True", ("draws=True",), draws=True),
    fit("draws as None", ("draws=None",), draws=None),
    fit("negative tuning", ("tune=-1", "at least 0"), tune=-1),
    fit("half a step of tuning", ("tune=0.5",), tune=0.5),
    fit("no chains", ("chains=0",), chains=0),
    fit("chains as text", ("chains='4'",), chains="4"),
    fit("no cores", ("cores=0", "all cores"), cores=0),
    fit("half a core", ("cores=0.5",), cores=0.5),
    fit("a negative seed", ("seed=-1",), seed=-1),
    fit("a seed that is too large", ("seed=4294967296",), seed=2**32),
    fit("a seed as text", ("seed='a'",), seed="a"),
    fit("a seed that is a fraction", ("seed=1.5",), seed=1.5),
    fit("a target of one", ("target_accept=1",), target_accept=1.0),
    fit("a target of zero", ("target_accept=0",), target_accept=0),
    fit("a target as a percentage", ("target_accept=95",), target_accept=95),
    fit("a target that is NaN", ("target_accept=nan",), target_accept=float("nan")),
    fit("a target as text", ("target_accept='0.9'",), target_accept="0.9"),
    fit("no depth", ("max_treedepth=0",), max_treedepth=0),
    fit("a misspelt sampler", ("'nutpei'", "nutpie"), sampler="nutpei"),
    fit("a sampler as a truth value", ("True",), sampler=True),
    fit("a sampler as a number", ("3",), sampler=3),
    fit("reduce as text", ("reduce='no'",), reduce="no"),
    fit("progress as text", ("progress='yes'",), progress="yes"),
    fit("a sampler that needs a reduction", ("needs a reduction",), sampler="importance", reduce=False),
    fit("brms's name of the draws", ("'iter'", "draws"), iter=2000),
    fit("brms's name of the tuning", ("'warmup'", "tune"), warmup=500),
    fit("PyMC's name of the seed", ("'random_seed'", "seed"), random_seed=1),
    fit("a misspelt argument", ("'chain'", "Did you mean 'chains'"), chain=4),
    fit("a folder that does not exist", ("does not exist", "Make it first"), hl.StorageError, file="no/such/folder/m.zarr"),
    fit("a folder as the file", ("is a folder",), hl.StorageError, file="."),
    fit("a number as the file", ("file=3",), hl.StorageError, file=3),
    # of the model
    model("a misspelt parameterization", ME, ("'center'", "'centered'"), parameterization="center"),
    model("a parameterization of no grouping", ME, ("'G'", "'g'"), parameterization={"G": "centered"}),
    model("families in a mapping", ME, ("mapping", "list"), family={"y": "gaussian"}),
    model("no family", ME, ("empty",), family=[]),
    model("two families for one response", ME, ("2 families for 1 response",), family=["gaussian", "poisson"]),
    model("half a family", ME, ("'gaussian('",), family="gaussian("),
    model("a family as a number", ME, ("3",), family=3),
    model("a link as a number", ME, ("link=3",), link=3),
    model("a link of a parameter that there is not", ME, ("'shape'", "mu"), link={"shape": "log"}),
    model("a link that contradicts the family's", ME, ("'log'", "once"), family="gaussian(log)", link="identity"),
    model("functions in a list", ME, ("list, not a mapping",), "y ~ f2(x)", extra=[abs]),
    model("a function that is none", ME, ("'f2'", "no function"), "y ~ f2(x)", extra={"f2": 3}),
    model("a function of a known name", FE, ("already a function",), "y ~ log(x)", extra={"log": abs}),
    model("a function of all rows", hl.DataError, ("other rows are left out", "center, scale"), "y ~ f2(x)", extra={"f2": lambda v: v - v.mean()}),
    model("a function that fails", hl.DataError, ("f2()", "ZeroDivisionError"), "y ~ f2(x)", extra={"f2": lambda v: 1 / 0}),
    model("a function that was not handed in", FE, ("'f2'", "extra="), "y ~ f2(x)"),
    model("a random structure that is misspelt", FE, ("'uss'", "'us'"), "y ~ x", random="uss(1 + x):g"),
    model("a bar in random", FE, ("Bars are not read in random",), "y ~ x", random="(1 | g)"),
    model("a residual structure by group", FE, ("not available yet",), "y ~ x", residual="g"),
    model("a formula and data swapped", FE, ("text, not dict",), {"y": 1}),
    Case(CATEGORY, "data that are a file's name", Refused(hl.DataError, ("Cannot read data",)), lambda F: hl.Model("y ~ x", f"{F.name}.csv")),
    Case(CATEGORY, "data that are an array", Refused(hl.DataError, ("Cannot read data",)), lambda F: hl.Model("y ~ x", F.table()["y"].to_numpy())),
    Case(CATEGORY, "data that are None", Refused(hl.DataError, ("Cannot read data",)), lambda F: hl.Model("y ~ x", None)),
]  # fmt: skip
