"""Labelled arrays as zarr (version 3): each array one uncompressed chunk, beside its description in JSON.

Any zarr library can read the result.  Here it is read with NumPy alone, and only in exactly the form in which it is
written: zarr libraries run whatever decoders a file asks for, among them one that unpickles.
Source: the Zarr core specification, version 3.0; ``string`` and ``vlen-utf8`` from zarr-extensions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hierlm.errors import StorageError

__all__ = ["decode_json", "encode_json", "read_tree", "write_tree"]

JSON_NAME = "zarr.json"
MOST_JSON = 2**26
TEXT = "string"
NUMBERS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
EXTRA_COORDINATES = "extra_coordinates"
SAFE = " ()[]:,+-=*^~@!&"


def write_tree(tree: xr.DataTree, attributes: Mapping[str, Any]) -> dict[str, bytes]:
    """Members that hold a tree, the attributes being those of its root.

    Raises
    ------
    StorageError
        For an array that is neither numbers nor text.
    """
    members = {JSON_NAME: encode_json(_group(attributes))}
    for node in tree.subtree:
        if node.path == "/":
            if node.to_dataset().variables:
                raise StorageError("The root of the draws holds arrays.", hint="Move them into a group of their own.")
            continue
        place = "/".join(_quoted(part) for part in node.path.strip("/").split("/"))
        dataset = node.to_dataset(inherit=False)
        extra = [str(c) for c in dataset.coords if c not in dataset.dims]
        own = dict(dataset.attrs) | ({EXTRA_COORDINATES: extra} if extra else {})
        members[f"{place}/{JSON_NAME}"] = encode_json(_group(own))
        for name, variable in dataset.variables.items():
            members |= _write_array(f"{place}/{_quoted(str(name))}", variable, f"{node.path.strip('/')}/{name}")
    return members


def read_tree(members: Mapping[str, bytes]) -> tuple[dict[str, Any], xr.DataTree]:
    """The attributes and the tree that :func:`write_tree` has written.

    Raises
    ------
    StorageError
        When anything is not exactly as it was written.
    """
    left = dict(members)
    root = _read_group(left, JSON_NAME)
    variables: dict[str, dict[str, xr.Variable]] = {}
    attributes: dict[str, dict[str, Any]] = {}
    for name in [m for m in members if m.endswith("/" + JSON_NAME)]:
        place = name.removesuffix("/" + JSON_NAME)
        described = decode_json(left[name])
        if isinstance(described, dict) and described.get("node_type") == "array":
            parent, _, own = place.rpartition("/")
            variables.setdefault(_unquoted(parent), {})[_unquoted(own)] = _read_array(left, place)
        else:
            attributes[_unquoted(place)] = _read_group(left, name)
    if left or not variables.keys() <= attributes.keys():
        raise StorageError(f"The archive holds what does not belong there: {', '.join([*left, *variables][:3])}.")
    datasets = {place: _dataset(variables.get(place, {}), own) for place, own in attributes.items()}
    return root, xr.DataTree.from_dict(datasets)


def encode_json(value: Any) -> bytes:
    """JSON without surprises: sorted keys, no NaN.

    Raises
    ------
    StorageError
        For what is no JSON.
    """
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise StorageError(
            f"This cannot be stored as JSON: {error}.", hint="Remove it from fit.provenance or the attributes."
        ) from error


def decode_json(content: bytes) -> Any:
    """The value that :func:`encode_json` wrote."""
    if len(content) > MOST_JSON:
        raise StorageError("The archive holds a description of unlikely length.")
    try:
        return json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StorageError(f"The archive holds a description that is no JSON: {error}.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _group(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}


def _read_group(left: dict[str, bytes], name: str) -> dict[str, Any]:
    found = decode_json(left.pop(name, b"null"))
    attributes = found.get("attributes") if isinstance(found, dict) else None
    if not isinstance(attributes, dict) or found != _group(attributes):
        raise StorageError(f"'{name}' describes no group of arrays.")
    return attributes


def _array(shape: Sequence[int], kind: str, dims: Sequence[str], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The description of an array of one chunk."""
    codec: dict[str, Any] = {"name": "vlen-utf8"} if kind == TEXT else {"name": "bytes"}
    if kind != TEXT and np.dtype(kind).itemsize > 1:
        codec["configuration"] = {"endian": "little"}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": kind,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [max(1, n) for n in shape]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "" if kind == TEXT else False if kind == "bool" else 0,
        "codecs": [codec],
        "dimension_names": list(dims),
        "attributes": dict(attributes),
    }


