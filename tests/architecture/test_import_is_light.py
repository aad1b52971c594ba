"""``import hierlm`` brings in nothing heavy: which modules, not how many milliseconds."""

from __future__ import annotations

import json
import subprocess
import sys

HEAVY = {"numpy", "pandas", "scipy", "xarray", "arviz", "pymc", "pytensor", "numba", "nutpie", "jax", "matplotlib"}


def loaded_after(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after ``statement``."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


def test_import_alone():
    assert not loaded_after("import hierlm") & HEAVY


def test_errors_are_light():
    assert not loaded_after("from hierlm import HierlmError, FormulaError") & HEAVY


def test_data_needs_no_pymc_and_model_no_plots_and_no_sampler():
    assert not loaded_after("from hierlm import load_data") & {"pymc", "pytensor", "nutpie", "matplotlib"}
    assert not loaded_after("from hierlm import Model") & {"nutpie", "numpyro", "blackjax", "jax", "matplotlib"}
    assert not loaded_after("import hierlm.fit.sampling, hierlm.posterior") & {"arviz_plots", "matplotlib"}
