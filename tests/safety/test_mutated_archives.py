"""1,000 archives changed at random: hierlm's own error, or the very same fit; never code, never a crash."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hierlm as hl
from hierlm.storage.archive import digest
from hierlm.storage.spec import columns_of, spec_of
from tests.safety.audit import watch
from tests.synthetic import synthetic_fit

Rng = np.random.Generator
MOST_MEMORY = 2 * 2**20
"""Bytes; the archive itself has about 20 kB, and a bomb unfolds to 4 MB."""


@pytest.fixture(scope="module")
def fit() -> hl.Fit:
    rng = np.random.default_rng(0)
    n = 24
    data = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "f": np.resize(["u", "v"], n)})
    data["g"] = np.resize(list("abc"), n)
    priors = {"b": hl.Prior("Normal", sigma=2), "cor_g": hl.LKJ(3)}
    return synthetic_fit(hl.Model("y ~ x + f + (x | g)", data, priors=priors), chains=2, draws=5)


@pytest.fixture(scope="module")
def whole(fit: hl.Fit, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("archive") / "m.zarr"
    fit.save(path)
    hl.load(path)  # what is imported when it is first used
    return path.read_bytes()


# ----------------------------------------------------------------------------------------- changes of the file's bytes
def flipped(whole: bytes, rng: Rng) -> bytes:
    """One to eight bits turned over."""
    damaged = bytearray(whole)
    for _ in range(rng.integers(1, 9)):
        damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def cut(whole: bytes, rng: Rng) -> bytes:
    """The end or the beginning is lost."""
    at = int(rng.integers(len(whole)))
    return whole[:at] if rng.random() < 0.7 else whole[at:]


def lost(whole: bytes, rng: Rng) -> bytes:
    """A piece is lost, doubled, or overwritten by another piece."""
    i, j = sorted(int(k) for k in rng.integers(len(whole), size=2))
    start = int(rng.integers(len(whole)))
    middle = [b"", whole[i:j] * 2, whole[start : start + j - i], bytes(j - i)][rng.integers(4)]
    return whole[:i] + middle + whole[j:]


def sized(whole: bytes, rng: Rng) -> bytes:
    """A size, offset or count in the zip's directory is huge, or random."""
    directory = whole.index(b"PK\x01\x02")
    places = [m for m in range(directory, len(whole) - 4) if whole[m : m + 4] in (b"PK\x01\x02", b"PK\x05\x06")]
    place = places[rng.integers(len(places))]
    offset = int(rng.choice([20, 24, 42] if whole[place + 2] == 1 else [8, 10, 12, 16]))
    value = [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, int(rng.integers(2**32)), 0][rng.integers(5)]
    return whole[: place + offset] + struct.pack("<I", value) + whole[place + offset + 4 :]


# ---------------------------------------------------------------------------------- changes of members, signed anew or not
Members = dict[str, bytes]


def swapped(members: Members, rng: Rng) -> None:
    """The contents of two members are exchanged."""
    a, b = rng.choice(sorted(members), size=2, replace=False)
    members[a], members[b] = members[b], members[a]


def renamed(members: Members, rng: Rng) -> None:
    """A member has another's name, or one that leads elsewhere."""
    name = str(rng.choice(sorted(members)))
    evil = ["../owned", "/etc/owned", "a/../../owned", "..\\owned", "c:/owned", "", "a//b", "con", "\x00", "x" * 70000]
    members[evil[rng.integers(len(evil))]] = members.pop(name)


def dropped(members: Members, rng: Rng) -> None:
    """A member is lost, empty, or longer than it was."""
    name = str(rng.choice(sorted(members)))
    content = members.pop(name)
    change = rng.integers(3)
    if change:
        members[name] = b"" if change == 1 else content + rng.bytes(8)


def scrambled(members: Members, rng: Rng) -> None:
    """Some bytes of a member are others."""
    name = str(rng.choice([n for n in sorted(members) if members[n]]))
    content = bytearray(members[name])
    for _ in range(rng.integers(1, 5)):
        content[rng.integers(len(content))] = int(rng.integers(256))
    members[name] = bytes(content)


