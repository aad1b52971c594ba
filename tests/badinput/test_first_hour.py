"""The first hour: what is missing on a machine is said in a sentence that mends it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hierlm.errors import PosteriorError, SamplingError
from hierlm.plots.canvas import pyplot
from hierlm.samplers import get_sampler

ROOT = Path(__file__).resolve().parents[2]


def python(code: str) -> subprocess.CompletedProcess[str]:
    """A process of its own that has this checkout on its path."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def find_python(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``.ci/find-python`` on a machine that has a shell, ``cat`` and nothing else."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "cat").symlink_to("/bin/cat")
    command = ["/bin/sh", str(ROOT / ".ci" / "find-python")]
    variables = {"PATH": str(tools), "HOME": str(folder)} | environment
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def test_no_python_says_what_to_install(tmp_path: Path):
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    for word in ("3.12, 3.13 or 3.14", "apt-get install", "pyenv install", "uv python install", "make PYTHON=/path"):
        assert word in done.stderr


def test_a_python_that_was_named_and_is_not_one(tmp_path: Path):
    done = find_python(tmp_path, PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "PYTHON=/nowhere/python3 does not run, is not Python 3.12, 3.13 or 3.14" in done.stderr


def test_an_old_python_is_told_so_before_anything_else_fails():
    done = python("import sys; sys.version_info = (3, 11, 7); import hierlm")
    assert done.returncode == 1
    assert "hierlm needs Python 3.12, 3.13 or 3.14, and this is 3.11" in done.stderr
    assert "python3.13 -m venv .venv" in done.stderr


def test_a_dependency_that_is_missing():
    """A checkout on the path, without ``pip install``."""
    code = "import sys; sys.modules['formulae'] = None; import hierlm as hl; hl.Model('y ~ x', {'y': [1, 2, 3.5], 'x': [1, 2, 4.0]})"
    done = python(code)
    assert done.returncode == 1
    assert "hierlm stands on 'formulae', which is not installed" in done.stderr
    assert "pip install -e ." in done.stderr


def test_an_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch):
    """The error has the command that installs it."""
    monkeypatch.setattr("hierlm.samplers.find_spec", lambda name: None)
    with pytest.raises(SamplingError, match=r'needs jax and numpyro.\n.*pip install "hierlm\[numpyro\]"'):
        get_sampler("numpyro")
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(PosteriorError, match=r'Plots need the package.*\n.*pip install "hierlm\[plots\]"'):
        pyplot()


def test_no_compiler_is_needed():
    """Importing and building work where PATH has no C compiler, without a warning about it."""
    code = (
        "import os, warnings; os.environ['PATH'] = ''; warnings.simplefilter('error'); import hierlm as hl; "
        "m = hl.Model('Yield ~ 1 + (1 | Batch)', hl.load_data('Dyestuff')); m.pymc; print(m.plan().name)"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert "gaussian marginal" in done.stdout
    assert "g++" not in done.stderr