def _chunk(place: str, shape: Sequence[int]) -> str:
    return "/".join([place, "c", *("0" for _ in shape)])


def _write_array(place: str, variable: xr.Variable, shown: str) -> dict[str, bytes]:
    values = np.asarray(variable.to_numpy())
    kind = _kind(values, shown)
    described = _array(values.shape, kind, [str(d) for d in variable.dims], variable.attrs)
    members = {f"{place}/{JSON_NAME}": encode_json(described)}
    if values.size:
        plain = _text_bytes(values) if kind == TEXT else values.astype(values.dtype.newbyteorder("<")).tobytes()
        members[_chunk(place, values.shape)] = plain
    return members


def _kind(values: NDArray[Any], shown: str) -> str:
    if values.dtype.name in NUMBERS:
        return values.dtype.name
    if values.dtype.kind in "UT" or (values.dtype == object and all(isinstance(v, str) for v in values.ravel())):
        return TEXT
    raise StorageError(
        f"'{shown}' holds {values.dtype}, but only numbers and text can be stored.", hint="Remove it from fit.draws."
    )


def _read_array(left: dict[str, bytes], place: str) -> xr.Variable:
    described = decode_json(left.pop(f"{place}/{JSON_NAME}"))
    shape, kind, dims, attributes = (described.get(k) for k in ("shape", "data_type", "dimension_names", "attributes"))
    sound = (
        isinstance(shape, list)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in shape)
        and kind in (*NUMBERS, TEXT)
        and isinstance(dims, list)
        and all(isinstance(d, str) for d in dims)
        and len(dims) == len(shape) == len({*dims})
        and isinstance(attributes, dict)
    )
    if not sound or described != _array(shape, kind, dims, attributes):
        raise StorageError(f"'{place}' is described as no array of hierlm's.")
    if math.prod(shape) == 0:
        return xr.Variable(dims, np.empty(shape, dtype=np.str_ if kind == TEXT else kind), attributes)
    content = left.pop(_chunk(place, shape), b"")
    if kind == TEXT:
        return xr.Variable(dims, _text(content, math.prod(shape), place).reshape(shape), attributes)
    dtype = np.dtype(kind).newbyteorder("<")
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise StorageError(f"'{place}' has {len(content)} bytes, not those of its shape {tuple(shape)}.")
    values = np.frombuffer(content, dtype).reshape(shape)
    return xr.Variable(dims, values.astype(np.dtype(kind), copy=True), attributes)


def _text_bytes(values: NDArray[Any]) -> bytes:
    """``vlen-utf8``: how many, then every text as its length in bytes (uint32, little-endian) and UTF-8."""
    texts = [str(v).encode() for v in values.ravel()]
    return b"".join([len(texts).to_bytes(4, "little"), *(len(t).to_bytes(4, "little") + t for t in texts)])


def _text(content: bytes, count: int, place: str) -> NDArray[np.str_]:
    texts: list[bytes] = []
    at = 4
    while at < len(content) and len(texts) < count:
        stop = at + 4 + int.from_bytes(content[at : at + 4], "little")
        texts.append(content[at + 4 : stop])
        at = stop
    if int.from_bytes(content[:4], "little") != count or len(texts) != count or at != len(content):
        raise StorageError(f"'{place}' does not hold {count} texts.")
    try:
        return np.array([t.decode() for t in texts], dtype=np.str_)
    except UnicodeDecodeError as error:
        raise StorageError(f"'{place}' holds what is no text.") from error


def _dataset(variables: dict[str, xr.Variable], attributes: dict[str, Any]) -> xr.Dataset:
    own = dict(attributes)
    extra = own.pop(EXTRA_COORDINATES, [])
    if not isinstance(extra, list) or not {str(e) for e in extra} <= variables.keys():
        raise StorageError("The archive names coordinates that it does not hold.")
    try:
        return xr.Dataset(variables, attrs=own).set_coords([str(e) for e in extra])
    except ValueError as error:
        raise StorageError(f"The arrays of the archive do not fit together: {error}.") from error


def _quoted(name: str) -> str:
    place = quote(name, safe=SAFE)
    if place in ("", ".", "..", "c", JSON_NAME):
        raise StorageError(f"An array cannot be stored under the name {name!r}.", hint="Rename it.")
    return place


def _unquoted(place: str) -> str:
    return "/".join(unquote(part, errors="strict") for part in place.split("/"))
