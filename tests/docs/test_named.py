"""What pages and notebooks name exists: methods and their arguments, commands of the shell, extras."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hierlm as hl
from hierlm.plots import Plots
from tests.docs.test_pages import PAGES, ROOT

TEXTS = [*PAGES, *sorted((ROOT / "notebooks").glob("*.py")), *sorted((ROOT / "changelog.d").glob("*.md"))]
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OF = {"hl": hl, "fit": hl.Fit, "model": hl.Model, "simple": hl.Fit}
each = pytest.mark.parametrize("path", TEXTS, ids=lambda p: p.relative_to(ROOT).as_posix())


def spans(path: Path) -> list[str]:
    """Code within lines; that of a table has its bars escaped."""
    return [code.replace(r"\|", "|") for code in SPAN.findall(path.read_text(encoding="utf-8"))]


def calls(code: str) -> Iterator[tuple[Any, str, list[str]]]:
    """(owner, name, arguments by name) of what is asked of hl, a fit or a model; nothing of what is no Python."""
    try:
        tree = ast.parse(code.replace("…", "...").replace("=)", "=0)").replace("=,", "=0,"), mode="eval")
    except SyntaxError:
        return
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        owner, of = None, node.value
        if isinstance(of, ast.Name) and of.id in OF:
            owner = OF[of.id]
        elif (
            isinstance(of, ast.Attribute)
            and of.attr == "plot"
            and isinstance(of.value, ast.Name)
            and of.value.id == "fit"
        ):
            owner = Plots
        if owner is not None and not node.attr.isupper():  # NAME stands for any
            given = called.get(id(node))
            yield owner, node.attr, [k.arg for k in given.keywords if k.arg] if given else []


def wrong(code: str) -> Iterator[str]:
    """Names and arguments that are not there."""
    for owner, name, given in calls(code):
        if not hasattr(owner, name) and name not in getattr(owner, "__annotations__", {}):
            yield f"{code}: nothing is called {name}"
            continue
        thing = getattr(owner, name, None)
        if not given or not callable(thing):
            continue
        known = inspect.signature(thing).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
            yield from (f"{code}: {name} has no argument {key}" for key in given if key not in known)


@each
def test_names_and_arguments_exist(path: Path):
    ours = [code for code in spans(path) if not (path.name == "bambi.md" and "model." in code)]  # Bambi's own model
    assert not [said for code in ours for said in wrong(code)]


def test_what_does_not_exist_is_seen():
    assert list(wrong("fit.rnaef()"))
    assert list(wrong("fit.plot.pie('g')"))
    assert list(wrong("hl.load_data(nam=)"))
    assert list(wrong("model.fit(…, seed=1) + hl.nothing"))
    assert not list(wrong("fit.plot.caterpillar('g')"))
    assert not list(wrong("y ~ x + (1 | g)"))


def commands() -> list[tuple[Path, str]]:
    """Lines of shell blocks, and code within lines that starts as a command of the project does."""
    found = []
    for path in PAGES:
        lines = [line for block in SHELL.findall(path.read_text(encoding="utf-8")) for line in block.splitlines()]
        lines += [code for code in spans(path) if re.match(r"make [a-z]|python3? |pip install |\.venv/bin/", code)]
        found += [(path, part.strip()) for line in lines for part in line.split("#")[0].split(";") if part.strip()]
    return found


def ready(words: list[str]) -> str:
    """What is wrong with a command; nothing if it can be run."""
    assigned = [w for w in words if re.match(r"[A-Z_]+=", w)]
    command, *rest = [w for w in words if w not in assigned]
    if command == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return "".join(f"no target {name}" for name in rest if name not in targets)
    if command in ("pip", "python", "python3", ".venv/bin/python") and (command == "pip" or rest[:2] == ["-m", "pip"]):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = [name for word in rest for name in re.findall(r"\[(.*?)\]", word)]
        return "".join(f"no extra {name}" for name in extras if name not in project["optional-dependencies"])
    if rest[:1] == ["-m"] and command.removeprefix(".venv/bin/").startswith("python"):
        module = importlib.util.find_spec(rest[1])
        if rest[1] in ("venv", "pytest"):
            return "".join(f"no folder {name}" for name in rest[2:] if "/" in name and not (ROOT / name).exists())
        if module is None:
            return f"no module {rest[1]}"
        source = (
            Path(module.origin or "").parent / "__main__.py"
            if module.submodule_search_locations
            else Path(module.origin)
        )
        text = source.read_text(encoding="utf-8")
        return "".join(
            f"no option {word} in {rest[1]}" for word in rest[2:] if word.startswith("--") and f'"{word}"' not in text
        )
    if rest and command.endswith("python"):
        return "" if (ROOT / rest[0]).is_file() else f"no file {rest[0]}"
    return "" if command in ("git", "cd", "pytensor-cache") else f"{command} is not known to this test"


def test_commands_can_be_run():
    found = commands()
    assert len(found) > 25
    assert not [(str(path.relative_to(ROOT)), line, said) for path, line in found if (said := ready(shlex.split(line)))]


def test_commands_that_cannot_be_run_are_seen():
    for line in ("make tea", "pip install '.[nothing]'", "python -m tests.nothing", "python docs/nothing.py"):
        assert ready(shlex.split(line)), line
    assert ready(shlex.split("python -m tests.trust --nothing 3"))
