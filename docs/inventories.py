"""Where other projects explain their names, for intersphinx: fetched, taken from a folder, or left out and said so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.request import urlopen

PROJECTS = {
    "python": "https://docs.python.org/3",
    "numpy": "https://numpy.org/doc/stable",
    "pandas": "https://pandas.pydata.org/docs",
    "xarray": "https://docs.xarray.dev/en/stable",
    "pymc": "https://www.pymc.io/projects/docs/en/stable",
    "arviz_plots": "https://python.arviz.org/projects/plots/en/stable",
    "arviz": "https://python.arviz.org/en/stable",
}
"""Each has its inventory as ``objects.inv`` at this address."""

FIRST_LINE = b"# Sphinx inventory version 2"
SECONDS = 20

TYPES = {
    "DataFrame": "pandas.DataFrame",
    "Dataset": "xarray.Dataset",
    "DataArray": "xarray.DataArray",
    "DataTree": "xarray.DataTree",
    "PlotCollection": "arviz_plots.PlotCollection",
}
"""Words for types in docstrings, and what they are the short form of."""


def say(text: str) -> None:
    """On stderr, where Sphinx reports too."""
    sys.stderr.write(f"{text}\n")


def available(
    wish: str, kept: Path, projects: Mapping[str, str] = PROJECTS, say: Callable[[str], None] = say
) -> dict[str, tuple[str, str]]:
    """``intersphinx_mapping``: address and inventory file of every project whose inventory there is.

    ``wish`` is the setting HIERLM_INTERSPHINX: empty (none), "1" (fetch, and keep in the folder ``kept``), or a folder
    that has files such as ``xarray.inv``.  A build without the internet must not fail: what cannot be had is left out.
    """
    if not wish:
        return {}
    found = {}
    for name, address in projects.items():
        file = (kept if wish == "1" else Path(wish).resolve()) / f"{name}.inv"
        lost = fetch(f"{address}/objects.inv", file) if wish == "1" else ""
        if file.is_file():
            found[name] = (address, str(file))
        if lost:
            instead = "its names are no links" if name not in found else "the copy of an earlier build is taken"
            say(f"HIERLM_INTERSPHINX: the inventory of {name} cannot be fetched ({lost}); {instead}.")
        elif name not in found:
            say(f"HIERLM_INTERSPHINX: there is no {file}; the names of {name} are no links.")
    return found


def fetch(address: str, file: Path) -> str:
    """Write an inventory to a file; returns what went wrong, or nothing."""
    try:
        with urlopen(address, timeout=SECONDS) as answer:  # noqa: S310 - of PROJECTS
            content = answer.read()
    except OSError as error:
        return str(getattr(error, "reason", error))
    if not content.startswith(FIRST_LINE):
        return f"{address} is no inventory of Sphinx"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return ""
