"""Ctrl-C at every stage: it ends soon, keeps finite draws or none, and leaves nothing that spoils the next run."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.safety.programs import Program, ended

pytestmark = pytest.mark.slow
SOON = 60.0
"""Seconds in which a program must end after the signal, on a machine that may be busy."""

LONG = """
short()  # kernels are there
print("ready", flush=True)
try:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = model().fit(draws={draws}, tune={tune}, seed=1, progress=False, file="m.zarr")
    finite = all(np.isfinite(v).all() for v in fit.posterior.data_vars.values())
    said = any(isinstance(w.message, hl.InterruptedWarning) for w in caught)
    print("fit", fit.posterior.sizes["draw"], finite, said, fit.provenance["complete"])
    fit.summary(), fit.varcorr(), fit.predict(seed=1)
except hl.SamplingError as error:
    print("error", str(error).replace("\\n", " "))
except KeyboardInterrupt:
    print("interrupted")
print("again", digest(short()) == digest(short()))
"""


def interrupted(text: str, folder: Path, after: float, **environment: str) -> tuple[int, list[str], str]:
    """What came of a program that got a SIGINT some seconds after it was ready."""
    program = Program(text, folder, **environment)
    program.wait_for("ready")
    time.sleep(after)
    assert program.process.poll() is None, "it was over before the signal"
    program.process.send_signal(signal.SIGINT)
    return program.finished(SOON)


def test_while_drawing(tmp_path: Path):
    """The draws made so far are kept, finite and with a warning; the file of a whole fit is not written."""
    status, lines, errors = interrupted(LONG.format(draws=300_000, tune=250), tmp_path, 3)
    assert status == 0, errors
    word, draws, *rest = lines[0].split()
    assert (word, rest) == ("fit", ["True", "True", "False"])
    assert 0 < int(draws) < 300_000
    assert lines[-1] == "again True"
    assert not (tmp_path / "m.zarr").exists()


def test_while_tuning(tmp_path: Path):
    """No draw is there yet, which is said."""
    status, lines, errors = interrupted(LONG.format(draws=1000, tune=20_000_000), tmp_path, 5)
    assert status == 0, errors
    assert lines[0] == "interrupted" or ("No chain made a finite draw" in lines[0] and "interrupting" in lines[0])
    assert lines[-1] == "again True"
    assert not (tmp_path / "m.zarr").exists()


def test_while_summarising(tmp_path: Path):
    """Summaries are interrupted as any Python is, and the fit is what it was."""
    text = """
fit = model().fit(draws=20_000, seed=1, progress=False)
before, shown = digest(fit), repr(fit.summary())
print("ready", flush=True)
try:
    while True:
        fit.summary(), fit.varcorr(), fit.diagnose()
except KeyboardInterrupt:
    print(digest(fit) == before, repr(fit.summary()) == shown)
"""
    status, lines, errors = interrupted(text, tmp_path, 2)
    assert status == 0, errors
    assert lines == ["True True"]


FIRST = """
print("ready", flush=True)
print(digest(short({options})))
"""


@pytest.mark.parametrize("way", ["kernels", "graph"])
def test_while_compiling(way: str, tmp_path: Path):
    """It ends, and the cache that it left half-filled gives the draws of a cache that is whole."""
    options = "reduce=False, tune=50" if way == "graph" else ""
    caches = {"NUMBA_CACHE_DIR": str(tmp_path / "numba")} if way == "kernels" else {}
    caches["PYTENSOR_FLAGS"] = f"base_compiledir={tmp_path / 'pytensor'},numba__fastmath=False,cxx="
    status, lines, errors = interrupted(FIRST.format(options=options), tmp_path, 6, **caches)
    assert status != 0 and lines == []
    assert "KeyboardInterrupt" in errors
    again = ended(FIRST.format(options=options), tmp_path, **caches)
    assert again == ended(FIRST.format(options=options), tmp_path, **caches)
    assert len(again[-1]) == 64
