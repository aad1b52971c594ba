"""Compiled kernels of other sources are forgotten."""

from __future__ import annotations

import os
from hashlib import sha1
from pathlib import Path
from types import SimpleNamespace

import pytest

import hierlm
from hierlm.errors import HierlmWarning, SamplingError
from hierlm.model import kernel_cache
from hierlm.model.kernel_cache import find_place, forget_stale, readable_kernels


def test_kernels_of_other_sources_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is deleted where the mark is that of the sources; everything of hierlm's kernels where it is not."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    own = Path(hierlm.__file__).parent / "kernels"
    folder = tmp_path / f"kernels_{sha1(str(own).encode()).hexdigest()}"
    folder.mkdir()
    others = tmp_path / "kernels_of_somebody_else"
    others.mkdir()
    kept = others / "f.py313.nbi"
    kept.touch()

    def kernel() -> Path:
        path = folder / "marginal.log_density-60.py313.1.nbc"
        path.touch()
        return path

    old = kernel()
    forget_stale()
    assert not old.exists()
    fresh = kernel()
    forget_stale()
    assert fresh.exists()
    (folder / "sources.sha256").write_text("0" * 64)
    forget_stale()
    assert not fresh.exists()
    assert kept.exists()
    assert not list(folder.glob("tmp*"))


def test_numba_calls_the_folder_so():
    """The name that numba gives a folder of compiled functions."""
    from numba.core.caching import _CacheLocator

    path = "/somewhere/hierlm/kernels"
    assert _CacheLocator.get_suitable_cache_subpath(f"{path}/marginal.py") == (
        f"kernels_{sha1(path.encode()).hexdigest()}"
    )


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither hierlm's folder nor the user's cache can be written; temporary folders are made below this one."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")  # so that what is set is taken away again
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(kernel_cache, "_writable", lambda folder: False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_place_where_there_is_none(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Private to the process, told, and known to a numba that was imported before."""
    config, left = SimpleNamespace(CACHE_DIR=""), []
    monkeypatch.setitem(kernel_cache.sys.modules, "numba", SimpleNamespace(config=config))
    monkeypatch.setattr("atexit.register", lambda *call, **_: left.append(call))
    with pytest.warns(HierlmWarning, match="every process compiles them anew"):
        find_place()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.parent == nowhere
    assert folder.stat().st_mode & 0o077 == 0
    assert str(folder) == config.CACHE_DIR
    assert left == [(kernel_cache.shutil.rmtree, str(folder))]
    find_place()  # silent: now there is one
    assert os.environ["NUMBA_CACHE_DIR"] == str(folder)


def test_no_place_at_all(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> str:
        raise OSError("no folder")

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    find_place()
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_nothing_is_forgotten_where_nothing_can_be_written(nowhere: Path) -> None:
    forget_stale()
    assert not list(nowhere.iterdir())


def test_a_full_disk_leaves_the_kernels_to_numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    forget_stale()
    assert not list(tmp_path.rglob("*.sha256"))


def test_only_errors_out_of_the_cache_name_its_folder() -> None:
    with pytest.raises(SamplingError, match="as it is"), readable_kernels():
        raise SamplingError("as it is", hint="")
    with pytest.raises(ZeroDivisionError), readable_kernels():
        _ = 1 / 0
    cache = SimpleNamespace(_cache_path="/some/kernels")
    for own in (cache, None):
        space: dict[str, object] = {}
        source = "def load(self):\n    raise EOFError('cut')\n"
        exec(compile(source, "/lib/numba/core/caching.py", "exec"), space)
        expected = SamplingError if own is cache else EOFError
        with pytest.raises(expected) as caught, readable_kernels():
            space["load"](own)  # type: ignore[operator]
    assert "cut" in str(caught.value)
    with (
        pytest.raises(SamplingError, match=r"'/some/kernels' cannot be read: EOFError: cut") as caught,
        readable_kernels(),
    ):
        space["load"](cache)  # type: ignore[operator]
    assert ".nbi" in caught.value.hint
