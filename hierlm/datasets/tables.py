"""Read the tables that come with hierlm; what they are is written in ``datasets.json``."""

from __future__ import annotations

import gzip
import io
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from hierlm.errors import DataError, did_you_mean

__all__ = ["citation", "list_data", "load_data"]

_FOLDER = files("hierlm.datasets")


def load_data(name: str) -> pd.DataFrame:
    """A table by name, as a new data frame.

    Identifiers and classes are categories of text in their natural order (``"2"`` before ``"10"``), measurements and
    counts are numbers.  The frame's ``attrs`` hold its title, citation, origin and the meaning of its columns.

    Parameters
    ----------
    name : str
        One of :func:`list_data`.

    Returns
    -------
    pandas.DataFrame
        Without missing values.

    Raises
    ------
    DataError
        When there is no such table.

    Examples
    --------
    >>> load_data("sleepstudy").head(2)
       Reaction  Days Subject
    0  249.5600     0     308
    1  258.7047     1     308
    """
    entry = _entry(name)
    raw = _FOLDER.joinpath(entry["file"]).read_bytes()
    if entry["file"].endswith(".gz"):
        raw = gzip.decompress(raw)
    described: dict[str, dict[str, Any]] = entry["columns"]
    text: Any = {column: str for column, about in described.items() if about["type"] == "category"}
    frame = pd.read_csv(io.BytesIO(raw), dtype=text, keep_default_na=False)
    for column in text:
        levels = described[column].get("levels") or sorted(frame[column].unique(), key=_natural)
        frame[column] = pd.Categorical(frame[column], categories=levels)
    frame.attrs = {key: entry[key] for key in ("title", "citation", "origin")}
    frame.attrs["columns"] = {column: _meaning(about) for column, about in described.items()}
    return frame


def list_data() -> pd.DataFrame:
    """The tables there are.

    Returns
    -------
    pandas.DataFrame
        Columns ``name``, ``rows``, ``title``, ``citation``.

    Examples
    --------
    >>> list_data().loc[0, "name"]
    'BodyWeight'
    """
    rows = [(name, entry["rows"], entry["title"], entry["citation"]) for name, entry in _index().items()]
    return pd.DataFrame(rows, columns=["name", "rows", "title", "citation"])


def citation(name: str) -> str:
    """What to cite when using a table.

    Parameters
    ----------
    name : str
        One of :func:`list_data`.

    Returns
    -------
    str

    Raises
    ------
    DataError
        When there is no such table.

    Examples
    --------
    >>> citation("Oats")[:22]
    'Yates, F. (1935). Comp'
    """
    return str(_entry(name)["citation"])


@cache
def _index() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(_FOLDER.joinpath("datasets.json").read_text(encoding="utf-8"))
    return found


def _entry(name: str) -> dict[str, Any]:
    index = _index()
    if name not in index:
        raise DataError(f"There is no table {name!r}.", hint=did_you_mean(str(name), index))
    return index[name]


def _meaning(about: dict[str, Any]) -> str:
    return f"{about['text']} ({about['unit']})" if "unit" in about else str(about["text"])


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """A key that sorts digits by their value: ``"F2"`` before ``"F10"``."""
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", text) if part]
