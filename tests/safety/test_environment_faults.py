"""Surroundings that are not as usual: no network, a read-only home, a shared or damaged cache, little memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.safety.programs import ROOT, Program, ended

pytestmark = pytest.mark.slow
SHORT = "print(digest(short()))\n"


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the draws where everything is as usual."""
    return ended(SHORT, tmp_path_factory.mktemp("usual"))[-1]


@pytest.fixture(scope="module")
def cache(usual: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of kernels that two processes have filled at the same time; both got the usual draws."""
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "two", "cache")]
    programs = [Program(SHORT, folder, NUMBA_CACHE_DIR=str(folders[2])) for folder in folders[:2]]
    for program in programs:
        status, lines, errors = program.finished(580)
        assert status == 0, errors[-3000:]
        assert lines[-1] == usual
    return folders[2]


def test_two_processes_share_a_cache(cache: Path, usual: str, tmp_path: Path):
    """What the two have left is read by a third."""
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbi")}
    assert before
    assert ended(SHORT, tmp_path, NUMBA_CACHE_DIR=str(cache))[-1] == usual
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbi")} == before


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "foreign": lambda content: b"hello",
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_kernel_cache(damage: str, suffix: str, cache: Path, usual: str, tmp_path: Path):
    """The error names the folder and what to delete; that done, the draws are the usual ones."""
    folder = tmp_path / "cache"
    shutil.copytree(cache, folder)
    for path in folder.rglob(f"*{suffix}"):
        path.write_bytes(DAMAGE[damage](path.read_bytes()))
    text = "try:\n    short()\nexcept hl.SamplingError as error:\n    print(str(error).replace('\\n', ' '))\n"
    (line,) = ended(text, tmp_path, NUMBA_CACHE_DIR=str(folder))
    assert f"compiled kernels in '{folder}" in line
    assert "Delete the files there that end in .nbi and .nbc" in line
    if (damage, suffix) == ("cut", ".nbc"):  # once: it compiles for a minute
        for path in [*folder.rglob("*.nbi"), *folder.rglob("*.nbc")]:
            path.unlink()
        assert ended(SHORT, tmp_path, timeout=580, NUMBA_CACHE_DIR=str(folder))[-1] == usual


def test_no_network(usual: str, tmp_path: Path):
    """Nothing asks for a socket, from import to an archive that is read again."""
    text = """
import sys
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
fit = short()
fit.save("m.zarr")
hl.load("m.zarr").summary()
print(asked)
print(digest(fit))
"""
    before = ("unshare", "-n") if _may_unshare("-n") else ()
    status, lines, errors = Program(text, tmp_path, before=before).finished(300)
    assert status == 0, errors[-3000:]
    assert lines == ["[]", usual]


def test_a_script_without_a_guard(tmp_path: Path):
    """A fit on several cores at the top of a script runs once, with either of the samplers that use cores."""
    text = """
print("top")
print(digest(short(cores=2)) == digest(short(cores=1)))
short(cores=2, sampler="pymc", tune=50)
print("end")
"""
    lines = [line for line in ended(text, tmp_path, timeout=580) if line in ("top", "True", "False", "end")]
    assert lines == ["top", "True", "end"]


def test_a_read_only_home(usual: str, tmp_path: Path):
    """Neither the package nor the home can be written: the fit is made, and it is said what that costs."""
    place = tmp_path / "place"
    shutil.copytree(ROOT / "hierlm", place / "hierlm", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "home").mkdir()
    text = "import os\nprint(os.access(os.environ['HOME'], os.W_OK))\n" + SHORT
    variables = {"HOME": str(place / "home"), "PYTHONPATH": str(place), "XDG_CACHE_HOME": "", "NUMBA_CACHE_DIR": ""}
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    if os.geteuid() == 0:
        if not _may_unshare("-m"):
            pytest.skip("root may write anywhere, and mounting is not permitted here")
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        program = Program(text, tmp_path, before=("unshare", "-m", "sh", "-c", mount, str(place)), **variables)
    else:
        for folder in [place, *(p for p in place.rglob("*") if p.is_dir())]:
            folder.chmod(0o555)
        program = Program(text, tmp_path, **variables)
    status, lines, errors = program.finished(580)
    assert status == 0, errors[-3000:]
    assert lines == ["False", usual]
    assert "compiled kernels are not kept" in errors and "NUMBA_CACHE_DIR" in errors


def test_too_little_memory(tmp_path: Path):
    """ulimit −v: draws that would not fit are refused before they are sampled, and fewer are made."""
    text = """
import resource, time
short()
limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + 500_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
start = time.process_time()
try:
    short(draws=1_000_000)
except hl.SamplingError as error:
    print(str(error).replace("\\n", " "))
print(time.process_time() - start < 1)
print(short(draws=1000).posterior.sizes["draw"])
"""
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc")
    error, quick, draws = ended(text, tmp_path)
    assert "2 chains of 1,000,000 draws" in error and "GB of memory" in error and "would fit" in error
    assert (quick, draws) == ("True", "1000")


def _may_unshare(option: str) -> bool:
    try:
        return subprocess.run(["unshare", option, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
