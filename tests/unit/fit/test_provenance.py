"""What a fit says about its making: enough to have it made again."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Callable
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import hierlm as hl
from hierlm.fit.provenance import PACKAGES, install_line, installed_versions


def test_what_to_install_is_printed(fitted: Callable[[str], hl.Fit]) -> None:
    made = fitted("sleepstudy_us").provenance
    assert made["python"] == platform.python_version()
    assert made["platform"].split() == [platform.system(), platform.machine()]
    assert f"'install': '{made['install']}'" in str(dict(made))
    pins = dict(pin.split("==") for pin in made["install"].removeprefix("pip install ").split())
    assert pins == made["versions"] == {package: version(package) for package in PACKAGES}


def test_the_line_names_every_package_that_computes() -> None:
    """What hierlm depends on is in the line, but for what only reads frames in, prints, and counts threads."""
    without_effect = {"xarray", "narwhals", "rich", "threadpoolctl"}
    needed = {re.split(r"[><=\[ ;]", r)[0] for r in requires("hierlm") if "extra ==" not in r}
    assert needed - without_effect <= set(PACKAGES)


def test_samplers_of_jax_count_where_they_are_used(monkeypatch: Any) -> None:
    monkeypatch.setattr("hierlm.fit.provenance.installed", lambda package: "1.2")
    assert "jax" not in installed_versions()
    assert {"jax", "jaxlib", "numpyro"} <= set(installed_versions("numpyro"))
    assert "jax==1.2" in install_line(installed_versions("blackjax"))


def test_an_archive_keeps_it(fitted: Callable[[str], hl.Fit], tmp_path: Path) -> None:
    made = fitted("sleepstudy_us")
    made.save(tmp_path / "m.zarr")
    again = hl.load(tmp_path / "m.zarr").provenance
    assert {k: v for k, v in again.items() if k != "loaded_from"} == json.loads(json.dumps(dict(made.provenance)))
