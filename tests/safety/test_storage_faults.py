"""Saving that is killed, or runs out of disk: what was there before survives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from tests.safety.programs import Program, ended
from tests.synthetic import synthetic_fit


def fits() -> tuple[hl.Fit, hl.Fit]:
    """Two fits of one model, as programs make them; each archive has about 2 MB."""
    data = pd.DataFrame({"y": np.arange(60.0), "g": np.resize(list("abcdefghij"), 60)})
    model = hl.Model("y ~ 1 + (1 | g)", data)
    return synthetic_fit(model, seed=1, draws=5000), synthetic_fit(model, seed=2, draws=5000)


SAVING = """
from pathlib import Path
from tests.safety.test_storage_faults import fits

first, second = fits()
"""


@pytest.mark.slow
def test_killed_while_saving(tmp_path: Path):
    """kill −9 at 12 random moments while two fits are saved over each other: one of the two is always there, whole."""
    known, rng = fits(), np.random.default_rng(1)
    known[0].save(tmp_path / "m.zarr")
    text = SAVING + "print('ready', flush=True)\nwhile True:\n    second.save('m.zarr')\n    first.save('m.zarr')\n"
    drafts = 0
    for _ in range(12):
        program = Program(text, tmp_path)
        program.wait_for("ready")
        time.sleep(float(rng.uniform(0, 0.3)))
        program.process.kill()
        assert program.finished()[0] == -signal.SIGKILL
        found = hl.load(tmp_path / "m.zarr")
        assert any(found.draws.identical(fit.draws) for fit in known)
        drafts += len([*tmp_path.glob(".m.zarr.*.tmp")])
    assert drafts, "it was never killed while it wrote"


def test_a_limit_on_the_size_of_files(tmp_path: Path):
    """The system refuses to write on after 300 kB (as a full disk does): an error, and the old archive."""
    pytest.importorskip("resource")
    fits()[0].save(tmp_path / "m.zarr")
    before = (tmp_path / "m.zarr").read_bytes()
    text = SAVING + (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try:\n    second.save('m.zarr')\n"
        "except hl.StorageError as error:\n    print(str(error).replace('\\n', ' '))\n"
    )
    (line,) = ended(text, tmp_path)
    assert "could not be written" in line and "What was there before is unchanged" in line
    assert (tmp_path / "m.zarr").read_bytes() == before
    assert [p.name for p in tmp_path.glob(".*")] == []


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_full_disk(tmp_path: Path):
    """A file system of 3 MB: the first archive fits, its replacement does not."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not permitted here")
    try:
        first, second = fits()
        first.save(disk / "m.zarr")
        with pytest.raises(hl.StorageError, match="No space left on device"):
            second.save(disk / "m.zarr")
        assert hl.load(disk / "m.zarr").draws.identical(first.draws)
        assert [p.name for p in disk.iterdir()] == ["m.zarr"]
    finally:
        subprocess.run(["umount", str(disk)], check=True, capture_output=True)


@pytest.mark.slow
def test_two_processes_save_to_one_place(tmp_path: Path):
    """Whoever is last wins, whole."""
    text = SAVING + "fit = {which}\nfor _ in range(20):\n    fit.save('m.zarr')\n    hl.load('m.zarr')\nprint('done')\n"
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    shared = tmp_path / "shared.zarr"
    programs = [
        Program(text.format(which=which).replace("m.zarr", shared.as_posix()), folder)
        for which, folder in zip(("first", "second"), folders, strict=True)
    ]
    for program in programs:
        status, lines, errors = program.finished(300)
        assert status == 0, errors[-2000:]
        assert lines == ["done"]
    found = hl.load(shared)
    assert any(found.draws.identical(fit.draws) for fit in fits())
    shutil.rmtree(folders[0])
