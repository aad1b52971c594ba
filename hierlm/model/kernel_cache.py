"""The compiled kernels that numba keeps on disk: a place for them, and what to say when they cannot be read."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1, sha256
from pathlib import Path

from hierlm.errors import HierlmError, HierlmWarning, SamplingError

__all__ = ["find_place", "forget_stale", "readable_kernels"]

PLACE = "NUMBA_CACHE_DIR"


def find_place() -> None:
    """Give numba a folder for compiled kernels where it would find none, and so could not even declare them.

    That is so where neither hierlm's own folder nor the user's cache can be written (a read-only home).  The folder is
    private and goes with the process: one that others could write to would let them choose what is executed.

    Warns
    -----
    HierlmWarning
        That every process will compile its kernels anew.
    """
    own = Path(__file__).resolve().parents[1] / "kernels"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "numba"
    if os.environ.get(PLACE) or _writable(own / "__pycache__") or _writable(cache):
        return
    try:
        folder = tempfile.mkdtemp(prefix="hierlm-kernels-")
    except OSError:  # no folder at all can be written: numba says so
        return
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[PLACE] = folder
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = folder
    warnings.warn(
        f"Neither '{own}' nor '{cache}' can be written, so compiled kernels are not kept: every process compiles them "
        f"anew, which takes about a minute. Set {PLACE} to a folder of yours that can be written.",
        HierlmWarning,
        stacklevel=2,
    )


def forget_stale() -> None:
    """Delete compiled kernels that were made of other sources.

    numba looks at the file of a function, not at those of the functions that it calls: after ``git pull`` a kernel that
    did not change itself would go on with old code inside, and silently give wrong numbers.  A mark beside the kernels
    says what they were made of.
    """
    own = Path(__file__).resolve().parents[1] / "kernels"
    folders = [own, *(path for path in own.iterdir() if (path / "__init__.py").exists())]
    given = os.environ.get(PLACE)
    marks = [sha1(str(folder).encode(), usedforsecurity=False).hexdigest() for folder in folders]
    names = [f"{folder.name}_{mark}" for folder, mark in zip(folders, marks, strict=True)]  # as numba calls them
    places = [Path(given) / name for name in names] if given else [folder / "__pycache__" for folder in folders]
    if not _writable(places[0]):
        return
    digest = sha256()
    for path in sorted(own.rglob("*.py")):
        digest.update(path.read_bytes())
    mark = places[0] / "sources.sha256"
    try:
        if mark.exists() and mark.read_text(encoding="utf-8") == digest.hexdigest():
            return
        for kernel in [k for place in places for k in place.glob("*.nb[ic]")]:
            kernel.unlink(missing_ok=True)
        places[0].mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=places[0], delete=False, encoding="utf-8") as file:
            file.write(digest.hexdigest())
        os.replace(file.name, mark)
    except OSError:  # another process is faster, or the disk is full: numba says what matters
        return


def _writable(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


@contextmanager
def readable_kernels() -> Iterator[None]:
    """Tell errors of numba's cache on disk from all others.

    numba reads its files when a kernel is first called, and lets out whatever a damaged one leads to.

    Raises
    ------
    SamplingError
        With the folder that has to be deleted, where an error came out of that cache.
    """
    try:
        yield
    except HierlmError:
        raise
    except Exception as error:
        folder = _cache_folder(error)
        if folder is None:
            raise
        raise SamplingError(
            f"The compiled kernels in '{folder}' cannot be read: {type(error).__name__}: {error}.",
            hint="Delete the files there that end in .nbi and .nbc; kernels are compiled again at the next fit. "
            "NUMBA_CACHE_DIR names another folder.",
        ) from error


def _cache_folder(error: BaseException) -> Path | None:
    """The folder of the cache that ``error`` came out of."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).parts[-3:] == ("numba", "core", "caching.py"):
            folder = getattr(frame.f_locals.get("self"), "_cache_path", None)
            if folder is not None:
                return Path(folder)
    return None
