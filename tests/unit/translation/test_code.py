"""model.code(): a script without hierlm whose joint density is that of the graph, variable by variable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytensor.tensor as pt
import pytest

import hierlm as hl

RUNNER = """
import json, runpy, sys
from pathlib import Path
import numpy as np, pandas as pd, pytensor.tensor as pt
sys.modules["hierlm"] = None  # a script must not need it

def density(model, point):
    values = {}
    for rv in model.free_RVs:
        value, transform = np.asarray(point[rv.name]), model.rvs_to_transforms[rv]
        name = model.rvs_to_values[rv].name
        values[name] = value if transform is None else transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
    return float(model.compile_logp(jacobian=False, mode="FAST_COMPILE")(values))

folder, found = Path(sys.argv[1]), {}
for script in sorted(folder.glob("*.py")):
    kinds = json.loads(script.with_suffix(".kinds").read_text())
    data = pd.read_csv(script.with_suffix(".csv"), dtype={c: str for c, k in kinds.items() if k != "number"})
    for column, kind in kinds.items():
        if kind not in ("number", "text"):
            data[column] = pd.Categorical(data[column], categories=kind)
    model = runpy.run_path(str(script))["build"](data)
    points = json.loads(script.with_suffix(".json").read_text())
    found[script.stem] = [density(model, p) for p in points] + [sorted(v.name for v in model.free_RVs)]
