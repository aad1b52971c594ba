"""Programs that are run in processes of their own, and interrupted or starved there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["FIT", "Program", "ended"]

ROOT = Path(__file__).resolve().parents[2]

FIT = """
import hashlib, warnings
import numpy as np
import hierlm as hl

warnings.simplefilter("ignore", hl.ConvergenceWarning)


def digest(fit):
    return hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for v in fit.posterior.data_vars.values())).hexdigest()


def model():
    return hl.Model("Yield ~ 1 + (1 | Batch)", hl.load_data("Dyestuff"))


def short(**options):
    return model().fit(**{"draws": 50, "seed": 1, "chains": 2, "progress": False, **options})

"""
"""What the programs begin with: the same small fit, and a digest of its draws."""


class Program:
    """A Python program in a process of its own, started at once.

    Parameters
    ----------
    text : str
    folder : path
        Its working folder.
    **environment : str
        Variables beside ours.
    """

    def __init__(self, text: str, folder: Path, *, before: tuple[str, ...] = (), **environment: str) -> None:
        script = folder / "program.py"
        script.write_text(FIT + text, encoding="utf-8")
        self.process = subprocess.Popen(
            [*before, sys.executable, str(script)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, line: str) -> None:
        """Wait until it prints this line."""
        assert self.process.stdout is not None
        for got in self.process.stdout:
            if got.strip() == line:
                return
        raise AssertionError(f"it ended without {line!r}: {self.process.communicate()[1][-2000:]}")

    def finished(self, timeout: float = 120) -> tuple[int, list[str], str]:
        """(exit status, the lines it printed since, what it wrote on stderr)."""
        try:
            out, errors = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"still running: {self.process.communicate()[1][-2000:]}") from None
        return self.process.returncode, out.splitlines(), errors


def ended(text: str, folder: Path, *, timeout: float = 300, **environment: str) -> list[str]:
    """The lines that a program prints; it must end well."""
    status, lines, errors = Program(text, folder, **environment).finished(timeout)
    assert status == 0, errors[-3000:]
    return lines
