"""docs/trust/calibration.md from the stored summaries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.trust.beyond import BEYOND
from tests.trust.cells import CELLS
from tests.trust.further import FURTHER, ON_THE_GRAPH
from tests.trust.judge import FAMILY_WISE
from tests.trust.latent import LATENT
from tests.trust.responses import RESPONSES
from tests.trust.structures import STRUCTURES
from tests.trust.summary import MOST, RESULTS, read

PAGE = RESULTS.parents[0] / "calibration.md"
Result = Mapping[str, Any]

HEAD = """# Calibration

Written by `python -m tests.trust page` from [what is stored](results/calibration-default.json); nothing here is typed by hand.

If the posterior is right, a truth that is drawn from the prior is a draw like any other: its rank among draws of the
posterior given data simulated from it is uniform (Cook, Gelman & Rubin 2006; Talts et al. 2018, arXiv:1804.06788). For every
family in every structure below, truths are drawn from proper priors, data from the truths, both by NumPy and SciPy without
hierlm ([the simulators](../../tests/trust/cells.py)); hierlm fits the data, and the rank of every quantity among 99 draws is
kept: coefficients, standard deviations, correlations, further parameters, single effects, their mean and their spread, what
`predict` says of a new group and of a known one, the joint log-likelihood ([Modrák et al. 2023](https://arxiv.org/abs/2211.02383))
and the log prior.

* **Two tests a quantity**: the empirical distribution of ranks against a simultaneous band, exact; and the variance of
  z = Φ⁻¹(rank), which sees posteriors that are too narrow or too wide. A cell is *miscalibrated* where a p-value times the number
  of all tests of its table is below {family_wise:g}: that is the most that the probability can be of calling a table of right posteriors wrong.
* **No fit is dropped.** One that stops with an error makes its cell fail. Data with which nothing can be done (all responses
  alike, a proportion that rounds to one) are drawn again together with their truth; that looks at the data only, and leaves ranks
  uniform.
* **Coverage**: of all quantities of all cells together, 50 % intervals should hold half the truths, within {most50:g} points, and
  90 % intervals nine tenths, within {most90:g}.

A cell *passes* where neither a test nor a fit fails, which says little where replications are few: of a quantity in one cell,
{few} replications show a posterior whose standard deviation is half of what it should be, {many} one that is four fifths of it.
"""

PATHS = {
    "default": "The default: the way that `model.plan()` names",
    "joint": "`reduce=False`: joint NUTS on the PyMC graph",
    "frozen": "Effects whitened at the mode",
    "reused": "Other structures, correlated residuals, families without a kernel, smooths and further formulas",
}

ABOUT = {
    "default": "For all cells but those of one effect a row with `student_t`, `inverse_gaussian`, `beta`, `negbinomial1` and "
    "`beta_binomial` this is a reduction.",
    "joint": "The graph of a cell is compiled once for each form that it has (which effects are centred is chosen from the data), and given the data of "
    "the other replications, which is [checked](../../tests/trust/reuse.py).",
    "frozen": "The reduction for large crossed designs, made to take these small ones, which would not get it by themselves.",
    "reused": "By the way that `model.plan()` names. Where that is the PyMC graph it is compiled once a cell and given the data of the "
    "other replications, which is [checked](../../tests/trust/reuse.py). The structures are those of normal responses: three effects a "
    "level ([their meanings](../../tests/trust/covariances.py)), related levels, a formula for the standard deviation, errors correlated "
    "within blocks of four rows. Families have an intercept that varies by group. Terms are smooths, variance functions, formulas of "
    "further parameters with effects of groups, and rows that belong to several levels ([recipes](../../tests/trust/beyond.py)).",
}

TAIL = """
## Run it

```sh
make trust                                             # the default way, 500 replications a cell, and all combinations of densities
python -m tests.trust --cells 'poisson/*' '*/nested'   # some cells
python -m tests.trust --path joint --replications 100 --minutes 60
python -m tests.trust --path reused --cells 'gaussian/*'
python -m tests.trust summary; python -m tests.trust page
```

Every replication is written to `.cache/trust/` when it is there, so a run can be stopped at any time, and the same command goes on
from there. Records of another version of hierlm's code, or of other simulations, are set aside.
"""


def write_page(folder: Path = RESULTS, page: Path = PAGE) -> Path:
    """Render every summary of a folder."""
    found = read(folder)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text(found), encoding="utf-8")
    return page


def text(found: Mapping[str, Result]) -> str:
    """The page."""
    head = HEAD.format(family_wise=FAMILY_WISE, most50=100 * MOST[50], most90=100 * MOST[90], few=100, many=500)
    return head + "".join(_section(path, found.get(path)) for path in PATHS) + TAIL


def _section(path: str, result: Result | None) -> str:
    lines = ["", f"## {PATHS[path]}", "", ABOUT[path], ""]
    if result is None:
        return "\n".join([*lines, "**Not run.**", ""])
    cells = result["cells"]
    wrong = {name: c["verdict"] for name, c in cells.items() if c["verdict"] != "passes"}
    lines += [
        *(_list(cells) if path == "reused" else _table(cells)),
        "",
        "Replications of each cell; ✗: wrong; –: not run.",
        "",
    ]
    lines += [f"* **{len(cells) - len(wrong)} of {len(cells)} cells pass.** " + _missing(path, cells)]
    lines += [f"* {name}: **{verdict}**." + _errors(cells[name]) for name, verdict in wrong.items()]
    lines += [f"* {_smallest(result)}", f"* {_coverage(result)}", f"* {_runs(cells)}", f"* {_made(result)}"]
    lines += [f"* {result['note']}"] if result["note"] else []
    return "\n".join([*lines, ""])


def _table(cells: Mapping[str, Any]) -> list[str]:
    lines = [f"| family | {' | '.join(STRUCTURES)} |", "|---|" + "--:|" * len(STRUCTURES)]
    for family in RESPONSES:
        row = [_count(cells.get(f"{family}/{structure}")) for structure in STRUCTURES]
        lines.append(f"| `{family}` | {' | '.join(row)} |")
    return lines


def _list(cells: Mapping[str, Any]) -> list[str]:
    """A row for each kind of cell, with what is in it."""
    residual = [name for name in FURTHER if "/residual " in name]
    kinds = {
        "groups": [name for name in FURTHER if name not in residual],
        "residuals": residual,
        "families": ON_THE_GRAPH,
        "terms": [*BEYOND],
        "latent residual processes": [*LATENT],
    }
    lines = ["| | replications of each |", "|---|---|"]
    for kind, names in kinds.items():
        shown = [f"`{_short(kind, name)}` {_count(cells.get(name))}" for name in names]
        lines.append(f"| {kind} | {', '.join(shown)} |")
    return lines


def _short(kind: str, name: str) -> str:
    family, structure = name.split("/", maxsplit=1)
    return family if kind == "families" else structure.removeprefix("residual ")


def _count(cell: Any) -> str:
    """Replications, marked where something is wrong."""
    good = cell and cell["verdict"] == "passes"
    return "–" if cell is None else f"{cell['replications']}" if good else f"✗ {cell['replications']}"


def _missing(path: str, cells: Mapping[str, Any]) -> str:
    wanted = [*FURTHER, *ON_THE_GRAPH, *BEYOND, *LATENT] if path == "reused" else [*CELLS]
    missing = [name for name in wanted if name not in cells]
    if not missing:
        return "All cells were run."
    shown = ", ".join(missing) if len(missing) <= 12 else f"{len(missing)} of {len(wanted)}, marked – above"
    return f"Not run: {shown}."


def _errors(cell: Mapping[str, Any]) -> str:
    return "".join(f" {count} × `{message}`" for message, count in cell["errors"].items())


def _smallest(result: Result) -> str:
    found = [
        (min(q["p_ecdf"], q["p_z"]), cell, name, q)
        for cell, c in result["cells"].items()
        for name, q in c["quantities"].items()
    ]
    p, cell, name, q = min(found, key=lambda f: f[0])
    return (
        f"The smallest of {result['tests']:,} p-values is {p:.2g} ({name} of {cell}, variance of z {q['var_z']:.2f}); the "
        f"smallest of so many is below {1 / result['tests']:.2g} about two times in three if all is well."
    )


def _coverage(result: Result) -> str:
    shares = [f"{c['share']:.1%} of {share} % intervals" for share, c in result["coverage"].items()]
    return f"Coverage: {' and '.join(shares)} hold the truth ({result['coverage']['50']['of']:,} of each)."


def _runs(cells: Mapping[str, Any]) -> str:
    total = sum(c["replications"] for c in cells.values())
    again, failed = (sum(c[k] for c in cells.values()) for k in ("second_runs", "failures"))
    diverging, redrawn = (sum(c[k] for c in cells.values()) for k in ("with_divergences", "redrawn"))
    return (
        f"{total:,} fits, {failed} failed; {again:,} were made a second time by themselves, {diverging:,} kept draws with "
        f"divergences; {redrawn:,} data sets were drawn again."
    )


def _made(result: Result) -> str:
    seconds = sum(c["seconds"] for c in result["cells"].values())
    versions = ", ".join(f"{k} {v}" for k, v in result["versions"].items())
    return (
        f"`{result['command']}`, {result['date']}, commit {result['commit'] or 'unknown'}, {seconds / 60:.0f} minutes on a core that "
        f"was shared; Python {result['python']}, {versions}."
    )