print(json.dumps(found))
"""


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = 60
    g = rng.integers(0, 7, n)
    return pd.DataFrame(
        {
            "y": rng.normal(2, 1, n),
            "positive": rng.gamma(2, 1, n) + 0.05,
            "share": rng.uniform(0.05, 0.95, n),
            "count": rng.poisson(2, n),
            "won": rng.integers(0, 4, n),
            "tries": rng.integers(4, 9, n),
            "yes": np.where(rng.random(n) < 0.4, "yes", "no"),
            "x": rng.normal(size=n),
            "my var": rng.uniform(1, 2, n),
            "f": pd.Categorical(rng.choice(["low", "mid", "top"], n), categories=["top", "low", "mid"]),
            "g": g,
            "h": [f"h{i}" for i in rng.integers(0, 30, n)],
            "w": rng.uniform(0.5, 2, n),
            "s": rng.uniform(0.2, 0.6, n),
            "z": rng.normal(1, 1, n),
        }
    )


TAME = {"b": hl.Prior("Normal", mu=0, sigma=0.3), "b[Intercept]": hl.Prior("Normal", mu=0, sigma=0.3)}
NO_COMMON = {"sd_g": hl.Prior("HalfNormal", sigma=0.3)}

CASES = {
    "slopes": ("y ~ x * f + (x | g)", {}),
    "independent": (
        "y ~ x + (x || g) + (1 | h)",
        {"priors": {"sd_g": hl.Prior("Gamma", alpha=2, beta=1, on="variance")}},
    ),
    "cells": ("y ~ log(`my var`) + (1 | f:g) + (1 | f)", {"family": "student_t"}),
    "three": ("y ~ 0 + f + us(0 + f | g)", {}),
    "corh": ("y ~ C(f, Sum) + corh(0 + f | g)", {}),
    "corv": (
        "y ~ C(f, Treatment('mid')) + corv(0 + f | g)",
        {"priors": {"cor_g": hl.Prior("Normal", mu=0, sigma=0.3)}},
    ),
    "idv": ("y ~ I(x > 0) + idv(0 + f | g)", {}),
    "cor": ("y ~ I(f == 'low') + cor(0 + f | g)", {}),
    "curves": ("y ~ poly(x, 3) + bs(z, df=5) + scale(w) + center(s) + (1 | g)", {}),
    "known": ("y | se(s) ~ 1 + (1 | g)", {}),
    "both": ("y | se(s, sigma=True) + weights(w) ~ x + (1 | g)", {}),
    "scale": (
        ["y ~ x + (1 + x | p | g)", "sigma ~ f + (1 | p | g)"],
        {"priors": {"b_sigma": hl.Prior("Normal", sigma=0.2)}},
    ),
    "two": (["y ~ x + (1 | p | g)", "z ~ f + (1 | p | g)"], {}),
    "mixed": (
        "y ~ x + (1 | g)",
        {"priors": {"b[x]": hl.Prior("Laplace", mu=0, b=1), "sigma": 1.5, "b[Intercept]": 2.0}},
    ),
    "lognormal": ("positive ~ x + (1 | g)", {"family": "lognormal"}),
    "gamma": ("positive ~ x + (1 | g)", {"family": "gamma", "priors": TAME | NO_COMMON}),
    "inverse_gaussian": ("positive ~ x + (1 | g)", {"family": "inverse_gaussian", "priors": TAME | NO_COMMON}),
    "exponential": ("positive ~ x + offset(s) + (1 | g)", {"family": "exponential", "priors": TAME | NO_COMMON}),
    "beta": ("share ~ x + (1 | g)", {"family": "beta(cloglog)", "priors": TAME | NO_COMMON}),
    "poisson": (
        "count ~ x + offset(log(w)) + (1 | g) + (1 | units)",
        {"family": "poisson", "priors": TAME | NO_COMMON},
    ),
    "negbinomial": ("count | weights(w) ~ x + (1 | g)", {"family": "negbinomial", "priors": TAME | NO_COMMON}),
    "negbinomial1": ("count ~ x + (1 | g)", {"family": "negbinomial1", "priors": TAME | NO_COMMON}),
    "binomial": ("won | trials(tries) ~ x + (1 | g)", {"family": "binomial(probit)", "priors": TAME | NO_COMMON}),
    "counts": ("cbind(won, tries) ~ x + (1 | g)", {"family": "beta_binomial", "priors": TAME | NO_COMMON}),
    "bernoulli": ('yes["no"] ~ x + (1 | g)', {"family": "bernoulli(loglog)", "priors": TAME | NO_COMMON}),
    "cauchit": ("yes ~ x + (1 | g)", {"family": "bernoulli(cauchit)", "priors": TAME | NO_COMMON}),
    "residual ar1": (["y ~ x + (1 | g)", "sigma ~ f"], {"residual": "ar1(1 | g)"}),
    "residual car1": ("y ~ x + (1 | h)", {"residual": "car1(x | g)", "family": "student_t"}),
    "residual cs": ("positive ~ x", {"residual": "cs(1 | f:g)", "family": "lognormal"}),
    "residual exp": ("y ~ x + (1 | g)", {"residual": "exp(x + z | g, nugget=True)"}),
    "residual mat": ("y ~ x", {"residual": "mat(x + z, nu=2.5)"}),
    "residual sph": ("y ~ x", {"residual": "sph(x + z | g)", "family": "student_t"}),
    "residual lin": ("y ~ x", {"residual": "lin(x | f)"}),
    "latent ar1": (
        "count ~ x + (1 | g) + (1 | h)",
        {"family": "poisson", "residual": "ar1(1 | g)", "priors": TAME | NO_COMMON},
    ),
    "latent cs": ("positive ~ x", {"family": "gamma", "residual": "cs(1 | g)", "priors": TAME | NO_COMMON}),
    "latent gau": (
        "won | trials(tries) ~ x + (1 + x | g)",
        {"family": "binomial", "residual": "gau(x + z | f)", "priors": TAME | NO_COMMON},
    ),
    "latent exp": ("yes ~ x + (1 | g)", {"family": "bernoulli", "residual": "exp(x)", "priors": TAME | NO_COMMON}),
    "softplus": ("positive ~ x + (1 | g)", {"family": "gamma(softplus)", "priors": TAME | NO_COMMON}),
}


def graph_density(model: pm.Model, point: dict) -> float:
    values = {}
    for rv in model.free_RVs:
        value, transform = np.asarray(point[rv.name]), model.rvs_to_transforms[rv]
        name = model.rvs_to_values[rv].name
        values[name] = value if transform is None else transform.forward(pt.as_tensor(value), *rv.owner.inputs).eval()
    return float(model.compile_logp(jacobian=False, mode="FAST_COMPILE")(values))


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> tuple[dict, dict]:
    folder, data = tmp_path_factory.mktemp("scripts"), frame()
    kinds = {c: "number" if data[c].dtype.kind in "fi" else "text" for c in data}
    kinds["f"] = list(data["f"].cat.categories)
    expected = {}
    for name, (formula, options) in CASES.items():
        model = hl.Model(formula, data, parameterization="noncentered", **options)
        (folder / f"{name}.py").write_text(model.code())
        data.to_csv(folder / f"{name}.csv", index=False)
        (folder / f"{name}.kinds").write_text(json.dumps(kinds))
        points = []
        for seed in (1, 2):
            draws = pm.draw(model.pymc.free_RVs, random_seed=seed, mode="FAST_COMPILE")
            points.append({rv.name: np.asarray(d) for rv, d in zip(model.pymc.free_RVs, draws, strict=True)})
        (folder / f"{name}.json").write_text(json.dumps([{k: v.tolist() for k, v in p.items()} for p in points]))
        expected[name] = [graph_density(model.pymc, p) for p in points]
        expected[name].append(sorted(v.name for v in model.pymc.free_RVs))
    (folder / "runner.txt").write_text(RUNNER)
    done = subprocess.run([sys.executable, folder / "runner.txt", folder], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return expected, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_density_is_the_graphs(both, name: str):
    expected, found = both[0][name], both[1][name]
    assert found[-1] == expected[-1]
    assert np.isfinite(expected[:-1]).all()
    np.testing.assert_allclose(found[:-1], expected[:-1], rtol=1e-8, atol=1e-8)


def test_script_compiles_and_names_no_hierlm():
    for formula, options in CASES.values():
        text = hl.Model(formula, frame(), **options).code()
        compile(text, "script", "exec")
        assert "hierlm" not in text


def test_names_of_columns_and_levels_are_only_ever_text(tmp_path: Path):
    """A level or a column cannot break out of the script's comments and strings."""
    data = pd.DataFrame(
        {
            "y": np.arange(8.0),
            'a"""b\nimport os': np.arange(8.0) ** 2,
            "f": ["u\nraise SystemExit(3)\n#", "v'\"\\"] * 4,
            "g": list("aabbccdd"),
        }
    )
    model = hl.Model("y ~ f + (1 | g)", data)
    text = model.code()
    compile(text, "script", "exec")
    assert all(not line.strip().startswith(("raise", "import os")) for line in text.splitlines())


