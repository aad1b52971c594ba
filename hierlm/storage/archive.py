"""Named bytes in one file: a zip without compression, written whole or not at all, read with suspicion.

Nothing is compressed, so an archive cannot unfold to more than its own size; nothing is ever extracted to disk, so
no name in it can point anywhere.  The zip's comment holds a SHA-256 digest of all members.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import zipfile
from collections.abc import Mapping
from pathlib import Path

from hierlm.errors import StorageError

__all__ = ["StrPath", "existing", "read_archive", "target", "write_archive"]

StrPath = str | os.PathLike[str]

MOST_MEMBERS = 20_000
DAMAGED = "It is damaged or was not written by hierlm; take another copy, or fit again."
_PREFIX = "hierlm sha256 "


def target(path: StrPath) -> Path:
    """``path`` as a place that can be written.

    Raises
    ------
    StorageError
        When its folder does not exist, or it is a folder itself.
    """
    place = _place(path)
    if place.is_dir():
        raise StorageError(
            f"'{path}' is a folder.", hint="Name a file, such as 'fit.zarr'; hierlm keeps a fit in one file."
        )
    if not place.parent.is_dir():
        raise StorageError(f"The folder '{place.parent}' does not exist.", hint="Make it first.")
    return place


def existing(path: StrPath) -> Path:
    """``path`` as a file that can be read.

    Raises
    ------
    StorageError
        When there is no such file.
    """
    place = _place(path)
    if place.is_dir():
        raise StorageError(f"'{path}' is a folder, not an archive of hierlm.", hint="hierlm keeps a fit in one file.")
    if not place.is_file():
        raise StorageError(
            f"There is no file '{path}'.", hint=f"Check the name; the working folder is '{os.getcwd()}'."
        )
    return place


def _place(path: object) -> Path:
    """Where a path leads, links followed."""
    try:
        return Path(os.path.realpath(path))  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise StorageError(f"file={path!r} is no path: {error}.", hint="Name a file, such as 'fit.zarr'.") from error


def write_archive(path: StrPath, members: Mapping[str, bytes]) -> None:
    """Write all members, or leave what was there before.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    place = target(path)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(draft, "xb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for name, content in members.items():
                    entry = zipfile.ZipInfo(name)  # a fixed date: the same fit gives the same bytes
                    entry.create_system, entry.external_attr = 3, 0o644 << 16
                    archive.writestr(entry, content)
                archive.comment = (_PREFIX + digest(members)).encode()
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, place)
    except (OSError, ValueError, zipfile.LargeZipFile) as error:
        raise StorageError(
            f"'{path}' could not be written: {error}.", hint="What was there before is unchanged."
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def read_archive(path: StrPath) -> dict[str, bytes]:
    """All members of an archive, checked against its digest.

    Raises
    ------
    StorageError
        When the file is missing, truncated, changed, or no archive of hierlm.
    """
    place = existing(path)
    try:
        with zipfile.ZipFile(place) as archive:
            entries = archive.infolist()
            _check_entries(path, entries, place.stat().st_size)
            members = {entry.filename: archive.read(entry) for entry in entries}
            comment = archive.comment
    except StorageError:
        raise
    except Exception as error:  # zipfile meets damage with a dozen kinds of exceptions
        raise StorageError(f"'{path}' cannot be read as an archive: {error}.", hint=DAMAGED) from error
    if not comment.startswith(_PREFIX.encode()):
        raise StorageError(f"'{path}' is not an archive of hierlm.", hint="Load what fit.save() has written.")
    if comment != (_PREFIX + digest(members)).encode():
        raise StorageError(f"'{path}' was changed after it was written: its checksum differs.", hint=DAMAGED)
    return members


def digest(members: Mapping[str, bytes]) -> str:
    """SHA-256 of names and contents."""
    total = hashlib.sha256()
    for name in sorted(members):
        total.update(f"{len(name.encode())} {name} {len(members[name])} ".encode())
        total.update(members[name])
    return total.hexdigest()


def _check_entries(path: StrPath, entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > MOST_MEMBERS or sum(e.file_size for e in entries) > size:
        raise StorageError(f"'{path}' claims to hold more than it can.", hint=DAMAGED)
    if min((e.header_offset for e in entries), default=0) != 0:
        raise StorageError(f"'{path}' has something in front of the archive.", hint=DAMAGED)
    if len({e.filename for e in entries}) < len(entries):
        raise StorageError(f"'{path}' holds two members of one name.", hint=DAMAGED)
    for e in entries:
        parts = e.filename.split("/")
        if e.compress_type != zipfile.ZIP_STORED or e.compress_size != e.file_size or e.flag_bits & 0x1:
            raise StorageError(f"'{path}' is compressed or encrypted, which archives of hierlm are not.", hint=DAMAGED)
        if "\\" in e.filename or any(part in ("", ".", "..") for part in parts):
            raise StorageError(f"'{path}' holds a member with an impossible name: {e.filename!r}.", hint=DAMAGED)
