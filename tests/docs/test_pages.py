"""The pages say what the code does: their code runs, their tables are the code's, their formulas mean what is said."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.covariances import COVARIANCES, get_covariance
from hierlm.design.splines import SPLINES
from hierlm.errors import FormulaError
from hierlm.variances import VARIANCES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)(<!-- (sampled) -->\n *)?```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
FEW = {"draws": 30, "tune": 30, "chains": 2, "cores": 1, "progress": False}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(path: Path, kind: str | None) -> list[str]:
    return [
        dedent(code) for *_, found, code in BLOCK.findall(path.read_text(encoding="utf-8")) if (found or None) == kind
    ]


def section(page: str, title: str) -> str:
    return page.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(markdown: str) -> list[list[str]]:
    """Cells of the rows of the first table, without its header."""
    lines = re.search(r"(?:^\|.*\n?)+", markdown, re.MULTILINE)[0].splitlines()
    return [[c.strip().replace(r"\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def namespace(table: pd.DataFrame) -> dict[str, Any]:
    sleep = {"formula": "Reaction ~ Days + (Days | Subject)"}
    frame = pd.DataFrame({"animal": ["a", "b", "c"], "sire": [None, None, "a"], "dam": [None, None, "b"]})
    return {"hl": hl, "np": np, "pd": pd, "f": np.tanh, "data": table, "frame": frame, **sleep}


def n_covariance_parameters(model: hl.Model) -> int:
    return sum(b.covariance.n_parameters(len(b.effects)) for b in model.blocks)


def counts(model: hl.Model) -> tuple[int, int]:
    """Free standard deviations and correlation entries of group effects, as the priors' table lists them."""
    names = model.priors()["parameter"]
    correlations = sum(
        len(b.effects) * (len(b.effects) - 1) // 2 for b in model.blocks if b.covariance.correlated(len(b.effects))
    )
    return int(names.str.startswith("sd_").sum()), correlations


# the templates of docs/extending are one program, which test_extending.py runs
APART = [p for p in PAGES if p.parent.name != "extending"]


