"""The public names are those of ``public_names.txt``, and each is documented."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import hierlm as hl

HERE = Path(__file__).parent
CLASSES_WITH_METHODS = ("Fit", "LKJ", "Model", "Prior")


def stored() -> list[str]:
    return (HERE / "public_names.txt").read_text(encoding="utf-8").split()


def present() -> list[str]:
    """Every name of ``hierlm``, with the public attributes of the classes that users hold in their hands."""
    names = list(hl.__all__)
    for owner in CLASSES_WITH_METHODS:
        members = {*dir(getattr(hl, owner)), *fields(getattr(hl, owner))}
        names += [f"{owner}.{member}" for member in members if not member.startswith("_")]
    return sorted(names)


def fields(owner: type) -> set[str]:
    """Attributes of the instances, which the class's own docstring describes."""
    return set(inspect.get_annotations(owner))


def lookup(name: str) -> Any:
    owner, _, member = name.partition(".")
    value = getattr(hl, owner)
    if member in fields(value):
        return property(doc=value.__doc__ if f"{member}" in re.findall(r"\w+", value.__doc__) else "")
    return inspect.getattr_static(value, member) if member else value


def sections(doc: str) -> dict[str, str]:
    """Numpydoc sections of a docstring: title → body."""
    lines = inspect.cleandoc(doc).splitlines()
    found: dict[str, list[str]] = {"": []}
    body = found[""]
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if line and below and set(below) == {"-"} and len(below) >= 3:
            body = found.setdefault(line.strip(), [])
        else:
            body.append(line)
    return {title: "\n".join(text) for title, text in found.items()}


def test_names_are_the_stored_ones():
    assert present() == stored(), "a public name came or went: say so in changelog.d/ and update public_names.txt"


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(inspect.getfile(hl)).read_text(encoding="utf-8"))
    [block] = [n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING"]
    seen = {
        alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == hl._MODULE_OF
    assert set(hl.__all__) < set(dir(hl))


def test_every_name_can_be_had_and_others_are_refused():
    for name in hl.__all__:
        assert getattr(hl, name) is not None
    with pytest.raises(AttributeError, match="hierlm has no 'modle'"):
        hl.modle  # noqa: B018


@pytest.mark.parametrize("name", stored())
def test_docstring_is_complete(name: str):
    value = lookup(name)
    target = getattr(value, "__func__", value)
    doc = target.__doc__ or ""
    assert doc.strip(), f"{name} has no docstring"
    if isinstance(target, type) and issubclass(target, BaseException | Warning):
        return
    parts = sections(doc)
    if "." in name and ":func:`hierlm." in doc:  # a one-line method names the function that it calls
        return
    if not callable(target) or isinstance(value, property):
        return
    named = (p for p in inspect.signature(target).parameters.values() if p.name not in {"self", "cls"})
    parameters = [p.name for p in named if p.kind is not p.VAR_POSITIONAL]
    listed = parts.get("Parameters", "")
    missing = [p for p in parameters if p not in listed]
    assert not missing, f"{name}: Parameters does not list {missing}"
    if not isinstance(target, type):
        assert "Returns" in parts or "Yields" in parts, f"{name}: no Returns section"
    if "." not in name:
        assert "Examples" in parts, f"{name}: no Examples section"
