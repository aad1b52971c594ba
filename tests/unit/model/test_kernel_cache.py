"""Compiled kernels of other sources are forgotten."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

import pytest

import hierlm
from hierlm.model.kernel_cache import forget_stale


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