@pytest.mark.parametrize(
    ("residual", "priors", "message"),
    [
        ("arma(1 | g, p=1)", {}, r"correlation arma\(\) yet"),
        ("ar1(1 | g)", {"rescor[phi]": hl.Prior("Normal", mu=0, sigma=1)}, "cut off at -1 and 1"),
    ],
)
def test_residuals_that_are_not_written(residual: str, priors: dict, message: str) -> None:
    model = hl.Model("y ~ x + (1 | g)", frame(), residual=residual, priors=priors)
    with pytest.raises(hl.TranslationError, match=message) as caught:
        model.code()
    assert caught.value.hint


def test_structures_of_effects_beside_a_process_are_refused() -> None:
    """A process is written, an ar1( ) of effects is not."""
    data = frame().assign(t=np.tile(np.arange(4), 15))
    model = hl.Model("count ~ x + ar1(0 + C(t) | h)", data, "poisson", residual="ar1(1 | g)")
    with pytest.raises(hl.TranslationError, match=r"needs|ar1"):
        model.code()


def test_functions_of_ones_own_are_refused():
    model = hl.Model("y ~ double(x) + (1 | g)", frame(), extra={"double": lambda x: 2 * x})
    with pytest.raises(hl.TranslationError, match=r"your own function double[\s\S]*double\(x\)\n  \^"):
        model.code()


def test_parts_that_nobody_wrote_down_are_refused():
    """A model that has learnt something new is not written without it."""
    model = hl.Model("y ~ x + (1 | g)", frame())
    model.__dict__["curves"] = ("something new",)
    with pytest.raises(hl.TranslationError, match="does not write 'curves' yet"):
        model.code()