def edited(members: Members, rng: Rng) -> None:
    """A value in one of the descriptions is another, of another type or a huge one."""
    name = str(rng.choice([n for n in sorted(members) if n.endswith("zarr.json")]))
    described = json.loads(members[name])
    places = list(_places(described))
    holder, key = places[rng.integers(len(places))]
    values = [None, -1, 2**62, 1e308, "", "os.system", [], {}, True, [2**40] * 3, "y ~ __import__('os')", "gaussian"]
    holder[key] = values[rng.integers(len(values))]
    members[name] = json.dumps(described).encode()


def _places(value: object) -> list[tuple[dict[str, object] | list[object], object]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in [(value, key), *_places(inner)]]


BYTES: dict[str, tuple[int, Callable[[bytes, Rng], bytes]]] = {
    "flipped": (250, flipped), "cut": (100, cut), "lost": (100, lost), "sized": (100, sized),
}  # fmt: skip
MEMBERS: dict[str, tuple[int, Callable[[Members, Rng], None]]] = {
    "swapped": (100, swapped), "renamed": (60, renamed), "dropped": (60, dropped), "scrambled": (80, scrambled),
    "edited": (120, edited),
}  # fmt: skip
BOMBS = 30


def test_there_are_a_thousand():
    assert sum(n for n, _ in [*BYTES.values(), *MEMBERS.values()]) + BOMBS == 1000


def attempted(path: Path, content: bytes) -> hl.Fit | None:
    """The fit, or None where it was refused; nothing but this file was opened, and nothing ran."""
    path.write_bytes(content)
    with watch(files=[str(path)], trees=True) as events:
        try:
            loaded: hl.Fit | hl.StorageError = hl.load(path)
        except hl.StorageError as problem:
            loaded = problem
        seen = list(events)
    assert not seen
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    if isinstance(loaded, hl.StorageError):
        assert loaded.hint
        return None
    return loaded


def assert_same(loaded: hl.Fit, fit: hl.Fit) -> None:
    """Model, data, priors and draws, bit by bit."""
    assert loaded.draws.identical(fit.draws)
    assert spec_of(loaded.model) == spec_of(fit.model)
    assert columns_of(loaded.model).identical(columns_of(fit.model))


@pytest.mark.parametrize("kind", BYTES)
def test_bytes(kind: str, fit: hl.Fit, whole: bytes, tmp_path: Path):
    number, change = BYTES[kind]
    rng = np.random.default_rng(list(BYTES).index(kind))
    refused = 0
    for _ in range(number):
        loaded = attempted(tmp_path / "m.zarr", change(whole, rng))
        refused += loaded is None
        if loaded is not None:
            assert_same(loaded, fit)
    assert refused > 0.6 * number


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("kind", MEMBERS)
def test_members(kind: str, signed: bool, fit: hl.Fit, whole: bytes, tmp_path: Path):
    """Half of them with a checksum of their own, which cannot tell then: what is loaded is whole and finite."""
    number, change = MEMBERS[kind]
    rng = np.random.default_rng([list(MEMBERS).index(kind), signed])
    refused = 0
    for _ in range(number // 2):
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            members, comment = {name: archive.read(name) for name in archive.namelist()}, archive.comment
        change(members, rng)
        loaded = attempted(tmp_path / "m.zarr", _zipped(members, None if signed else comment))
        refused += loaded is None
        if loaded is not None and not signed:
            assert_same(loaded, fit)
        if loaded is not None:
            assert all(np.isfinite(v).all() for v in loaded.posterior.data_vars.values())
            assert loaded.posterior.sizes["draw"] > 0
    assert refused > 0.5 * (number // 2)


def _zipped(members: Members, comment: bytes | None, compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of names
        for name, content in members.items():
            entry = zipfile.ZipInfo("placeholder")
            entry.filename, entry.compress_type = name[:60000], compression
            archive.writestr(entry, content)
        archive.comment = b"hierlm sha256 " + digest(members).encode() if comment is None else comment
    return stream.getvalue()


def test_bombs(whole: bytes, tmp_path: Path):
    """Compressed to a thousandth, or one content under many names: refused before it is unfolded."""
    rng = np.random.default_rng(5)
    tracemalloc.start()
    for i in range(BOMBS):
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = str(rng.choice(sorted(members)))
        members[name] = bytes(4_000_000)
        method = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)[i % 3]
        content = _zipped(members, None, method)
        members.clear()
        assert len(content) < 1_000_000
        tracemalloc.reset_peak()
        assert attempted(tmp_path / "m.zarr", content) is None
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    tracemalloc.stop()
