"""Names of other projects become links where their inventories can be had, and cost nothing where they cannot."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.test_site import QuietHandler

ROOT = Path(__file__).resolve().parents[2]
HEAD = b"# Sphinx inventory version 2\n# Project: pandas\n# Version: 1\n# The remainder of this file is compressed using zlib.\n"
INVENTORY = HEAD + zlib.compress(b"pandas.DataFrame py:class 1 reference/api/pandas.DataFrame.html#$ -\n")
NOWHERE = "http://127.0.0.1:9"  # the port of nothing


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """docs/inventories.py."""
    spec = importlib.util.spec_from_file_location("inventories", ROOT / "docs" / "inventories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server of one inventory, and of a page that is none."""
    served = tmp_path / "served"
    for name, content in {"pandas": INVENTORY, "portal": b"<html>Please log in"}.items():
        (served / name).mkdir(parents=True)
        (served / name / "objects.inv").write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(served))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_nothing_is_fetched_unless_asked_for(make: ModuleType, tmp_path: Path):
    assert make.available("", tmp_path, {"pandas": NOWHERE}) == {}


def test_what_is_there_is_taken_and_what_is_not_is_said(make: ModuleType, address: str, tmp_path: Path):
    said: list[str] = []
    projects = {
        "pandas": f"{address}/pandas",
        "absent": f"{address}/absent",
        "portal": f"{address}/portal",
        "off": NOWHERE,
    }
    found = make.available("1", tmp_path / "kept", projects, said.append)
    file = tmp_path / "kept" / "pandas.inv"
    assert found == {"pandas": (f"{address}/pandas", str(file))}
    assert file.read_bytes() == INVENTORY
    assert [line.split()[4] for line in said] == ["absent", "portal", "off"]
    assert all("its names are no links" in line for line in said)
    assert "no inventory of Sphinx" in said[1]


def test_a_copy_of_an_earlier_build_is_better_than_none(make: ModuleType, tmp_path: Path):
    said: list[str] = []
    (tmp_path / "pandas.inv").write_bytes(INVENTORY)
    assert list(make.available("1", tmp_path, {"pandas": NOWHERE}, said.append)) == ["pandas"]
    assert "the copy of an earlier build is taken" in said[0]


def test_addresses_are_of_the_web(make: ModuleType):
    assert all(address.startswith("https://") and not address.endswith("/") for address in make.PROJECTS.values())
    assert {word.split(".")[0] for word in make.TYPES.values()} <= set(make.PROJECTS)


@pytest.mark.slow
def test_types_of_docstrings_become_links(tmp_path: Path):
    """The site's own settings, one page, and a folder with the inventory of one project only: no warning."""
    pytest.importorskip("sphinx", reason="needs the extra docs")
    pytest.importorskip("myst_nb", reason="needs the extra docs")
    (tmp_path / "inventories").mkdir()
    (tmp_path / "inventories" / "pandas.inv").write_bytes(INVENTORY)
    (tmp_path / "source" / "docs").mkdir(parents=True)
    page = "# One page\n\n```{eval-rst}\n.. autofunction:: hierlm.fixef\n```\n"
    (tmp_path / "source" / "docs" / "index.md").write_text(page, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", "docs"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "trees"), str(tmp_path / "source"), str(tmp_path / "site")],
        cwd=ROOT, env=os.environ | {"HIERLM_INTERSPHINX": str(tmp_path / "inventories")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the names of xarray are no links" in done.stderr
    html = (tmp_path / "site" / "docs" / "index.html").read_text(encoding="utf-8")
    assert "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.html#pandas.DataFrame" in html
