"""Archives that are damaged, foreign, newer or malicious: StorageError and nothing else, and nothing happens."""

from __future__ import annotations

import json
import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import hierlm as hl
from hierlm.families.registry import FAMILIES
from hierlm.storage import load, save
from hierlm.storage.archive import digest, read_archive, write_archive
from tests.synthetic import synthetic_fit

Members = dict[str, bytes]


def made() -> hl.Fit:
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "y": rng.normal(size=24),
            "x": rng.normal(size=24),
            "f": np.resize(["u", "v"], 24),
            "g": np.resize(list("abc"), 24),
        }
    )
    priors = {"b": hl.Prior("Normal", sigma=2), "cor_g": hl.LKJ(3)}
    return synthetic_fit(hl.Model("y ~ x + f + (x | g)", data, priors=priors), chains=2, draws=5)


@pytest.fixture(scope="module")
def fit() -> hl.Fit:
    return made()


@pytest.fixture
def path(fit: hl.Fit, tmp_path: Path) -> Path:
    fit.save(tmp_path / "m.zarr")
    return tmp_path / "m.zarr"


# ------------------------------------------------------------------------------------------------ damage
def test_cut_off_anywhere(path: Path):
    whole = path.read_bytes()
    for stop in np.linspace(0, len(whole) - 1, 60).astype(int):
        path.write_bytes(whole[:stop])
        with pytest.raises(hl.StorageError):
            load(path)


def test_flipped_bits_anywhere(path: Path, fit: hl.Fit):
    """300 archives with one byte changed: refused, or (an unused field of the zip) the very same fit."""
    whole, rng, refused = path.read_bytes(), np.random.default_rng(1), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            got = load(path)
        except hl.StorageError:
            refused += 1
        else:
            assert got.draws.identical(fit.draws)
    assert refused > 200


def test_shuffled_and_padded_bytes(path: Path):
    whole = path.read_bytes()
    half = len(whole) // 2
    for damaged in (
        whole[half:] + whole[:half],
        bytes(len(whole)),
        whole[::-1],
        whole[:half] + whole,
        b"",
        b"PK\x05\x06",
    ):
        path.write_bytes(damaged)
        with pytest.raises(hl.StorageError):
            load(path)


@pytest.mark.parametrize(
    "content",
    [b"hello", pickle.dumps([1]), b"\x89HDF\r\n\x1a\n" + bytes(99), b"\x93NUMPY\x01\x00", b"{}", b"PK\x03\x04" * 9],
)
def test_foreign_files(tmp_path: Path, content: bytes):
    (tmp_path / "m.zarr").write_bytes(content)
    with pytest.raises(hl.StorageError, match="cannot be read as an archive"):
        load(tmp_path / "m.zarr")