@pytest.mark.parametrize("path", APART, ids=lambda p: str(p.relative_to(ROOT)))
def test_code_runs(path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree.nwk").write_text("((a:1,b:1):1,c:2);", encoding="utf-8")
    for code in blocks(path, None):
        if "phylogeny(" in code:
            pytest.importorskip("dendropy", reason="needs the extra phylogeny")
        data = hl.load_data("sleepstudy") if "formula, data" in code or "formula,\n" in code else table
        exec(compile(code, str(path), "exec"), namespace(table) | {"data": data})


# and those of docs/examples show what they give: test_examples.py runs them
SAMPLED = [p for p in PAGES if blocks(p, "sampled") and p.parent.name != "examples"]


@pytest.mark.slow
@pytest.mark.parametrize("path", SAMPLED, ids=lambda p: str(p.relative_to(ROOT)))
@pytest.mark.filterwarnings("ignore::hierlm.ConvergenceWarning", "ignore:Estimated shape parameter of Pareto")
def test_sampled_code_runs(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    fit = hl.Model.fit
    monkeypatch.setattr(hl.Model, "fit", lambda self, **options: fit(self, **(options | FEW)))
    monkeypatch.chdir(tmp_path)
    known = {"hl": hl, "pd": pd, "np": np}
    for code in blocks(path, "sampled"):
        exec(compile(code, str(path), "exec"), known)  # one page is one session


@pytest.mark.slow
def test_the_block_for_many_processes_runs_as_a_script(tmp_path: Path):
    """Processes that are spawned import the script, so it must be one: the page's model, and 20 small replicates."""
    page = ROOT / "docs" / "howto" / "calibration-and-design.md"
    first, *_ = blocks(page, "sampled")
    model, pool = (next(code for code in blocks(page, "sampled") if word in code) for word in ("counts = ", "spawn"))
    script = first.split("\n")[0] + "\n" + model.split("found = ")[0] + pool
    few = script.replace("calibrate(1000", "calibrate(20, draws=50, tune=50, chains=2").replace(
        "Executor(4", "Executor(2"
    )
    assert few.count("20, draws") == few.count("Executor(2") == 1
    (tmp_path / "study.py").write_text(few, encoding="utf-8")
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "study.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    kept = (tmp_path / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([line for line in kept if '"z"' in line or "ranks" in line]) >= 20


def test_every_block_of_code_runs():
    """No page has a block that neither this file nor test_examples.py nor test_extending.py runs."""
    for path in PAGES:
        there = len(
            re.findall(r"^\s*(?:```|~~~) *(?:\{code|python|py\b)", path.read_text(encoding="utf-8"), re.MULTILINE)
        )
        assert there == len(blocks(path, None)) + len(blocks(path, "sampled")), path


def test_the_readme_has_an_example_that_is_sampled():
    assert ROOT / "README.md" in SAMPLED


def test_local_links_lead_somewhere():
    lost = [
        (path.relative_to(ROOT).as_posix(), target)
        for path in PAGES
        for target in LINK.findall(path.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]
    assert not lost


def test_tables_are_the_codes_own():
    spec = importlib.util.spec_from_file_location("make_tables", ROOT / "docs" / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    for name in make.PAGES:
        page = text(f"docs/{name}")
        assert make.PLACE.search(page)
        assert make.rendered(page) == page, f"docs/{name} is out of date: python docs/make_tables.py"


@pytest.mark.filterwarnings("ignore:'units' has one row per level")
def test_group_terms_mean_what_the_page_says(table: pd.DataFrame):
    seen = 0
    for terms, _, sds, correlations in rows(section(text("docs/grammar.md"), "Group terms")):
        for term in codes(terms):
            if not term.startswith("(") or "| p |" in term:
                continue
            found = counts(hl.Model(f"y ~ x + {term}", table))
            said = tuple(eval(s.replace("−", "-").replace("k(", "3*(") or "0", {"k": 3}) for s in (sds, correlations))
            if "(0 + f |" in term:
                said = (3, 3 if term == "(0 + f | g)" else 0)
            elif "/2" in correlations:
                raise AssertionError(f"{term}: no rule for {correlations}")
            assert found == said, term
            seen += 1
    assert seen >= 10


def test_a_shared_id_joins(table: pd.DataFrame):
    page = section(text("docs/grammar.md"), "Group terms")
    formulas = re.search(r'\["(y ~ [^"]+)", "(sigma ~ [^"]+)"\]', page)
    assert formulas is not None
    model = hl.Model(list(formulas.groups()), table)
    [block] = model.blocks
    assert len(block.effects) == 3
    label = re.search(r"`(sd_g\[[^`]+)`", page)
    assert label is not None
    assert label[1] in set(model.priors()["parameter"])


def test_structures_have_the_parameters_that_the_page_says(table: pd.DataFrame):
    rules = {
        "k(k+1)/2": lambda k: k * (k + 1) // 2,
        "k": lambda k: k,
        "1": lambda k: 1,
        "k + 1": lambda k: k + 1,
        "2": lambda k: 2,
        "k(k−1)/2": lambda k: k * (k - 1) // 2,
    }
    found = rows(section(text("docs/grammar.md"), "Covariance structures"))
    for names, aliases, _, parameters in found:
        for name in codes(names) + codes(aliases):
            model = hl.Model(f"y ~ x + {name}(0 + f | g)", table)
            assert n_covariance_parameters(model) == rules[parameters](3), name
    assert [codes(row[0])[0] for row in found] == ["us", "idh", "idv", "corh", "corv", "cor"]


def test_further_structures_have_the_parameters_that_the_page_says(table: pd.DataFrame):
    """All that are registered, by every name, and nothing else."""
    rules = {
        "2": lambda k: 2, "1": lambda k: 1, "k": lambda k: k, "k + 1": lambda k: k + 1, "2k − 1": lambda k: 2 * k - 1,
        "kd − d(d−1)/2": lambda k: 2 * k - 1,
    }  # fmt: skip
    page = section(text("docs/grammar.md"), "Covariance structures").split("Further structures")[1]
    levels = sorted(table["f"].unique())
    place = table["f"].map({level: 1.5**i for i, level in enumerate(levels)}).astype(float)
    data = table.assign(time=place, lat=place, lon=0.5)
    K = pd.DataFrame(np.eye(len(levels)) + 0.2, index=levels, columns=levels)
    found = {}
    for first, aliases, _, parameters in rows(page):
        (code,) = codes(first)
        name = code.split("(")[0]
        found[name] = codes(aliases)
        for written in (name, *found[name]):
            model = hl.Model(
                f"y ~ x + {code.replace(name, written, 1)}", data, matrices={"K": K} if "K" in code else None
            )
            assert n_covariance_parameters(model) == rules[parameters](3), written
    classical = ("us", "idh", "idv", "corh", "corv", "cor")
    assert found == {name: list(c.aliases) for name, c in COVARIANCES.items() if name not in classical}


def test_variance_functions_and_splines_are_on_the_page():
    page = text("docs/grammar.md")
    assert not [name for name in VARIANCES if f"`{name}(" not in page]
    assert not [kind for kind in SPLINES if f'"{kind}"' not in page]


def test_one_effect_is_the_same_under_every_structure(table: pd.DataFrame):
    priors = [
        hl.Model(f"y ~ x + {s}(1 | g)", table).priors().to_numpy().tolist()
        for s in ("us", "idh", "idv", "corh", "corv")
    ]
    assert all(p == priors[0] for p in priors)


def test_hadfields_table(table: pd.DataFrame):
    page = section(text("docs/grammar.md"), "Covariance structures").split("`random=`")[1]
    found = rows("| random |\n|---|\n" + "\n".join(line for line in page.splitlines() if line.startswith("| `")))
    assert len(found) == 7
    for random, parameters, _ in found:
        model = hl.Model("tarsus ~ sex", table, random=codes(random)[0])
        assert n_covariance_parameters(model) == int(parameters), random


def test_dialects_agree(table: pd.DataFrame):
    pairs = {
        "us(1 + age):line": "(1 + age | line)",
        "idh(sex):dam": "idh(0 + sex | dam)",
        "fosternest": "(1 | fosternest)",
    }
    page = text("docs/grammar.md")
    for random, bars in pairs.items():
        assert f"`{random}` is `{bars}`" in page
        one = hl.Model("tarsus ~ sex", table, random=random)
        other = hl.Model(f"tarsus ~ sex + {bars}", table)
        assert one.priors().equals(other.priors())
    model = hl.Model("tarsus ~ trt", table, residual="idh(trt):units")
    assert model.priors()["parameter"].tolist()[-2:] == ["b_sigma[trt[u]]", "b_sigma[trt[v]]"]
    assert "sigma" not in set(model.priors()["parameter"])


LEFT = {"y | weights(w)": "gaussian", "y | se(s)": "gaussian", "se(s, sigma=True)": "gaussian", "y": "gaussian"}
LEFT |= {"log(y)": "gaussian", 'y["yes"]': "bernoulli"}


def test_left_sides_build(table: pd.DataFrame):
    for cell, _ in rows(section(text("docs/grammar.md"), "The response")):
        for left in codes(cell):
            family = LEFT.get(left, "binomial")
            formula = left.replace('y["yes"]', 'answer["yes"]')
            formula = formula.replace("y |", "yes |") if family == "binomial" else formula
            hl.Model(f"{formula} ~ x + (1 | g)", table, family)
    hl.Model("y | se(s, sigma=True) ~ x", table)


def test_smooths_build(table: pd.DataFrame):
    """Every row of the page's table, and nothing but smooths in it."""
    data = table.assign(z=table["age"], f=table["trt"])
    found = [
        code for cell, _ in rows(section(text("docs/grammar.md"), "Smooths")) for code in codes(cell) if "(" in code
    ]
    assert len(found) == 7 and 's(x, bs="cc")' in found
    for right in found:
        assert hl.Model(f"y ~ f + {right}", data).smooths


COMMON = [
    "0 + x", "x - 1", "a + b", "x:age", "x * trt", "trt / x", "(x + age + trt) ** 2", "C(k)", "I(x**2)", "{x**2}",
    "poly(x, 2)", "bs(x, df=4)", "scale(x)", "center(x)", "log(exposure)", "np.log(exposure)", "exp(x)",
    "sqrt(exposure)",
    "offset(log(exposure)) + x", "`my column`",
]  # fmt: skip


def test_functions_of_the_page_build(table: pd.DataFrame):
    for cell, _ in rows(section(text("docs/grammar.md"), "Common effects")):
        for right in codes(cell):
            hl.Model(f"count ~ {right}", table, "poisson")
    for whole in ("mean(x)", "rank(x)", "lag(x)", "cut(x, 3)"):
        with pytest.raises(FormulaError):
            hl.Model(f"count ~ {whole}", table, "poisson")


@pytest.mark.parametrize("right", COMMON)
def test_common_effects_build(right: str, table: pd.DataFrame):
    hl.Model(f"count ~ {right}", table, "poisson")


def test_every_family_and_link_can_be_named(table: pd.DataFrame):
    page = section(text("docs/grammar.md"), "Families and links")
    needs = {"beta": "exposure / 4", "lognormal": "exposure", "gamma": "exposure", "inverse_gaussian": "exposure"}
    left = dict.fromkeys(("poisson", "negbinomial", "negbinomial1"), "count")
    left |= {"exponential": "exposure", "bernoulli": "answer", "binomial": "yes | trials(n)"}
    left |= {"beta_binomial": "yes | trials(n)", **needs, "beta": "I(exposure / 4)"}
    left |= {"zero_inflated_poisson": "count", "zero_inflated_negbinomial": "count"}
    left |= {"zero_inflated_binomial": "yes | trials(n)", "hurdle_poisson": "count", "hurdle_negbinomial": "count"}
    left |= {"hurdle_gamma": "count", "hurdle_lognormal": "count", "zero_one_inflated_beta": "I(1 / (1 + count))"}
    left |= dict.fromkeys(
        ("truncated_poisson", "truncated_negbinomial", "cumulative", "sratio", "cratio", "acat"), "I(count + 1)"
    )
    for names, aliases, _, links, parameters in rows(page):
        [name] = codes(names)
        for spelled in [name, *codes(aliases)]:
            assert hl.Model(f"{left.get(name, 'y')} ~ x", table, spelled).responses[0].family.name == name
        for link in codes(links):
            model = hl.Model(f"{left.get(name, 'y')} ~ x", table, f"{name}({link})")
            assert model.responses[0].links["mu"].name == link
        for parameter in codes(parameters):
            hl.Model([f"{left.get(name, 'y')} ~ x", f"{parameter} ~ x + (1 | g)"], table, name)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (1 | gg)", "y ~ sinus(x)", "y ~ x + uss(1 | g)", "y ~ x | g", "~ x", "y ~", "y ~ x %in% g", "y ~ y",
        "y ~ " + "x + " * 3000 + "x", "y ~ " + "(" * 60 + "x" + ")" * 60, "y ~ _x",
    ],
)  # fmt: skip
def test_what_the_page_calls_refused_is_refused(formula: str, table: pd.DataFrame):
    with pytest.raises(FormulaError):
        hl.Model(formula, table)


def test_the_priors_of_the_example_are_those_of_the_model():
    found = hl.Model("Reaction ~ Days + (Days | Subject)", hl.load_data("sleepstudy")).priors()
    model = dict(zip(found["parameter"], found["prior"], strict=True))
    for name, said in rows(section(text("docs/priors.md"), "An example")):
        label = codes(name)[0]
        key = label if label in model else f"{label}[Intercept, Days]"
        numbers = [float(v) for v in re.findall(r"-?[\d.]+", model[key])]
        shown = [float(v) for v in re.findall(r"-?[\d.]+", said.partition(":")[0].partition(")")[0])]
        assert said.partition("(")[0] == model[key].partition("(")[0]
        assert shown == pytest.approx(numbers, rel=2e-3)


def test_structures_of_the_page_exist():
    for name in ("us", "idh", "idv", "corh", "corv", "cor"):
        assert get_covariance(name).name == name