def test_missing_files_and_folders(tmp_path: Path):
    with pytest.raises(hl.StorageError, match="no file"):
        load(tmp_path / "m.zarr")
    with pytest.raises(hl.StorageError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(hl.StorageError, match="is a folder"):
        save(made(), tmp_path)
    with pytest.raises(hl.StorageError, match="does not exist"):
        save(made(), tmp_path / "no" / "m.zarr")


def test_other_zips(tmp_path: Path, fit: hl.Fit):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("zarr.json", "{}")
    with pytest.raises(hl.StorageError, match="not an archive of hierlm"):
        load(tmp_path / "m.zip")
    np.savez(tmp_path / "m.npz", a=np.arange(3))
    with pytest.raises(hl.StorageError):
        load(tmp_path / "m.npz")


# ------------------------------------------------------------------------------------------------ tampering
def test_a_changed_member_is_noticed(path: Path):
    members = read_archive(path)
    name = "posterior/b/c/0/0/0"
    with zipfile.ZipFile(path) as archive:
        comment = archive.comment
    with zipfile.ZipFile(path, "w") as archive:
        for key, value in members.items():
            archive.writestr(key, value[:-1] + b"\0" if key == name else value)
        archive.comment = comment
    with pytest.raises(hl.StorageError, match="changed after it was written"):
        load(path)


def with_spec(change: Callable[[dict[str, Any]], Any]) -> Callable[[Members], None]:
    """A change of the specification."""

    def apply(members: Members) -> None:
        root = json.loads(members["zarr.json"])
        change(root["attributes"]["hierlm"])
        members["zarr.json"] = json.dumps(root).encode()

    return apply


def with_meta(name: str, **changes: Any) -> Callable[[Members], None]:
    """A change of an array's description."""

    def apply(members: Members) -> None:
        meta = json.loads(members[f"{name}/zarr.json"])
        members[f"{name}/zarr.json"] = json.dumps(meta | changes).encode()

    return apply


def with_group(name: str, **attributes: Any) -> Callable[[Members], None]:
    """Attributes of a group of arrays."""

    def apply(members: Members) -> None:
        meta = json.loads(members[f"{name}/zarr.json"])
        meta["attributes"].update(attributes)
        members[f"{name}/zarr.json"] = json.dumps(meta).encode()

    return apply


def relabelled(members: Members, name: str, labels: list[str]) -> None:
    """An array of text replaced by a sound one of other texts."""
    meta = json.loads(members[f"{name}/zarr.json"])
    meta["shape"] = meta["chunk_grid"]["configuration"]["chunk_shape"] = [len(labels)]
    members[f"{name}/zarr.json"] = json.dumps(meta).encode()
    texts = [len(text).to_bytes(4, "little") + text.encode() for text in labels]
    members[f"{name}/c/0"] = b"".join([len(labels).to_bytes(4, "little"), *texts])


def model(**changes: Any) -> Callable[[Members], None]:
    return with_spec(lambda spec: spec["model"].update(changes))


def without(key: str) -> Callable[[Members], None]:
    return with_spec(lambda spec: spec["model"].pop(key))


def as_bytes(name: str, content: bytes) -> Callable[[Members], None]:
    return lambda members: members.update({name: content})


def replaced(name: str, *pairs: tuple[bytes, bytes]) -> Callable[[Members], None]:
    """Bytes of one member replaced by others."""

    def apply(members: Members) -> None:
        for old, new in pairs:
            members[name] = members[name].replace(old, new)

    return apply


def copied(names: dict[str, str]) -> Callable[[Members], None]:
    """Members under other names."""
    return lambda members: members.update({new: members[old] for new, old in names.items()})


def column(**changes: Any) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        for name in [m for m in members if m.startswith("data/column_") and m.endswith("zarr.json")]:
            meta = json.loads(members[name])
            if meta["attributes"]["levels"] is not None:
                meta["attributes"].update(changes)
                members[name] = json.dumps(meta).encode()

    return apply


NORMAL = {"prior": "Normal", "arguments": {"mu": 0.0, "sigma": 2.0}, "on": "value"}
B = "posterior/b"
COEF = "posterior/coef/c/0"
KEYS = ("formula", "family", "link", "priors", "random", "residual", "missing", "parameterization", "extra", "resolved")
TAMPERED: dict[str, Callable[[Members], Any]] = {
    # the root
    "no root": lambda m: m.pop("zarr.json"),
    "root no json": as_bytes("zarr.json", b"{"),
    "root a list": as_bytes("zarr.json", b"[]"),
    "root null": as_bytes("zarr.json", b"null"),
    "root not utf-8": as_bytes("zarr.json", b"\xff\xfe"),
    "root with NaN": as_bytes("zarr.json", b'{"attributes": {"hierlm": NaN}}'),
    "root deeply nested": as_bytes("zarr.json", b"[" * 200_000),
    "no attributes": as_bytes("zarr.json", b'{"zarr_format": 3, "node_type": "group"}'),
    "attributes a list": as_bytes("zarr.json", b'{"zarr_format": 3, "node_type": "group", "attributes": []}'),
    "no spec": as_bytes("zarr.json", b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'),
    "spec a number": as_bytes("zarr.json", b'{"zarr_format": 3, "node_type": "group", "attributes": {"hierlm": 3}}'),
    "zarr version 2": replaced("zarr.json", (b'"zarr_format": 3', b'"zarr_format": 2')),
    # the specification
    "other format": with_spec(lambda s: s.update(format="other")),
    "no format": with_spec(lambda s: s.pop("format")),
    "newer version": with_spec(lambda s: s.update(version=2)),
    "version text": with_spec(lambda s: s.update(version="1")),
    "version null": with_spec(lambda s: s.update(version=None)),
    "no version": with_spec(lambda s: s.pop("version")),
    "no model": with_spec(lambda s: s.pop("model")),
    "model null": with_spec(lambda s: s.update(model=None)),
    "provenance a list": with_spec(lambda s: s.update(provenance=[])),
    "no provenance": with_spec(lambda s: s.pop("provenance")),
    **{f"without {key}": without(key) for key in KEYS},
    # the model
    "formula number": model(formula=3),
    "formula empty": model(formula=""),
    "formula code": model(formula="y ~ __import__('os').system('touch owned')"),
    "formula attribute": model(formula="y ~ np.os.system('touch owned')"),
    "formula other column": model(formula="y ~ w"),
    "formula fewer terms": model(formula="y ~ x + (x | g)"),
    "formula more terms": model(formula="y ~ x * f + (x | g)"),
    "formula other group": model(formula="y ~ x + f + (x | f)"),
    "formula uncorrelated": model(formula="y ~ x + f + (x || g)"),
    "formula long": model(formula="y ~ " + "x + " * 100_000 + "x"),
    "family unknown": model(family=["gausian"]),
    "family other": model(family=["student_t"]),
    "family number": model(family=3),
    "family none": model(family=[]),
    "link unknown": model(link="logg"),
    "link other": model(link="log"),
    "link list": model(link=["log"]),
    "missing unknown": model(missing="maybe"),
    "random number": model(random=5),
    "random other": model(random="us(1 + x):g"),
    "residual other": model(residual="idh(f):units"),
    "parameterization unknown": model(parameterization="sideways"),
    "frames unknown": model(frames="dask"),
    "extra text": model(extra="abc"),
    "extra unknown": model(extra=["f"]),
    "extra number": model(extra=5),
    "priors list": model(priors=[]),
    "prior unknown parameter": model(priors={"bb": NORMAL}),
    "prior unknown name": model(priors={"b": {"prior": "os.system", "arguments": {}, "on": "value"}}),
    "prior module": model(priors={"b": {"prior": "Model", "arguments": {}, "on": "value"}}),
    "prior argument": model(priors={"b": {"prior": "Normal", "arguments": {"shape": 9}, "on": "value"}}),
    "prior infinite": model(priors={"b": {"prior": "Normal", "arguments": {"mu": 0, "sigma": 1e999}, "on": "value"}}),
    "prior text": model(priors={"b": "Normal"}),
    "prior null": model(priors={"b": None}),
    "prior fixed text": model(priors={"sigma": {"fixed": "1e"}}),
    "prior fixed more": model(priors={"sigma": {"fixed": 1, "also": 2}}),
    "prior fixed negative": model(priors={"sigma": {"fixed": -1}}),
    "resolved null": model(resolved=None),
    "resolved other links": model(resolved={"families": ["gaussian"], "links": [{"mu": "log"}], "priors": {}}),
    "resolved unknown priors": with_spec(lambda s: s["model"]["resolved"]["priors"].update(other=NORMAL)),
    "resolved missing prior": with_spec(lambda s: s["model"]["resolved"]["priors"].pop("sigma")),
    # the data
    "no data": lambda m: [m.pop(k) for k in list(m) if k.startswith("data/")],
    "no column": lambda m: [m.pop(k) for k in list(m) if k.startswith("data/column_0/")],
    "no rows": lambda m: [m.pop(k) for k in list(m) if k.startswith("data/row/")],
    "column renamed": column(name="w"),
    "column kind": column(kind="number"),
    "column without kind": replaced("data/column_0/zarr.json", (b'"kind"', b'"sort"')),
    "column with fewer levels": column(levels=["a"]),
    "column with other levels": column(levels=["q", "r", "s"]),
    "column levels number": column(levels=3),
    "column levels numbers": column(levels=[1, 2, 3]),
    "column without levels": column(levels=None),
    "column codes outside": as_bytes("data/column_3/c/0", np.full(24, 9, "<i8").tobytes()),
    "column codes negative": as_bytes("data/column_3/c/0", np.full(24, -5, "<i8").tobytes()),
    "column not a number": as_bytes("data/column_0/c/0", np.full(24, np.nan, "<f8").tobytes()),
    "column constant": as_bytes("data/column_0/c/0", np.zeros(24, "<f8").tobytes()),
    "column as text": with_meta("data/column_0", data_type="string"),
    # the draws
    "no posterior": lambda m: [m.pop(k) for k in list(m) if k.startswith("posterior/")],
    "no b": lambda m: [m.pop(k) for k in list(m) if k.startswith("posterior/b/")],
    "no r": lambda m: [m.pop(k) for k in list(m) if k.startswith("posterior/r_g/")],
    "no chunk": lambda m: m.pop(f"{B}/c/0/0/0"),
    "no description": lambda m: m.pop(f"{B}/zarr.json"),
    "short chunk": lambda m: m.update({f"{B}/c/0/0/0": m[f"{B}/c/0/0/0"][:-8]}),
    "long chunk": lambda m: m.update({f"{B}/c/0/0/0": m[f"{B}/c/0/0/0"] + bytes(8)}),
    "NaN draws": as_bytes(f"{B}/c/0/0/0", np.full(30, np.nan).tobytes()),
    "infinite draws": as_bytes(f"{B}/c/0/0/0", np.full(30, np.inf).tobytes()),
    "shape negative": with_meta(B, shape=[-2, 5, 3]),
    "shape huge": with_meta(B, shape=[2**62, 2**62, 3]),
    "shape text": with_meta(B, shape="235"),
    "shape fractions": with_meta(B, shape=[2.0, 5.0, 3.0]),
    "shape booleans": with_meta(B, shape=[True, 5, 3]),
    "shape flat": with_meta(B, shape=[30]),
    "shape null": with_meta(B, shape=None),
    "dims repeated": with_meta(B, dimension_names=["chain", "chain", "coef"]),
    "dims other": with_meta(B, dimension_names=["chain", "draw", "effect_g"]),
    "dims number": with_meta(B, dimension_names=[1, 2, 3]),
    "dims null": with_meta(B, dimension_names=None),
    "type object": with_meta(B, data_type="object"),
    "type complex": with_meta(B, data_type="complex128"),
    "type integer": with_meta(B, data_type="int64"),
    "type list": with_meta(B, data_type=["float64"]),
    "codec pickle": with_meta(B, codecs=[{"name": "numcodecs.pickle"}]),
    "codec blosc": with_meta(B, codecs=[{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "blosc"}]),
    "codec endian": with_meta(B, codecs=[{"name": "bytes", "configuration": {"endian": "big"}}]),
    "chunk grid": with_meta(B, chunk_grid={"name": "regular", "configuration": {"chunk_shape": [1, 1, 1]}}),
    "storage transformers": with_meta(B, storage_transformers=[{"name": "x"}]),
    "attributes list": with_meta(B, attributes=[]),
    "node neither": with_meta(B, node_type="file"),
    "array is a group": with_meta(B, node_type="group"),
    "labels of another model": replaced(COEF, (b"Intercept", b"intercept")),
    "labels cut": lambda m: m.update({COEF: m[COEF][:-1]}),
    "labels not utf-8": replaced(COEF, (b"Intercept", b"\xff" * 9)),
    "labels count": lambda m: m.update({COEF: b"\xff\xff\xff\xff" + m[COEF][4:]}),
    "label length": lambda m: m.update({COEF: m[COEF][:4] + b"\xff\xff\xff\xff" + m[COEF][8:]}),
    "coordinates of another archive": with_group("posterior", extra_coordinates=["nowhere"]),
    "coordinates a number": with_group("posterior", extra_coordinates=3),
    "labels of another length": lambda m: relabelled(m, "posterior/coef", ["Intercept", "x"]),
    "levels in another order": replaced("posterior/level_g/c/0", (b"a", b"#"), (b"b", b"a"), (b"#", b"b")),
    # members that do not belong
    "stray member": as_bytes("posterior/stray", b"x"),
    "stray script": as_bytes("setup.py", b"import os; os.system('touch owned')"),
    "stray chunk": as_bytes(f"{B}/c/1/0/0", b"x"),
    "stray array": copied({"other/b/zarr.json": f"{B}/zarr.json", "other/b/c/0/0/0": f"{B}/c/0/0/0"}),
    "odd quoting": copied({"%ff/zarr.json": "posterior/zarr.json"}),
    "nested by quoting": copied({f"{B}%2Fc/zarr.json": f"{B}/zarr.json", f"{B}%2Fc/c/0/0/0": f"{B}/c/0/0/0"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_changed_and_signed_again(name: str, path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The checksum is right, the content is not."""
    members = read_archive(path)
    before = dict(members)
    TAMPERED[name](members)
    assert members != before, "the change changes nothing"
    write_archive(path, members)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hl.StorageError) as caught:
        load(path)
    assert "m.zarr" in str(caught.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.zarr"]  # nothing was executed or extracted


def test_newer_archives_say_so(path: Path):
    members = read_archive(path)
    TAMPERED["newer version"](members)
    write_archive(path, members)
    with pytest.raises(hl.StorageError, match="pip install --upgrade hierlm"):
        load(path)


# ------------------------------------------------------------------------------------------------ malicious zips
def signed(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], **options: Any) -> None:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
        archive.comment = b"hierlm sha256 " + digest({getattr(n, "filename", n): c for n, c in entries}).encode()


@pytest.mark.parametrize("name", ["../owned", "/owned", "a/../../owned", "a//b", "./a", "a\\..\\b", "folder/"])
def test_paths_that_lead_elsewhere(path: Path, tmp_path: Path, name: str):
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    signed(path, [*read_archive(path).items(), (entry, b"")])
    with pytest.raises(hl.StorageError):
        load(path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.zarr"]


def test_bombs_are_not_unfolded(path: Path):
    signed(path, [("zarr.json", bytes(200_000_000))], compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(hl.StorageError, match="more than it can"):
        load(path)


def test_overlapping_members_are_not_multiplied(path: Path):
    """Many names for the same bytes: more is claimed than the file is long."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", bytes(100_000))
        first = archive.infolist()[0]
        for i in range(50):
            entry = zipfile.ZipInfo(f"b{i}")
            entry.header_offset, entry.CRC = first.header_offset, first.CRC
            entry.compress_size = entry.file_size = first.file_size
            archive.filelist.append(entry)
            archive.NameToInfo[entry.filename] = entry
        archive._didModify = True
    with pytest.raises(hl.StorageError, match="more than it can"):
        load(path)


def test_repeated_names(path: Path):
    with pytest.warns(UserWarning, match="Duplicate"):
        signed(path, [("a", b"1"), ("a", b"2")])
    with pytest.raises(hl.StorageError, match="two members"):
        load(path)


def test_too_many_members(path: Path):
    signed(path, [(f"m{i}", b"") for i in range(20_001)])
    with pytest.raises(hl.StorageError, match="more than it can"):
        load(path)


# ------------------------------------------------------------------------------------------------ writing
@pytest.mark.parametrize("where", ["os.replace", "os.fsync"])
def test_a_failed_save_leaves_what_was_there(path: Path, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch):
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(where, fail)
    with pytest.raises(hl.StorageError, match="no space left"):
        save(synthetic_fit(made().model, seed=9), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.zarr"]


@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_without_permission(tmp_path: Path, fit: hl.Fit):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(hl.StorageError, match="could not be written"):
            save(fit, tmp_path / "m.zarr")
    finally:
        tmp_path.chmod(0o700)


def test_what_cannot_be_stored_is_named(tmp_path: Path, fit: hl.Fit):
    target = tmp_path / "m.zarr"
    for values in (np.array([object()]), np.array([1 + 2j]), np.array(["2020-01-01"], dtype="datetime64[ns]")):
        tree = fit.draws.copy()
        tree["mine"] = xr.DataTree(xr.Dataset({"odd": ("k", values)}))
        with pytest.raises(hl.StorageError, match="'mine/odd'"):
            save(hl.Fit(fit.model, tree), target)
    with pytest.raises(hl.StorageError, match="JSON"):
        save(hl.Fit(fit.model, fit.draws, {"made by": object()}), target)
    tree = fit.draws.copy()
    tree["data"] = xr.DataTree(xr.Dataset({"a": 1}))
    with pytest.raises(hl.StorageError, match="'data'"):
        save(hl.Fit(fit.model, tree), target)
    for name in ("c", "zarr.json", "."):
        tree = fit.draws.copy()
        tree["mine"] = xr.DataTree(xr.Dataset({name: ("k", [1.0])}))
        with pytest.raises(hl.StorageError, match="under the name"):
            save(hl.Fit(fit.model, tree), target)
    tree = fit.draws.copy()
    tree.dataset = xr.Dataset({"a": 1})
    with pytest.raises(hl.StorageError, match="root of the draws"):
        save(hl.Fit(fit.model, tree), target)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_registered_is_not_saved(tmp_path: Path, fit: hl.Fit, monkeypatch: pytest.MonkeyPatch):
    """An archive holds a family's name only, so that it must be found by it again."""
    others = {name: family for name, family in FAMILIES.items() if name != "gaussian"}
    monkeypatch.setattr("hierlm.storage.keep.FAMILIES", others)
    with pytest.raises(hl.StorageError, match="'gaussian' is your own and not registered") as caught:
        save(fit, tmp_path / "m.zarr")
    assert "Register it" in caught.value.hint
    others["gaussian"] = FAMILIES["student_t"]
    with pytest.raises(hl.StorageError, match="'gaussian' is your own"):
        save(fit, tmp_path / "m.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed(tmp_path: Path, fit: hl.Fit):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.zarr").symlink_to(tmp_path / "real" / "m.zarr")
    save(fit, tmp_path / "link.zarr")
    assert (tmp_path / "link.zarr").is_symlink()
    assert load(tmp_path / "link.zarr").draws.identical(fit.draws)
